import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readOperatorConfig, readSettings } from '../../../ops/settings.ts';
import { readConfig } from '../../../shared/config.ts';

describe('readSettings', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'stead-ops-'));
  });
  afterAll(() => rm(folder, { recursive: true }));
  const write = (text: string) => writeFile(join(folder, 'local.settings.json'), text);

  it('is the environment when there is no file', async () => {
    const settings = await readSettings(join(folder, 'nowhere'), { TokenStore: 'here', PATH: '/bin' });
    expect(settings).toMatchObject({ TokenStore: 'here', PATH: '/bin' });
  });

  it('fills in from the file what the environment lacks or leaves empty', async () => {
    await write('{ "Values": { "TokenStore": "file", "RETENTION_DAYS": "7", "API_SCOPE": "file" } }');
    expect(await readSettings(folder, { TokenStore: 'here', API_SCOPE: '', PATH: '/bin' })).toMatchObject({
      TokenStore: 'here',
      RETENTION_DAYS: '7',
      API_SCOPE: 'file',
      PATH: '/bin',
    });
  });

  it('takes the settings of storage from one place', async () => {
    await write(
      '{ "Values": { "TokenStore": "file", "TokenStore__clientId": "file", "API_SCOPE": "file" } }',
    );
    const TokenStore__blobServiceUri = 'here';
    const settings = await readSettings(folder, { TokenStore__blobServiceUri, TokenStore: '' });
    expect(settings).toMatchObject({ TokenStore__blobServiceUri, API_SCOPE: 'file' });
    expect(settings).not.toHaveProperty('TokenStore');
    expect(settings).not.toHaveProperty('TokenStore__clientId');
    expect(await readSettings(folder, {})).toMatchObject({
      TokenStore: 'file',
      TokenStore__clientId: 'file',
    });
  });

  it('says how to have a storage here if none is named, and only then', async () => {
    const nowhere = join(folder, 'nowhere');
    const config = async (environment: NodeJS.ProcessEnv) =>
      readOperatorConfig(await readSettings(nowhere, environment));
    await expect(config({})).rejects.toThrow(
      /TokenStore: is missing[\s\S]*run `npm start` in another terminal/,
    );
    await expect(config({ TokenStore: 'wrong' })).rejects.toThrow(/^(?![\s\S]*npm start)[\s\S]*TokenStore/);
  });

  describe('beside npm start', () => {
    const TokenStore = 'UseDevelopmentStorage=true';
    const ours =
      (running: unknown, pid = process.pid) =>
      async () => {
        const here = await mkdtemp(join(folder, 'started-'));
        await mkdir(join(here, '.stead'));
        const text = typeof running === 'string' ? running : JSON.stringify({ pid, ...(running as object) });
        await writeFile(join(here, '.stead/running.json'), text);
        return here;
      };

    it('finds its storage, and the log ids of its functions', async () => {
      const here = await ours({ TokenStore })();
      const settings = await readSettings(here, { LOG_HASH_KEY: 'of another deployment' });
      expect(settings).toMatchObject({ TokenStore, LOG_HASH_KEY: '' });
      expect(readConfig(settings, { hasStorageCredential: true }).storage).toEqual({
        connectionString: TokenStore,
      });
    });

    it('finds it in the folder that STEAD_FOLDER names', async () => {
      const here = await ours({ TokenStore })();
      const nowhere = join(folder, 'nowhere');
      expect(await readSettings(nowhere, { STEAD_FOLDER: join(here, '.stead') })).toMatchObject({
        TokenStore,
      });
      expect(await readSettings(nowhere, {})).not.toHaveProperty('TokenStore');
    });

    it('prefers what somebody has set', async () => {
      const here = await ours({ TokenStore })();
      expect(await readSettings(here, { TokenStore: 'here' })).toMatchObject({ TokenStore: 'here' });
      const TokenStore__blobServiceUri = 'here';
      expect(await readSettings(here, { TokenStore__blobServiceUri })).not.toHaveProperty('TokenStore');
      await writeFile(join(here, 'local.settings.json'), '{ "Values": { "TokenStore": "file" } }');
      expect(await readSettings(here, {})).toMatchObject({ TokenStore: 'file' });
    });

    it.each([
      ['of a process that was killed', ours({ TokenStore }, 2 ** 30)],
      ['torn', ours('{"pid":')],
      ['of something else', ours({ TokenStore: 7 })],
      ['without a process', ours({ TokenStore }, undefined)],
    ])('does not believe a file %s', async (what, write) => {
      const here = await write();
      if (what === 'without a process')
        await writeFile(join(here, '.stead/running.json'), JSON.stringify({ TokenStore }));
      expect(await readSettings(here, {})).not.toHaveProperty('TokenStore');
    });
  });

  it('needs no client secret and no key, whatever is in their place', async () => {
    const nowhere = join(folder, 'nowhere');
    const storage = {
      TokenStore:
        'DefaultEndpointsProtocol=https;AccountName=a;AccountKey=a2V5;EndpointSuffix=core.windows.net',
      LOG_HASH_KEY: Buffer.alloc(32, 1).toString('base64'),
    };
    const [one, other] = [await readSettings(nowhere, storage), await readSettings(nowhere, storage)];
    expect(() => readConfig(one)).not.toThrow();
    expect(one.TOKEN_CACHE_KEYS).not.toBe(other.TOKEN_CACHE_KEYS);
    const unusable = {
      ENTRA_TENANT_ID: '<tenant>',
      ENTRA_CLIENT_ID: 'api://mine',
      ENTRA_CLIENT_SECRET: '@Microsoft.KeyVault(VaultName=mine;SecretName=secret)',
      TOKEN_CACHE_KEYS: '@Microsoft.KeyVault(VaultName=mine;SecretName=keys)',
    };
    const settings = await readSettings(nowhere, { ...storage, ...unusable });
    expect(() => readConfig(settings)).not.toThrow();
  });

  it('needs no authority, and takes storage in any cloud', async () => {
    const settings = await readSettings(join(folder, 'nowhere'), {
      TokenStore__blobServiceUri: 'https://mine.blob.core.chinacloudapi.cn',
      TokenStore__tableServiceUri: 'https://mine.table.core.chinacloudapi.cn',
      LOG_HASH_KEY: Buffer.alloc(32, 1).toString('base64'),
      GRAPH_BASE_URL: 'https://graph.microsoft.us',
    });
    expect(() => readConfig(settings, { hasStorageCredential: true })).not.toThrow();
  });

  it('takes the log key that start:azure has made, for the storage on this machine that the file names', async () => {
    const made = { LOG_HASH_KEY: 'y'.repeat(44) };
    await mkdir(join(folder, '.stead/azure'), { recursive: true });
    await writeFile(join(folder, '.stead/azure/keys.json'), JSON.stringify(made));
    await write('{ "Values": { "TokenStore": "UseDevelopmentStorage=true", "LOG_HASH_KEY": "" } }');
    expect(await readSettings(folder, {})).toMatchObject(made);
    // Not of that storage, or of no storage on this machine, or given.
    const elsewhere = { TokenStore: 'UseDevelopmentStorage=true' };
    expect(await readSettings(folder, elsewhere)).not.toHaveProperty('LOG_HASH_KEY');
    expect(await readSettings(folder, { LOG_HASH_KEY: 'z'.repeat(44) })).toMatchObject({
      LOG_HASH_KEY: 'z'.repeat(44),
    });
    expect(await readSettings(folder, { STEAD_FOLDER: join(folder, 'nowhere') })).not.toHaveProperty(
      'LOG_HASH_KEY',
    );
    await write('{ "Values": { "TokenStore": "AccountName=a;AccountKey=b" } }');
    expect(await readSettings(folder, {})).not.toHaveProperty('LOG_HASH_KEY');
  });

  it('says what is wrong with the file', async () => {
    await write('{ "IsEncrypted": true }');
    await expect(readSettings(folder, {})).rejects.toThrow('func settings decrypt');
  });
});
