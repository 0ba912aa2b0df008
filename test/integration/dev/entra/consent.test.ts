/** Consent as a person gives, declines and loses it; openid-client signs in, and plain requests exchange. */
import { decodeJwt } from 'jose';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { API_CLIENT_ID, GRAPH_APP_ID, SPA_CLIENT_ID, TENANT_ID } from '../../../../dev/entra/directory.ts';
import { type Entra, startEntra } from '../../../../dev/entra/startEntra.ts';
import { registerForApi } from '../../../support/adminConsent.ts';
import {
  API_DEFAULT,
  API_SCOPE,
  control,
  exchange,
  SPA_ORIGIN,
  signIn,
  UNCONSENTED,
} from '../../../support/entraClients.ts';

let entra: Entra;

beforeEach(async () => {
  entra = await startEntra({ port: 0, spaOrigins: [SPA_ORIGIN] });
});
afterEach(() => entra.close());

/** What the consent page lists for this request; undefined if none is shown. */
async function listedFor(user: string, scope: string, more: Record<string, string> = {}) {
  const query = new URLSearchParams({
    client_id: SPA_CLIENT_ID,
    response_type: 'code',
    redirect_uri: `${SPA_ORIGIN}/`,
    scope: `openid ${scope}`,
    code_challenge: 'a'.repeat(43),
    code_challenge_method: 'S256',
    ...more,
  });
  const answer = await fetch(`${entra.origin}/${TENANT_ID}/login?${query}`, {
    method: 'POST',
    body: new URLSearchParams({ user }),
    redirect: 'manual',
  });
  if (answer.status === 302) return undefined;
  const page = await answer.text();
  return [...page.matchAll(/<small>([^<]*)<\/small>/g)].map(([, text]) => text);
}

const grants = async () =>
  ((await (await control(entra, 'GET', '/consent')).json()) as { grants: Record<string, unknown>[] }).grants;

describe('a tenant in which nobody has consented', () => {
  it('shows one page for the page and the API behind it, and the exchange succeeds', async () => {
    expect(await listedFor('adele', API_DEFAULT)).toEqual(['Microsoft Graph: User.Read']);
    const { accessToken } = await signIn(entra, 'adele');
    const { status, body } = await exchange(entra, accessToken);
    expect(status).toBe(200);
    expect(decodeJwt(String(body.access_token)).scp).toBe('User.Read');
    expect(await listedFor('adele', API_DEFAULT)).toBeUndefined();
    expect(await listedFor('bruno', API_DEFAULT)).toBeDefined();
  });

  it('keeps one grant for each client, resource and user, with who gave it and when', async () => {
    await signIn(entra, 'adele');
    const by = { by: 'adele', at: expect.any(Number) };
    expect(await grants()).toMatchObject([
      { client: SPA_CLIENT_ID, resource: API_CLIENT_ID, tid: TENANT_ID, permissions: { access_as_user: by } },
      { client: API_CLIENT_ID, resource: GRAPH_APP_ID, tid: TENANT_ID, permissions: { 'User.Read': by } },
    ]);
  });

  it('refuses the exchange of a page that asked for its own scope alone', async () => {
    expect(await listedFor('adele', API_SCOPE)).toEqual(['Demo web API: access_as_user']);
    const { accessToken } = await signIn(entra, 'adele', { scope: API_SCOPE });
    expect(await exchange(entra, accessToken)).toMatchObject(UNCONSENTED);
    // And however often: `.default` asks for nothing once anything is granted to the page.
    expect(await listedFor('adele', API_DEFAULT)).toBeUndefined();
    const again = await signIn(entra, 'adele', { prompt: 'login' });
    expect(await exchange(entra, again.accessToken)).toMatchObject(UNCONSENTED);
  });

  it('is asked for everything by prompt=consent, and then the exchange succeeds', async () => {
    await signIn(entra, 'adele', { scope: API_SCOPE });
    expect(await listedFor('adele', API_DEFAULT, { prompt: 'consent' })).toEqual([
      'Microsoft Graph: User.Read',
    ]);
    const { accessToken } = await signIn(entra, 'adele', { prompt: 'consent' });
    expect((await exchange(entra, accessToken)).status).toBe(200);
  });

  it('refuses prompt=none, for which there can be no page', async () => {
    const shown = await fetch(`${entra.origin}/${TENANT_ID}/login?${new URLSearchParams(SILENT)}`, {
      method: 'POST',
      body: new URLSearchParams({ user: 'adele' }),
      redirect: 'manual',
    });
    const answer = new URL(shown.headers.get('location') ?? '').searchParams;
    expect(answer.get('error')).toBe('interaction_required');
    expect(answer.get('error_description')).toContain('AADSTS65001');
  });
});

const SILENT = {
  client_id: SPA_CLIENT_ID,
  response_type: 'code',
  redirect_uri: `${SPA_ORIGIN}/`,
  scope: `openid ${API_DEFAULT}`,
  code_challenge: 'a'.repeat(43),
  code_challenge_method: 'S256',
  prompt: 'none',
};

describe('.default', () => {
  it('returns just what was granted, though more is registered since', async () => {
    await signIn(entra, 'adele');
    await registerForApi(entra, ['Contacts.Read']);
    expect(await listedFor('adele', API_DEFAULT)).toBeUndefined();
    const { accessToken } = await signIn(entra, 'adele');
    const all = await exchange(entra, accessToken, { scope: 'https://graph.microsoft.com/.default' });
    expect(decodeJwt(String(all.body.access_token)).scp).toBe('User.Read');
    expect(all.body.scope).toBe('https://graph.microsoft.com/User.Read');
    expect(await exchange(entra, accessToken, { scope: 'Contacts.Read' })).toMatchObject(UNCONSENTED);

    const consented = await signIn(entra, 'adele', { prompt: 'consent' });
    const more = await exchange(entra, consented.accessToken, {
      scope: 'https://graph.microsoft.com/.default',
    });
    expect(decodeJwt(String(more.body.access_token)).scp).toBe('User.Read Contacts.Read');
  });

  it('stands beside what was granted where that is chosen', async () => {
    await control(entra, 'PUT', '/answers', { defaultBeside: true });
    const { accessToken } = await signIn(entra, 'adele');
    const { body } = await exchange(entra, accessToken, { scope: 'https://graph.microsoft.com/.default' });
    expect(body.scope).toBe('https://graph.microsoft.com/User.Read https://graph.microsoft.com/.default');
    expect(decodeJwt(String(body.access_token)).scp).toBe('User.Read');
  });

  it.each([
    [`${API_DEFAULT} ${API_SCOPE}`, 'invalid_scope', 'AADSTS70011'],
    ['https://graph.microsoft.com/.default Contacts.Read', 'invalid_scope', 'AADSTS70011'],
    ['https://graph.microsoft.com/.default', 'invalid_resource', 'AADSTS650057'],
  ])('%s is refused', async (scope, error, code) => {
    await expect(signIn(entra, 'adele', { scope })).rejects.toMatchObject({
      error,
      error_description: expect.stringContaining(code),
    });
  });

  it('asks for the API alone if the API does not know the page', async () => {
    await control(entra, 'PUT', `/applications/${API_CLIENT_ID}`, { knownClientApplications: [] });
    expect(await listedFor('adele', API_DEFAULT)).toEqual(['Demo web API: access_as_user']);
    const { accessToken } = await signIn(entra, 'adele');
    expect(await exchange(entra, accessToken)).toMatchObject(UNCONSENTED);
  });

  it('asks for nothing of an API that is not among the permissions of the page', async () => {
    await control(entra, 'PUT', `/applications/${SPA_CLIENT_ID}`, { requiredResourceAccess: [] });
    await expect(signIn(entra, 'adele')).rejects.toMatchObject({ error: 'invalid_resource' });
  });
});

describe('named scopes', () => {
  it('ask for those that are not granted yet, registered or not', async () => {
    await signIn(entra, 'adele', { scope: 'User.Read' });
    expect(await listedFor('adele', 'User.Read')).toBeUndefined();
    expect(await listedFor('adele', 'User.Read Contacts.Read')).toEqual(['Microsoft Graph: Contacts.Read']);
  });

  it('get a token with everything that was granted, unless it is held to what was asked', async () => {
    await signIn(entra, 'adele', { scope: 'User.Read Contacts.Read' });
    const all = await signIn(entra, 'adele', { scope: 'User.Read' });
    expect(String(decodeJwt(all.accessToken).scp).split(' ')).toContain('Contacts.Read');
    await control(entra, 'PUT', '/answers', { everythingGranted: false });
    const asked = await signIn(entra, 'adele', { scope: 'User.Read' });
    expect(String(decodeJwt(asked.accessToken).scp).split(' ')).not.toContain('Contacts.Read');
  });
});
