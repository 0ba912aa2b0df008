import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readSettings } from '../../../ops/settings.ts';

describe('readSettings', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'stead-ops-'));
  });
  afterAll(() => rm(folder, { recursive: true }));
  const write = (text: string) => writeFile(join(folder, 'local.settings.json'), text);

  it('is the environment when there is no file', async () => {
    expect(await readSettings(join(folder, 'nowhere'), { TokenStore: 'here' })).toEqual({
      TokenStore: 'here',
    });
  });

  it('fills in from the file what the environment lacks or leaves empty', async () => {
    await write('{ "Values": { "TokenStore": "file", "RETENTION_DAYS": "7", "API_SCOPE": "file" } }');
    expect(await readSettings(folder, { TokenStore: 'here', API_SCOPE: '', PATH: '/bin' })).toEqual({
      TokenStore: 'here',
      RETENTION_DAYS: '7',
      API_SCOPE: 'file',
      PATH: '/bin',
    });
  });

  it('says what is wrong with the file', async () => {
    await write('{ "IsEncrypted": true }');
    await expect(readSettings(folder, {})).rejects.toThrow('func settings decrypt');
  });
});
