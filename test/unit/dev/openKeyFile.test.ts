import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openKeyFile } from '../../../dev/openKeyFile.ts';
import { readCacheKeys } from '../../../shared/adapters/entra/seal.ts';

let folder: string;
let file: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'stead-keys-'));
  file = join(folder, 'azure/keys.json');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const modeOf = async (path: string): Promise<number> => (await stat(path)).mode & 0o777;

describe('openKeyFile', () => {
  it('makes random keys that the settings take', async () => {
    const keys = await openKeyFile(file);
    expect(readCacheKeys(keys.TOKEN_CACHE_KEYS)).toHaveLength(1);
    expect(Buffer.from(keys.LOG_HASH_KEY, 'base64')).toHaveLength(32);
    const others = await openKeyFile(join(folder, 'other/keys.json'));
    expect(others.TOKEN_CACHE_KEYS).not.toBe(keys.TOKEN_CACHE_KEYS);
    expect(others.LOG_HASH_KEY).not.toBe(keys.LOG_HASH_KEY);
  });

  it('gives the same keys at every later call', async () => {
    const made = await openKeyFile(file);
    expect(await openKeyFile(file)).toEqual(made);
    expect(await readdir(dirname(file))).toEqual(['keys.json']);
  });

  it.skipIf(process.platform === 'win32')(
    'lets nobody else read the file, also when it was opened to them',
    async () => {
      await openKeyFile(file);
      expect(await modeOf(file)).toBe(0o600);
      await chmod(file, 0o644);
      await openKeyFile(file);
      expect(await modeOf(file)).toBe(0o600);
    },
  );

  it.skipIf(process.platform === 'win32')(
    'lets nobody else read the file, also when a crash left a draft that is open to them',
    async () => {
      await mkdir(dirname(file));
      await writeFile(`${file}.new`, '{"half', { mode: 0o644 });
      await openKeyFile(file);
      expect(await modeOf(file)).toBe(0o600);
      expect(await readdir(dirname(file))).toEqual(['keys.json']);
    },
  );

  it.each([
    '',
    '{',
    'null',
    '{"TOKEN_CACHE_KEYS":"x"}',
  ])('refuses %j, names the file, and leaves it alone', async (text) => {
    await openKeyFile(file);
    await writeFile(file, text);
    await expect(openKeyFile(file)).rejects.toThrow(file);
    expect(await readFile(file, 'utf8')).toBe(text);
  });
});
