/** `npm run build:functions`: one ESM bundle that Azure, Core Tools and the local host load through `main`. */
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));

await build({
  absWorkingDir: root,
  entryPoints: { main: 'functions/main.ts' },
  outdir: 'dist/functions',
  bundle: true,
  format: 'esm',
  platform: 'node',
  target: 'node22',
  sourcemap: true,
  keepNames: true,
  // The worker process provides it; everything else is in the bundle, which is most of the cold start saved.
  external: ['@azure/functions-core'],
  banner: {
    // Some packages in the bundle are CommonJS and call require for Node's own modules.
    js: [
      "import { createRequire as __createRequire } from 'node:module';",
      'const require = __createRequire(import.meta.url);',
      'process.setSourceMapsEnabled(true);',
    ].join(' '),
  },
  logLevel: 'warning',
});
