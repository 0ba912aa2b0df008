import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createRemoteJWKSet, decodeProtectedHeader, type JWK, jwtVerify } from 'jose';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  API_CLIENT_ID,
  API_CLIENT_SECRET,
  SPA_CLIENT_ID,
  TENANT_ID,
} from '../../../../dev/entra/directory.ts';
import { type Entra, type EntraOptions, startEntra } from '../../../../dev/entra/startEntra.ts';
import { freePorts } from '../../../../dev/freePorts.ts';
import { API_SCOPE, control, postToken, SPA_ORIGIN, signIn } from '../../../support/entraClients.ts';

let folder: string;
let keyFile: string;
const running: Entra[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'entra-'));
  keyFile = join(folder, 'nested', 'keys.json');
});
afterEach(async () => {
  await Promise.all(running.splice(0).map((entra) => entra.close()));
  await rm(folder, { recursive: true });
});

async function start(options: Partial<EntraOptions> = {}): Promise<Entra> {
  const entra = await startEntra({ port: 0, spaOrigins: [SPA_ORIGIN], ...options });
  running.push(entra);
  return entra;
}

async function restart(entra: Entra): Promise<Entra> {
  await entra.close();
  return start({ port: entra.port, keyFile });
}

const publishedKeys = async (entra: Entra, application?: string): Promise<string[]> => {
  const query = application === undefined ? '' : `?appid=${application}`;
  const response = await fetch(`${entra.origin}/${TENANT_ID}/discovery/v2.0/keys${query}`);
  const { keys } = (await response.json()) as { keys: JWK[] };
  return keys.map((key) => key.kid ?? '');
};

const verify = (entra: Entra, token: string) =>
  jwtVerify(token, createRemoteJWKSet(new URL(`${entra.origin}/${TENANT_ID}/discovery/v2.0/keys`)));

const obo = (entra: Entra, assertion: string) =>
  postToken(entra, {
    grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer',
    requested_token_use: 'on_behalf_of',
    client_id: API_CLIENT_ID,
    client_secret: API_CLIENT_SECRET,
    scope: 'User.Read',
    assertion,
  });

describe('listening', () => {
  it('refuses every host but loopback', async () => {
    for (const host of ['0.0.0.0', '::', '192.168.1.10', 'example.com', '']) {
      await expect(startEntra({ port: 0, spaOrigins: [SPA_ORIGIN], host })).rejects.toThrow('127.0.0.1');
    }
    for (const host of ['127.0.0.1', 'localhost', '::1']) {
      expect((await start({ host })).origin).toMatch(/^http:\/\/localhost:\d+$/);
    }
  });

  it('passes on that a port is taken', async () => {
    const { port } = await start();
    await expect(startEntra({ port, spaOrigins: [SPA_ORIGIN] })).rejects.toMatchObject({
      code: 'EADDRINUSE',
      port,
    });
  });

  it('refuses origins and lifetimes that are none', async () => {
    for (const origin of ['localhost:5173', 'http://localhost:5173/', 'ftp://x', '*']) {
      await expect(startEntra({ port: 0, spaOrigins: [origin] })).rejects.toThrow(
        `"${origin}" is not an origin`,
      );
    }
    const lifetimes = { code: -1 };
    await expect(startEntra({ port: 0, spaOrigins: [], lifetimes })).rejects.toThrow(
      '"code" must be whole seconds',
    );
  });

  it('answers on every loopback address of this machine', async () => {
    const { port } = await start();
    const own = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
    const loopback = own.map(({ address }) => address).filter((one) => one === '127.0.0.1' || one === '::1');
    expect(loopback).toContain('127.0.0.1');
    for (const address of [...loopback.map((one) => (one === '::1' ? '[::1]' : one)), 'localhost']) {
      expect((await fetch(`http://${address}:${port}/dev/users`)).status).toBe(200);
    }
  });

  it('answers to loopback names only', async () => {
    const { port } = await start();
    const statusFor = (host: string) =>
      new Promise<number | undefined>((resolve, reject) => {
        request({ host: '127.0.0.1', port, path: '/dev/users', headers: { host } }, (response) => {
          response.resume();
          resolve(response.statusCode);
        })
          .on('error', reject)
          .end();
      });
    expect(await statusFor(`localhost:${port}`)).toBe(200);
    expect(await statusFor(`127.0.0.1:${port}`)).toBe(200);
    expect(await statusFor(`rebound.example:${port}`)).toBe(421);
  });
});

describe('metadata', () => {
  const read = async (entra: Entra, path: string) => (await fetch(`${entra.origin}${path}`)).json();

  it('names the tenant of the path, and leaves it open where the path names none', async () => {
    const entra = await start();
    expect(await read(entra, `/${TENANT_ID}/v2.0/.well-known/openid-configuration`)).toMatchObject({
      issuer: `${entra.origin}/${TENANT_ID}/v2.0`,
      jwks_uri: `${entra.origin}/${TENANT_ID}/discovery/v2.0/keys`,
    });
    expect(await read(entra, '/common/v2.0/.well-known/openid-configuration')).toMatchObject({
      issuer: `${entra.origin}/{tenantid}/v2.0`,
    });
    expect(await read(entra, '/nowhere/v2.0/.well-known/openid-configuration')).toMatchObject({
      error_codes: [90002],
    });
  });

  it('knows its own host as an instance', async () => {
    const entra = await start();
    expect(await read(entra, '/common/discovery/instance')).toMatchObject({
      tenant_discovery_endpoint: `${entra.origin}/common/v2.0/.well-known/openid-configuration`,
      metadata: [{ aliases: [`localhost:${entra.port}`] }],
    });
  });
});

describe('keys', () => {
  it('rotate: the new one signs, the old one verifies until it is removed', async () => {
    const entra = await start();
    const before = (await signIn(entra, 'adele')).accessToken;
    const [oldKid] = await publishedKeys(entra);
    const rotated = (await (await control(entra, 'POST', '/keys/rotate')).json()) as { kid: string };
    expect(await publishedKeys(entra)).toEqual([rotated.kid, oldKid]);

    const { accessToken: after, refreshToken } = await signIn(entra, 'adele');
    expect(decodeProtectedHeader(before).kid).toBe(oldKid);
    expect(decodeProtectedHeader(after).kid).toBe(rotated.kid);
    await verify(entra, before);
    await verify(entra, after);

    expect((await control(entra, 'DELETE', `/keys/${oldKid}`)).status).toBe(204);
    await expect(verify(entra, before)).rejects.toMatchObject({ code: 'ERR_JWKS_NO_MATCHING_KEY' });
    expect((await obo(entra, before)).body.error_codes).toEqual([50013]);
    expect((await obo(entra, after)).status).toBe(200);

    await control(entra, 'POST', '/keys/rotate');
    await control(entra, 'DELETE', `/keys/${rotated.kid}`);
    const refresh = { grant_type: 'refresh_token', client_id: SPA_CLIENT_ID, refresh_token: refreshToken };
    expect((await postToken(entra, refresh, { origin: SPA_ORIGIN })).status).toBe(200);
  });

  it('that an application has for itself sign what is for it, and are published at keys?appid= alone', async () => {
    const entra = await start();
    const [kid = ''] = await publishedKeys(entra);
    const own = (await (await control(entra, 'POST', `/clients/${API_CLIENT_ID}/key`)).json()) as {
      kid: string;
    };
    const { accessToken, idToken } = await signIn(entra, 'adele');
    expect(decodeProtectedHeader(accessToken).kid).toBe(own.kid);
    expect(decodeProtectedHeader(idToken).kid).toBe(kid);
    expect(await publishedKeys(entra)).toEqual([kid]);
    expect(await publishedKeys(entra, SPA_CLIENT_ID)).toEqual([kid]);
    expect(await publishedKeys(entra, API_CLIENT_ID)).toEqual([own.kid]);
    await expect(verify(entra, accessToken)).rejects.toMatchObject({ code: 'ERR_JWKS_NO_MATCHING_KEY' });
    const metadata = `${entra.origin}/${TENANT_ID}/v2.0/.well-known/openid-configuration?appid=${API_CLIENT_ID}`;
    const { jwks_uri } = (await (await fetch(metadata)).json()) as { jwks_uri: string };
    await jwtVerify(accessToken, createRemoteJWKSet(new URL(jwks_uri)));

    expect((await obo(entra, accessToken)).body).toMatchObject({
      error: 'invalid_grant',
      error_codes: [50013],
    });

    expect((await control(entra, 'DELETE', `/clients/${API_CLIENT_ID}/key`)).status).toBe(204);
    expect((await obo(entra, (await signIn(entra, 'adele')).accessToken)).status).toBe(200);
    expect((await control(entra, 'POST', '/clients/nobody/key')).status).toBe(404);
  });

  it('that sign, or that are not there, are not removed', async () => {
    const entra = await start();
    const [kid] = await publishedKeys(entra);
    expect((await control(entra, 'DELETE', `/keys/${kid}`)).status).toBe(409);
    expect((await control(entra, 'DELETE', '/keys/nothing')).status).toBe(404);
    expect(await publishedKeys(entra)).toEqual([kid]);
  });

  it('publish their public half only', async () => {
    const entra = await start();
    const text = await (await fetch(`${entra.origin}/${TENANT_ID}/discovery/v2.0/keys`)).text();
    const [key] = (JSON.parse(text) as { keys: [JWK & { issuer: string }] }).keys;
    expect(Object.keys(key).sort()).toEqual(['e', 'issuer', 'kid', 'kty', 'n', 'use']);
    expect(key.issuer).toBe(`${entra.origin}/${TENANT_ID}/v2.0`);
  });

  it('are held between runs, and so are tokens, codes and sessions', async () => {
    // Nobody else is given this port while nothing listens on it.
    const [port = 0] = await freePorts(1);
    const first = await start({ keyFile, port });
    const before = await signIn(first, 'adele');
    await control(first, 'POST', '/keys/rotate');
    const kids = await publishedKeys(first);
    const query = new URLSearchParams({
      client_id: SPA_CLIENT_ID,
      response_type: 'code',
      redirect_uri: `${SPA_ORIGIN}/`,
      scope: API_SCOPE,
      code_challenge: 'a'.repeat(43),
      code_challenge_method: 'S256',
    });
    const body = new URLSearchParams({ user: 'adele' });
    const login = `${first.origin}/${TENANT_ID}/login?${query}`;
    const signedIn = await fetch(login, { method: 'POST', body, redirect: 'manual' });
    const cookie = signedIn.headers.getSetCookie()[0]?.split(';')[0] ?? '';

    const second = await restart(first);
    expect(await publishedKeys(second)).toEqual(kids);
    await verify(second, before.accessToken);
    expect((await obo(second, before.accessToken)).status).toBe(200);
    const refresh = {
      grant_type: 'refresh_token',
      client_id: SPA_CLIENT_ID,
      refresh_token: before.refreshToken,
    };
    expect((await postToken(second, refresh, { origin: SPA_ORIGIN })).status).toBe(200);
    const silent = await fetch(`${second.origin}/${TENANT_ID}/oauth2/v2.0/authorize?${query}&prompt=none`, {
      headers: { cookie },
      redirect: 'manual',
    });
    expect(new URL(silent.headers.get('location') ?? '').searchParams.has('code')).toBe(true);
  });

  it('are readable by their owner alone', async () => {
    await start({ keyFile });
    // Windows has no such modes: a writable file shows as 0666 there.
    expect((await stat(keyFile)).mode & 0o777).toBe(process.platform === 'win32' ? 0o666 : 0o600);
  });

  it('stand beside a file of consents, which is refused if it holds something else', async () => {
    const other = join(folder, 'consenting.json');
    const consents = join(folder, 'consenting-consents.json');
    for (const content of ['text', '{}', '[{}]']) {
      await writeFile(consents, content);
      await expect(startEntra({ port: 0, spaOrigins: [], keyFile: other })).rejects.toThrow(consents);
      expect(await readFile(consents, 'utf8')).toBe(content);
    }
  });

  it('refuse a file that holds none, and leave it as it is', async () => {
    const sealing = 'A'.repeat(43);
    for (const keys of [{}, { signing: [], sealing }, { signing: [{}], sealing }, { signing: 'x' }, 'text']) {
      const content = JSON.stringify(keys);
      const other = join(folder, 'other.json');
      await writeFile(other, content);
      await expect(startEntra({ port: 0, spaOrigins: [], keyFile: other })).rejects.toThrow(other);
      expect(await readFile(other, 'utf8')).toBe(content);
    }
  });
});
