/** `npm run build` and `npm run build:functions`. */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readArguments } from '../ops/cli/readArguments.ts';
import { runCommand } from '../ops/cli/runCommand.ts';
import { buildFunctions } from './buildFunctions.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

const USAGE = `Usage: npm run build
       npm run build:functions

Builds the functions into dist/functions, the page into dist/spa, and the page
of the local platform, which has demo controls, into dist/local.
build:functions builds the functions alone.

  --functions   as build:functions
  --quiet       prints warnings and errors alone
  --help        shows this text
`;

await runCommand(USAGE, async (args) => {
  const { values } = readArguments(args, {
    functions: { type: 'boolean', default: false },
    quiet: { type: 'boolean', default: false },
  });
  await buildFunctions(join(ROOT, 'dist/functions'));
  if (!values.functions) {
    const { build: buildPage } = await import('vite');
    const logLevel = values.quiet ? 'warn' : 'info';
    for (const mode of ['production', 'demo']) await buildPage({ root: join(ROOT, 'spa'), mode, logLevel });
  }
  return 0;
});
