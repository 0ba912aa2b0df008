/** `npm run build` and `npm run build:functions`. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build as bundle } from 'esbuild';
import { readArguments } from '../ops/cli/readArguments.ts';
import { runCommand } from '../ops/cli/runCommand.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

const USAGE = `Usage: npm run build
       npm run build:functions

Builds the functions into dist/functions, the page into dist/spa, and the page
of the local platform, which has demo controls, into dist/local.
build:functions builds the functions alone.

  --functions   as build:functions
  --help        shows this text
`;

await runCommand(USAGE, async (args) => {
  const { values } = readArguments(args, { functions: { type: 'boolean', default: false } });
  await buildFunctions();
  if (!values.functions) {
    const { build: buildPage } = await import('vite');
    for (const mode of ['production', 'demo']) await buildPage({ root: join(ROOT, 'spa'), mode });
  }
  return 0;
});

/** One ESM bundle that Azure, Core Tools and the local host load through `main`. */
async function buildFunctions(): Promise<void> {
  const outdir = join(ROOT, 'dist/functions');
  await bundle({
    absWorkingDir: ROOT,
    entryPoints: { app: 'functions/main.ts' },
    outdir,
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
    join(outdir, 'main.js'),
    "process.setSourceMapsEnabled(true);\nawait import('./app.js');\n",
  );
}
