/** msal-node before the stand-in's consent: what each form of an answer costs in token requests. */
import { InteractionRequiredAuthError } from '@azure/msal-node';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { API_CLIENT_ID, TENANT_ID } from '../../../../dev/entra/directory.ts';
import { type Entra, startEntra } from '../../../../dev/entra/startEntra.ts';
import { registerForApi } from '../../../support/adminConsent.ts';
import {
  API_SCOPE,
  confidentialClient,
  control,
  journal,
  SPA_ORIGIN,
  signIn,
} from '../../../support/entraClients.ts';
import { refusal } from './onBehalfOf.ts';

const GRAPH = 'https://graph.microsoft.com';

let entra: Entra;

beforeEach(async () => {
  entra = await startEntra({ port: 0, spaOrigins: [SPA_ORIGIN] });
});
afterEach(() => entra.close());

const requestsOfApi = async () =>
  (await journal(entra)).filter(({ client, endpoint }) => client === API_CLIENT_ID && endpoint === 'token')
    .length;

/** The API exchanges for these scopes; then, with the cache as a store gives it back, it asks for `silent`. */
async function exchangeThenSilent(scopes: string[], silent: string[]) {
  const { accessToken: oboAssertion } = await signIn(entra, 'adele');
  const client = confidentialClient(entra);
  const exchanged = await client.acquireTokenOnBehalfOf({ oboAssertion, scopes });
  const again = await client.acquireTokenOnBehalfOf({ oboAssertion, scopes: silent });
  const later = confidentialClient(entra, { cache: client.getTokenCache().serialize() });
  const account = await later.getTokenCache().getAccountByHomeId(exchanged?.account?.homeAccountId ?? '');
  if (!account) throw new Error('the cache holds no account');
  const result = await later.acquireTokenSilent({ account, scopes: silent });
  return { exchanged, again, result };
}

describe.each([{ defaultBeside: false }, { defaultBeside: true }])('answers with %o', (answers) => {
  beforeEach(() => control(entra, 'PUT', '/answers', answers));

  it.each([
    ['a name, then the name', ['User.Read'], ['User.Read']],
    ['.default, then what it granted', [`${GRAPH}/.default`], [`${GRAPH}/User.Read`]],
  ])('cost one token request for %s', async (_case, scopes, silent) => {
    const { exchanged, again, result } = await exchangeThenSilent(scopes, silent);
    expect(again?.accessToken).toBe(exchanged?.accessToken);
    expect(result.accessToken).toBe(exchanged?.accessToken);
    expect(await requestsOfApi()).toBe(1);
  });

  it('cost one token request for all that was granted, asked for piece by piece', async () => {
    await registerForApi(entra, ['Contacts.Read']);
    const { exchanged, result } = await exchangeThenSilent(['User.Read'], ['Contacts.Read']);
    expect(result.accessToken).toBe(exchanged?.accessToken);
    expect(await requestsOfApi()).toBe(1);
  });
});

describe('.default, then .default', () => {
  // MSAL keeps a token under the scopes of the answer: what is not among them, it does not find.
  it.each([
    { defaultBeside: true, requests: 1 },
    { defaultBeside: false, requests: 3 },
  ])('costs $requests token request(s) where .default stands beside the answer: $defaultBeside', async ({
    defaultBeside,
    requests,
  }) => {
    await control(entra, 'PUT', '/answers', { defaultBeside });
    await exchangeThenSilent([`${GRAPH}/.default`], [`${GRAPH}/.default`]);
    expect(await requestsOfApi()).toBe(requests);
  });
});

describe('without consent', () => {
  it('an exchange and a refresh need the user, by the suberror consent_required', async () => {
    const { accessToken } = await signIn(entra, 'adele', { scope: API_SCOPE });
    const client = confidentialClient(entra);
    const first = await refusal(
      client.acquireTokenOnBehalfOf({ oboAssertion: accessToken, scopes: [`${GRAPH}/.default`] }),
    );
    const { accessToken: consented } = await signIn(entra, 'adele', { prompt: 'consent' });
    const done = await client.acquireTokenOnBehalfOf({ oboAssertion: consented, scopes: ['User.Read'] });
    if (!done?.account) throw new Error('no account');
    await control(entra, 'DELETE', `/tenants/${TENANT_ID}/consent`);
    const { account } = done;
    const second = await refusal(
      client.acquireTokenSilent({ account, scopes: ['User.Read'], forceRefresh: true }),
    );
    for (const error of [first, second]) {
      expect(error).toBeInstanceOf(InteractionRequiredAuthError);
      expect(error).toMatchObject({
        errorCode: 'invalid_grant',
        subError: 'consent_required',
        errorNo: 65001,
      });
    }
  });
});
