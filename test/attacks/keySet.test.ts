/** What the authority publishes beside a key decides what the key may sign. */
import { generateKeyPairSync } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { JWK } from 'jose';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { DEMO_USERS, OTHER_TENANT_ID } from '../../dev/entra/directory.ts';
import { toUserId } from '../../shared/userId.ts';
import { bearer } from './corpus/attackCase.ts';
import type { Forge } from './forge.ts';
import { compact, hmac, rsa } from './jws.ts';
import { type Expected, INVALID, type Refusal } from './outcome.ts';
import { createTarget, refusalIn, startAuthority } from './target.ts';

const ADELE = DEMO_USERS[0];
const NO_KEYS: Refusal = { status: 503, error: undefined, code: 'UNAVAILABLE' };

let authority: Awaited<ReturnType<typeof startAuthority>>;
const servers: Server[] = [];

beforeAll(async () => {
  authority = await startAuthority();
});
afterEach(() => {
  for (const server of servers.splice(0)) server.close().closeAllConnections();
});
afterAll(() => authority?.stop());

/** A function that trusts these keys; what it exchanges goes to the stand-in as ever. */
async function targetTrusting(keys: unknown) {
  const body = JSON.stringify({ keys });
  const server = createServer((_request, response) => {
    response.writeHead(200, { 'content-type': 'application/json' }).end(body);
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return createTarget(authority.entra, { jwksUri: `http://127.0.0.1:${port}/keys` });
}

type Published = (forge: Forge) => unknown[];
type Token = (forge: Forge) => string;

const jwkOf = ({ authorityKey }: Forge, different: Record<string, unknown> = {}) => ({
  ...authorityKey.publicJwk,
  kid: authorityKey.kid,
  use: 'sig',
  ...different,
});
const valid: Token = ({ signed, claims }) => signed(claims());
const validV1: Token = ({ signed, claimsV1 }) => signed(claimsV1());
const withIssuer =
  (issuer: (origin: string) => unknown): Published =>
  (forge) => [jwkOf(forge, { issuer: issuer(forge.origin) })];

const weak = generateKeyPairSync('rsa', { modulusLength: 1024 });
const weakJwk = weak.publicKey.export({ format: 'jwk' }) as JWK;
const secret = Buffer.alloc(32, 7);

const CASES: [name: string, published: Published, token: Token, expected: Expected][] = [
  ['a key without an issuer', (forge) => [jwkOf(forge)], valid, 'answered'],
  ['a key of the tenant’s issuer', withIssuer((origin) => `${origin}/${ADELE.tid}/v2.0`), valid, 'answered'],
  ['a key of every tenant’s issuer', withIssuer((origin) => `${origin}/{tenantid}/v2.0`), valid, 'answered'],
  [
    'a key of every tenant’s issuer, for v1.0',
    withIssuer((origin) => `${origin}/{tenantid}/v2.0`),
    validV1,
    'verified',
  ],
  [
    'a key of another tenant’s issuer',
    withIssuer((origin) => `${origin}/${OTHER_TENANT_ID}/v2.0`),
    valid,
    INVALID,
  ],
  [
    'a key of another tenant’s issuer, for v1.0',
    withIssuer((origin) => `${origin}/${OTHER_TENANT_ID}/v2.0`),
    validV1,
    INVALID,
  ],
  [
    'a key of another authority’s issuer',
    withIssuer(() => 'https://evil.example/{tenantid}/v2.0'),
    valid,
    INVALID,
  ],
  ['a key whose issuer is null', withIssuer(() => null), valid, INVALID],
  ['a key whose issuer is a list', withIssuer((origin) => [`${origin}/{tenantid}/v2.0`]), valid, INVALID],
  ['a key whose issuer is empty', withIssuer(() => ''), valid, INVALID],
  [
    'the only key, which the token does not name',
    (forge) => [jwkOf(forge)],
    ({ signed, claims }) => signed(claims(), { kid: undefined }),
    INVALID,
  ],
  ['keys of other names alone', (forge) => [jwkOf(forge, { kid: 'another' })], valid, INVALID],
  ['a key that encrypts', (forge) => [jwkOf(forge, { use: 'enc' })], valid, NO_KEYS],
  ['a key for another algorithm', (forge) => [jwkOf(forge, { alg: 'RS384' })], valid, NO_KEYS],
  ['no keys', () => [], valid, NO_KEYS],
  [
    'a secret published by mistake',
    (forge) => [jwkOf(forge), { kty: 'oct', kid: 'secret', k: secret.toString('base64url') }],
    ({ header, claims }) => compact(header({ alg: 'HS256', kid: 'secret' }), claims(), hmac(secret)),
    INVALID,
  ],
  // RFC 7518 §3.3: 2,048 bits or more.
  [
    'a key of 1,024 bits',
    (forge) => [jwkOf(forge), { ...weakJwk, kid: 'weak', use: 'sig' }],
    ({ header, claims }) => compact(header({ kid: 'weak' }), claims(), rsa(weak.privateKey)),
    INVALID,
  ],
  [
    'a good key among others that cannot be used',
    (forge) => [{}, { kty: 'RSA' }, { kty: 'RSA', kid: 'x', n: '', e: '' }, jwkOf(forge)],
    valid,
    'answered',
  ],
];

describe('a token signed with', () => {
  it.each(CASES)('%s', async (_name, published, token, expected) => {
    const { forge } = authority;
    const target = await targetTrusting(published(forge));
    const sent = token(forge);
    if (expected === 'verified') {
      expect(await target.verify(sent)).toMatchObject({ userId: toUserId(ADELE) });
      return;
    }
    const answer = await target.send(bearer(sent));
    if (expected === 'answered') {
      expect(answer.status).toBe(200);
      return;
    }
    expect(refusalIn(answer)).toEqual(expected);
    expect(answer.headers.has('retry-after')).toBe(expected.status === 503);
    expect(target.storeCalls()).toBe(0);
  });
});
