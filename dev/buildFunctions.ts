import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build as bundle } from 'esbuild';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

/**
 * Writes `main.js`, `app.js` and `app.js.map` into a folder. They are one ESM bundle that Azure, Core Tools and the local
 * host load through `main`.
 * @param main the text of an entry file that takes the place of `functions/main.ts`
 */
export async function buildFunctions(folder: string, main?: string): Promise<void> {
  await bundle({
    absWorkingDir: ROOT,
    ...(main === undefined
      ? { entryPoints: { app: 'functions/main.ts' }, outdir: folder }
      : {
          stdin: { contents: main, resolveDir: join(ROOT, 'functions'), loader: 'ts' },
          outfile: join(folder, 'app.js'),
        }),
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node22',
    sourcemap: true,
    keepNames: true,
    // The worker process provides this module. Everything else is in the bundle, which shortens the cold start most.
    external: ['@azure/functions-core'],
    banner: {
      // Some packages in the bundle are CommonJS and call require for Node's own modules.
      js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
    },
    logLevel: 'warning',
  });
  // Node applies source maps only to files that it loads after they are switched on, so `main` loads the bundle last.
  await writeFile(
    join(folder, 'main.js'),
    "process.setSourceMapsEnabled(true);\nawait import('./app.js');\n",
  );
}
