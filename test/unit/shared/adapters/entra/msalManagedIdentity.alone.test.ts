/** Where the environment names an identity endpoint. MSAL decides that once for a process, and so for this file. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createManagedIdentity } from '../../../../../shared/adapters/entra/msalManagedIdentity.ts';
import { systemClock } from '../../../../../shared/clock.ts';

const IDENTITY = 'e0000000-0000-4000-8000-00000000000e';
const RESOURCE = 'api://AzureADTokenExchange';

beforeAll(() => {
  process.env.IDENTITY_ENDPOINT = 'http://localhost:1/msi/token';
  process.env.IDENTITY_HEADER = 'a header';
});
afterAll(() => {
  delete process.env.IDENTITY_ENDPOINT;
  delete process.env.IDENTITY_HEADER;
});

const answer = (status: number, body: unknown) => async () =>
  new Response(typeof body === 'string' ? body : JSON.stringify(body), { status });
const token = (text: string) => ({
  access_token: text,
  expires_on: String(Math.floor(Date.now() / 1_000) + 86_400),
  resource: RESOURCE,
  token_type: 'Bearer',
});

const identityWith = (send: typeof fetch, identity = IDENTITY, timeoutMs = 10_000) =>
  createManagedIdentity({ identity, timeoutMs, fetch: send, clock: systemClock });

describe('a managed identity', () => {
  it('asks the endpoint of App Service, and gives the token and its end', async () => {
    let asked: { url: URL; headers: Headers } | undefined;
    const send: typeof fetch = async (input, init) => {
      asked = { url: new URL(String(input)), headers: new Headers(init?.headers) };
      return answer(200, token('a token'))();
    };
    const { token: got, expiresOn } = await identityWith(send)(RESOURCE);
    expect(got).toBe('a token');
    expect(expiresOn.getTime() - Date.now()).toBeGreaterThan(86_300_000);
    expect(`${asked?.url.origin}${asked?.url.pathname}`).toBe('http://localhost:1/msi/token');
    expect(Object.fromEntries(asked?.url.searchParams ?? [])).toEqual({
      'api-version': '2019-08-01',
      resource: RESOURCE,
      client_id: IDENTITY,
    });
    expect(asked?.headers.get('x-identity-header')).toBe('a header');
  });

  it('names no client id for the system-assigned identity', async () => {
    let url = '';
    const send: typeof fetch = async (input) => {
      url = String(input);
      return answer(200, token('a token'))();
    };
    await identityWith(send, 'system')(RESOURCE);
    expect(url).not.toContain('client_id');
  });

  it('uses its own fetch, whichever was the first of the process', async () => {
    const one = identityWith(answer(200, token('one')));
    const two = identityWith(answer(200, token('two')));
    const got = await Promise.all([one(RESOURCE), two(RESOURCE), one(RESOURCE), two(RESOURCE)]);
    expect(got.map((issued) => issued.token)).toEqual(['one', 'two', 'one', 'two']);
  });

  it.each([
    [400, { statusCode: 400, message: 'No identity' }, { local: 'managed_identity_refused' }],
    [401, { statusCode: 401 }, { local: 'managed_identity_refused' }],
    [403, {}, { local: 'managed_identity_refused' }],
    [400, '<html>', { noAnswer: 'identity_endpoint_http_400_not_json' }],
    [404, {}, { noAnswer: 'identity_endpoint_http_404' }],
    [429, {}, { noAnswer: 'identity_endpoint_http_429' }],
    [500, {}, { noAnswer: 'identity_endpoint_http_500' }],
    [503, '<html>', { noAnswer: 'identity_endpoint_http_503_not_json' }],
    [200, {}, { noAnswer: 'identity_endpoint_without_token' }],
  ])('asks once, and says what status %i with %j means', async (status, body, facts) => {
    let asked = 0;
    const send: typeof fetch = () => {
      asked += 1;
      return answer(status, body)();
    };
    await expect(identityWith(send)(RESOURCE)).rejects.toMatchObject({ name: 'CredentialError', facts });
    expect(asked).toBe(1);
  });

  it('gives up in time', async () => {
    const send: typeof fetch = (_, init) =>
      new Promise((_resolve, reject) => {
        init?.signal?.addEventListener('abort', () => reject(init.signal?.reason));
      });
    await expect(identityWith(send, IDENTITY, 200)(RESOURCE)).rejects.toMatchObject({
      facts: { noAnswer: 'identity_endpoint_TimeoutError' },
    });
  });
});
