/** Consent as a person gives, declines and loses it; openid-client signs in, and plain requests exchange. */
import { decodeJwt } from 'jose';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  API_CLIENT_ID,
  API_CLIENT_SECRET,
  GRAPH_APP_ID,
  OTHER_TENANT_ID,
  SPA_CLIENT_ID,
  TENANT_ID,
} from '../../../dev/entra/directory.ts';
import { type Entra, startEntra } from '../../../dev/entra/startEntra.ts';
import { adminConsent, registerForApi } from '../../support/adminConsent.ts';
import {
  API_DEFAULT,
  API_SCOPE,
  control,
  postToken,
  SPA_ORIGIN,
  signIn,
} from '../../support/entraClients.ts';

let entra: Entra;

beforeEach(async () => {
  entra = await startEntra({ port: 0, spaOrigins: [SPA_ORIGIN] });
});
afterEach(() => entra.close());

const API = { client_id: API_CLIENT_ID, client_secret: API_CLIENT_SECRET };
const UNCONSENTED = {
  status: 400,
  body: { error: 'invalid_grant', error_codes: [65001], suberror: 'consent_required' },
};

const exchange = (assertion: string, scope = 'User.Read offline_access', tenant = TENANT_ID) =>
  postToken(
    entra,
    {
      ...API,
      grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer',
      requested_token_use: 'on_behalf_of',
      assertion,
      scope,
    },
    { tenant },
  );
const refresh = (refreshToken: unknown, scope = 'User.Read') =>
  postToken(entra, { ...API, grant_type: 'refresh_token', refresh_token: String(refreshToken), scope });

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

const refusedWith = (code: string) => ({
  error: 'access_denied',
  error_description: expect.stringContaining(code),
});

describe('a tenant in which nobody has consented', () => {
  it('shows one page for the page and the API behind it, and the exchange succeeds', async () => {
    expect(await listedFor('adele', API_DEFAULT)).toEqual(['Microsoft Graph: User.Read']);
    const { accessToken } = await signIn(entra, 'adele');
    const { status, body } = await exchange(accessToken);
    expect(status).toBe(200);
    expect(decodeJwt(String(body.access_token)).scp).toBe('User.Read');
    expect((await refresh(body.refresh_token)).status).toBe(200);
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
    expect(await exchange(accessToken)).toMatchObject(UNCONSENTED);
    // And however often: `.default` asks for nothing once anything is granted to the page.
    expect(await listedFor('adele', API_DEFAULT)).toBeUndefined();
    const again = await signIn(entra, 'adele', { prompt: 'login' });
    expect(await exchange(again.accessToken)).toMatchObject(UNCONSENTED);
  });

  it('is asked for everything by prompt=consent, and then the exchange succeeds', async () => {
    await signIn(entra, 'adele', { scope: API_SCOPE });
    expect(await listedFor('adele', API_DEFAULT, { prompt: 'consent' })).toEqual([
      'Microsoft Graph: User.Read',
    ]);
    const { accessToken } = await signIn(entra, 'adele', { prompt: 'consent' });
    expect((await exchange(accessToken)).status).toBe(200);
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
    const all = await exchange(accessToken, 'https://graph.microsoft.com/.default');
    expect(decodeJwt(String(all.body.access_token)).scp).toBe('User.Read');
    expect(all.body.scope).toBe('https://graph.microsoft.com/User.Read');
    expect(await exchange(accessToken, 'Contacts.Read')).toMatchObject(UNCONSENTED);

    const consented = await signIn(entra, 'adele', { prompt: 'consent' });
    const more = await exchange(consented.accessToken, 'https://graph.microsoft.com/.default');
    expect(decodeJwt(String(more.body.access_token)).scp).toBe('User.Read Contacts.Read');
  });

  it('stands beside what was granted where that is chosen', async () => {
    await control(entra, 'PUT', '/answers', { defaultBeside: true });
    const { accessToken } = await signIn(entra, 'adele');
    const { body } = await exchange(accessToken, 'https://graph.microsoft.com/.default');
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
    expect(await exchange(accessToken)).toMatchObject(UNCONSENTED);
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

describe('consent that is declined', () => {
  it('is access_denied 65004, and nothing is granted', async () => {
    await expect(signIn(entra, 'adele', { consent: 'cancel' })).rejects.toMatchObject(
      refusedWith('AADSTS65004'),
    );
    expect(await grants()).toEqual([]);
  });
});

describe('consent that is withdrawn', () => {
  it('refuses exchange and refresh, of the page too, until it is given anew', async () => {
    const page = await signIn(entra, 'adele');
    const { body } = await exchange(page.accessToken);
    await control(entra, 'PUT', '/users/adele/fault', { kind: 'consent' });
    expect(await exchange(page.accessToken)).toMatchObject(UNCONSENTED);
    expect(await refresh(body.refresh_token)).toMatchObject(UNCONSENTED);
    const spa = { client_id: SPA_CLIENT_ID, grant_type: 'refresh_token', refresh_token: page.refreshToken };
    expect(await postToken(entra, spa, { origin: SPA_ORIGIN })).toMatchObject(UNCONSENTED);
    await signIn(entra, 'adele');
    expect((await refresh(body.refresh_token)).status).toBe(200);
    expect((await exchange(page.accessToken)).status).toBe(200);
  });

  it('from the API alone is not healed by another .default, only by prompt=consent', async () => {
    const { accessToken } = await signIn(entra, 'adele');
    await control(entra, 'DELETE', `/users/adele/consent?client=${API_CLIENT_ID}`);
    expect(await exchange(accessToken)).toMatchObject(UNCONSENTED);
    await signIn(entra, 'adele');
    expect(await exchange(accessToken)).toMatchObject(UNCONSENTED);
    await signIn(entra, 'adele', { prompt: 'consent' });
    expect((await exchange(accessToken)).status).toBe(200);
  });

  it('leaves what the tenant granted for everybody, and the grants of others', async () => {
    await adminConsent(entra);
    const { accessToken } = await signIn(entra, 'adele');
    await control(entra, 'DELETE', '/users/adele/consent');
    expect((await exchange(accessToken)).status).toBe(200);
    const erik = await signIn(entra, 'erik', { tenant: OTHER_TENANT_ID });
    await control(entra, 'DELETE', `/tenants/${TENANT_ID}/consent`);
    expect(await exchange(accessToken)).toMatchObject(UNCONSENTED);
    expect((await exchange(erik.accessToken, 'User.Read', OTHER_TENANT_ID)).status).toBe(200);
  });
});

it('a consent takes effect at exchanges and refreshes after the delay that is set', async () => {
  await control(entra, 'PUT', '/consent', { delaySeconds: 2 });
  const { accessToken } = await signIn(entra, 'adele');
  expect(await exchange(accessToken)).toMatchObject(UNCONSENTED);
  await vi.waitUntil(async () => (await exchange(accessToken)).status === 200, { timeout: 20_000 });
});

describe('consent that is left to administrators', () => {
  it('by the policy of the tenant is 90094, prompt=consent or not, and not elsewhere', async () => {
    await control(entra, 'PUT', `/tenants/${TENANT_ID}/consent`, { usersMayConsent: false });
    await expect(signIn(entra, 'adele')).rejects.toMatchObject(refusedWith('AADSTS90094'));
    await adminConsent(entra);
    expect((await exchange((await signIn(entra, 'adele')).accessToken)).status).toBe(200);
    // Granted or not: a page that shows everything anew asks for what this user may not give.
    await expect(signIn(entra, 'adele', { prompt: 'consent' })).rejects.toMatchObject(
      refusedWith('AADSTS90094'),
    );
    await control(entra, 'PUT', `/tenants/${TENANT_ID}/consent`, { usersMayConsent: true });
    await signIn(entra, 'adele', { prompt: 'consent' });
  });

  it.each([
    'Mail.Read',
    'Calendars.ReadBasic',
    'Directory.Read.All',
    'Files.ReadWrite.All',
  ])('by its kind is 90094: %s', async (permission) => {
    await registerForApi(entra, [permission]);
    await expect(signIn(entra, 'adele')).rejects.toMatchObject(refusedWith('AADSTS90094'));
    const { accessToken } = await signIn(entra, 'chiara');
    expect((await exchange(accessToken, permission)).status).toBe(200);
  });

  it.each(['Files.Read', 'User.ReadBasic.All'])('is the rest of it not: %s', async (permission) => {
    await registerForApi(entra, [permission]);
    expect((await exchange((await signIn(entra, 'adele')).accessToken, permission)).status).toBe(200);
  });
});
