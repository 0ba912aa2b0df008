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
import { PlainError } from '../ops/cli/errors.ts';

export type FolderLock = {
  /** Keeps the lock as long as that process lives, even if this one is killed. */
  shareWith(pid: number): void;
  /** May be called again. */
  release(): void;
};

/** The folders that this process has locked. In any other folder, our process id comes from an earlier process. */
const held = new Set<string>();

/**
 * Locks a folder for this process with a file that names the process. A lock of a process that no longer lives does not
 * count.
 * @throws {PlainError} Another process has locked the folder, or this one has already.
 */
export function lockFolder(folder: string): FolderLock {
  mkdirSync(folder, { recursive: true });
  const place = realpathSync(folder);
  const file = join(folder, 'lock');
  const draft = `${file}.${process.pid}`;
  const lives = (pid: number) => (pid === process.pid ? held.has(place) : isAlive(pid));
  // A killed process may have left it, as a second name of its old lock.
  rmSync(draft, { force: true });
  // A link appears together with its content, so no process can read a lock that is still empty.
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
 * Removes the lock of a process that no longer lives. Only one process at a time may do it: a second one would remove
 * the new lock that the first one makes.
 * @throws {PlainError} A process was killed while it did this.
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

/** Reads the file twice: between the two, its process may end and remove it, and another process may make a new one. */
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
    // The process lives, but belongs to another user.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
