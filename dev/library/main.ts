/** `npm run build:package`. */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readArguments } from '../../ops/cli/readArguments.ts';
import { runCommand } from '../../ops/cli/runCommand.ts';
import { buildLibrary } from './buildLibrary.ts';

const FOLDER = 'dist/library';

const USAGE = `Usage: npm run build:package

Makes dist/library, the package @stead/shared as it is published: compiled, with
declarations and source maps. Then "npm pack ./dist/library" makes an archive
of it that another project can install.

  --help   shows this text
`;

await runCommand(USAGE, async (args) => {
  readArguments(args, {});
  await buildLibrary(join(fileURLToPath(new URL('../..', import.meta.url)), FOLDER));
  process.stdout.write(`${FOLDER} is ready.\n`);
  return 0;
});
