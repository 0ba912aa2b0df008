/** What a caller gets while something behind the functions is down or slow, and that it ends by itself. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { type Azurite, startAzurite } from '../../../../dev/azurite.ts';
import { DEMO_USERS } from '../../../../dev/entra/directory.ts';
import type { FaultRequest } from '../../../../dev/entra/faultRules.ts';
import { type Entra, startEntra } from '../../../../dev/entra/startEntra.ts';
import { freePorts } from '../../../../dev/freePorts.ts';
import { type Host, spawnHost } from '../../../../dev/host/spawnHost.ts';
import { type Platform, ROOT, startPlatform } from '../../../../dev/platform.ts';
import { createBlobTokenCache } from '../../../../shared/adapters/azureStorage/blobTokenCache.ts';
import { createTableAccounts } from '../../../../shared/adapters/azureStorage/tableAccounts.ts';
import { toUserId } from '../../../../shared/userId.ts';
import type { Problem, ProblemCode, Profile } from '../../../../shared/wire.ts';
import { BUSY } from '../../../support/azuriteFaults.ts';
import { type Fault, startAzuriteProxy } from '../../../support/azuriteProxy.ts';
import { control, SPA_ORIGIN, signIn } from '../../../support/entraClients.ts';

const [ADELE, BRUNO, CHIARA, DANA] = DEMO_USERS;
type DemoUser = (typeof DEMO_USERS)[number];

/** Nothing has to time out. */
const AT_ONCE_MS = 10_000;
/** One time-out of 10 s (token endpoint, Graph), or two of 6 s (the row, the cache), and as much again. */
const TIMED_OUT_MS = 25_000;
/** The pause between two attempts at fetching keys, and as much again. */
const KEYS_RECOVER_MS = 60_000;
const DRILL_MS = 100_000;
/** More than one visit sends to storage, tries again included. */
const MOST_REQUESTS = 100;

let folder: string;
let platform: Platform;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'stead-outages-'));
  platform = await startPlatform({ timers: false, withoutWeb: true, folder });
});
afterAll(async () => {
  await platform?.stop();
  await rm(folder, { recursive: true, force: true });
});

/** Signs in anew: a token that nothing remembers. */
const tokenFor = async (user: DemoUser, entra: Entra = platform.entra): Promise<string> =>
  (await signIn(entra, user.name, { spaOrigin: entra === platform.entra ? platform.webOrigin : SPA_ORIGIN }))
    .accessToken;

/** Fails when there is no answer in time. */
const getProfile = (host: Host, token: string, withinMs: number): Promise<Response> =>
  fetch(`${host.origin}/api/profile`, {
    headers: { authorization: `Bearer ${token}` },
    signal: AbortSignal.timeout(withinMs),
  });

async function expectProfile(response: Response, user: DemoUser): Promise<void> {
  expect(response.status).toBe(200);
  expect(response.headers.get('cache-control')).toBe('no-store');
  expect(((await response.json()) as Profile).id).toBe(user.oid);
}

type Refusal = { status: number; code: ProblemCode; retryAfter?: string | RegExp };

/** Expects a refusal with every header that is due and none that is not, and its line in the host's log. */
async function expectRefusal(host: Host, response: Response, expected: Refusal): Promise<Problem> {
  const problem = (await response.json()) as Problem;
  const { status, code } = problem;
  expect({ httpStatus: response.status, status, code }).toEqual({
    httpStatus: expected.status,
    status: expected.status,
    code: expected.code,
  });
  expect(response.headers.get('content-type')).toBe('application/problem+json');
  expect(response.headers.get('cache-control')).toBe('no-store');
  expect(response.headers.get('access-control-expose-headers')).toBe('WWW-Authenticate, Retry-After');
  const retryAfter = response.headers.get('retry-after');
  if (expected.retryAfter instanceof RegExp) expect(retryAfter).toMatch(expected.retryAfter);
  else expect(retryAfter).toBe(expected.retryAfter ?? null);
  // An outage is no challenge: it must not send anybody to sign in again.
  if (expected.status >= 500) expect(response.headers.get('www-authenticate')).toBeNull();
  if (expected.code !== 'CLAIMS_REQUIRED') expect(problem).not.toHaveProperty('claims');
  await vi.waitFor(() => {
    const own = host.lines.filter((one) => one.includes(problem.correlationId));
    const line = own.find((one) => one.includes('"event":"request.'));
    expect(line).toContain(`"status":${expected.status}`);
    expect(line).toContain(`"code":"${expected.code}"`);
  }, AT_ONCE_MS);
  return problem;
}

/** Another host of the same build, which has not spoken with anybody yet. */
const startHost = (settings: Record<string, string>): Promise<Host> =>
  spawnHost({
    root: ROOT,
    port: 0,
    settings: false,
    timerStatus: join(folder, `${crypto.randomUUID()}.json`),
    env: { ...platform.settings, ...settings, 'AzureWebJobs.refreshWorker.Disabled': 'true' },
  });

/** What is stored of a user: the state of the row, and whether there is a token cache. */
async function keptOf({ connectionString }: Azurite, user: DemoUser) {
  const userId = toUserId(user);
  const [account, cache] = await Promise.all([
    createTableAccounts({ connectionString }).read(userId),
    createBlobTokenCache({ connectionString }).read(userId),
  ]);
  return { state: account?.state, cache: cache !== undefined };
}

describe('while the token endpoint or Graph fails one user', () => {
  const unavailable = { status: 503, code: 'UNAVAILABLE' } as const;
  const throttled = { status: 503, code: 'THROTTLED' } as const;
  const refused = { status: 502, code: 'UPSTREAM_REFUSED' } as const;

  it.each<[fault: FaultRequest, expected: Refusal]>([
    [
      { at: 'token', kind: 'throttled', retryAfter: 2 },
      { ...throttled, retryAfter: '2' },
    ],
    [
      { at: 'token', kind: 'throttled-user' },
      { ...throttled, retryAfter: '5' },
    ],
    [
      { at: 'token', kind: 'server-error' },
      { ...unavailable, retryAfter: '5' },
    ],
    [
      { at: 'token', kind: 'server-error', retryAfter: 9 },
      { ...unavailable, retryAfter: '9' },
    ],
    [
      { at: 'token', kind: 'html' },
      { ...unavailable, retryAfter: '5' },
    ],
    [
      { at: 'token', kind: 'reset' },
      { ...unavailable, retryAfter: '5' },
    ],
    [{ at: 'token', kind: 'unauthorized-client' }, refused],
    [
      { at: 'graph', kind: 'throttled', retryAfter: 2 },
      { ...throttled, retryAfter: '2' },
    ],
    [
      { at: 'graph', kind: 'server-error' },
      { ...unavailable, retryAfter: '5' },
    ],
    [
      { at: 'graph', kind: 'server-error', retryAfter: 13 },
      { ...unavailable, retryAfter: '13' },
    ],
    [
      { at: 'graph', kind: 'html' },
      { ...unavailable, retryAfter: '5' },
    ],
    [
      { at: 'graph', kind: 'reset' },
      { ...unavailable, retryAfter: '5' },
    ],
  ])('%j is answered as it is, and ends with it', async (fault, expected) => {
    // One user's exchanges are limited, and these are many.
    const user = fault.at === 'token' ? CHIARA : BRUNO;
    const [token, other] = await Promise.all([tokenFor(user), tokenFor(ADELE)]);
    await control(platform.entra, 'PUT', `/users/${user.name}/fault`, fault);
    await expectRefusal(platform.host, await getProfile(platform.host, token, AT_ONCE_MS), expected);
    await expectProfile(await getProfile(platform.host, other, AT_ONCE_MS), ADELE);

    await control(platform.entra, 'DELETE', `/users/${user.name}/fault`);
    // What a refusal said is remembered for its token for a moment, and a throttle for its user until it is over.
    const recovered = async (as: string) =>
      expectProfile(await getProfile(platform.host, as, AT_ONCE_MS), user);
    if (fault.kind !== 'throttled') await recovered(await tokenFor(user));
    else await vi.waitFor(() => recovered(token), { timeout: AT_ONCE_MS, interval: 250 });
  });

  it('a connection that resets once is not noticed', async () => {
    const token = await tokenFor(CHIARA);
    const fault: FaultRequest = { at: 'token', kind: 'reset', times: 1 };
    await control(platform.entra, 'PUT', `/users/${CHIARA.name}/fault`, fault);
    await expectProfile(await getProfile(platform.host, token, AT_ONCE_MS), CHIARA);
  });

  it.each<FaultRequest['at']>([
    'graph',
    'token',
  ])('a claims challenge of %s reaches the caller, and is gone with the policy', async (at) => {
    const token = await tokenFor(DANA);
    const fault: FaultRequest = { at, kind: 'claims' };
    const set = await control(platform.entra, 'PUT', `/users/${DANA.name}/fault`, fault);
    const { policyId } = (await set.json()) as { policyId: string };

    const response = await getProfile(platform.host, token, AT_ONCE_MS);
    const expected = { status: 401, code: 'CLAIMS_REQUIRED' } as const;
    const { claims = '' } = await expectRefusal(platform.host, response, expected);
    expect(response.headers.get('www-authenticate')).toBe(
      `Bearer error="insufficient_claims", claims="${Buffer.from(claims).toString('base64')}"`,
    );
    expect(JSON.parse(claims)).toMatchObject({ access_token: { polids: { values: [policyId] } } });

    await control(platform.entra, 'DELETE', `/users/${DANA.name}/fault`);
    await expectProfile(await getProfile(platform.host, await tokenFor(DANA), AT_ONCE_MS), DANA);
  });
});

describe('while the signing keys cannot be fetched', () => {
  it.each<FaultRequest>([
    { at: 'jwks', kind: 'server-error' },
    { at: 'jwks', kind: 'hang' },
  ])('known keys go on working: %j', async (fault) => {
    await expectProfile(await getProfile(platform.host, await tokenFor(ADELE), AT_ONCE_MS), ADELE);
    await control(platform.entra, 'PUT', '/fault', fault);
    onTestFinished(async () => void (await control(platform.entra, 'DELETE', '/fault')));
    await expectProfile(await getProfile(platform.host, await tokenFor(ADELE), AT_ONCE_MS), ADELE);
  });
});

describe.concurrent('while something does not answer', { timeout: DRILL_MS }, () => {
  it.for<[at: FaultRequest['at'], user: DemoUser]>([
    ['token', ADELE],
    ['graph', BRUNO],
  ])('%s costs the caller one time-out, and is 503', async ([at, user]) => {
    const token = await tokenFor(user);
    const fault: FaultRequest = { at, kind: 'hang' };
    await control(platform.entra, 'PUT', `/users/${user.name}/fault`, fault);
    const response = await getProfile(platform.host, token, TIMED_OUT_MS);
    const expected = { status: 503, code: 'UNAVAILABLE', retryAfter: '5' } as const;
    await expectRefusal(platform.host, response, expected);

    await control(platform.entra, 'DELETE', `/users/${user.name}/fault`);
    await expectProfile(await getProfile(platform.host, await tokenFor(user), AT_ONCE_MS), user);
  });

  it.for<FaultRequest['kind']>([
    'html',
    'reset',
    'hang',
  ])('keys that were never fetched are 503 and not 401: %s', async (kind, { onTestFinished }) => {
    const entra = await startEntra({ port: 0, spaOrigins: [SPA_ORIGIN] });
    onTestFinished(() => entra.close());
    const host = await startHost({ ENTRA_AUTHORITY: entra.origin, GRAPH_BASE_URL: entra.origin });
    onTestFinished(async () => void (await host.stop()));
    await control(entra, 'PUT', '/fault', { at: 'jwks', kind } satisfies FaultRequest);
    const token = await tokenFor(ADELE, entra);
    const response = await getProfile(host, token, TIMED_OUT_MS);
    // The rest of the 30 s in which the keys are not fetched again.
    await expectRefusal(host, response, { status: 503, code: 'UNAVAILABLE', retryAfter: /^(?:2\d|30)$/ });

    await control(entra, 'DELETE', '/fault');
    const again = async () => expectProfile(await getProfile(host, token, AT_ONCE_MS), ADELE);
    await vi.waitFor(again, { timeout: KEYS_RECOVER_MS, interval: 2_000 });
  });

  it.for<[what: string, fault: Fault]>([
    ['hangs', 'none'],
    ['is busy', BUSY],
  ])('storage that %s costs the caller nothing but time', async ([_, fault], { onTestFinished }) => {
    const azurite = await startAzurite();
    onTestFinished(() => azurite.stop());
    const blob = await startAzuriteProxy(azurite, 'blob');
    const { connectionString } = blob;
    const table = await startAzuriteProxy({ ...azurite, connectionString }, 'table');
    const outage = { on: true };
    for (const proxy of [blob, table]) {
      onTestFinished(() => proxy.close());
      for (let request = 0; request < MOST_REQUESTS; request += 1) proxy.next(() => outage.on, fault);
    }
    const host = await startHost({ TokenStore: table.connectionString });
    onTestFinished(async () => void (await host.stop()));

    await expectProfile(await getProfile(host, await tokenFor(CHIARA), TIMED_OUT_MS), CHIARA);
    expect(await keptOf(azurite, CHIARA)).toEqual({ state: undefined, cache: false });
    outage.on = false;
    await expectProfile(await getProfile(host, await tokenFor(CHIARA), TIMED_OUT_MS), CHIARA);
    expect(await keptOf(azurite, CHIARA)).toEqual({ state: 'active', cache: true });
  });

  it('storage that is not there costs the caller nothing, and is used when it is', async ({
    onTestFinished,
  }) => {
    // Nobody else is given one of these ports meanwhile.
    const [blob = 0, queue = 0, table = 0] = await freePorts(3);
    const gone = await startAzurite({ ports: { blob, queue, table } });
    const host = await startHost({ TokenStore: gone.connectionString });
    onTestFinished(async () => void (await host.stop()));
    await gone.stop();

    await expectProfile(await getProfile(host, await tokenFor(CHIARA), TIMED_OUT_MS), CHIARA);
    const azurite = await startAzurite({ ports: gone.ports });
    onTestFinished(() => azurite.stop());
    expect(await keptOf(azurite, CHIARA)).toEqual({ state: undefined, cache: false });
    await expectProfile(await getProfile(host, await tokenFor(CHIARA), TIMED_OUT_MS), CHIARA);
    expect(await keptOf(azurite, CHIARA)).toEqual({ state: 'active', cache: true });
  });
});
