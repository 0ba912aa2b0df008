import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
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
});
