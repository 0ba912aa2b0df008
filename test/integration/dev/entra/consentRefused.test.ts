/** How consent is declined, lost, late, or an administrator's to give; openid-client signs in. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  API_CLIENT_ID,
  API_CLIENT_SECRET,
  OTHER_TENANT_ID,
  SPA_CLIENT_ID,
  TENANT_ID,
} from '../../../../dev/entra/directory.ts';
import { type Entra, startEntra } from '../../../../dev/entra/startEntra.ts';
import { adminConsent, registerForApi } from '../../../support/adminConsent.ts';
import {
  control,
  exchange,
  postToken,
  SPA_ORIGIN,
  signIn,
  UNCONSENTED,
} from '../../../support/entraClients.ts';

let entra: Entra;

beforeEach(async () => {
  entra = await startEntra({ port: 0, spaOrigins: [SPA_ORIGIN] });
});
afterEach(() => entra.close());

const refresh = (refreshToken: unknown) =>
  postToken(entra, {
    client_id: API_CLIENT_ID,
    client_secret: API_CLIENT_SECRET,
    grant_type: 'refresh_token',
    refresh_token: String(refreshToken),
    scope: 'User.Read',
  });

const refusedWith = (code: string) => ({
  error: 'access_denied',
  error_description: expect.stringContaining(code),
});

describe('consent that is declined', () => {
  it('is access_denied 65004, and nothing is granted', async () => {
    await expect(signIn(entra, 'adele', { consent: 'cancel' })).rejects.toMatchObject(
      refusedWith('AADSTS65004'),
    );
    const { grants } = (await (await control(entra, 'GET', '/consent')).json()) as { grants: unknown[] };
    expect(grants).toEqual([]);
  });
});

describe('consent that is withdrawn', () => {
  it('refuses exchange and refresh, of the page too, until it is given anew', async () => {
    const page = await signIn(entra, 'adele');
    const { body } = await exchange(entra, page.accessToken);
    await control(entra, 'PUT', '/users/adele/fault', { kind: 'consent' });
    expect(await exchange(entra, page.accessToken)).toMatchObject(UNCONSENTED);
    expect(await refresh(body.refresh_token)).toMatchObject(UNCONSENTED);
    const spa = { client_id: SPA_CLIENT_ID, grant_type: 'refresh_token', refresh_token: page.refreshToken };
    expect(await postToken(entra, spa, { origin: SPA_ORIGIN })).toMatchObject(UNCONSENTED);
    await signIn(entra, 'adele');
    expect((await refresh(body.refresh_token)).status).toBe(200);
    expect((await exchange(entra, page.accessToken)).status).toBe(200);
  });

  it('from the API alone is not healed by another .default, only by prompt=consent', async () => {
    const { accessToken } = await signIn(entra, 'adele');
    await control(entra, 'DELETE', `/users/adele/consent?client=${API_CLIENT_ID}`);
    expect(await exchange(entra, accessToken)).toMatchObject(UNCONSENTED);
    await signIn(entra, 'adele');
    expect(await exchange(entra, accessToken)).toMatchObject(UNCONSENTED);
    await signIn(entra, 'adele', { prompt: 'consent' });
    expect((await exchange(entra, accessToken)).status).toBe(200);
  });

  it('leaves what the tenant granted for everybody, and the grants of others', async () => {
    await adminConsent(entra);
    const { accessToken } = await signIn(entra, 'adele');
    await control(entra, 'DELETE', '/users/adele/consent');
    expect((await exchange(entra, accessToken)).status).toBe(200);
    const erik = await signIn(entra, 'erik', { tenant: OTHER_TENANT_ID });
    await control(entra, 'DELETE', `/tenants/${TENANT_ID}/consent`);
    expect(await exchange(entra, accessToken)).toMatchObject(UNCONSENTED);
    expect((await exchange(entra, erik.accessToken, { tenant: OTHER_TENANT_ID })).status).toBe(200);
  });
});

it('a consent takes effect at exchanges and refreshes after the delay that is set', async () => {
  await control(entra, 'PUT', '/consent', { delaySeconds: 600 });
  const { accessToken } = await signIn(entra, 'adele');
  expect(await exchange(entra, accessToken)).toMatchObject(UNCONSENTED);
  await control(entra, 'PUT', '/consent', { delaySeconds: 1 });
  await vi.waitUntil(async () => (await exchange(entra, accessToken)).status === 200, { timeout: 20_000 });
});

describe('consent that is left to administrators', () => {
  it('by the policy of the tenant is 90094, prompt=consent or not, and not elsewhere', async () => {
    await control(entra, 'PUT', `/tenants/${TENANT_ID}/consent`, { usersMayConsent: false });
    await expect(signIn(entra, 'adele')).rejects.toMatchObject(refusedWith('AADSTS90094'));
    await adminConsent(entra);
    expect((await exchange(entra, (await signIn(entra, 'adele')).accessToken)).status).toBe(200);
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
    expect((await exchange(entra, accessToken, { scope: permission })).status).toBe(200);
  });

  it.each(['Files.Read', 'User.ReadBasic.All'])('is the rest of it not: %s', async (permission) => {
    await registerForApi(entra, [permission]);
    expect(
      (await exchange(entra, (await signIn(entra, 'adele')).accessToken, { scope: permission })).status,
    ).toBe(200);
  });
});
