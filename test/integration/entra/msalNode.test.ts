import { setTimeout as sleep } from 'node:timers/promises';
import {
  AuthError,
  type ConfidentialClientApplication,
  InteractionRequiredAuthError,
  ServerError,
} from '@azure/msal-node';
import { decodeJwt } from 'jose';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import {
  DEMO_USERS,
  GRAPH_APP_ID,
  HOME_TENANT_ID_OF_GUEST,
  homeAccountId,
  OTHER_TENANT_ID,
  OTHER_TENANT_USER,
  TENANT_ID,
} from '../../../dev/entra/directory.ts';
import { DEFAULT_LIFETIMES } from '../../../dev/entra/lifetimes.ts';
import { type Entra, startEntra } from '../../../dev/entra/startEntra.ts';
import {
  confidentialClient,
  control,
  GRAPH_SCOPES,
  journal,
  SPA_ORIGIN,
  signIn,
} from '../../support/entraClients.ts';

let entra: Entra;

beforeAll(async () => {
  entra = await startEntra({ port: 0, spaOrigins: [SPA_ORIGIN] });
});
afterAll(() => entra.close());
afterEach(async () => {
  await control(entra, 'DELETE', '/fault');
  for (const user of DEMO_USERS) await control(entra, 'DELETE', `/users/${user.name}/fault`);
  await control(entra, 'PUT', '/lifetimes', { ...DEFAULT_LIFETIMES, refreshIn: null });
  await control(entra, 'DELETE', '/requests');
});

async function onBehalfOf(client: ConfidentialClientApplication, assertion: string, claims?: string) {
  const request = {
    oboAssertion: assertion,
    scopes: GRAPH_SCOPES,
    ...(claims === undefined ? {} : { claims }),
  };
  const result = await client.acquireTokenOnBehalfOf(request);
  if (!result) throw new Error('no result');
  return result;
}

/** A client that holds the user's tokens, and the way back in. */
async function afterObo(user: string) {
  const { accessToken } = await signIn(entra, user);
  const client = confidentialClient(entra);
  const result = await onBehalfOf(client, accessToken);
  if (!result.account) throw new Error('no account');
  return { client, account: result.account, accessToken, graphToken: result.accessToken };
}

const refusal = async (attempt: Promise<unknown>): Promise<AuthError> => {
  const error = await attempt.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(AuthError);
  return error as AuthError;
};

describe('on behalf of', () => {
  it('exchanges a token of the API for a Graph token of the same user', async () => {
    const { accessToken } = await signIn(entra, 'adele');
    const result = await onBehalfOf(confidentialClient(entra), accessToken);

    const claims = decodeJwt(result.accessToken);
    expect(claims).toMatchObject({ aud: GRAPH_APP_ID, tid: TENANT_ID, oid: DEMO_USERS[0].oid, ver: '2.0' });
    expect(claims.sub).not.toBe(decodeJwt(accessToken).sub);
    expect(String(claims.scp).split(' ')).toContain('User.Read');
    expect(result.account?.homeAccountId).toBe(homeAccountId(DEMO_USERS[0]));
  });

  it("gives a guest the resource tenant's ids and the home tenant's home account id", async () => {
    const guest = DEMO_USERS[3];
    const { accessToken } = await signIn(entra, guest.name);
    const result = await onBehalfOf(confidentialClient(entra), accessToken);

    expect(decodeJwt(result.accessToken)).toMatchObject({ tid: TENANT_ID, oid: guest.oid });
    expect(result.account?.homeAccountId).toBe(`${guest.homeOid}.${HOME_TENANT_ID_OF_GUEST}`);
    expect(result.account?.localAccountId).toBe(guest.oid);
  });

  it("gives a guest the home tenant's ids when asked through /common", async () => {
    const guest = DEMO_USERS[3];
    const { accessToken } = await signIn(entra, guest.name);
    const result = await onBehalfOf(confidentialClient(entra, { tenant: 'common' }), accessToken);
    expect(decodeJwt(result.accessToken)).toMatchObject({ tid: HOME_TENANT_ID_OF_GUEST, oid: guest.homeOid });
  });

  it('knows two users with the same object id in two tenants', async () => {
    const { accessToken } = await signIn(entra, OTHER_TENANT_USER.name, { tenant: OTHER_TENANT_ID });
    const result = await onBehalfOf(confidentialClient(entra, { tenant: OTHER_TENANT_ID }), accessToken);
    expect(decodeJwt(result.accessToken)).toMatchObject({ tid: OTHER_TENANT_ID, oid: DEMO_USERS[0].oid });

    const refused = await refusal(onBehalfOf(confidentialClient(entra), accessToken));
    expect(refused).toMatchObject({ errorCode: 'invalid_grant', errorNo: 50020 });
  });

  it('leaves the account out when it sends no id_token', async () => {
    const quiet = await startEntra({ port: 0, spaOrigins: [SPA_ORIGIN], idTokenOnObo: false });
    try {
      const { accessToken } = await signIn(quiet, 'adele');
      const result = await onBehalfOf(confidentialClient(quiet), accessToken);
      expect(result.account).toBeNull();
      expect(result.idToken).toBe('');
    } finally {
      await quiet.close();
    }
  });

  it('refuses an assertion that has expired, is for another audience, or was tampered with', async () => {
    await control(entra, 'PUT', '/lifetimes', { accessToken: 1 });
    const { accessToken: short } = await signIn(entra, 'adele');
    await control(entra, 'PUT', '/lifetimes', { accessToken: DEFAULT_LIFETIMES.accessToken });
    const { accessToken, idToken } = await signIn(entra, 'adele');
    const [header, payload] = accessToken.split('.');
    const [, , foreignSignature] = idToken.split('.');
    await vi.waitUntil(() => Date.now() / 1000 > (decodeJwt(short).exp ?? 0), { timeout: 10_000 });

    const client = () => confidentialClient(entra);
    expect(await refusal(onBehalfOf(client(), short))).toMatchObject({
      errorCode: 'invalid_grant',
      errorNo: 500133,
    });
    expect(await refusal(onBehalfOf(client(), idToken))).toMatchObject({ errorNo: 500131 });
    const forged = await refusal(onBehalfOf(client(), `${header}.${payload}.${foreignSignature}`));
    expect(forged).toBeInstanceOf(ServerError);
    expect(forged).toMatchObject({ errorCode: 'invalid_grant', errorNo: 50013 });
  });

  it('refuses a wrong secret', async () => {
    const { accessToken } = await signIn(entra, 'adele');
    const refused = await refusal(onBehalfOf(confidentialClient(entra, { secret: 'wrong' }), accessToken));
    expect(refused).toBeInstanceOf(ServerError);
    expect(refused).toMatchObject({ errorCode: 'invalid_client', errorNo: 7000215 });
  });
});

describe('silently, with the user away', () => {
  it('answers from the cache without a request', async () => {
    const { client, account, graphToken } = await afterObo('adele');
    const before = await journal(entra);
    const result = await client.acquireTokenSilent({ account, scopes: GRAPH_SCOPES });
    expect(result).toMatchObject({ accessToken: graphToken, fromCache: true });
    expect(await journal(entra)).toEqual(before);
  });

  it('redeems the refresh token from a cache that another process wrote', async () => {
    const { client, account, graphToken } = await afterObo('bruno');
    const fresh = confidentialClient(entra, { cache: client.getTokenCache().serialize() });
    const known = await fresh.getTokenCache().getAccountByHomeId(account.homeAccountId);
    if (!known) throw new Error('the account is not in the cache');

    const result = await fresh.acquireTokenSilent({
      account: known,
      scopes: GRAPH_SCOPES,
      forceRefresh: true,
    });
    expect(result.fromCache).toBe(false);
    expect(result.accessToken).not.toBe(graphToken);
    expect((await journal(entra)).at(-1)).toMatchObject({
      endpoint: 'token',
      grant: 'refresh_token',
      user: 'bruno',
      status: 200,
    });
  });

  it('refreshes a token that is about to expire, and the new refresh token works as the old one still does', async () => {
    await control(entra, 'PUT', '/lifetimes', { accessToken: 240 });
    const { client, account } = await afterObo('adele');
    const before = client.getTokenCache().serialize();

    // MSAL takes a token's last 300 seconds for expired.
    await client.acquireTokenSilent({ account, scopes: GRAPH_SCOPES });
    await client.acquireTokenSilent({ account, scopes: GRAPH_SCOPES });
    const old = confidentialClient(entra, { cache: before });
    await old.acquireTokenSilent({ account, scopes: GRAPH_SCOPES });
    expect((await journal(entra)).filter((entry) => entry.grant === 'refresh_token')).toHaveLength(3);
  });

  it('stores what a hand-made account gets when forceCache is set', async () => {
    const { client, account } = await afterObo('adele');
    const cache = JSON.parse(client.getTokenCache().serialize());
    const fresh = confidentialClient(entra, {
      cache: JSON.stringify({ ...cache, Account: {}, IdToken: {} }),
    });
    const { homeAccountId, environment, tenantId, localAccountId } = account;
    const handMade = { homeAccountId, environment, tenantId, localAccountId, username: '' };
    const request = { account: handMade, scopes: GRAPH_SCOPES, forceCache: true };

    const first = await fresh.acquireTokenSilent({ ...request, forceRefresh: true });
    const second = await fresh.acquireTokenSilent(request);
    expect(second).toMatchObject({ accessToken: first.accessToken, fromCache: true });
  });

  it('refreshes in the background once refresh_in has passed', async () => {
    await control(entra, 'PUT', '/lifetimes', { refreshIn: 1 });
    const { client, account, graphToken } = await afterObo('adele');
    await sleep(2_000);
    const result = await client.acquireTokenSilent({ account, scopes: GRAPH_SCOPES });
    expect(result).toMatchObject({ accessToken: graphToken, fromCache: true });
    await vi.waitUntil(async () => (await journal(entra)).at(-1)?.grant === 'refresh_token', {
      timeout: 10_000,
    });
  });
});

describe('faults', () => {
  it.each([
    [
      'revoked',
      InteractionRequiredAuthError,
      { errorCode: 'invalid_grant', errorNo: 50173, subError: 'bad_token' },
    ],
    [
      'consent',
      InteractionRequiredAuthError,
      { errorCode: 'invalid_grant', errorNo: 65001, subError: 'consent_required' },
    ],
    ['claims', InteractionRequiredAuthError, { errorCode: 'interaction_required', errorNo: 50076 }],
    ['throttled-user', ServerError, { errorCode: 'invalid_grant', errorNo: 50196 }],
    ['throttled', ServerError, { errorCode: 'temporarily_unavailable', errorNo: 90055 }],
    ['server-error', ServerError, { errorCode: 'temporarily_unavailable', errorNo: 90033 }],
    ['unauthorized-client', ServerError, { errorCode: 'unauthorized_client', errorNo: 700016 }],
    ['html', AuthError, { errorCode: 'token_parsing_error' }],
    ['reset', AuthError, { errorCode: 'network_error' }],
  ])('%s reaches a silent refresh as msal-node words it', async (kind, errorClass, expected) => {
    const { client, account } = await afterObo('adele');
    await control(entra, 'PUT', '/users/adele/fault', { kind });
    const error = await refusal(
      client.acquireTokenSilent({ account, scopes: GRAPH_SCOPES, forceRefresh: true }),
    );
    expect(error).toBeInstanceOf(errorClass);
    expect(error).toMatchObject(expected);
  });

  it('invalid-client hits every user of the web API, and never the single-page app', async () => {
    const { accessToken } = await signIn(entra, 'adele');
    await control(entra, 'PUT', '/fault', { kind: 'invalid-client' });
    const error = await refusal(onBehalfOf(confidentialClient(entra), accessToken));
    expect(error).toBeInstanceOf(ServerError);
    expect(error).toMatchObject({ errorCode: 'invalid_client', errorNo: 7000222 });
    await expect(signIn(entra, 'bruno')).resolves.toBeDefined();
  });

  it('hits only the user it was set for', async () => {
    const { accessToken } = await signIn(entra, 'bruno');
    await control(entra, 'PUT', '/users/adele/fault', { kind: 'server-error' });
    await expect(onBehalfOf(confidentialClient(entra), accessToken)).resolves.toBeDefined();
  });

  it('heals after as many requests as it was set for', async () => {
    const { accessToken } = await signIn(entra, 'adele');
    await control(entra, 'PUT', '/users/adele/fault', { kind: 'server-error', times: 2 });
    const attempt = () => onBehalfOf(confidentialClient(entra), accessToken);
    await refusal(attempt());
    await refusal(attempt());
    await expect(attempt()).resolves.toBeDefined();
  });

  it('revokes the refresh tokens of before for good, and leaves a user who is present alone', async () => {
    const { client, account, accessToken } = await afterObo('chiara');
    await control(entra, 'PUT', '/users/chiara/fault', { kind: 'revoked' });
    await control(entra, 'DELETE', '/users/chiara/fault');
    const silent = { account, scopes: GRAPH_SCOPES, forceRefresh: true };
    expect(await refusal(client.acquireTokenSilent(silent))).toMatchObject({ errorNo: 50173 });

    const back = confidentialClient(entra);
    await onBehalfOf(back, accessToken);
    await expect(back.acquireTokenSilent(silent)).resolves.toMatchObject({ fromCache: false });
  });

  it('claims lets a sign-in pass that was asked for them, and what follows from it', async () => {
    const { client, account, accessToken } = await afterObo('dana');
    await control(entra, 'PUT', '/users/dana/fault', { kind: 'claims' });
    const { claims } = (await refusal(
      onBehalfOf(confidentialClient(entra), accessToken),
    )) as InteractionRequiredAuthError;

    const withoutClaims = await signIn(entra, 'dana');
    await refusal(onBehalfOf(confidentialClient(entra), withoutClaims.accessToken));
    // MSAL merges its client capabilities into the challenge.
    const merged = JSON.parse(claims);
    merged.access_token.xms_cc = { values: ['CP1'] };
    const stepUp = await signIn(entra, 'dana', { claims: JSON.stringify(merged) });
    expect(decodeJwt(stepUp.accessToken).amr).toContain('mfa');
    const back = confidentialClient(entra);
    await onBehalfOf(back, stepUp.accessToken);

    const silent = { account, scopes: GRAPH_SCOPES, forceRefresh: true };
    await expect(back.acquireTokenSilent(silent)).resolves.toMatchObject({ fromCache: false });
    expect(await refusal(client.acquireTokenSilent(silent))).toMatchObject({ errorNo: 50076 });

    await control(entra, 'PUT', '/users/dana/fault', { kind: 'claims' });
    expect(await refusal(onBehalfOf(confidentialClient(entra), stepUp.accessToken))).toMatchObject({
      errorNo: 50076,
    });
  });

  it('hang answers nobody until the server closes', async () => {
    const other = await startEntra({ port: 0, spaOrigins: [SPA_ORIGIN] });
    const { accessToken } = await signIn(other, 'adele');
    await control(other, 'PUT', '/users/adele/fault', { kind: 'hang' });
    const attempt = refusal(onBehalfOf(confidentialClient(other), accessToken));
    await vi.waitUntil(async () => (await journal(other)).at(-1)?.grant === 'on_behalf_of', {
      timeout: 10_000,
    });
    expect((await journal(other)).at(-1)?.status).toBe(0);
    await other.close();
    expect(await attempt).toMatchObject({ errorCode: 'network_error' });
  });

  it('delay holds one request back, which then meets what was set meanwhile', async () => {
    const { client, account, accessToken } = await afterObo('bruno');
    await control(entra, 'PUT', '/users/bruno/fault', { kind: 'delay', ms: 3_000 });
    const delayed = refusal(client.acquireTokenSilent({ account, scopes: GRAPH_SCOPES, forceRefresh: true }));
    await vi.waitUntil(async () => (await journal(entra)).at(-1)?.grant === 'refresh_token', {
      interval: 10,
    });
    await onBehalfOf(confidentialClient(entra), accessToken);
    await control(entra, 'PUT', '/users/bruno/fault', { kind: 'revoked' });
    expect(await delayed).toMatchObject({ errorNo: 50173 });
  });
});
