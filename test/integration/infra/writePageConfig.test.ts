/** `npm run azure:page`, with the variables of azd. */
import { copyFile, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CLOUDS } from '../../../shared/clouds.ts';
import { runHook } from './runHook.ts';

const PUBLIC = fileURLToPath(new URL('../../../spa/public/', import.meta.url));
const HEADERS = 'staticwebapp.config.json';
const TENANT = '11111111-2222-4333-8444-555555555555';
const GIVEN = {
  API_URI: 'https://func-1.example.net',
  AZURE_TENANT_ID: TENANT,
  ENTRA_CLIENT_ID: 'the-api',
  SPA_CLIENT_ID: 'the-page',
};

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'stead-page-'));
  await copyFile(join(PUBLIC, HEADERS), join(folder, HEADERS));
});
afterEach(() => rm(folder, { recursive: true }));

const run = (env: Record<string, string>) => runHook('writePageConfig', env, ['--folder', folder]);
const written = async (name: string) => JSON.parse(await readFile(join(folder, name), 'utf8'));

describe('npm run azure:page', () => {
  it('writes the settings of the page', async () => {
    expect(await run(GIVEN)).toMatchObject({ code: 0, stderr: '' });
    const sample = JSON.parse(await readFile(join(PUBLIC, 'config.sample.json'), 'utf8'));
    const config = await written('config.json');
    expect(config).toEqual({
      clientId: 'the-page',
      authority: `https://login.microsoftonline.com/${TENANT}`,
      apiScope: 'api://the-api/access_as_user',
      apiBaseUrl: 'https://func-1.example.net',
      appName: 'Stead',
      logo: '/favicon.svg',
    });
    expect(Object.keys(config)).toEqual(Object.keys(sample));
  });

  it('narrows the policy to the two origins, and leaves the other headers as they are', async () => {
    await run(GIVEN);
    const before = JSON.parse(await readFile(join(PUBLIC, HEADERS), 'utf8'));
    const policy =
      "frame-ancestors 'self'; connect-src 'self' https://func-1.example.net https://login.microsoftonline.com; frame-src 'self' https://login.microsoftonline.com";
    const globalHeaders = { ...before.globalHeaders, 'Content-Security-Policy': policy };
    expect(await written(HEADERS)).toEqual({ ...before, globalHeaders });
  });

  it('writes the same when it is run again, and takes a slash at the end', async () => {
    await run(GIVEN);
    const first = [await written('config.json'), await written(HEADERS)];
    await run({ ...GIVEN, API_URI: `${GIVEN.API_URI}/` });
    expect([await written('config.json'), await written(HEADERS)]).toEqual(first);
  });

  it('follows the settings of the API', async () => {
    await run({
      ...GIVEN,
      ENTRA_TENANT_ID: 'home',
      ENTRA_AUTHORITY: 'https://login.example',
      API_SCOPE: 'act',
      ALLOWED_TENANTS: 'HOME',
      APP_NAME: 'Orchard',
      APP_LOGO: '/orchard.svg',
    });
    const config = await written('config.json');
    expect(config).toMatchObject({
      authority: 'https://login.example/home',
      apiScope: 'api://the-api/act',
      appName: 'Orchard',
      logo: '/orchard.svg',
    });
  });

  it.each(CLOUDS.map(({ authority }) => authority))('follows the cloud of %s', async (authority) => {
    expect(await run({ ...GIVEN, ENTRA_AUTHORITY: `${authority}/` })).toMatchObject({ code: 0 });
    expect(await written('config.json')).toMatchObject({ authority: `${authority}/${TENANT}` });
    const policy = (await written(HEADERS)).globalHeaders['Content-Security-Policy'];
    expect(policy).toContain(`connect-src 'self' https://func-1.example.net ${authority};`);
    expect(policy).toContain(`frame-src 'self' ${authority}`);
  });

  it.each([
    '*',
    `${TENANT},66666666-2222-4333-8444-555555555555`,
  ])('signs in to any organisation if the API serves %s', async (ALLOWED_TENANTS) => {
    await run({ ...GIVEN, ALLOWED_TENANTS });
    const { authority } = await written('config.json');
    expect(authority).toBe('https://login.microsoftonline.com/organizations');
  });

  it.each([
    ['API_URI', '', /^API_URI is missing\. /],
    ['API_URI', 'func-1.example.net', /^API_URI has to be an origin/],
    ['API_URI', 'https://func-1.example.net; script-src *', /^API_URI has to be an origin/],
    ['SPA_CLIENT_ID', ' ', /^SPA_CLIENT_ID is missing\. /],
    ['APP_NAME', 'x'.repeat(41), /^APP_NAME has more than 40 characters\. /],
    ['APP_LOGO', 'https://elsewhere.example/logo.svg', /^APP_LOGO has to be a path of the page/],
    ['APP_LOGO', '//elsewhere.example/logo.svg', /^APP_LOGO has to be a path of the page/],
    [
      'ENTRA_AUTHORITY',
      'https://login.chinacloudapi.cn',
      /^ENTRA_AUTHORITY is an alias.* Give https:\/\/login\.partner\./,
    ],
  ])('writes nothing if %s is %j', async (name, value, sentence) => {
    const { code, stderr } = await run({ ...GIVEN, [name]: value });
    expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringMatching(sentence) });
    await expect(written('config.json')).rejects.toThrow('ENOENT');
  });

  it('says that the page is not built', async () => {
    await rm(join(folder, HEADERS));
    expect((await run(GIVEN)).stderr).toMatch(/^There is no page in .*: run "npm run build" first\.\n$/);
  });
});
