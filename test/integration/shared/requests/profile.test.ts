import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TableClient } from '@azure/data-tables';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { API_CLIENT_ID, DEMO_USERS } from '../../../../dev/entra/directory.ts';
import { openKeys } from '../../../../dev/entra/keys.ts';
import { type Platform, startPlatform } from '../../../../dev/platform.ts';
import { createBlobTokenCache } from '../../../../shared/adapters/azureStorage/blobTokenCache.ts';
import { createTableAccounts } from '../../../../shared/adapters/azureStorage/tableAccounts.ts';
import { createSealer } from '../../../../shared/adapters/entra/seal.ts';
import { shardOf } from '../../../../shared/adapters/shards.ts';
import { readConfig } from '../../../../shared/config.ts';
import { toUserId } from '../../../../shared/userId.ts';
import type { Problem, Profile, Readiness } from '../../../../shared/wire.ts';
import { accountOf, markUser } from '../../../support/accountOf.ts';
import { control, journal, signIn } from '../../../support/entraClients.ts';
import { readCache } from '../../../support/userTokens.ts';

const [ADELE, BRUNO, CHIARA, DANA] = DEMO_USERS;
type DemoUser = (typeof DEMO_USERS)[number];

let folder: string;
let platform: Platform;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'stead-profile-'));
  platform = await startPlatform({ timers: false, withoutWeb: true, folder });
});
afterEach(async () => {
  for (const { name } of DEMO_USERS) await control(platform.entra, 'DELETE', `/users/${name}/fault`);
  await control(platform.entra, 'DELETE', '/fault');
});
afterAll(async () => {
  await platform?.stop();
  await rm(folder, { recursive: true, force: true });
});

const tokenFor = async ({ name }: DemoUser) =>
  (await signIn(platform.entra, name, { spaOrigin: platform.webOrigin })).accessToken;

const getProfile = (authorization?: string): Promise<Response> =>
  fetch(`${platform.host.origin}/api/profile`, {
    headers: authorization === undefined ? {} : { authorization },
  });

const profileOf = async (user: DemoUser): Promise<Response> => getProfile(`Bearer ${await tokenFor(user)}`);

async function rowsOf(user: DemoUser): Promise<Record<string, unknown>[]> {
  const table = TableClient.fromConnectionString(platform.azurite.connectionString, 'accountActivity', {
    allowInsecureConnection: true,
  });
  const rows: Record<string, unknown>[] = [];
  for await (const row of table.listEntities()) {
    if (row.rowKey?.endsWith(`${user.tid}_${user.oid}`)) rows.push(row);
  }
  return rows;
}

async function exchangesOf({ name }: DemoUser): Promise<number> {
  const entries = await journal(platform.entra);
  return entries.filter((entry) => entry.grant === 'on_behalf_of' && entry.user === name).length;
}

describe('GET /api/profile', () => {
  it("answers the caller's profile, and leaves out what the directory does not know", async () => {
    const response = await profileOf(ADELE);
    expect(response.status).toBe(200);
    expect(response.headers.get('cache-control')).toBe('no-store');
    expect(await response.json()).toEqual({
      id: ADELE.oid,
      displayName: 'Adele Brandt',
      givenName: 'Adele',
      surname: 'Brandt',
      userPrincipalName: 'adele@harbour.example',
      mail: 'adele.brandt@harbour.example',
      jobTitle: 'Harbour Pilot',
      department: 'Operations',
      officeLocation: 'Pier 4',
      city: 'Hamburg',
      country: 'Germany',
      employeeId: 'H-1001',
    });
    const sparse = (await (await profileOf(CHIARA)).json()) as Profile;
    expect(Object.keys(sparse).sort()).toEqual(['displayName', 'id', 'userPrincipalName']);
  });

  it('stores the cache sealed under the user id, with one account and one index entry', async () => {
    expect((await profileOf(BRUNO)).status).toBe(200);
    const config = readConfig(platform.settings);
    const store = createBlobTokenCache({ connectionString: platform.azurite.connectionString });
    const userId = toUserId(BRUNO);
    const stored = await store.read(userId);
    expect(stored?.sealed.split('.')).toHaveLength(5);
    expect(await readCache(store, createSealer(config.cacheKeys), userId)).toContain('"RefreshToken"');

    const rows = await rowsOf(BRUNO);
    const user = rows.find((row) => String(row.rowKey).startsWith('user|'));
    const due = rows.filter((row) => String(row.rowKey).startsWith('due|'));
    expect(due).toHaveLength(1);
    expect(user).toMatchObject({
      partitionKey: shardOf(userId),
      accountCacheKey: userId,
      accountIdentifier: `${BRUNO.homeOid}.${BRUNO.homeTid}`,
      accountObjectId: BRUNO.oid,
      accountTenantId: BRUNO.tid,
      userPrincipalName: BRUNO.upn,
      state: 'active',
      failedToAcquireToken: false,
    });
  });

  it("keys a guest by the token's tenant and object id, and keeps the home account id beside it", async () => {
    expect((await profileOf(DANA)).status).toBe(200);
    const user = (await rowsOf(DANA)).find((row) => String(row.rowKey).startsWith('user|'));
    expect(user).toMatchObject({
      accountCacheKey: `${DANA.tid}/${DANA.oid}`,
      accountIdentifier: `${DANA.homeOid}.${DANA.homeTid}`,
    });
  });

  it('exchanges one token once', async () => {
    const token = await tokenFor(ADELE);
    const before = await exchangesOf(ADELE);
    expect((await getProfile(`Bearer ${token}`)).status).toBe(200);
    expect((await getProfile(`Bearer ${token}`)).status).toBe(200);
    expect(await exchangesOf(ADELE)).toBe(before + 1);
  });

  it('can be called from the page alone, by CORS', async () => {
    const preflight = await fetch(`${platform.host.origin}/api/profile`, {
      method: 'OPTIONS',
      headers: {
        origin: platform.webOrigin,
        'access-control-request-method': 'GET',
        'access-control-request-headers': 'authorization',
      },
    });
    expect(preflight.headers.get('access-control-allow-origin')).toBe(platform.webOrigin);
    const foreign = await fetch(`${platform.host.origin}/api/profile`, {
      headers: { origin: 'http://elsewhere.example' },
    });
    expect(foreign.headers.get('access-control-allow-origin')).toBeNull();
  });
});

describe('GET /api/health', () => {
  it('answers anybody, and says nothing', async () => {
    const response = await fetch(`${platform.host.origin}/api/health`);
    expect(response.status).toBe(204);
    expect(response.headers.get('cache-control')).toBe('no-store');
    expect(await response.text()).toBe('');
  });
});

describe('GET /api/health/ready', () => {
  it('answers anybody whether storage and the credential can be used, and asks for it once a minute', async () => {
    const ask = () => fetch(`${platform.host.origin}/api/health/ready`);
    const responses = [...(await Promise.all([ask(), ask()])), await ask()];
    for (const response of responses) {
      expect(response.status).toBe(200);
      expect(response.headers.get('cache-control')).toBe('no-store');
      // The timer may have run meanwhile.
      const { lastRunSecondsAgo: _, ...ready } = (await response.json()) as Readiness;
      expect(ready).toEqual({ storage: 'ready', credential: 'accepted' });
    }
    const asked = (await journal(platform.entra)).filter(({ grant }) => grant === 'client_credentials');
    expect(asked).toHaveLength(1);
  });
});

describe('GET /api/profile refuses', () => {
  async function refusal(response: Response) {
    const problem = (await response.json()) as Problem;
    expect(response.headers.get('content-type')).toContain('application/problem+json');
    expect(problem.correlationId).toMatch(/^[0-9a-f-]{36}$/);
    return {
      status: response.status,
      code: problem.code,
      challenge: response.headers.get('www-authenticate'),
      problem,
    };
  }

  async function signed(claims: Record<string, unknown>, lifetime: number): Promise<string> {
    const keys = await openKeys(join(folder, 'entra-key.json'));
    const origin = platform.entra.origin;
    return keys.sign(
      {
        iss: `${origin}/${ADELE.tid}/v2.0`,
        aud: API_CLIENT_ID,
        tid: ADELE.tid,
        oid: ADELE.oid,
        ver: '2.0',
        scp: 'access_as_user',
        ...claims,
      },
      lifetime,
    );
  }

  it.each([undefined, 'Basic dXNlcjpwYXNz'])('no access token (%s) with a bare challenge', async (header) => {
    expect(await refusal(await getProfile(header))).toMatchObject({
      status: 401,
      code: 'TOKEN_MISSING',
      challenge: 'Bearer realm="Stead"',
    });
  });

  it.each(['Bearer not-a-jwt', 'Bearer a.b.c', 'Bearer'])('%s as an invalid token', async (header) => {
    const { status, code, challenge } = await refusal(await getProfile(header));
    expect({ status, code }).toEqual({ status: 401, code: 'TOKEN_INVALID' });
    expect(challenge).toMatch(/^Bearer error="invalid_token", error_description="[^"]+"$/);
  });

  it('an expired token, and says that it has expired', async () => {
    const { status, challenge, problem } = await refusal(
      await getProfile(`Bearer ${await signed({}, -120)}`),
    );
    expect(status).toBe(401);
    expect(challenge).toContain('error="invalid_token"');
    expect(problem.detail).toMatch(/expired/);
  });

  it('a token for another API, and a token of another tenant', async () => {
    const foreign = await signed({ aud: '00000003-0000-0000-c000-000000000000' }, 600);
    expect(await refusal(await getProfile(`Bearer ${foreign}`))).toMatchObject({
      status: 401,
      code: 'TOKEN_INVALID',
    });
    const tid = '11111111-2222-4333-8444-555555555555';
    const elsewhere = await signed({ tid, iss: `${platform.entra.origin}/${tid}/v2.0` }, 600);
    expect(await refusal(await getProfile(`Bearer ${elsewhere}`))).toMatchObject({
      status: 403,
      code: 'TENANT_FORBIDDEN',
    });
  });

  it('a token without the scope', async () => {
    const scopeless = await signed({ scp: 'access_as_user.read other' }, 600);
    const { status, code, challenge } = await refusal(await getProfile(`Bearer ${scopeless}`));
    expect({ status, code }).toEqual({ status: 403, code: 'SCOPE_MISSING' });
    expect(challenge).toContain('error="insufficient_scope"');
  });

  it.each([
    { fault: { kind: 'consent' }, status: 401, code: 'CONSENT_REQUIRED' },
    { fault: { kind: 'error', error: 'invalid_grant' }, status: 401, code: 'SIGN_IN_REQUIRED' },
    {
      fault: { kind: 'error', error: 'invalid_grant', errorNo: 50013 },
      status: 502,
      code: 'UPSTREAM_REFUSED',
    },
    { fault: { kind: 'claims' }, status: 401, code: 'CLAIMS_REQUIRED' },
    { fault: { kind: 'server-error' }, status: 503, code: 'UNAVAILABLE' },
    { fault: { kind: 'html' }, status: 503, code: 'UNAVAILABLE' },
    { fault: { kind: 'claims', at: 'graph' }, status: 401, code: 'CLAIMS_REQUIRED' },
    { fault: { kind: 'server-error', at: 'graph' }, status: 503, code: 'UNAVAILABLE' },
    // This one is last, because the user then has a cooldown.
    { fault: { kind: 'throttled', retryAfter: 7 }, status: 503, code: 'THROTTLED' },
  ])('with $code when the fault is $fault.kind', async ({ fault, status, code }) => {
    const token = await tokenFor(BRUNO);
    const set = await control(platform.entra, 'PUT', `/users/${BRUNO.name}/fault`, fault);
    expect(set.ok).toBe(true);
    const response = await getProfile(`Bearer ${token}`);
    const refused = await refusal(response);
    expect(refused).toMatchObject({ status, code });
    if (status === 503) expect(Number(response.headers.get('retry-after'))).toBeGreaterThan(0);
    if (code === 'THROTTLED') expect(response.headers.get('retry-after')).toBe('7');
    const { upstream, correlationId } = refused.problem;
    const { at, kind } = fault as { at?: string; kind: string };
    // Graph's challenge is sent to Entra, which decides.
    const service = at === 'graph' && kind !== 'claims' ? 'graph' : 'entra';
    expect(upstream?.service).toBe(service);
    if (kind !== 'html') {
      // The invocation's own id went out with the call, and came back.
      expect(upstream).toMatchObject({ correlationId, timestamp: expect.stringMatching(/^20\d\d-.+Z$/) });
      expect(service === 'graph' ? upstream?.requestId : upstream?.traceId).toMatch(/^[\da-f-]{36}$/);
    }
    if (code === 'CONSENT_REQUIRED') {
      expect(refused.challenge).toContain(
        'error="consent_required", scopes="https://graph.microsoft.com/User.Read"',
      );
      expect(refused.problem.scopes).toEqual(['https://graph.microsoft.com/User.Read']);
    }
    if (code === 'CLAIMS_REQUIRED') {
      const encoded = /claims="([^"]+)"/.exec(refused.challenge ?? '')?.[1] ?? '';
      expect(Buffer.from(encoded, 'base64').toString()).toBe(refused.problem.claims);
      expect(JSON.parse(refused.problem.claims ?? '')).toHaveProperty('access_token');
    }
  });

  it('with 502 when our own secret is refused, and says why to the operator only', async () => {
    const token = await tokenFor(CHIARA);
    await control(platform.entra, 'PUT', '/fault', { kind: 'invalid-client', at: 'token' });
    const { status, code, problem } = await refusal(await getProfile(`Bearer ${token}`));
    expect({ status, code }).toEqual({ status: 502, code: 'UPSTREAM_REFUSED' });
    expect(problem.detail).not.toMatch(/secret/i);
    await expect
      .poll(() => platform.host.lines.join('\n'))
      .toContain('"error":"UserTokenError:AADSTS7000222"');
  });

  it('with 503 when Graph is down, and loses nothing', async () => {
    await control(platform.entra, 'PUT', '/fault', { kind: 'server-error', at: 'graph' });
    const token = await tokenFor(DANA);
    expect((await getProfile(`Bearer ${token}`)).status).toBe(503);
    const before = await exchangesOf(DANA);
    await control(platform.entra, 'DELETE', '/fault');
    // An outage is remembered for a second at most.
    await vi.waitFor(async () => expect((await getProfile(`Bearer ${token}`)).status).toBe(200), 10_000);
    expect(await exchangesOf(DANA)).toBe(before);
  });
});

describe('a user whom the worker could not act for', () => {
  it('is healed by the next exchange, which does not trust the cache', async () => {
    await profileOf(ADELE);
    const accounts = createTableAccounts({ connectionString: platform.azurite.connectionString });
    const claims = '{"access_token":{"acrs":{"essential":true,"value":"c1"}}}';
    const failure = { kind: 'needs-user' as const, code: 'AADSTS50076', claims, at: new Date() };
    await markUser({ accounts }, toUserId(ADELE), failure);
    expect((await rowsOf(ADELE)).find((row) => row.state)).toMatchObject({ failedToAcquireToken: true });

    const token = await tokenFor(ADELE);
    await control(platform.entra, 'PUT', `/users/${ADELE.name}/fault`, {
      kind: 'error',
      error: 'invalid_grant',
      errorNo: 50173,
    });
    const refused = await getProfile(`Bearer ${token}`);
    expect(refused.status).toBe(401);
    expect(((await refused.json()) as Problem).claims).toBe(claims);

    await control(platform.entra, 'DELETE', `/users/${ADELE.name}/fault`);
    const before = await exchangesOf(ADELE);
    expect((await profileOf(ADELE)).status).toBe(200);
    expect(await exchangesOf(ADELE)).toBe(before + 1);
    const healed = await accountOf({ accounts }, toUserId(ADELE));
    expect(healed).toMatchObject({ state: 'active', failure: undefined });
  });
});
