/** MSAL chooses the endpoint once for a process, so all of this file's tests share one. */
import { randomUUID } from 'node:crypto';
import { inspect } from 'node:util';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { createStoreCredential } from '../../../../../shared/adapters/entra/msalStoreCredential.ts';
import { systemClock } from '../../../../../shared/clock.ts';
import { StoreCredentialError } from '../../../../../shared/errors.ts';
import { createShiftedClock } from '../../../../../shared/testing/testClock.ts';
import { type IdentityEndpoint, startIdentityEndpoint } from '../../../../support/identityEndpoint.ts';

const SCOPE = 'https://storage.azure.com/.default';
const RESOURCE = 'https://storage.azure.com';
const MINUTE_S = 60;
const HOUR_MS = 3_600_000;
const REMEDIES = { refused: 'Assign it.', noAnswer: 'Restart it.' };

let endpoint: IdentityEndpoint;
/** Waits a fifth of the time. */
const clock = createShiftedClock({ after: (ms, act) => systemClock.after(ms / 5, act) });

beforeAll(async () => {
  endpoint = await startIdentityEndpoint();
  for (const [name, value] of Object.entries(endpoint.variables)) vi.stubEnv(name, value);
});
beforeEach(() => endpoint.reset());
afterEach(() => void vi.useRealTimers());
afterAll(() => {
  vi.unstubAllEnvs();
  return endpoint.close();
});

const identityOf = (clientId: string | undefined) =>
  createStoreCredential({ clientId, fetch, clock, remedies: REMEDIES });

async function failureOf(clientId: string = randomUUID()): Promise<StoreCredentialError> {
  const error: unknown = await identityOf(clientId)
    .getToken(SCOPE)
    .catch((caught: unknown) => caught);
  if (!(error instanceof StoreCredentialError))
    throw new Error('it did not fail as it should', { cause: error });
  // Nothing that is logged of it names the endpoint, the identity or the answer.
  expect(inspect(error)).not.toMatch(/127\.0\.0\.1|not for logs|eyJ/);
  expect(inspect(error)).not.toContain(clientId);
  return error;
}

describe('a managed identity', () => {
  it('asks the endpoint of the platform for storage, as the identity that is named', async () => {
    const clientId = randomUUID();
    const { token, expiresOnTimestamp } = await identityOf(clientId).getToken([SCOPE]);
    expect(endpoint.asked).toEqual([{ clientId, resource: RESOURCE }]);
    expect(token).toMatch(/^eyJ/);
    expect(Math.abs(expiresOnTimestamp - Date.now() - 24 * HOUR_MS)).toBeLessThan(60_000);
  });

  it('is the one of the system if none is named', async () => {
    await identityOf(undefined).getToken(SCOPE);
    expect(endpoint.asked).toEqual([{ clientId: undefined, resource: RESOURCE }]);
  });

  it('asks once for calls at the same time, and for those that follow', async () => {
    const identity = identityOf(randomUUID());
    const tokens = await Promise.all(Array.from({ length: 50 }, () => identity.getToken(SCOPE)));
    for (let more = 0; more < 50; more += 1) tokens.push(await identity.getToken(SCOPE));
    expect(new Set(tokens.map(({ token }) => token)).size).toBe(1);
    expect(endpoint.requests).toBe(1);
  });

  it('asks anew when the token is about to end', async () => {
    const identity = identityOf(randomUUID());
    endpoint.lifetimeS = 4 * MINUTE_S;
    const first = await identity.getToken(SCOPE);
    expect((await identity.getToken(SCOPE)).token).toBe(first.token);
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 4 * MINUTE_S * 1_000 - 4_000 });
    const second = await identity.getToken(SCOPE);
    expect(second.token).not.toBe(first.token);
    expect(endpoint.requests).toBe(2);
  });

  it('asks anew after half the life of a token, and not before', async () => {
    const identity = identityOf(randomUUID());
    const first = await identity.getToken(SCOPE);
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 11 * HOUR_MS });
    expect((await identity.getToken(SCOPE)).token).toBe(first.token);
    vi.setSystemTime(Date.now() + 2 * HOUR_MS);
    // Nobody waits for the newer one.
    expect((await identity.getToken(SCOPE)).token).toBe(first.token);
    await vi.waitFor(
      async () => expect((await identity.getToken(SCOPE)).token).not.toBe(first.token),
      10_000,
    );
    expect(endpoint.requests).toBe(2);
  });

  it('uses a token further that cannot be refreshed, and says when to try again', async () => {
    const identity = identityOf(randomUUID());
    const first = await identity.getToken(SCOPE);
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 13 * HOUR_MS });
    endpoint.next(...Array.from({ length: 3 }, () => ({ status: 500, body: '{}' })));
    const former = await identity.getToken(SCOPE);
    expect(former.token).toBe(first.token);
    expect((former.refreshAfterTimestamp ?? 0) - Date.now()).toBeGreaterThan(50_000);
    await vi.waitFor(() => expect(endpoint.requests).toBe(4), 10_000);
    expect((await identity.getToken(SCOPE)).token).toBe(first.token);
    vi.setSystemTime(Date.now() + 2 * MINUTE_S * 1_000);
    await vi.waitFor(
      async () => expect((await identity.getToken(SCOPE)).token).not.toBe(first.token),
      10_000,
    );
    expect(endpoint.requests).toBe(5);
  });

  it.each([
    [{ status: 500, body: '{"statusCode":500}' }],
    [{ status: 429, body: '' }],
    [{ status: 503, body: '<html>' }],
    ['reset' as const],
  ])('tries again after %j', async (fault) => {
    endpoint.next(fault, fault);
    expect((await identityOf(randomUUID()).getToken(SCOPE)).token).toMatch(/^eyJ/);
    expect(endpoint.asked).toHaveLength(1);
  });
});

describe('a managed identity without a token', () => {
  it.each([
    ['500', { status: 500, body: '{"message":"not for logs"}' }, 'identity_http_500'],
    ['a page in place of a token', { status: 200, body: '<html>not for logs' }, 'identity_http_200_not_json'],
    ['a lost connection', 'reset' as const, /^identity_(?:ECONNRESET|UND_ERR_SOCKET)$/],
  ])('says so after three tries: %s', async (_what, fault, code) => {
    // A lost connection is repeated once more within each try.
    endpoint.next(...Array.from({ length: fault === 'reset' ? 6 : 3 }, () => fault));
    const error = await failureOf();
    expect(error.code).toMatch(code);
    expect(error.remedy).toBe(REMEDIES.noAnswer);
    expect(endpoint.asked).toEqual([]);
  });

  it('does not wait for an endpoint that does not answer', async () => {
    endpoint.next('none');
    expect(await failureOf()).toMatchObject({ code: 'identity_TimeoutError', remedy: REMEDIES.noAnswer });
    expect(endpoint.requests).toBe(1);
  });

  it('does not repeat a wrong header', async () => {
    endpoint.header = 'another';
    expect(await failureOf()).toMatchObject({ code: 'identity_refused' });
    expect(endpoint.requests).toBe(1);
  });

  it('says that the app does not have the identity', async () => {
    const error = await failureOf(endpoint.unknown);
    expect(error).toMatchObject({ code: 'identity_refused', remedy: REMEDIES.refused });
    expect(endpoint.requests).toBe(1);
  });

  it.each([
    ['no token', '{}', 'identity_without_token'],
    ['no time', '{"access_token":"not-for-logs"}', 'identity_expired_token'],
  ])('says that an answer has %s', async (_what, body, code) => {
    endpoint.next(...Array.from({ length: 3 }, () => ({ status: 200, body })));
    expect((await failureOf()).code).toMatch(code);
  });

  it('does not take a token that has ended', async () => {
    endpoint.lifetimeS = -MINUTE_S;
    expect((await failureOf()).code).toBe('identity_expired_token');
  });
});
