import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { API_CLIENT_ID, OTHER_TENANT_ID, SPA_CLIENT_ID, TENANT_ID } from '../../../../dev/entra/directory.ts';
import { type Entra, startEntra } from '../../../../dev/entra/startEntra.ts';
import { API_SCOPE, SPA_ORIGIN } from '../../../support/entraClients.ts';

let entra: Entra;

beforeAll(async () => {
  entra = await startEntra({ port: 0, spaOrigins: [SPA_ORIGIN], consented: true });
});
afterAll(() => entra.close());

const queryWith = (changes: Record<string, string>) =>
  new URLSearchParams({
    client_id: SPA_CLIENT_ID,
    response_type: 'code',
    redirect_uri: `${SPA_ORIGIN}/`,
    scope: `openid ${API_SCOPE}`,
    state: 'st&te',
    nonce: 'n',
    code_challenge: 'a'.repeat(43),
    code_challenge_method: 'S256',
    ...changes,
  });

const open = (changes: Record<string, string> = {}, cookie = '', tenant = TENANT_ID) =>
  fetch(`${entra.origin}/${tenant}/oauth2/v2.0/authorize?${queryWith(changes)}`, {
    headers: { cookie },
    redirect: 'manual',
  });

const pick = (choice: Record<string, string>, changes: Record<string, string> = {}) =>
  fetch(`${entra.origin}/${TENANT_ID}/login?${queryWith(changes)}`, {
    method: 'POST',
    body: new URLSearchParams(choice),
    redirect: 'manual',
  });

/** The session cookie of a user who has just signed in. */
async function cookieOf(user: string, changes: Record<string, string> = {}): Promise<string> {
  const answer = await pick({ user }, changes);
  const [cookie] = answer.headers.getSetCookie();
  expect(cookie).toMatch(/; HttpOnly/i);
  expect(cookie).toMatch(/; SameSite=Lax/i);
  return cookie?.split(';')[0] ?? '';
}

const answerOf = (response: Response) => {
  expect(response.status).toBe(302);
  return new URL(response.headers.get('location') ?? '').searchParams;
};

describe('the account picker', () => {
  it('offers every user that the tenant knows, in a page without script', async () => {
    const response = await open();
    const page = await response.text();
    expect(response.status).toBe(200);
    for (const upn of ['adele@harbour.example', 'bruno@harbour.example', 'chiara@harbour.example']) {
      expect(page).toContain(upn);
    }
    expect(page).toContain('dana@visitor.example (guest)');
    expect(page).toContain('Chiara D&#39;Amico Lindqvist');
    expect(page).not.toContain('erik@elsewhere.example');
    expect(page).not.toContain('<script');
    expect(response.headers.get('content-security-policy')).toContain("default-src 'none'");
    expect(await (await open({}, '', OTHER_TENANT_ID)).text()).toContain('erik@elsewhere.example');
    expect(await (await open({}, '', 'common')).text()).toContain('erik@elsewhere.example');
  });

  it('escapes whatever the request holds', async () => {
    const hostile = `"><script>alert(1)</script><a href='`;
    const page = await (
      await open({ state: hostile, login_hint: hostile, nonce: hostile, extra: hostile })
    ).text();
    expect(page).toContain('Pick an account');
    expect(page).not.toContain('<script');
    expect(page).not.toContain("href='");
    expect(page.match(/<form[^>]*>/g)).toHaveLength(1);
    // Outside the query, where no URL encoding stands in front of the page's own.
    const refused = await open({}, '', encodeURIComponent(hostile));
    const refusal = await refused.text();
    expect(refused.status).toBe(400);
    expect(refusal).toContain('AADSTS90002');
    expect(refusal).toContain('&lt;script&gt;');
    expect(refusal).not.toContain('<script');
  });

  it('says when a second factor is asked for', async () => {
    const claims = JSON.stringify({ access_token: { polids: { essential: true, values: ['p'] } } });
    expect(await (await open({ claims })).text()).toContain('second factor');
    expect(await (await open()).text()).not.toContain('second factor');
  });

  it('focuses the hinted user', async () => {
    const page = await (await open({ login_hint: 'Bruno@harbour.example' })).text();
    expect(page).toMatch(/value="bruno" autofocus/);
    expect(page.match(/autofocus/g)).toHaveLength(1);
  });

  it('answers a choice with a code and the state, by query or fragment', async () => {
    const answer = answerOf(await pick({ user: 'adele' }, { client_info: '1' }));
    expect(Object.fromEntries(answer)).toMatchObject({
      code: expect.any(String),
      state: 'st&te',
      client_info: expect.any(String),
    });
    const location = new URL(
      (await pick({ user: 'adele' }, { response_mode: 'fragment' })).headers.get('location') ?? '',
    );
    expect(location.search).toBe('');
    expect(new URLSearchParams(location.hash.slice(1)).get('state')).toBe('st&te');
  });

  it('answers Cancel with access_denied', async () => {
    expect(answerOf(await pick({ cancel: '1' })).get('error')).toBe('access_denied');
  });

  it('refuses an invented user, and one that the tenant does not know', async () => {
    expect((await pick({ user: 'nobody' })).status).toBe(400);
    expect(answerOf(await pick({ user: 'erik' })).get('error_description')).toContain('AADSTS50020');
  });
});

describe('a request that cannot be trusted', () => {
  it.each([
    ['an unknown client', { client_id: 'nobody' }, 'AADSTS700016'],
    ['a client without redirect URIs', { client_id: API_CLIENT_ID }, 'AADSTS50011'],
    ['another path of the registered origin', { redirect_uri: `${SPA_ORIGIN}/other` }, 'AADSTS50011'],
    ['a query behind the registered URI', { redirect_uri: `${SPA_ORIGIN}/?a=b` }, 'AADSTS50011'],
    ['the registered URI without its slash', { redirect_uri: SPA_ORIGIN }, 'AADSTS50011'],
    ['another origin', { redirect_uri: 'http://evil.example/' }, 'AADSTS50011'],
  ])('is refused on a page of our own: %s', async (_case, changes, code) => {
    const response = await open(changes);
    expect(response.status).toBe(400);
    expect(response.headers.get('location')).toBeNull();
    expect(await response.text()).toContain(code);
  });

  it.each([
    ['another response type', { response_type: 'token' }, 'unsupported_response_type', 'AADSTS700054'],
    ['an unknown response mode', { response_mode: 'form_post' }, 'invalid_request', 'AADSTS900144'],
    ['PKCE without S256', { code_challenge_method: 'plain' }, 'invalid_request', 'AADSTS9002325'],
    ['no PKCE', { code_challenge: '' }, 'invalid_request', 'AADSTS9002325'],
    ['an unknown prompt', { prompt: 'sometimes' }, 'invalid_request', 'AADSTS90023'],
    ['a bad scope', { scope: `api://${API_CLIENT_ID}/nothing` }, 'invalid_scope', 'AADSTS70011'],
    ['claims that are not JSON', { claims: '{' }, 'invalid_request', 'AADSTS9002313'],
  ])('is answered to the application: %s', async (_case, changes, error, code) => {
    const answer = answerOf(await open(changes));
    expect(Object.fromEntries(answer)).toEqual({
      error,
      error_description: expect.stringContaining(code),
      error_uri: `${entra.origin}/error?code=${code.replace('AADSTS', '')}`,
      state: 'st&te',
    });
  });
});

describe('the session', () => {
  it('answers without a page, unless prompt asks for one', async () => {
    const cookie = await cookieOf('adele');
    expect(answerOf(await open({}, cookie)).has('code')).toBe(true);
    expect(answerOf(await open({ prompt: 'none' }, cookie)).has('code')).toBe(true);
    for (const prompt of ['login', 'select_account', 'consent']) {
      expect((await open({ prompt }, cookie)).status).toBe(200);
    }
  });

  it('is needed for prompt=none', async () => {
    expect(answerOf(await open({ prompt: 'none' })).get('error')).toBe('login_required');
    expect(answerOf(await open({ prompt: 'none' }, 'entra_session=forged')).get('error')).toBe(
      'login_required',
    );
  });

  it('must be that of the hinted user, and of the tenant', async () => {
    const cookie = await cookieOf('adele');
    const other = { login_hint: 'bruno@harbour.example' };
    expect((await open(other, cookie)).status).toBe(200);
    expect(answerOf(await open({ ...other, prompt: 'none' }, cookie)).get('error')).toBe('login_required');
    expect(answerOf(await open({ login_hint: 'adele@harbour.example' }, cookie)).has('code')).toBe(true);
    expect((await open({}, cookie, OTHER_TENANT_ID)).status).toBe(200);
  });

  it('meets a claims parameter only if its sign-in was asked for it', async () => {
    const claims = JSON.stringify({ access_token: { polids: { essential: true, values: ['p'] } } });
    const plain = await cookieOf('adele');
    expect((await open({ claims }, plain)).status).toBe(200);
    expect(answerOf(await open({ claims, prompt: 'none' }, plain)).get('error')).toBe('interaction_required');
    const stepUp = await cookieOf('adele', { claims });
    expect(answerOf(await open({ claims, prompt: 'none' }, stepUp)).has('code')).toBe(true);
  });
});

describe('logout', () => {
  const logout = (query: Record<string, string> = {}) =>
    fetch(`${entra.origin}/${TENANT_ID}/oauth2/v2.0/logout?${new URLSearchParams(query)}`, {
      redirect: 'manual',
    });

  it('ends the session and goes back to a registered address', async () => {
    const response = await logout({ post_logout_redirect_uri: `${SPA_ORIGIN}/`, state: 's' });
    expect(response.status).toBe(302);
    expect(response.headers.get('location')).toBe(`${SPA_ORIGIN}/?state=s`);
    expect(response.headers.getSetCookie()[0]).toMatch(/Max-Age=0/);
  });

  it('stays here for any other address', async () => {
    for (const query of [{}, { post_logout_redirect_uri: 'http://evil.example/' }]) {
      const response = await logout(query);
      expect(response.status).toBe(200);
      expect(await response.text()).toContain('You are signed out');
    }
  });
});
