/** `npm run bench:scale`: computes the numbers of `docs/scale.md`, and writes them into it. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readArguments } from '../../ops/cli/readArguments.ts';
import { runCommand } from '../../ops/cli/runCommand.ts';
import { makePages, withNumbers } from './makePages.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const DOCUMENT = join(ROOT, 'docs/scale.md');

const USAGE = `Usage: npm run bench:scale

Computes what the worker costs at several numbers of users, and writes the
tables and the images of docs/scale.md. It measures nothing.

  --help   shows this text
`;

await runCommand(USAGE, async (args) => {
  readArguments(args, {});
  const { images, lines } = makePages();
  for (const [name, svg] of images) await writeFile(join(ROOT, 'docs/images', name), svg);
  await writeFile(DOCUMENT, withNumbers(await readFile(DOCUMENT, 'utf8'), lines));
  return 0;
});
