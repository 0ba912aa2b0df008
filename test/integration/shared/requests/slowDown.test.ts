/** How often a user's requests reach the token endpoint and Graph when these ask for fewer: counted in their journal. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { numberedUsers } from '../../../../dev/entra/directory.ts';
import { type Platform, startPlatform } from '../../../../dev/platform.ts';
import type { Problem, ProblemCode } from '../../../../shared/wire.ts';
import { control, journal, signIn } from '../../../support/entraClients.ts';

const REQUESTS = 50;
const AT_A_TIME = 5;
const CYCLES = 40;
/** Of as many requests as are sent, on a machine that is fast enough. */
const MOST_ASKED = 2;
/** A refusal is remembered for so long. */
const REFUSED_FOR_MS = 3_000;
/** A user may change the connection again after so long. */
const CHANGE_EVERY_MS = 15_000;

/** Each of a tenant of their own: what two users of one meet is the tenant's. */
const people = Array.from({ length: 12 }, (_, n) =>
  numberedUsers(1, crypto.randomUUID(), `slow${n}-`),
).flat();
const users = people.map(({ name }) => name);
let platform: Platform;
beforeAll(async () => {
  platform = await startPlatform({
    timers: false,
    withoutWeb: true,
    users: people,
    settings: { ALLOWED_TENANTS: '*' },
  });
});
afterAll(() => platform?.stop());

async function tokenFor(name: string): Promise<string> {
  const { tid = '' } = people.find((person) => person.name === name) ?? {};
  return (await signIn(platform.entra, name, { spaOrigin: platform.webOrigin, tenant: tid })).accessToken;
}

const send = (token: string, path = 'profile', method = 'GET'): Promise<Response> =>
  fetch(`${platform.host.origin}/api/${path}`, { method, headers: { authorization: `Bearer ${token}` } });

const setFault = (name: string, fault: object) =>
  control(platform.entra, 'PUT', `/users/${name}/fault`, fault);
const clearFault = (name: string) => control(platform.entra, 'DELETE', `/users/${name}/fault`);

/** How many requests the user's exchanges, or what was asked of Graph for them, came to. */
async function asked(name: string, what: 'exchange' | 'graph'): Promise<number> {
  const entries = (await journal(platform.entra)).filter(({ user }) => user === name);
  return entries.filter(({ endpoint, grant }) =>
    what === 'graph' ? endpoint === 'graph' : grant === 'on_behalf_of',
  ).length;
}

async function codeOf(response: Response): Promise<[number, ProblemCode]> {
  return [response.status, ((await response.json()) as Problem).code];
}

/** A few at a time, as a page and its reloads would. */
async function oneAfterTheOther(token: string): Promise<Response[]> {
  const responses: Response[] = [];
  while (responses.length < REQUESTS) {
    responses.push(...(await Promise.all(Array.from({ length: AT_A_TIME }, () => send(token)))));
  }
  return responses;
}
const atOnce = (token: string): Promise<Response[]> =>
  Promise.all(Array.from({ length: REQUESTS }, () => send(token)));

describe.each([
  ['five at a time', oneAfterTheOther, 0],
  ['at once', atOnce, 4],
])('50 requests of one user, %s', (_, sendAll, first) => {
  it.each([
    [0, '429 with Retry-After 60', { kind: 'throttled', retryAfter: 60 }, 'exchange', [503, 'THROTTLED']],
    [1, 'AADSTS50196', { kind: 'throttled-user' }, 'exchange', [503, 'THROTTLED']],
    [
      2,
      'AADSTS65001',
      { kind: 'consent' },
      'exchange',
      [401, expect.stringMatching(/^(?:SIGN_IN|CONSENT)_REQUIRED$/)],
    ],
    [3, "Graph's 429", { kind: 'throttled', at: 'graph', retryAfter: 60 }, 'graph', [503, 'THROTTLED']],
  ] as const)('(row %i) after %s cost two at the most', async (row, _what, fault, counted, answer) => {
    const name = users[first + row] ?? '';
    const token = await tokenFor(name);
    await setFault(name, fault);
    const begun = performance.now();
    const responses = await sendAll(token);
    const periods = Math.ceil((performance.now() - begun) / REFUSED_FOR_MS);
    for (const response of responses) expect(await codeOf(response)).toEqual(answer);
    const times = await asked(name, counted);
    expect(times).toBeGreaterThan(0);
    expect(times).toBeLessThanOrEqual(Math.max(MOST_ASKED, periods));
    if (counted === 'graph') expect(await asked(name, 'exchange')).toBe(1);
  });
});

describe('a user who disconnects, connects and visits 40 times', () => {
  it('costs two exchanges at the most, and gets a Retry-After', async () => {
    const name = users[8] ?? '';
    const token = await tokenFor(name);
    const statuses = new Map<string, Set<number>>();
    const note = (what: string, { status, headers }: Response) => {
      statuses.set(what, (statuses.get(what) ?? new Set()).add(status));
      if (status === 429) expect(headers.get('retry-after')).toMatch(/^(?:[1-9]|1[0-5])$/);
    };
    const begun = performance.now();
    for (let n = 0; n < CYCLES; n += 1) {
      note('DELETE', await send(token, 'connection', 'DELETE'));
      note('PUT', await send(token, 'connection', 'PUT'));
      note('GET', await send(token));
    }
    const more = Math.floor((performance.now() - begun) / CHANGE_EVERY_MS);
    expect(Object.fromEntries(statuses)).toEqual({
      DELETE: new Set([204, 429]),
      PUT: new Set([200, 429]),
      GET: new Set([200]),
    });
    expect(await asked(name, 'exchange')).toBeLessThanOrEqual(MOST_ASKED + more);
    expect(await codeOf(await send(token, 'connection', 'DELETE'))).toEqual([429, 'TOO_MANY_REQUESTS']);
    // Reading is free.
    expect((await send(token, 'connection')).status).toBe(200);
  });
});

describe('one click', () => {
  it('asks the API again when the user has consented, and not while it asks for fewer requests', async () => {
    const name = users[9] ?? '';
    const token = await tokenFor(name);
    await setFault(name, { kind: 'consent' });
    expect((await send(token)).status).toBe(401);
    // They consent on their way in, on another device.
    await tokenFor(name);
    expect((await send(token, 'connection', 'PUT')).status).toBe(200);
    expect((await send(token)).status).toBe(200);

    const other = users[10] ?? '';
    const throttled = await tokenFor(other);
    await setFault(other, { kind: 'throttled', retryAfter: 60 });
    expect((await send(throttled)).status).toBe(503);
    await clearFault(other);
    expect((await send(throttled, 'connection', 'PUT')).status).toBe(200);
    const again = await send(throttled);
    expect(await codeOf(again)).toEqual([503, 'THROTTLED']);
    expect(Number(again.headers.get('retry-after'))).toBeGreaterThan(50);
    // Nor from another device of theirs.
    expect((await send(await tokenFor(other))).status).toBe(503);
    expect(await asked(other, 'exchange')).toBe(1);
  });
});
