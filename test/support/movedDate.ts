/**
 * Moves the date of a process, but not its timers: by the milliseconds that are in a file. Processes of a platform that load it
 * (`node --import`) share the file, so they go to another week together.
 */
import { mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const FILE = 'STEAD_MOVED_DATE';
/** The file is read at most once in this time, because dates are asked for very often. */
const FRESH_FOR_MS = 20;
const RealDate = Date;

/** Dates are those of the platform, so what makes dates of its own, such as `structuredClone`, makes the same. */
function moveDate(file: string): void {
  let [aheadMs, readAt] = [0, Number.NEGATIVE_INFINITY];
  const now = (): number => {
    const at = performance.now();
    if (at - readAt > FRESH_FOR_MS) [aheadMs, readAt] = [Number(readFileSync(file, 'utf8')), at];
    return RealDate.now() + aheadMs;
  };
  globalThis.Date = new Proxy(RealDate, {
    construct: (real, values, target) =>
      Reflect.construct(
        real,
        values.length === 0 ? [now()] : values,
        target === globalThis.Date ? real : target,
      ),
    get: (real, name, receiver) => (name === 'now' ? now : Reflect.get(real, name, receiver)),
  });
}

export type MovedDate = {
  /** For the processes that are to move along. */
  env: { NODE_OPTIONS: string; [FILE]: string };
  /** Moves all of them. @param ms from where they are now */
  move(ms: number): Promise<void>;
  end(): void;
};

/** Moves the date of this process, and of those that it starts from now on: they inherit the environment. */
export function startMovedDate(): MovedDate {
  const folder = mkdtempSync(join(tmpdir(), 'stead-date-'));
  const file = join(folder, 'ahead-ms');
  let aheadMs = 0;
  // A reader must never see half of a number.
  const write = () => {
    writeFileSync(`${file}.new`, String(aheadMs));
    renameSync(`${file}.new`, file);
  };
  write();
  const env = { NODE_OPTIONS: `--import=${import.meta.url}`, [FILE]: file };
  const before = { NODE_OPTIONS: process.env.NODE_OPTIONS };
  Object.assign(process.env, env);
  moveDate(file);
  return {
    env: env as MovedDate['env'],
    async move(ms) {
      aheadMs += ms;
      write();
      await new Promise((resolve) => setTimeout(resolve, 2 * FRESH_FOR_MS));
    },
    end() {
      globalThis.Date = RealDate;
      delete process.env[FILE];
      if (before.NODE_OPTIONS === undefined) delete process.env.NODE_OPTIONS;
      else process.env.NODE_OPTIONS = before.NODE_OPTIONS;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

const { [FILE]: inherited } = process.env;
if (inherited !== undefined) moveDate(inherited);
