/** `npm run check:infra`. */
import { cp, glob, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PlainError } from '../ops/cli/errors.ts';
import { readArguments } from '../ops/cli/readArguments.ts';
import { runCommand } from '../ops/cli/runCommand.ts';
import { findBicep, pinnedVersion } from './bicep/findBicep.ts';
import { runProgram } from './bicep/runProgram.ts';
import { firstDifference } from './firstDifference.ts';

const INFRA = fileURLToPath(new URL('.', import.meta.url));
const COMPILED = join(INFRA, 'main.json');
const AGAIN = 'run "npm run check:infra -- --update" and commit what it changes.';

const USAGE = `Usage: npm run check:infra [-- --update]

Compiles infra/main.bicep with the Bicep CLI, and fails for every finding of the
compiler, its linter and its formatter, and if infra/main.json is not what comes
out. The CLI is "bicep" on the PATH, or the pinned version from NuGet with dotnet.

  --update   formats the Bicep files and writes infra/main.json
  --help     shows this text
`;

await runCommand(USAGE, async (args) => {
  const { values } = readArguments(args, { update: { type: 'boolean', default: false } });
  const bicep = await findBicep();
  const { stdout: version } = await run(bicep, ['--version']);
  process.stdout.write(version);

  await checkFormat(bicep, values.update);
  const { stdout } = await run(bicep, ['build', join(INFRA, 'main.bicep'), '--stdout', '--no-restore']);
  const compiled = `${JSON.stringify(JSON.parse(stdout, withoutGenerator), undefined, 2)}\n`;
  if (values.update) await writeFile(COMPILED, compiled);
  await compareWithCommitted(compiled, version);
  process.stdout.write('infra: no findings, and main.json is up to date\n');
  return 0;
});

/**
 * Runs Bicep.
 * @throws {PlainError} it failed or found something. Warnings count, and they do not change its exit code.
 */
async function run(bicep: string, args: readonly string[]): Promise<{ stdout: string }> {
  const { code, stdout, stderr } = await runProgram(bicep, args);
  if (code !== 0 || stderr !== '') throw new PlainError(`${stderr}bicep ${args[0]} failed or has findings.`);
  return { stdout };
}

/** Bicep formats a whole folder only in place, so without --update it formats a copy. */
async function checkFormat(bicep: string, update: boolean): Promise<void> {
  if (update) return format(bicep, INFRA);
  const copy = await mkdtemp(join(tmpdir(), 'stead-infra-'));
  try {
    await cp(INFRA, copy, { recursive: true });
    await format(bicep, copy);
    const unformatted: string[] = [];
    for await (const file of glob('**/*.bicep', { cwd: INFRA })) {
      const [is, shouldBe] = await Promise.all(
        [INFRA, copy].map((folder) => readFile(join(folder, file), 'utf8')),
      );
      if (is !== shouldBe) unformatted.push(`infra/${file}`);
    }
    if (unformatted.length > 0) throw new PlainError(`Not formatted: ${unformatted.join(', ')}: ${AGAIN}`);
  } finally {
    await rm(copy, { recursive: true });
  }
}

async function format(bicep: string, folder: string): Promise<void> {
  await run(bicep, ['format', '--pattern', join(folder, '**/*.bicep')]);
}

async function compareWithCommitted(compiled: string, version: string): Promise<void> {
  const committed = await readFile(COMPILED, 'utf8').catch(() => 'null');
  const difference = firstDifference(JSON.parse(compiled), JSON.parse(committed));
  if (difference === undefined) return;
  const pinned = await pinnedVersion();
  const note = version.includes(pinned) ? '' : ` It was made with Bicep ${pinned}.`;
  throw new PlainError(
    `infra/main.json is not what infra/main.bicep compiles to; the first difference is at ${difference}.${note} To renew it, ${AGAIN}`,
  );
}

/** Each compiled file names the exact compiler. That would differ from machine to machine and says nothing of the result. */
function withoutGenerator(key: string, value: unknown): unknown {
  return key === '_generator' ? undefined : value;
}
