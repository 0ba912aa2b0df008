/**
 * The main job and the worker in each of Microsoft's clouds, with real MSAL and jose. In the place of the network is one
 * function, which plays Entra, Graph and the identity endpoint of the cloud, and knows no other address.
 */

import { exportJWK, generateKeyPair, SignJWT, UnsecuredJWT } from 'jose';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { profile } from '../../../functions/profile/profile.ts';
import { createMemoryAccountStore } from '../../../shared/adapters/memory/memoryAccountStore.ts';
import { createMemorySharedState } from '../../../shared/adapters/memory/memorySharedState.ts';
import { createMemoryTokenCacheStore } from '../../../shared/adapters/memory/memoryTokenCacheStore.ts';
import type { Fetch } from '../../../shared/api.ts';
import { CLOUDS, type Cloud } from '../../../shared/clouds.ts';
import { readConfig } from '../../../shared/config.ts';
import { UserTokenError } from '../../../shared/errors.ts';
import { createStead } from '../../../shared/stead.ts';
import { createShiftedClock } from '../../../shared/testing/testClock.ts';

const TENANT = 'a0000000-0000-4000-8000-00000000000a';
const USER = 'c0000000-0000-4000-8000-00000000000c';
const API = 'd0000000-0000-4000-8000-00000000000d';
const IDENTITY = 'e0000000-0000-4000-8000-00000000000e';
const IDENTITY_ENDPOINT = 'http://127.0.0.1:41/msi/token';
const OPERATION = { log: () => undefined, correlationId: undefined };

const { publicKey, privateKey } = await generateKeyPair('RS256');
const KEY = { ...(await exportJWK(publicKey)), kid: 'k', use: 'sig' };

const inAnHour = () => Math.floor(Date.now() / 1_000) + 3_600;
const accessToken = (claims: Record<string, unknown>): Promise<string> =>
  new SignJWT({ tid: TENANT, oid: USER, aud: API, scp: 'access_as_user', exp: inAnHour(), ...claims })
    .setProtectedHeader({ alg: 'RS256', kid: KEY.kid })
    .sign(privateKey);
const tokenOf = ({ authority, v1Issuer }: Cloud, version: string): Promise<string> =>
  version === '2.0'
    ? accessToken({ ver: version, iss: `${authority}/${TENANT}/v2.0`, azp: API })
    : accessToken({ ver: version, iss: `${v1Issuer}/${TENANT}/`, appid: API });

const json = (body: unknown, status = 200) => Response.json(body, { status });
const base64 = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');

/** The addresses that were called, without queries, oldest first. */
let called: string[] = [];

/** Everything that the app may call in this cloud. Any other address is an error. */
function network(cloud: Cloud, graph: string, refusal?: Record<string, unknown>): Fetch {
  const { authority, tokenExchange } = cloud;
  const assertion = `a token for ${tokenExchange}`;

  const issue = (form: URLSearchParams): Response => {
    expect(form.get('client_assertion')).toBe(assertion);
    if (refusal !== undefined) return json(refusal, 400);
    const names = { iss: `${authority}/${TENANT}/v2.0`, aud: API, tid: TENANT, oid: USER, sub: 'subject' };
    return json({
      token_type: 'Bearer',
      scope: `${graph}/User.Read`,
      // To MSAL, such a token has expired when it is issued.
      expires_in: 299,
      access_token: `a token for ${graph} by ${form.get('grant_type')}`,
      refresh_token: 'a refresh token',
      id_token: new UnsecuredJWT(names).encode(),
      client_info: base64({ uid: USER, utid: TENANT }),
    });
  };

  return async (input, init) => {
    const url = new URL(String(input));
    const address = `${url.origin}${url.pathname}`;
    called.push(address);
    switch (address) {
      case `${authority}/${TENANT}/discovery/v2.0/keys`:
        return json({ keys: [{ ...KEY, issuer: `${authority}/${TENANT}/v2.0` }] });
      case `${authority}/${TENANT}/oauth2/v2.0/token`:
        return issue(new URLSearchParams(String(init?.body)));
      case `${graph}/v1.0/me`:
        expect(new Headers(init?.headers).get('authorization')).toContain(graph);
        return json({ id: USER, displayName: 'Adele' });
      case IDENTITY_ENDPOINT:
        expect(url.searchParams.get('resource')).toBe(tokenExchange);
        return json({
          access_token: assertion,
          expires_on: String(inAnHour()),
          resource: tokenExchange,
          token_type: 'Bearer',
        });
      default:
        throw new Error(`Nothing of the ${cloud.name} is at ${address}`);
    }
  };
}

function appIn(cloud: Cloud, graph: string, fetch: Fetch) {
  const clock = createShiftedClock();
  const config = readConfig({
    ENTRA_TENANT_ID: TENANT,
    ENTRA_CLIENT_ID: API,
    ENTRA_MANAGED_IDENTITY_CLIENT_ID: IDENTITY,
    ENTRA_AUTHORITY: cloud.authority,
    GRAPH_BASE_URL: graph === cloud.graph[0] ? '' : graph,
    TokenStore__blobServiceUri: `https://mine.blob.${cloud.storage[0]}`,
    TokenStore__tableServiceUri: `https://mine.table.${cloud.storage[0]}`,
    TokenStore__credential: 'managedidentity',
    TOKEN_CACHE_KEYS: JSON.stringify({ keys: [{ kty: 'oct', kid: 'k', k: 'A'.repeat(43) }] }),
    LOG_HASH_KEY: Buffer.alloc(32, 9).toString('base64'),
  });
  const adapters = {
    accounts: createMemoryAccountStore({ clock }),
    tokenCache: createMemoryTokenCacheStore({ clock }),
    sharedState: createMemorySharedState({ clock }),
  };
  return { clock, stead: createStead(config, { clock, fetch, adapters, log: () => undefined }) };
}

beforeAll(() => {
  process.env.IDENTITY_ENDPOINT = IDENTITY_ENDPOINT;
  process.env.IDENTITY_HEADER = 'a header';
});
afterAll(() => {
  delete process.env.IDENTITY_ENDPOINT;
  delete process.env.IDENTITY_HEADER;
});
beforeEach(() => {
  called = [];
});

const EVERY_GRAPH = CLOUDS.flatMap((cloud) =>
  cloud.graph.map((graph) => [cloud.name, graph, cloud] as const),
);

describe.each(EVERY_GRAPH)('in the %s, with %s', (_name, graph, cloud) => {
  const keys = `${cloud.authority}/${TENANT}/discovery/v2.0/keys`;
  const token = `${cloud.authority}/${TENANT}/oauth2/v2.0/token`;
  const me = `${graph}/v1.0/me`;

  it.each([
    '2.0',
    '1.0',
  ])('a visit with a token of version %s and the worker ask that cloud alone', async (version) => {
    const { clock, stead } = appIn(cloud, graph, network(cloud, graph));
    const { result } = await stead.asUser(OPERATION, await tokenOf(cloud, version), profile);
    expect(result.displayName).toBe('Adele');
    expect(called).toEqual([keys, IDENTITY_ENDPOINT, token, me]);

    called = [];
    clock.aheadMs = 120_000;
    expect(await stead.worker.run(OPERATION)).toMatchObject({ refreshed: 1, stoppedBy: 'done' });
    expect(called).toEqual([token]);
  });

  it('a missing consent names the permissions of that Graph', async () => {
    const refusal = {
      error: 'invalid_grant',
      suberror: 'consent_required',
      error_description: 'AADSTS65001',
    };
    const { stead } = appIn(cloud, graph, network(cloud, graph, refusal));
    const refused = await stead
      .asUser(OPERATION, await tokenOf(cloud, '2.0'), profile)
      .catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(UserTokenError);
    expect(refused).toMatchObject({ failure: { kind: 'consent', scopes: [`${graph}/User.Read`] } });
  });

  it('the tokens of other clouds are refused', async () => {
    const { stead } = appIn(cloud, graph, network(cloud, graph));
    for (const other of CLOUDS.filter((one) => one !== cloud)) {
      await expect(stead.asUser(OPERATION, await tokenOf(other, '2.0'), profile)).rejects.toThrow(
        'not issued by the authority of its own tenant',
      );
      if (other.v1Issuer === cloud.v1Issuer) continue;
      await expect(stead.asUser(OPERATION, await tokenOf(other, '1.0'), profile)).rejects.toThrow(
        'not issued by the authority of its own tenant',
      );
    }
    expect(called).toEqual([keys]);
  });
});
