/** `npm run bench:report`: draws the results of `bench/results/`, and writes them into `docs/performance.md`. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readArguments } from '../../ops/cli/readArguments.ts';
import { runCommand } from '../../ops/cli/runCommand.ts';
import { makeReport, withReport } from './makeReport.ts';
import { readResults } from './readResults.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const DOCUMENT = join(ROOT, 'docs/performance.md');

const USAGE = `Usage: npm run bench:report

Draws the results that "npm run bench -- NAME --keep" has left in bench/results,
and writes them into docs/performance.md.

  --help   shows this text
`;

await runCommand(USAGE, async (args) => {
  readArguments(args, {});
  const { images, lines } = makeReport(await readResults(join(ROOT, 'bench/results')));
  for (const [name, svg] of images) await writeFile(join(ROOT, 'docs/images', name), svg);
  await writeFile(DOCUMENT, withReport(await readFile(DOCUMENT, 'utf8'), lines));
  return 0;
});
