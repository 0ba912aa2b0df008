import { spawn, spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { lockFolder } from '../../../dev/lockFolder.ts';

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'stead-lock-'));
  file = join(folder, 'lock');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function livingPid(): number {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' });
  onTestFinished(() => void child.kill('SIGKILL'));
  return child.pid ?? 0;
}
const deadPid = (): number => spawnSync(process.execPath, ['-e', '']).pid;

/** Locks each folder that it reads, and answers with what came of it. It keeps what it got. */
const RACER = `
import { createInterface } from 'node:readline';
import { lockFolder } from ${JSON.stringify(new URL('../../../dev/lockFolder.ts', import.meta.url).href)};
console.log('ready');
for await (const folder of createInterface({ input: process.stdin })) {
  try {
    lockFolder(folder);
    console.log('has it');
  } catch (error) {
    console.log(error.name === 'PlainError' ? 'refused' : String(error.stack));
  }
}`;

function startRacer(): { next(): Promise<string | undefined>; send(folder: string): void } {
  const child = spawn(process.execPath, ['--input-type=module', '-e', RACER], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    next: async () => (await lines.next()).value,
    send: (folder) => void child.stdin.write(`${folder}\n`),
  };
}

describe('lockFolder', () => {
  it('makes the folder, names this process in it, and leaves nothing when it is released', () => {
    const lock = lockFolder(join(folder, 'new'));
    expect(readFileSync(join(folder, 'new/lock'), 'utf8')).toBe(`${process.pid}\n`);
    lock.release();
    lock.release();
    expect(readdirSync(join(folder, 'new'))).toEqual([]);
  });

  it('refuses a folder that a living process has, in one line that says what to do', () => {
    const pid = livingPid();
    writeFileSync(file, `${pid}\n`);
    expect(() => lockFolder(folder)).toThrow(
      `Stead already runs on the data in ${folder} (process ${pid}): stop it, or set STEAD_FOLDER to another folder. If that process is not Stead, delete ${file}.`,
    );
    expect(readdirSync(folder)).toEqual(['lock']);
  });

  it('takes over what a dead process left behind, or a file that names nobody', () => {
    for (const content of [`${deadPid()}\n`, '', 'nobody\n-1\n']) {
      writeFileSync(file, content);
      const lock = lockFolder(folder);
      expect(readFileSync(file, 'utf8')).toBe(`${process.pid}\n`);
      lock.release();
    }
  });

  it('holds for a second process, which outlives the first', () => {
    const pid = livingPid();
    writeFileSync(file, `${deadPid()}\n${pid}\n`);
    expect(() => lockFolder(folder)).toThrow(`(process ${pid})`);
    rmSync(file);
    lockFolder(folder).shareWith(pid);
    expect(readFileSync(file, 'utf8')).toBe(`${process.pid}\n${pid}\n`);
  });

  it('does not release what another process has meanwhile', () => {
    const lock = lockFolder(folder);
    writeFileSync(file, `${livingPid()}\n`);
    lock.release();
    expect(existsSync(file)).toBe(true);
  });

  it('takes over what names its own number and is of an earlier process, as in a container', () => {
    writeFileSync(file, `${process.pid}\n`);
    const lock = lockFolder(folder);
    expect(() => lockFolder(folder)).toThrow(`(process ${process.pid})`);
    expect(readdirSync(folder)).toEqual(['lock']);
    lock.release();
    lockFolder(folder).release();
    expect(readdirSync(folder)).toEqual([]);
  });

  it('says what to delete after a process was killed in the middle of a takeover', () => {
    const dead = deadPid();
    writeFileSync(file, `${dead}\n`);
    writeFileSync(`${file}.takeover`, `${dead}\n`);
    expect(() => lockFolder(folder)).toThrow(`Delete ${file}.takeover`);
    rmSync(`${file}.takeover`);
    lockFolder(folder).release();
    expect(readdirSync(folder)).toEqual([]);
  });

  it('gives a folder that a dead process left behind to one of those that want it at once', {
    timeout: 120_000,
  }, async () => {
    const racers = Array.from({ length: 8 }, startRacer);
    const answers = () => Promise.all(racers.map((racer) => racer.next()));
    await answers();
    const dead = deadPid();
    for (let round = 0; round < 20; round++) {
      const contested = join(folder, String(round));
      mkdirSync(contested);
      writeFileSync(join(contested, 'lock'), `${dead}\n`);
      for (const racer of racers) racer.send(contested);
      expect((await answers()).sort()).toEqual(['has it', ...Array(7).fill('refused')]);
      expect(readdirSync(contested)).toEqual(['lock']);
    }
  });
});
