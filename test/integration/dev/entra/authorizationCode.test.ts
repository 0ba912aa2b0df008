import { createHash, randomBytes } from 'node:crypto';
import { createRemoteJWKSet, decodeJwt, jwtVerify } from 'jose';
import * as oidc from 'openid-client';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import {
  API_CLIENT_ID,
  API_CLIENT_SECRET,
  API_SCOPE_NAME,
  DEMO_USERS,
  SPA_CLIENT_ID,
  TENANT_ID,
} from '../../../../dev/entra/directory.ts';
import { DEFAULT_LIFETIMES } from '../../../../dev/entra/lifetimes.ts';
import { type Entra, startEntra } from '../../../../dev/entra/startEntra.ts';
import { API_SCOPE, control, postToken, SPA_ORIGIN, signIn } from '../../../support/entraClients.ts';

let entra: Entra;

beforeAll(async () => {
  entra = await startEntra({ port: 0, spaOrigins: [SPA_ORIGIN], consented: true });
});
afterAll(() => entra.close());
afterEach(async () => {
  await control(entra, 'PUT', '/lifetimes', DEFAULT_LIFETIMES);
});

const REDIRECT_URI = `${SPA_ORIGIN}/redirect.html`;

/** Picks an account and returns a code, unredeemed. */
async function getCode(user = 'adele') {
  const verifier = randomBytes(32).toString('base64url');
  const query = new URLSearchParams({
    client_id: SPA_CLIENT_ID,
    response_type: 'code',
    redirect_uri: REDIRECT_URI,
    scope: `openid offline_access ${API_SCOPE}`,
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
  });
  const answer = await fetch(`${entra.origin}/${TENANT_ID}/login?${query}`, {
    method: 'POST',
    body: new URLSearchParams({ user }),
    redirect: 'manual',
  });
  const code = new URL(answer.headers.get('location') ?? '').searchParams.get('code') ?? '';
  return { code, verifier };
}

const redeem = (
  grant: { code: string; verifier: string },
  more: Record<string, string> = {},
  origin = SPA_ORIGIN,
) =>
  postToken(
    entra,
    {
      grant_type: 'authorization_code',
      client_id: SPA_CLIENT_ID,
      redirect_uri: REDIRECT_URI,
      code: grant.code,
      code_verifier: grant.verifier,
      ...more,
    },
    { origin },
  );

const refresh = (token: string, more: Record<string, string> = {}) =>
  postToken(
    entra,
    { grant_type: 'refresh_token', client_id: SPA_CLIENT_ID, refresh_token: token, ...more },
    { origin: SPA_ORIGIN },
  );

describe('openid-client', () => {
  it('discovers, signs in with code and PKCE, and refreshes', async () => {
    const { accessToken, refreshToken, idToken } = await signIn(entra, 'adele');
    expect(decodeJwt(accessToken)).toMatchObject({
      ver: '2.0',
      aud: API_CLIENT_ID,
      azp: SPA_CLIENT_ID,
      scp: API_SCOPE_NAME,
      tid: TENANT_ID,
      oid: DEMO_USERS[0].oid,
      name: 'Adele Brandt',
      preferred_username: 'adele@harbour.example',
    });
    expect(decodeJwt(idToken)).toMatchObject({ aud: SPA_CLIENT_ID, tid: TENANT_ID, ver: '2.0' });

    const config = await oidc.discovery(
      new URL(`${entra.origin}/${TENANT_ID}/v2.0`),
      SPA_CLIENT_ID,
      undefined,
      oidc.None(),
      { execute: [oidc.allowInsecureRequests] },
    );
    config[oidc.customFetch] = (url, init) =>
      fetch(url, { ...init, headers: { ...init.headers, origin: SPA_ORIGIN } } as RequestInit);
    const refreshed = await oidc.refreshTokenGrant(config, refreshToken);
    expect(decodeJwt(refreshed.access_token).sub).toBe(decodeJwt(accessToken).sub);
    expect(refreshed.refresh_token).not.toBe(refreshToken);
    expect(refreshed.claims()?.oid).toBe(DEMO_USERS[0].oid);
  });

  it("reports a refusal of the authorization endpoint in OAuth's words", async () => {
    await expect(signIn(entra, 'adele', { scope: `api://${API_CLIENT_ID}/nothing` })).rejects.toMatchObject({
      error: 'invalid_scope',
      error_description: expect.stringContaining('AADSTS70011'),
    });
    await expect(signIn(entra, 'nobody')).rejects.toThrow('refused "nobody"');
  });
});

it('jose verifies access tokens with the published keys', async () => {
  const { accessToken } = await signIn(entra, 'bruno');
  const keys = createRemoteJWKSet(new URL(`${entra.origin}/${TENANT_ID}/discovery/v2.0/keys`));
  const { payload } = await jwtVerify(accessToken, keys, {
    issuer: `${entra.origin}/${TENANT_ID}/v2.0`,
    audience: API_CLIENT_ID,
  });
  expect(payload.preferred_username).toBe('bruno@harbour.example');
});

describe('redeeming a code', () => {
  it('works once', async () => {
    const grant = await getCode();
    expect((await redeem(grant)).status).toBe(200);
    expect(await redeem(grant)).toMatchObject({
      status: 400,
      body: { error: 'invalid_grant', error_codes: [54005] },
    });
  });

  it('needs the verifier, the redirect URI and the client that the code was asked with', async () => {
    const grant = await getCode();
    expect((await redeem({ ...grant, verifier: 'another' })).body.error_codes).toEqual([501481]);
    expect((await redeem(grant, { redirect_uri: `${SPA_ORIGIN}/` })).body.error_codes).toEqual([500112]);
    const asApi = {
      client_id: API_CLIENT_ID,
      client_secret: API_CLIENT_SECRET,
      grant_type: 'authorization_code',
    };
    expect((await postToken(entra, { ...asApi, code: grant.code })).body.error_codes).toEqual([70000]);
    expect((await redeem({ ...grant, code: 'x.y.z' })).body.error_codes).toEqual([9002313]);
    expect((await redeem(grant)).status).toBe(200);
  });

  it('is over when the code has expired', async () => {
    await control(entra, 'PUT', '/lifetimes', { code: 1 });
    const grant = await getCode();
    await vi.waitUntil(() => Date.now() / 1000 > (decodeJwt(grant.code).exp ?? 0), { timeout: 10_000 });
    expect((await redeem(grant)).body.error_codes).toEqual([70008]);
  });

  it('takes a registered Origin, as cross-origin requests carry it', async () => {
    const grant = await getCode();
    const params = { grant_type: 'authorization_code', client_id: SPA_CLIENT_ID, code: grant.code };
    expect((await postToken(entra, params)).body).toMatchObject({
      error: 'invalid_request',
      error_codes: [9002327],
    });
    expect((await redeem(grant, {}, 'http://evil.example')).body.error_codes).toEqual([9002326]);

    const { status, headers } = await redeem(grant);
    expect(status).toBe(200);
    expect(headers.get('access-control-allow-origin')).toBe(SPA_ORIGIN);
    expect(headers.get('cache-control')).toBe('no-store');
  });

  it('sends client_info when it is asked for', async () => {
    const guest = DEMO_USERS[3];
    const { body } = await redeem(await getCode(guest.name), { client_info: '1' });
    const info = JSON.parse(Buffer.from(String(body.client_info), 'base64url').toString());
    expect(info).toEqual({ uid: guest.homeOid, utid: guest.homeTid });
    expect((await redeem(await getCode())).body).not.toHaveProperty('client_info');
  });
});

describe("a single-page app's refresh token", () => {
  it('is replaced by one that ends at the same moment', async () => {
    const first = await redeem(await getCode());
    expect(first.body.refresh_token_expires_in).toBe(DEFAULT_LIFETIMES.spaRefreshToken);
    await control(entra, 'PUT', '/lifetimes', { spaRefreshToken: 999_999 });
    const second = await refresh(String(first.body.refresh_token));
    expect(second.body.refresh_token).not.toBe(first.body.refresh_token);
    expect(decodeJwt(String(second.body.refresh_token)).exp).toBe(
      decodeJwt(String(first.body.refresh_token)).exp,
    );
    expect(second.body.refresh_token_expires_in).toBeLessThanOrEqual(DEFAULT_LIFETIMES.spaRefreshToken);
  });

  it('is refused with 700084 when it is over', async () => {
    await control(entra, 'PUT', '/lifetimes', { spaRefreshToken: 1 });
    const { refreshToken } = await signIn(entra, 'adele');
    await vi.waitUntil(() => Date.now() / 1000 > (decodeJwt(refreshToken).exp ?? 0), { timeout: 10_000 });
    expect((await refresh(refreshToken)).body).toMatchObject({
      error: 'invalid_grant',
      error_codes: [700084],
    });
  });

  it('is not touched by faults, and not good for another client', async () => {
    const { refreshToken } = await signIn(entra, 'adele');
    await control(entra, 'PUT', '/users/adele/fault', { kind: 'revoked' });
    await control(entra, 'PUT', '/users/adele/fault', { kind: 'server-error' });
    expect((await refresh(refreshToken)).status).toBe(200);
    await control(entra, 'DELETE', '/users/adele/fault');

    const asApi = { client_id: API_CLIENT_ID, client_secret: API_CLIENT_SECRET, grant_type: 'refresh_token' };
    expect((await postToken(entra, { ...asApi, refresh_token: refreshToken })).body.error_codes).toEqual([
      70000,
    ]);
  });

  it('does not meet a claims parameter that its sign-in did not meet', async () => {
    const claims = JSON.stringify({ access_token: { polids: { essential: true, values: ['policy-1'] } } });
    const { refreshToken } = await signIn(entra, 'adele');
    expect((await refresh(refreshToken, { claims })).body).toMatchObject({
      error: 'interaction_required',
      claims,
    });
    const stepUp = await signIn(entra, 'adele', { claims });
    expect((await refresh(stepUp.refreshToken, { claims })).status).toBe(200);
    expect((await refresh(refreshToken, { claims: 'no JSON' })).body.error_codes).toEqual([9002313]);
  });
});
