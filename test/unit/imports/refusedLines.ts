import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

export const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
export const BIOME = createRequire(import.meta.url).resolve('@biomejs/biome/bin/biome');

/** A file that could stand in each room, and what it may and may not import. */
export type Rooms = Record<string, { allowed: string[]; refused: string[] }>;

/** The lines of files at these paths that the project's own Biome settings refuse, by the rule's category. */
export async function refusedLines(
  category: string,
  files: Record<string, string[]>,
): Promise<Record<string, string[]>> {
  const project = await mkdtemp(join(tmpdir(), 'stead-imports-'));
  try {
    for (const file of ['biome.json', 'dev/clock.grit', 'dev/fetch.grit'])
      await cp(join(ROOT, file), join(project, file));
    for (const [path, lines] of Object.entries(files)) {
      await mkdir(dirname(join(project, path)), { recursive: true });
      await writeFile(join(project, path), lines.map((line) => `${line}\n`).join(''));
    }
    const options = ['lint', '--vcs-enabled=false', '--reporter=json', '--max-diagnostics=none', '.'];
    const run = promisify(execFile)(process.execPath, [BIOME, ...options], {
      cwd: project,
      maxBuffer: 2 ** 26,
    });
    // It ends with 1 where it finds something.
    const { stdout } = await run.catch((error: { stdout: string }) => error);
    const refused: Record<string, string[]> = {};
    for (const { category: found, location } of (JSON.parse(stdout) as Report).diagnostics) {
      if (found !== category) continue;
      const path = location.path.replaceAll('\\', '/');
      refused[path] = [...(refused[path] ?? []), files[path]?.[location.start.line - 1] ?? 'not one of ours'];
    }
    return refused;
  } finally {
    await rm(project, { recursive: true });
  }
}

type Report = {
  diagnostics: { category: string; location: { path: string; start: { line: number } } }[];
};
