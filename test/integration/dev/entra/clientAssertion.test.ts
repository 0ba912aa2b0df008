/** How the stand-in checks the assertions by which a client proves itself, and what its identity endpoint gives. */
import { constants, createHash, randomUUID, sign } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { federatedCredential, keyCredential, registerAtStandIn } from '../../../../dev/credentials.ts';
import {
  API_CLIENT_ID,
  IDENTITY_HEADER,
  IDENTITY_PATH,
  MANAGED_IDENTITIES,
  OTHER_TENANT_ID,
  SPA_CLIENT_ID,
  SYSTEM_IDENTITY,
  TENANT_ID,
  TOKEN_EXCHANGE,
} from '../../../../dev/entra/directory.ts';
import { type Entra, startEntra } from '../../../../dev/entra/startEntra.ts';
import { selfSignedCertificate } from '../../../../dev/selfSignedCertificate.ts';
import { control, journal, postToken, SPA_ORIGIN, signIn } from '../../../support/entraClients.ts';

const [{ clientId, principalId }] = MANAGED_IDENTITIES;
const registered = selfSignedCertificate();

let entra: Entra;
beforeAll(async () => {
  entra = await startEntra({ port: 0, spaOrigins: [SPA_ORIGIN], consented: true });
  await registerAtStandIn(entra.origin, { keyCredentials: [keyCredential(registered)] });
});
afterAll(() => entra.close());

const federate = (changes?: Parameters<typeof federatedCredential>[1]) =>
  registerAtStandIn(entra.origin, {
    federatedIdentityCredentials: [federatedCredential(entra.origin, changes)],
  });

async function askIdentity(query: Record<string, string>, headers: Record<string, string> = {}) {
  const response = await fetch(`${entra.origin}${IDENTITY_PATH}?${new URLSearchParams(query)}`, {
    headers: { 'X-IDENTITY-HEADER': IDENTITY_HEADER, ...headers },
  });
  return { status: response.status, body: (await response.json()) as Record<string, string> };
}

const QUERY = { 'api-version': '2019-08-01', resource: TOKEN_EXCHANGE, client_id: clientId };
const identityToken = async (query: Record<string, string> = QUERY) =>
  String((await askIdentity(query)).body.access_token);

/** Exchanges a user's token with an assertion in place of the secret. */
async function prove(assertion: string, more: Record<string, string> = {}, tenant = TENANT_ID) {
  const { accessToken } = await signIn(entra, 'adele');
  const { status, body } = await postToken(
    entra,
    {
      client_id: API_CLIENT_ID,
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      client_assertion: assertion,
      grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer',
      requested_token_use: 'on_behalf_of',
      assertion: accessToken,
      scope: 'User.Read',
      ...more,
    },
    { tenant },
  );
  return { status, error: body.error, number: (body.error_codes as number[] | undefined)?.[0] };
}

const ACCEPTED = { status: 200, error: undefined, number: undefined };
const refused = (number: number, error = 'invalid_client', status = 401) => ({ status, error, number });

describe('the identity endpoint', () => {
  it('gives a token of the identity, as App Service does', async () => {
    const { status, body } = await askIdentity(QUERY);
    expect({ status, ...body }).toMatchObject({
      status: 200,
      resource: TOKEN_EXCHANGE,
      token_type: 'Bearer',
    });
    expect(body.expires_on).toMatch(/^\d{10}$/);
    const claims = JSON.parse(Buffer.from(String(body.access_token?.split('.')[1]), 'base64url').toString());
    const iss = `${entra.origin}/${TENANT_ID}/v2.0`;
    expect(claims).toMatchObject({
      iss,
      aud: TOKEN_EXCHANGE,
      sub: principalId,
      exp: Number(body.expires_on),
    });
    const last = (await journal(entra)).at(-1);
    expect(last).toMatchObject({ endpoint: 'identity', client: clientId, status: 200 });
  });

  it.each([
    [401, QUERY, { 'X-IDENTITY-HEADER': '' }, /header/],
    [401, QUERY, { 'X-IDENTITY-HEADER': 'wrong' }, /header/],
    [400, { ...QUERY, 'api-version': '2017-09-01' }, {}, /api-version/],
    [400, { ...QUERY, resource: '' }, {}, /resource/],
    [
      400,
      { ...QUERY, client_id: API_CLIENT_ID },
      {},
      /^No User Assigned or Delegated Managed Identity found/,
    ],
    [400, { ...QUERY, client_id: principalId }, {}, /^No User Assigned or Delegated Managed Identity found/],
  ])('answers %i', async (statusCode, query, headers, message) => {
    const { status, body } = await askIdentity(query, headers);
    expect({ status, ...body }).toMatchObject({
      status: statusCode,
      statusCode,
      message: expect.stringMatching(message),
    });
    expect(body.access_token).toBeUndefined();
  });

  it('fails as it is told to', async () => {
    await control(entra, 'PUT', '/fault', { kind: 'html', at: 'identity', status: 500, times: 1 });
    const response = await fetch(`${entra.origin}${IDENTITY_PATH}`);
    expect(response.status).toBe(500);
    const forOne = await control(entra, 'PUT', '/users/adele/fault', { kind: 'html', at: 'identity' });
    expect(forOne.status).toBe(400);
  });
});

describe('a token of a managed identity', () => {
  it('proves who the client is, if a federated credential names it', async () => {
    await federate();
    expect(await prove(await identityToken())).toEqual(ACCEPTED);
    await federate({ ofSystem: true });
    const { client_id: _, ...ofSystem } = QUERY;
    expect(await prove(await identityToken(ofSystem))).toEqual(ACCEPTED);
    expect(SYSTEM_IDENTITY.principalId).not.toBe(principalId);
  });

  it.each([
    [700211, { issuer: 'https://login.microsoftonline.com/x/v2.0' }],
    [700213, { subject: clientId }],
    [700213, { subject: principalId.toUpperCase() }],
    [700212, { audiences: [`${TOKEN_EXCHANGE}USGov`] }],
  ])('is refused with %i for the federated credential %j', async (number, changes) => {
    await federate(changes);
    expect(await prove(await identityToken())).toEqual(refused(number));
  });

  it('is refused without any federated credential, and for another resource', async () => {
    await registerAtStandIn(entra.origin, { federatedIdentityCredentials: [] });
    expect(await prove(await identityToken())).toEqual(refused(700211));
    await federate();
    expect(await prove(await identityToken({ ...QUERY, resource: 'https://vault.azure.net' }))).toEqual(
      refused(700212),
    );
  });

  it('is refused with 70021 until a new federated credential has arrived everywhere', async () => {
    await federate({ delaySeconds: 600 });
    const token = await identityToken();
    expect(await prove(token)).toEqual(refused(70021, 'invalid_request', 400));
    await federate({ delaySeconds: 1 });
    await expect.poll(() => prove(token)).toEqual(ACCEPTED);
  });

  it('is refused when it has expired, or was changed', async () => {
    await federate();
    await control(entra, 'PUT', '/lifetimes', { managedIdentity: 1 });
    const token = await identityToken();
    await control(entra, 'PUT', '/lifetimes', { managedIdentity: 86_400 });
    await sleep(1_100);
    expect(await prove(token)).toEqual(refused(700024));
    const [header, claims] = (await identityToken()).split('.');
    expect(await prove(`${header}.${claims}.AAAA`)).toEqual(refused(50027, 'invalid_request', 400));
    expect(await prove('not a JWT')).toEqual(refused(50027, 'invalid_request', 400));
  });

  it('cannot be a token of another kind', async () => {
    const { accessToken } = await signIn(entra, 'adele');
    const { sub } = JSON.parse(Buffer.from(String(accessToken.split('.')[1]), 'base64url').toString());
    await federate({ subject: sub, audiences: [API_CLIENT_ID] });
    expect(await prove(accessToken)).toEqual(refused(700226));
  });

  it('needs its type, and a client that is not public', async () => {
    await federate();
    const token = await identityToken();
    expect(await prove(token, { client_assertion_type: 'jwt' })).toEqual(
      refused(900144, 'invalid_request', 400),
    );
    const ofPage = await postToken(
      entra,
      { client_id: SPA_CLIENT_ID, client_assertion: token, grant_type: 'refresh_token' },
      { origin: SPA_ORIGIN },
    );
    expect(ofPage.body.error_codes).toEqual([700025]);
  });
});

describe('an assertion of a certificate', () => {
  const now = () => Math.floor(Date.now() / 1_000);
  type Changes = { header?: object; claims?: object; by?: typeof registered };

  function assertion({ header = {}, claims = {}, by = registered }: Changes = {}): string {
    const hash = (name: string) => createHash(name).update(by.certificate.raw).digest('base64url');
    const head = { alg: 'PS256', 'x5t#S256': hash('sha256'), ...header };
    const body = {
      aud: `${entra.origin}/${TENANT_ID}/oauth2/v2.0/token`,
      iss: API_CLIENT_ID,
      sub: API_CLIENT_ID,
      jti: randomUUID(),
      nbf: now(),
      exp: now() + 600,
      ...claims,
    };
    const content = [head, body]
      .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
      .join('.');
    const padding = head.alg === 'PS256' ? constants.RSA_PKCS1_PSS_PADDING : constants.RSA_PKCS1_PADDING;
    const key = { key: by.privateKey, padding, saltLength: constants.RSA_PSS_SALTLEN_DIGEST };
    return `${content}.${sign('sha256', Buffer.from(content), key).toString('base64url')}`;
  }

  it('proves who the client is', async () => {
    expect(await prove(assertion())).toEqual(ACCEPTED);
    expect(await prove(assertion({ header: { alg: 'RS256' } }))).toEqual(ACCEPTED);
  });

  it.each<[number, string, () => Changes]>([
    [700027, 'an unknown certificate', () => ({ by: selfSignedCertificate() })],
    [
      700027,
      'the thumbprint of another',
      () => ({
        by: selfSignedCertificate(),
        header: { 'x5t#S256': createHash('sha256').update(registered.certificate.raw).digest('base64url') },
      }),
    ],
    [700027, 'another algorithm', () => ({ header: { alg: 'RS512' } })],
    [700021, 'another client', () => ({ claims: { iss: SPA_CLIENT_ID, sub: SPA_CLIENT_ID } })],
    [
      700023,
      'another endpoint',
      () => ({ claims: { aud: `${entra.origin}/${OTHER_TENANT_ID}/oauth2/v2.0/token` } }),
    ],
    [700024, 'the past', () => ({ claims: { exp: now() - 1 } })],
    [700024, 'the future', () => ({ claims: { nbf: now() + 60 } })],
    [700024, 'no end', () => ({ claims: { exp: undefined } })],
  ])('is refused with %i if it is of %s', async (number, _, changes) => {
    expect(await prove(assertion(changes()))).toEqual(refused(number));
  });

  it('needs an id, and a certificate that has not expired', async () => {
    expect(await prove(assertion({ claims: { jti: undefined } }))).toEqual(
      refused(50027, 'invalid_request', 400),
    );
    const old = selfSignedCertificate({ to: new Date(Date.now() - 1_000) });
    await registerAtStandIn(entra.origin, {
      keyCredentials: [keyCredential(old), keyCredential(registered)],
    });
    expect(await prove(assertion({ by: old }))).toEqual(refused(700027));
    expect(await prove(assertion())).toEqual(ACCEPTED);
  });
});

describe('the control API', () => {
  it.each([
    [{ keyCredentials: [{ key: 'AAAA' }] }, /base64 of its DER/],
    [{ keyCredentials: 'AAAA' }, /must be a list/],
    [{ passwordCredentials: [] }, /no "passwordCredentials"/],
    [{ federatedIdentityCredentials: [{ name: 'x' }] }, /"issuer", "subject"/],
    [{ federatedIdentityCredentials: Array(21).fill({}) }, /20 federated credentials at most/],
  ])('refuses credentials that are none: %j', async (body, message) => {
    const response = await control(entra, 'PUT', `/applications/${API_CLIENT_ID}/credentials`, body);
    expect(response.status).toBe(400);
    expect(((await response.json()) as { error: string }).error).toMatch(message);
  });
});
