import {
  appendFileSync,
  linkSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { PlainError } from './runCommand.ts';

export type FolderLock = {
  /** The lock also holds for as long as that process lives, even if this one is killed. */
  shareWith(pid: number): void;
  /** May be called again. */
  release(): void;
};

/** The folders that this process has. A lock elsewhere with its number is of a process that had the number before. */
const held = new Set<string>();

/**
 * Keeps a folder's data to this process, by a file in it that names the process. What a killed process left behind
 * does not count.
 * @throws {PlainError} another process has the folder, or this one has it already.
 */
export function lockFolder(folder: string): FolderLock {
  mkdirSync(folder, { recursive: true });
  const place = realpathSync(folder);
  const file = join(folder, 'lock');
  const draft = `${file}.${process.pid}`;
  const lives = (pid: number) => (pid === process.pid ? held.has(place) : isAlive(pid));
  // It may be left behind, and another name of the lock that is left behind with it.
  rmSync(draft, { force: true });
  // A link appears with its content, so that nobody reads a lock that names nobody yet.
  writeFileSync(draft, `${process.pid}\n`);
  try {
    while (!tryToLink(draft, file)) {
      const holder = pidsIn(read(file)).find(lives);
      if (holder !== undefined) {
        throw new PlainError(
          `Stead already runs on the data in ${folder} (process ${holder}): stop it, or set STEAD_FOLDER to another folder. If that process is not Stead, delete ${file}.`,
        );
      }
      removeLeftBehind(file, draft, lives);
    }
  } finally {
    rmSync(draft, { force: true });
  }
  held.add(place);
  return {
    shareWith: (pid) => appendFileSync(file, `${pid}\n`),
    release() {
      held.delete(place);
      if (pidsIn(read(file))[0] === process.pid) rmSync(file, { force: true });
    },
  };
}

/**
 * One process at a time removes: the others would remove the lock that the first has made in its place.
 * @throws {PlainError} a process was killed at exactly this.
 */
function removeLeftBehind(file: string, draft: string, lives: (pid: number) => boolean): void {
  const guard = `${file}.takeover`;
  if (tryToLink(draft, guard)) {
    try {
      if (isLeftBehind(file, lives)) rmSync(file);
    } finally {
      rmSync(guard, { force: true });
    }
  } else if (isLeftBehind(guard, lives)) {
    throw new PlainError(
      `A process was killed while it took over ${file}. Delete ${guard}, and start again.`,
    );
  } else {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, PAUSE_MS);
  }
}

const PAUSE_MS = 5;

/** Read twice: a process that ends in order removes its file first, and another may have made one since. */
function isLeftBehind(file: string, lives: (pid: number) => boolean): boolean {
  const content = read(file);
  return content !== undefined && !pidsIn(content).some(lives) && read(file) === content;
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

function read(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

const pidsIn = (content = ''): number[] =>
  content
    .split('\n')
    .map(Number)
    .filter((pid) => Number.isInteger(pid) && pid > 0);

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // It lives, and belongs to somebody else.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
