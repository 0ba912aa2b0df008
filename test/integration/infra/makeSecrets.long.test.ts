/** `npm run azure:secrets`, with a stand-in for `az` that keeps a vault in a file. */
import { chmod, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readCacheKeys } from '../../../shared/adapters/entra/seal.ts';
import { runHook } from './runHook.ts';

/**
 * Each call is noted. The first `refusals` of them are refused, as they are before a role counts, and each call of the
 * command `refused`.
 */
const AZ = `#!${process.execPath}
const fs = require('fs');
const file = __dirname + '/vault.json';
const vault = JSON.parse(fs.readFileSync(file, 'utf8'));
const args = process.argv.slice(2);
const option = (name) => args[args.indexOf(name) + 1];
vault.calls.push(args);
if (vault.refusals-- > 0 || args[0] === vault.refused) {
  console.error('ERROR: (Forbidden) Caller is not authorized. Caller: oid=somebody');
  process.exitCode = 1;
} else if (args[2] === 'list') {
  console.log(vault.answer ?? JSON.stringify(Object.keys(vault.secrets).map((name) => 'https://v.example/secrets/' + name)));
} else if (args[2] === 'set') {
  vault.mode = fs.statSync(option('--file')).mode & 0o777;
  vault.secrets[option('--name')] = fs.readFileSync(option('--file'), 'utf8');
}
fs.writeFileSync(file, JSON.stringify(vault));
`;

const OUTPUTS = { VAULT_NAME: 'kv-stead', API_APP_NAME: 'func-1', AZURE_RESOURCE_GROUP: 'rg-1' };
const REFRESH =
  '/subscriptions/{subscriptionId}/resourceGroups/rg-1/providers/Microsoft.Web/sites/func-1/config/configreferences/appsettings/refresh?api-version=2022-03-01';

type Vault = {
  secrets: Record<string, string>;
  refusals: number;
  refused?: string;
  calls: string[][];
  mode?: number;
  answer?: string;
};

// On Windows `az` is a batch file, which this stand-in is not.
describe.skipIf(process.platform === 'win32')('npm run azure:secrets', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'stead-hook-'));
    await writeFile(join(folder, 'az'), AZ);
    await chmod(join(folder, 'az'), 0o700);
    await fill({});
  });
  afterEach(() => rm(folder, { recursive: true }));

  const fill = (vault: Partial<Vault>) =>
    writeFile(join(folder, 'vault.json'), JSON.stringify({ secrets: {}, refusals: 0, calls: [], ...vault }));
  const vault = async () => JSON.parse(await readFile(join(folder, 'vault.json'), 'utf8')) as Vault;
  const run = (args: string[] = [], env: Record<string, string> = {}) =>
    runHook('makeSecrets', { PATH: folder, TMPDIR: folder, ...OUTPUTS, ...env }, args);

  it('makes both secrets, which the app accepts, and shows neither', async () => {
    const { code, stdout, stderr } = await run();
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const { secrets, calls, mode } = await vault();
    const { 'token-cache-keys': cacheKeys = '', 'log-hash-key': logKey = '' } = secrets;
    expect(readCacheKeys(cacheKeys)).toHaveLength(1);
    expect(Buffer.from(logKey, 'base64')).toHaveLength(32);
    expect(stdout).toBe(
      'kv-stead: token-cache-keys is made\nkv-stead: log-hash-key is made\nfunc-1 looks for the secrets again\n',
    );
    const shown = [stdout, ...calls.flat()].join('\n');
    for (const [, secret] of cacheKeys.matchAll(/"k":"([^"]+)"/g)) expect(shown).not.toContain(secret);
    expect(shown).not.toContain(logKey);
    // Neither does a file stay behind.
    expect({ mode, left: (await readdir(folder)).sort() }).toEqual({
      mode: 0o600,
      left: ['az', 'vault.json'],
    });
  });

  it('never overwrites, and makes only what is missing', async () => {
    await fill({ secrets: { 'token-cache-keys': 'the first' } });
    expect((await run()).stdout).toContain('token-cache-keys is there and stays as it is\n');
    const first = (await vault()).secrets;
    expect(first).toEqual({ 'token-cache-keys': 'the first', 'log-hash-key': expect.any(String) });
    await run();
    expect((await vault()).secrets).toEqual(first);
  });

  it('lets the app look again, also if an earlier call made the secrets and failed then', async () => {
    await fill({ refused: 'rest' });
    expect(await run()).toMatchObject({ code: 1, stderr: expect.stringMatching(/^az rest failed/) });
    const { secrets } = await vault();
    expect(Object.keys(secrets)).toHaveLength(2);
    await fill({ secrets });
    expect(await run()).toMatchObject({ code: 0, stdout: expect.stringContaining('looks for the secrets') });
    const { calls } = await vault();
    expect(calls.filter(([command]) => command === 'rest')).toEqual([
      ['rest', '--method', 'post', '--url', REFRESH],
    ]);
  });

  it('asks the subscription of the environment', async () => {
    await run([], { AZURE_SUBSCRIPTION_ID: 'some-subscription' });
    const { calls } = await vault();
    expect(calls.map((args) => args.slice(-2))).toEqual(
      Array(4).fill(['--subscription', 'some-subscription']),
    );
  });

  it('waits for the role on the vault', async () => {
    await fill({ refusals: 1 });
    expect(await run()).toMatchObject({ code: 0, stdout: expect.stringContaining('Waiting for the role') });
    expect(Object.keys((await vault()).secrets)).toHaveLength(2);
  });

  it('gives up in one sentence that names nobody', async () => {
    await fill({ refusals: 5 });
    const { code, stderr } = await run(['--wait', '0']);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^az keyvault secret list failed \(Forbidden\)\. [^\n]+\n$/);
    expect(stderr).not.toContain('somebody');
  });

  it.each([
    '',
    'null',
    '[null]',
    '["token-cache-keys"]',
    '{}',
  ])('makes nothing if it cannot read what is there: %j', async (answer) => {
    await fill({ answer });
    const { code, stderr } = await run();
    expect({ code, lines: stderr.split('\n').length }).toEqual({ code: 1, lines: 2 });
    expect((await vault()).secrets).toEqual({});
  });

  it('says what it lacks', async () => {
    expect((await runHook('makeSecrets', { PATH: folder })).stderr).toMatch(/^VAULT_NAME is missing\. /);
    await rm(join(folder, 'az'));
    expect((await run()).stderr).toMatch(/^The Azure CLI \(az\) is not on the PATH\. [^\n]+\n$/);
  });
});
