/** `npm run build:functions`: one ESM bundle that Azure, Core Tools and the local host load through `main`. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));
const outdir = join(root, 'dist/functions');

await build({
  absWorkingDir: root,
  entryPoints: { app: 'functions/main.ts' },
  outdir,
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
    js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
  },
  logLevel: 'warning',
});

// Source maps hold for what is loaded after they were switched on, so `main` switches and then loads.
await writeFile(join(outdir, 'main.js'), "process.setSourceMapsEnabled(true);\nawait import('./app.js');\n");
