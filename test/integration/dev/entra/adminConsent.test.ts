import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { API_CLIENT_ID, OTHER_TENANT_ID, SPA_CLIENT_ID, TENANT_ID } from '../../../../dev/entra/directory.ts';
import { type Entra, startEntra } from '../../../../dev/entra/startEntra.ts';
import { type AdminConsent, adminConsent, registerForApi } from '../../../support/adminConsent.ts';
import {
  API_DEFAULT,
  API_SCOPE,
  control,
  exchange,
  SPA_ORIGIN,
  signIn,
} from '../../../support/entraClients.ts';

const GRAPH_DEFAULT = 'https://graph.microsoft.com/.default';

let entra: Entra;

beforeEach(async () => {
  entra = await startEntra({ port: 0, spaOrigins: [SPA_ORIGIN] });
});
afterEach(() => entra.close());

const answerTo = async (request: AdminConsent = {}) => {
  const { origin, pathname, searchParams } = await adminConsent(entra, request);
  expect(`${origin}${pathname}`).toBe(`${SPA_ORIGIN}/admin.html`);
  return Object.fromEntries(searchParams);
};

const grantsOf = async () => {
  const answer = await control(entra, 'GET', '/consent');
  return ((await answer.json()) as { grants: { client: string; oid?: string }[] }).grants;
};

describe("an administrator's consent", () => {
  it('to the page counts for everybody and for the API behind it, and nobody is asked again', async () => {
    await registerForApi(entra, ['Mail.Read']);
    expect(await answerTo()).toEqual({
      admin_consent: 'True',
      tenant: TENANT_ID,
      scope: API_SCOPE,
      state: 'st&te',
    });
    for (const user of ['adele', 'bruno', 'dana']) {
      const { accessToken } = await signIn(entra, user, { consent: 'cancel' });
      expect((await exchange(entra, accessToken, { scope: 'User.Read Mail.Read' })).status).toBe(200);
    }
    await expect(signIn(entra, 'erik', { tenant: OTHER_TENANT_ID, consent: 'cancel' })).rejects.toMatchObject(
      { error: 'access_denied' },
    );
    expect((await grantsOf()).map(({ oid }) => oid)).toEqual([undefined, undefined]);
  });

  it("to the API counts for the API's permissions alone", async () => {
    expect(await answerTo({ client: API_CLIENT_ID, scope: GRAPH_DEFAULT })).toMatchObject({
      scope: 'https://graph.microsoft.com/User.Read',
    });
    expect((await grantsOf()).map(({ client }) => client)).toEqual([API_CLIENT_ID]);
    const { accessToken } = await signIn(entra, 'adele', { scope: API_SCOPE });
    expect((await exchange(entra, accessToken, { scope: 'User.Read' })).status).toBe(200);
  });

  it('to named permissions counts for these', async () => {
    await answerTo({ client: API_CLIENT_ID, scope: 'https://graph.microsoft.com/Mail.Read' });
    const { accessToken } = await signIn(entra, 'adele', { scope: API_SCOPE });
    expect((await exchange(entra, accessToken, { scope: 'Mail.Read' })).status).toBe(200);
    expect((await exchange(entra, accessToken, { scope: 'User.Read' })).body.error_codes).toEqual([65001]);
  });

  it('does not reach behind an API that does not know the page', async () => {
    await control(entra, 'PUT', `/applications/${API_CLIENT_ID}`, { knownClientApplications: [] });
    await answerTo();
    expect((await grantsOf()).map(({ client }) => client)).toEqual([SPA_CLIENT_ID]);
  });

  it('takes effect after the delay that is set, as every consent', async () => {
    await control(entra, 'PUT', '/consent', { delaySeconds: 600 });
    await answerTo();
    const { accessToken } = await signIn(entra, 'adele', { consent: 'cancel' });
    expect((await exchange(entra, accessToken, { scope: 'User.Read' })).body.error_codes).toEqual([65001]);
  });
});

describe('a refusal', () => {
  it.each([
    ['by the administrator', { consent: 'cancel' as const }, 'access_denied', 'AADSTS65004'],
    ['of somebody who is none', { user: 'adele' }, 'access_denied', 'AADSTS90094'],
    ['of an administrator of another tenant', { user: 'erik' }, 'access_denied', 'AADSTS50020'],
    ['of a guest who is one at home', { user: 'dana' }, 'access_denied', 'AADSTS90094'],
    ['of .default beside a name', { scope: `${API_DEFAULT} ${API_SCOPE}` }, 'invalid_scope', 'AADSTS70011'],
  ])('%s comes back with admin_consent and without a tenant', async (_case, request, error, code) => {
    const answer = await answerTo(request);
    expect(answer).toMatchObject({
      admin_consent: 'True',
      error,
      error_description: expect.stringContaining(code),
      state: 'st&te',
    });
    expect(answer).not.toHaveProperty('tenant');
    expect(await grantsOf()).toEqual([]);
  });

  it.each([
    ['an address that is not registered', { redirectUri: `${SPA_ORIGIN}/other` }],
    ['the address of a sign-in, for the API', { client: API_CLIENT_ID, redirectUri: `${SPA_ORIGIN}/` }],
    ['an unknown application', { client: 'nobody' }],
  ])('is shown on a page of our own: %s', async (_case, request) => {
    await expect(adminConsent(entra, request)).rejects.toThrow('400');
  });
});
