import { setTimeout as sleep } from 'node:timers/promises';
import { ServerError } from '@azure/msal-node';
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
} from '../../../../dev/entra/directory.ts';
import { DEFAULT_LIFETIMES } from '../../../../dev/entra/lifetimes.ts';
import { type Entra, startEntra } from '../../../../dev/entra/startEntra.ts';
import {
  confidentialClient,
  control,
  GRAPH_SCOPES,
  journal,
  SPA_ORIGIN,
  signIn,
} from '../../../support/entraClients.ts';
import { afterObo, onBehalfOf, refusal } from './onBehalfOf.ts';

let entra: Entra;

beforeAll(async () => {
  entra = await startEntra({ port: 0, spaOrigins: [SPA_ORIGIN], consented: true });
});
afterAll(() => entra.close());
afterEach(async () => {
  await control(entra, 'PUT', '/lifetimes', { ...DEFAULT_LIFETIMES, refreshIn: null });
  await control(entra, 'DELETE', '/requests');
});

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
    const { client, account, graphToken } = await afterObo(entra, 'adele');
    const before = await journal(entra);
    const result = await client.acquireTokenSilent({ account, scopes: GRAPH_SCOPES });
    expect(result).toMatchObject({ accessToken: graphToken, fromCache: true });
    expect(await journal(entra)).toEqual(before);
  });

  it('redeems the refresh token from a cache that another process wrote', async () => {
    const { client, account, graphToken } = await afterObo(entra, 'bruno');
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
    const { client, account } = await afterObo(entra, 'adele');
    const before = client.getTokenCache().serialize();

    // MSAL takes a token's last 300 seconds for expired.
    await client.acquireTokenSilent({ account, scopes: GRAPH_SCOPES });
    await client.acquireTokenSilent({ account, scopes: GRAPH_SCOPES });
    const old = confidentialClient(entra, { cache: before });
    await old.acquireTokenSilent({ account, scopes: GRAPH_SCOPES });
    expect((await journal(entra)).filter((entry) => entry.grant === 'refresh_token')).toHaveLength(3);
  });

  it('stores what a hand-made account gets when forceCache is set', async () => {
    const { client, account } = await afterObo(entra, 'adele');
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
    const { client, account, graphToken } = await afterObo(entra, 'adele');
    await sleep(2_000);
    const result = await client.acquireTokenSilent({ account, scopes: GRAPH_SCOPES });
    expect(result).toMatchObject({ accessToken: graphToken, fromCache: true });
    await vi.waitUntil(async () => (await journal(entra)).at(-1)?.grant === 'refresh_token', {
      timeout: 10_000,
    });
  });
});
