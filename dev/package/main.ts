/** `npm run package`. */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { tableLines } from '../../ops/cli/printTable.ts';
import { readArguments } from '../../ops/cli/readArguments.ts';
import { registeredFunctions } from '../../ops/cli/registeredFunctions.ts';
import { runCommand } from '../../ops/cli/runCommand.ts';
import { checkPackage } from './checkPackage.ts';
import { stagePackage } from './stagePackage.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const FOLDER = 'dist/package';

const USAGE = `Usage: npm run package [-- --no-check]

Makes dist/package, the package of the functions that can be deployed as it is.
Then starts a copy of it in the local host, apart from the project, and checks
that every function is there and that GET /api/health answers 204.

  --no-check   does not start it
  --help       shows this text
`;

await runCommand(USAGE, async (args) => {
  const { values } = readArguments(args, { 'no-check': { type: 'boolean', default: false } });
  const files = await stagePackage(join(ROOT, FOLDER));
  const total = files.reduce((sum, { bytes }) => sum + bytes, 0);
  const rows = [...files, { name: 'total', bytes: total }].map(({ name, bytes }) => [
    name,
    bytes.toLocaleString('en').padStart(12),
  ]);
  print(tableLines([FOLDER, 'bytes'.padStart(12)], rows));
  if (values['no-check']) return 0;
  const registered = await registeredFunctions(join(ROOT, 'functions/main.ts'));
  const names = await checkPackage(
    join(ROOT, FOLDER),
    registered.map(({ name }) => name),
  );
  print(['', `It starts, answers GET /api/health, and has these functions: ${names.join(', ')}`]);
  return 0;
});

function print(lines: readonly string[]): void {
  process.stdout.write(lines.map((line) => `${line}\n`).join(''));
}
