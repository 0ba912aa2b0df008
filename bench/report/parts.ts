/** `npm run bench:parts -- FOLDER`: what the newest CPU profile in a folder spent its time on, by part. */
import { readdir, readFile, stat } from 'node:fs/promises';
import { SourceMap } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PlainError, UsageError } from '../../ops/cli/errors.ts';
import { readArguments } from '../../ops/cli/readArguments.ts';
import { runCommand } from '../../ops/cli/runCommand.ts';
import { type CallFrame, type Profile, partsOfProfile } from './partsOfProfile.ts';

const USAGE = `Usage: npm run bench:parts -- FOLDER

Prints what the newest CPU profile in a folder spent its time on, as a table of
parts. "npm run bench -- worker --profile out" writes one to out/stead.

  --help   shows this text
`;
/** Smaller parts are one row. */
const LEAST = 0.01;

await runCommand(USAGE, async (args) => {
  const [folder] = readArguments(args, {}, 1).positionals;
  if (folder === undefined) throw new UsageError('Which folder?');
  const profile = JSON.parse(await readFile(await newestProfile(folder), 'utf8')) as Profile;
  const maps = await mapsOf(profile);
  const parts = partsOfProfile(profile, (frame) => sourceIn(maps.get(frame.url), frame));
  const large = parts.filter(({ share }) => share >= LEAST);
  const rest = 1 - large.reduce((sum, { share }) => sum + share, 0);
  const rows = [...large, { part: 'smaller parts', share: rest }];
  const lines = rows.map(({ part, share }) => `| ${part} | ${(share * 100).toFixed(1)} % |`);
  process.stdout.write(`${['| part | CPU time |', '|---|---|', ...lines].join('\n')}\n`);
  return 0;
});

/** @throws {PlainError} there is none. */
async function newestProfile(folder: string): Promise<string> {
  const names = (await readdir(folder).catch(() => [])).filter((name) => name.endsWith('.cpuprofile'));
  const files = await Promise.all(
    names.map(async (name) => ({ file: join(folder, name), at: (await stat(join(folder, name))).mtimeMs })),
  );
  const newest = files.sort((one, other) => other.at - one.at)[0];
  if (newest === undefined) throw new PlainError(`There is no CPU profile in ${folder}.`);
  return newest.file;
}

/** The source maps beside the files of a profile. */
async function mapsOf({ nodes }: Profile): Promise<Map<string, SourceMap>> {
  const urls = new Set(nodes.map(({ callFrame }) => callFrame.url).filter((url) => url.startsWith('file:')));
  const maps = new Map<string, SourceMap>();
  for (const url of urls) {
    const text = await readFile(`${fileURLToPath(url)}.map`, 'utf8').catch(() => undefined);
    if (text !== undefined) maps.set(url, new SourceMap(JSON.parse(text)));
  }
  return maps;
}

function sourceIn(map: SourceMap | undefined, { lineNumber, columnNumber }: CallFrame): string | undefined {
  const entry = map?.findEntry(lineNumber, columnNumber);
  return entry !== undefined && 'originalSource' in entry ? entry.originalSource : undefined;
}
