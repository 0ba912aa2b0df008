import { execFile } from 'node:child_process';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';
import { secretsIn } from '../../support/logScan.ts';
import { keepLines, logScanFolder } from '../../support/logScanKeep.ts';

const STEAD = fileURLToPath(new URL('../../../ops/stead.ts', import.meta.url));

export type Ended = { exitCode: number; lines: string[]; errors: string[] };

/** Runs the operators' command in a folder without settings, unless one is given. */
export const runStead = (
  args: readonly string[],
  settings: Record<string, string>,
  folder = tmpdir(),
): Promise<Ended> => runScript(STEAD, args, settings, folder);

/** Runs a command in a process of its own. Whatever it says must hold no secret. */
export async function runScript(
  script: string,
  args: readonly string[],
  settings: Record<string, string>,
  folder = tmpdir(),
): Promise<Ended> {
  const { PATH, SystemRoot } = process.env;
  const env = { PATH, SystemRoot, ...settings };
  const ended = await new Promise<Ended>((resolve) => {
    const child = execFile(process.execPath, [script, ...args], { cwd: folder, env }, (_, stdout, stderr) =>
      resolve({ exitCode: child.exitCode ?? -1, lines: linesOf(stdout), errors: linesOf(stderr) }),
    );
  });
  const said = [...ended.lines, ...ended.errors];
  keepLines(logScanFolder(), said);
  for (const line of said) expect(secretsIn(line)).toEqual([]);
  return ended;
}

const linesOf = (text: string): string[] => text.split('\n').slice(0, -1);
