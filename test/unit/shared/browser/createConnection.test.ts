/** What a page gets for each answer of the service, and how it leaves for the directory. */
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createConnection } from '../../../../shared/browser/createConnection.ts';
import type { SignInRefusal } from '../../../../shared/browser/refusal.ts';
import { readAttempts, recordRefusal } from '../../../../shared/browser/signInAttempts.ts';

const API = 'https://api.example';
const SCOPE = 'api://11111111-2222-4333-8444-555555555555/access_as_user';
const ACCOUNT = { homeAccountId: 'oid.tid' };
const CLAIMS = '{"access_token":{"acrs":{"essential":true,"value":"c1"}}}';

beforeEach(() => {
  const kept = new Map<string, string>();
  vi.stubGlobal('sessionStorage', {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => void kept.set(key, value),
    removeItem: (key: string) => void kept.delete(key),
  });
});
afterEach(() => vi.unstubAllGlobals());

function pageOver(respond: () => Response | Promise<Response>, withoutToken?: Error) {
  const sent: { address: string; init: RequestInit | undefined }[] = [];
  vi.stubGlobal('fetch', async (address: string, init?: RequestInit) => {
    sent.push({ address, init });
    return respond();
  });
  const msal = {
    acquireTokenSilent: vi.fn(async () => {
      if (withoutToken) throw withoutToken;
      return { accessToken: 'a-token' };
    }),
    acquireTokenRedirect: vi.fn(async () => undefined),
    loginRedirect: vi.fn(async () => undefined),
  };
  return { sent, msal, page: createConnection({ apiBaseUrl: API, apiScope: SCOPE, msal, account: ACCOUNT }) };
}

const problem = (status: number, code: string, more: object = {}, headers: Record<string, string> = {}) =>
  Response.json({ code, correlationId: 'id', ...more }, { status, headers });

class MsalDouble extends Error {
  readonly errorCode: string;
  constructor(name: string, errorCode: string, more: object = {}) {
    super(errorCode);
    Object.assign(this, { name, ...more });
    this.errorCode = errorCode;
  }
}

describe('a request of a page', () => {
  it('is sent as the user, with what the page gives', async () => {
    const { sent, msal, page } = pageOver(() => Response.json([1]));
    const headers = { 'Content-Type': 'application/json' };
    const answer = await page.fetch('/api/messages', { method: 'POST', body: '{}', headers });
    expect(answer).toEqual({ state: 'ready', value: [1] });
    expect(msal.acquireTokenSilent).toHaveBeenCalledWith({ scopes: [SCOPE], account: ACCOUNT });
    expect(sent).toMatchObject([
      {
        address: `${API}/api/messages`,
        init: { method: 'POST', body: '{}', headers: { ...headers, Authorization: 'Bearer a-token' } },
      },
    ]);
  });

  it.each<[string, () => Response | Promise<Response>, object]>([
    ['nothing', () => new Response(null, { status: 204 }), { state: 'ready', value: null }],
    [
      'a challenge',
      () => problem(401, 'CLAIMS_REQUIRED', { claims: CLAIMS }),
      { state: 'sign-in', claims: CLAIMS },
    ],
    [
      'a missing consent',
      () => problem(401, 'CONSENT_REQUIRED', { scopes: ['a'] }),
      { state: 'sign-in', scopes: ['a'] },
    ],
    [
      'a missing consent that a link asks for',
      () => problem(401, 'CONSENT_REQUIRED', { scopes: ['a'], link: { functions: ['files'] } }),
      { state: 'sign-in', scopes: ['a'], link: { functions: ['files'] } },
    ],
    [
      '429',
      () => problem(429, 'TOO_MANY_REQUESTS', {}, { 'Retry-After': '7' }),
      { state: 'busy', retryAfterSeconds: 7 },
    ],
    [
      '503',
      () => problem(503, 'UNAVAILABLE', {}, { 'Retry-After': '9' }),
      { state: 'busy', retryAfterSeconds: 9 },
    ],
    [
      'a challenge of a gateway, which has no body',
      () => {
        const header = `Bearer error="insufficient_claims", claims="${btoa(CLAIMS)}"`;
        return new Response('', { status: 401, headers: { 'WWW-Authenticate': header } });
      },
      { state: 'sign-in', code: 'CLAIMS_REQUIRED', claims: CLAIMS },
    ],
    [
      'a challenge that is none',
      () => new Response('', { status: 401, headers: { 'WWW-Authenticate': 'Bearer claims="bm8="' } }),
      { state: 'unexpected', status: 401 },
    ],
    [
      'a challenge of another service, with a code of its own, in the other alphabet and beyond ASCII',
      () => {
        const claims = Buffer.from('{"id_token":{"x":"ü?>"}}').toString('base64url');
        const header = `Bearer error="insufficient_claims", claims="${claims}"`;
        return new Response('{"code":"Unauthorized"}', {
          status: 401,
          headers: { 'WWW-Authenticate': header },
        });
      },
      { state: 'sign-in', code: 'CLAIMS_REQUIRED', claims: '{"id_token":{"x":"ü?>"}}' },
    ],
    [
      'a challenge that is no object',
      () => {
        const header = `Bearer error="insufficient_claims", claims="${btoa('[1]')}"`;
        return new Response('', { status: 401, headers: { 'WWW-Authenticate': header } });
      },
      { state: 'unexpected', status: 401 },
    ],
    [
      'claims without a challenge',
      () =>
        new Response('', { status: 401, headers: { 'WWW-Authenticate': `Foo claims="${btoa(CLAIMS)}"` } }),
      { state: 'unexpected', status: 401 },
    ],
    ['401 of a gateway', () => new Response('', { status: 401 }), { state: 'unexpected', status: 401 }],
    ['503 of a proxy', () => new Response('', { status: 503 }), { state: 'busy', retryAfterSeconds: 5 }],
    ['403', () => problem(403, 'CLIENT_FORBIDDEN'), { state: 'refused', code: 'CLIENT_FORBIDDEN' }],
    ['a new code', () => problem(418, 'NEW'), { state: 'unexpected', status: 418 }],
    ['no JSON', () => new Response('<html>'), { state: 'unexpected', status: 200 }],
    ['no answer', () => Promise.reject(new TypeError('fetch failed')), { state: 'offline' }],
  ])('that is answered with %s does not reject', async (_what, respond, expected) => {
    expect(await pageOver(respond).page.fetch('/api/messages')).toMatchObject(expected);
  });

  it.each<[string, Error, object]>([
    [
      'consent',
      new MsalDouble('InteractionRequiredAuthError', 'consent_required'),
      { code: 'CONSENT_REQUIRED' },
    ],
    [
      'a new sign-in',
      new MsalDouble('InteractionRequiredAuthError', 'interaction_required', { claims: CLAIMS }),
      { code: 'TOKEN_INVALID', claims: CLAIMS },
    ],
    ['something else', new Error('broken'), { code: 'TOKEN_INVALID', reference: 'Error' }],
  ])('is not sent if MSAL needs %s', async (_what, error, expected) => {
    const { sent, page } = pageOver(() => Response.json({}), error);
    expect(await page.fetch('/api/messages')).toMatchObject({ state: 'sign-in', ...expected });
    expect(sent).toEqual([]);
  });

  it.each([
    'api/messages',
    '@other.example/api',
    '.other.example/api',
    ':444/api',
    'https://other.example/',
    '',
  ])('never takes the token to another origin by the path %j', async (path) => {
    const { sent, msal, page } = pageOver(() => Response.json({}));
    await expect(page.fetch(path)).rejects.toThrow(TypeError);
    expect(msal.acquireTokenSilent).not.toHaveBeenCalled();
    expect(sent).toEqual([]);
  });

  it.each([
    '//other.example/api',
    '/\\other.example',
    '/../@other.example',
  ])('stays at the service with the path %j', async (path) => {
    const { sent, page } = pageOver(() => Response.json({}));
    await page.fetch(path);
    expect(sent.map(({ address }) => new URL(address).origin)).toEqual([API]);
  });

  it('is not sent without a network to the directory', async () => {
    const error = new MsalDouble('BrowserAuthError', 'no_network_connectivity');
    expect(await pageOver(() => Response.json({}), error).page.status()).toEqual({ state: 'offline' });
  });
});

describe('the connection', () => {
  it.each([
    ['status', 'GET'],
    ['connect', 'PUT'],
    ['disconnect', 'DELETE'],
  ] as const)('%s is %s', async (name, method) => {
    const { sent, page } = pageOver(() => Response.json({ state: 'active', history: [] }));
    expect(await page[name]()).toMatchObject({ state: 'ready' });
    expect(sent).toMatchObject([{ address: `${API}/api/connection`, init: { method } }]);
  });

  it.each(['not-connected', 'disconnected', 'none'])('may be %s', async (state) => {
    const { page } = pageOver(() => Response.json({ state, history: [] }));
    expect(await page.status()).toEqual({ state: 'ready', value: { state, history: [] } });
  });

  it('tells the permissions, and until when tasks rest', async () => {
    const value = {
      state: 'active',
      history: [],
      permissions: { graph: ['User.Read'] },
      tasksPausedUntil: '2027-01-31T08:00:00.000Z',
    };
    const { page } = pageOver(() => Response.json(value));
    expect(await page.status()).toEqual({ state: 'ready', value });
  });

  it('is paused until a time, and resumed', async () => {
    const { sent, page } = pageOver(() => Response.json({ state: 'active', history: [] }));
    const { signal } = new AbortController();
    expect(await page.pause({ until: new Date('2027-01-31T08:00:00Z'), signal })).toMatchObject({
      state: 'ready',
    });
    expect(await page.resume()).toMatchObject({ state: 'ready' });
    const headers = { 'Content-Type': 'application/json', Authorization: 'Bearer a-token' };
    const body = (until: string | null) => JSON.stringify({ tasksPausedUntil: until });
    expect(sent).toMatchObject([
      {
        address: `${API}/api/connection`,
        init: { method: 'PUT', headers, body: body('2027-01-31T08:00:00.000Z') },
      },
      { address: `${API}/api/connection`, init: { method: 'PUT', headers, body: body(null) } },
    ]);
  });

  it('is never resumed by a time that is none', async () => {
    const { sent, page } = pageOver(() => problem(400, 'REQUEST_MALFORMED'));
    expect(await page.pause({ until: new Date('tomorrow') })).toMatchObject({ state: 'refused' });
    expect(sent[0]?.init?.body).toBe('{"tasksPausedUntil":"Invalid Date"}');
  });

  it('that there is not cannot be paused', async () => {
    const { page } = pageOver(() => problem(409, 'NOT_CONNECTED'));
    expect(await page.pause({ until: new Date() })).toMatchObject({
      state: 'refused',
      code: 'NOT_CONNECTED',
    });
  });

  it('is not one of a state that the page does not know', async () => {
    const { page } = pageOver(() => Response.json({ state: 'new', history: [] }));
    expect(await page.status()).toEqual({ state: 'unexpected', status: 200 });
  });
});

describe('a repair', () => {
  const refusal = (code: SignInRefusal['code'], claims?: string): SignInRefusal => ({
    state: 'sign-in',
    code,
    at: '2026-11-20T09:00:00Z',
    ...(claims === undefined ? {} : { claims }),
  });

  it('asks for the claims, once, and then only an administrator can help', async () => {
    const { msal, page } = pageOver(() => Response.json({}));
    const challenge = refusal('CLAIMS_REQUIRED', CLAIMS);
    expect(await page.repair(challenge)).toBe(true);
    const scopes = [SCOPE.replace('access_as_user', '.default')];
    expect(msal.acquireTokenRedirect).toHaveBeenCalledWith({ scopes, account: ACCOUNT, claims: CLAIMS });
    recordRefusal('AADSTS50076');
    expect(page.nextStep(challenge)).toBeUndefined();
    expect(await page.repair(challenge)).toBe(false);
    expect(msal.acquireTokenRedirect).toHaveBeenCalledOnce();
  });

  it('counts what the directory refused, and not what the person declined', async () => {
    const { page } = pageOver(() => Response.json({}));
    await page.repair(refusal('SIGN_IN_REQUIRED'));
    recordRefusal('AADSTS65004');
    expect(readAttempts()).toMatchObject([{ reason: 'SIGN_IN_REQUIRED' }]);
    expect(readAttempts()[0]).not.toHaveProperty('refusedWith');
    recordRefusal('AADSTS50076');
    expect(readAttempts()).toMatchObject([{ refusedWith: 'AADSTS50076' }]);
  });

  it('demands more with each step', async () => {
    const { msal, page } = pageOver(() => Response.json({}));
    for (const repaired of [true, true, false]) {
      expect(await page.repair(refusal('SIGN_IN_REQUIRED'))).toBe(repaired);
    }
    expect(msal.acquireTokenRedirect).toHaveBeenLastCalledWith(expect.objectContaining({ prompt: 'login' }));
  });

  it('that helped is over, so that the next function may ask for something else', async () => {
    let answer = () => Response.json({});
    const { msal, page } = pageOver(() => answer());
    for (const value of ['c1', 'c2', 'c3']) {
      answer = () => problem(401, 'CLAIMS_REQUIRED', { claims: CLAIMS.replace('c1', value) });
      const refused = await page.fetch(`/api/${value}?of=anybody`);
      expect(refused).toMatchObject({ state: 'sign-in', path: `/api/${value}` });
      expect(await page.repair(refused as SignInRefusal)).toBe(true);
      answer = () => Response.json({});
      await page.fetch(`/api/${value}`);
    }
    expect(msal.acquireTokenRedirect).toHaveBeenCalledTimes(3);
  });

  it('is not over because another path answers, whatever the challenge', async () => {
    let answer = () => Response.json({});
    const { page } = pageOver(() => answer());
    for (const [time, repaired] of [true, true, false].entries()) {
      answer = () => problem(401, 'CLAIMS_REQUIRED', { claims: `{"time":${time}}` });
      expect(await page.repair((await page.fetch('/api/own')) as SignInRefusal)).toBe(repaired);
      answer = () => Response.json({});
      await page.fetch('/api/other');
    }
  });

  it('cannot loop if refusals and answers of one path alternate', async () => {
    let answer = () => Response.json({});
    const { msal, page } = pageOver(() => answer());
    for (let times = 0; times < 20; times += 1) {
      answer = () => problem(401, 'CLAIMS_REQUIRED', { claims: `{"time":${times}}` });
      await page.repair((await page.fetch('/api/own')) as SignInRefusal);
      answer = () => Response.json({});
      await page.fetch('/api/own');
    }
    expect(msal.acquireTokenRedirect).toHaveBeenCalledTimes(5);
  });

  it('that could not leave the page does not count', async () => {
    const { msal, page } = pageOver(() => Response.json({}));
    msal.acquireTokenRedirect.mockRejectedValueOnce(new Error('busy'));
    await expect(page.repair(refusal('CONSENT_REQUIRED'))).rejects.toThrow('busy');
    expect(page.nextStep(refusal('CONSENT_REQUIRED'))).toBe('consent');
  });
});

it('has about 3 kB, and no package of others', async () => {
  const { outputFiles } = await build({
    entryPoints: ['shared/browser/createConnection.ts'],
    bundle: true,
    minify: true,
    format: 'esm',
    packages: 'external',
    write: false,
  });
  const [{ text } = { text: '' }] = outputFiles;
  expect(text).not.toMatch(/\bimport\b/);
  expect(gzipSync(text).length).toBeLessThan(3_072);
});
