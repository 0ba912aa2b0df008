import { appendFileSync, linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PlainError } from './runCommand.ts';

export type FolderLock = {
  /** The lock also holds for as long as that process lives, even if this one is killed. */
  shareWith(pid: number): void;
  /** May be called again. */
  release(): void;
};

/**
 * Keeps a folder's data to this process, by a file in it that names the process. What a killed process left behind
 * does not count.
 * @throws {PlainError} another process has the folder.
 */
export function lockFolder(folder: string): FolderLock {
  mkdirSync(folder, { recursive: true });
  const file = join(folder, 'lock');
  const draft = `${file}.${process.pid}`;
  // A link appears with its content, so that nobody reads a lock that names nobody yet.
  writeFileSync(draft, `${process.pid}\n`);
  try {
    while (!tryToLink(draft, file)) {
      const holder = readHolders(file).find(isAlive);
      if (holder !== undefined) {
        throw new PlainError(
          `Stead already runs on the data in ${folder} (process ${holder}): stop it, or set STEAD_FOLDER to another folder. If that process is not Stead, delete ${file}.`,
        );
      }
      rmSync(file, { force: true });
    }
  } finally {
    rmSync(draft, { force: true });
  }
  return {
    shareWith: (pid) => appendFileSync(file, `${pid}\n`),
    release() {
      if (readHolders(file)[0] === process.pid) rmSync(file, { force: true });
    },
  };
}

/** False if the file is there already. */
function tryToLink(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

function readHolders(file: string): number[] {
  try {
    return readFileSync(file, 'utf8')
      .split('\n')
      .map(Number)
      .filter((pid) => Number.isInteger(pid) && pid > 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // It lives, and belongs to somebody else.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
