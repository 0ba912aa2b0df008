/** Endpoints that publish keys, tokens that are signed with them, and a verifier of these tokens at noon. */
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type CryptoKey, exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose';
import { expect, onTestFinished } from 'vitest';
import { createVerifyToken } from '../../../../../shared/adapters/entra/verifyToken.ts';
import { TokenInvalidError, UnavailableError, UserTokenError } from '../../../../../shared/errors.ts';
import type { VerifyAccessToken } from '../../../../../shared/ports.ts';
import { clockOf } from '../../../../support/clockOf.ts';

export const TID = 'a0000000-0000-4000-8000-00000000000a';
export const OTHER_TID = 'b0000000-0000-4000-8000-00000000000b';
const OID = 'c0000000-0000-4000-8000-00000000000c';
export const API = 'd0000000-0000-4000-8000-00000000000d';
export const AUTHORITY = 'https://login.microsoftonline.com';
export const NOON = Date.UTC(2030, 5, 1, 12);
export const SECOND = 1_000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;

type Pair = { jwk: JWK & { kid: string }; privateKey: CryptoKey };

async function newPair(kid: string): Promise<Pair> {
  const { publicKey, privateKey } = await generateKeyPair('RS256');
  return { jwk: { ...(await exportJWK(publicKey)), kid, use: 'sig' }, privateKey };
}

export const [OLD, NEW, FOREIGN, CUSTOM] = await Promise.all([
  newPair('old'),
  newPair('new'),
  newPair('foreign'),
  newPair('custom'),
]);

export const sign = (
  pair: Pair,
  header: Record<string, unknown> = {},
  claims: Record<string, unknown> = {},
  crit: Record<string, boolean> = {},
): Promise<string> =>
  new SignJWT({
    iss: `${AUTHORITY}/${TID}/v2.0`,
    ver: '2.0',
    aud: API,
    tid: TID,
    oid: OID,
    scp: 'access_as_user',
    exp: (NOON + 72 * HOUR) / SECOND,
    ...claims,
  })
    .setProtectedHeader({ alg: 'RS256', kid: pair.jwk.kid, ...header })
    .sign(pair.privateKey, { crit });

export const { kid: _, ...NAMELESS } = FOREIGN.jwk;

export const OLD_TOKEN = await sign(OLD);
export const NEW_TOKEN = await sign(NEW);

/** Tokens that each name a key of their own, in a form that costs nothing to make. */
export const madeUpTokens = (count: number): string[] =>
  Array.from({ length: count }, (_, index) => {
    const header = Buffer.from(JSON.stringify({ alg: 'RS256', kid: `made-up-${index}` }));
    return `${header.toString('base64url')}.e30.AAAA`;
  });
export const [MADE_UP = ''] = madeUpTokens(1);

/** A server on loopback, for one test, that counts its requests; what it answers can be switched. */
export async function serve(answer: RequestListener) {
  const endpoint = { uri: '', requests: 0, lastUrl: '', answer };
  const server = createServer((request, response) => {
    endpoint.requests += 1;
    endpoint.lastUrl = String(request.url);
    endpoint.answer(request, response);
  });
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  endpoint.uri = `http://127.0.0.1:${(server.address() as AddressInfo).port}/keys`;
  return endpoint;
}

export const answering =
  (status: number, body: unknown, headers: Record<string, string> = {}): RequestListener =>
  (_request, response) => {
    response.writeHead(status, headers).end(typeof body === 'string' ? body : JSON.stringify(body));
  };
export const publishing = (...keys: JWK[]): RequestListener => answering(200, { keys });
export const failing = answering(500, { error: 'server_error' });

const outcomeOf = async (verifying: Promise<unknown>): Promise<string> =>
  verifying.then(
    () => 'verified',
    (error: unknown) => {
      if (error instanceof TokenInvalidError) return 'invalid';
      if (error instanceof UnavailableError && error.dependency === 'keys') return 'unavailable';
      if (error instanceof UserTokenError && error.failure.kind === 'misconfigured') return error.code;
      throw error;
    },
  );

/** How verifying these at a time ends, each outcome once. */
export const outcomesOf = async (verify: VerifyAccessToken, tokens: readonly string[]): Promise<string[]> => [
  ...new Set(await Promise.all(tokens.map((token) => outcomeOf(verify(token))))),
];

/**
 * A verifier of that endpoint's keys, at noon until told otherwise; `custom` publishes the application's own keys, of
 * which there are none.
 */
export async function atNoon(
  answer: RequestListener,
  timeoutMs = 60_000,
  allowedTenants: 'any' | [string] = 'any',
) {
  const endpoint = await serve(answer);
  const custom = await serve(publishing());
  const clock = { at: NOON };
  const { verifyAccessToken: verify } = createVerifyToken({
    jwksUri: endpoint.uri,
    customKeysUri: (tid) => `${custom.uri}/${tid}?appid=${API}`,
    rules: {
      clientId: API,
      scope: 'access_as_user',
      authority: AUTHORITY,
      allowedTenants,
      allowedClients: undefined,
    },
    tenantId: '00000000-0000-4000-8000-000000000000',
    timeoutMs,
    fetch,
    clock: clockOf(() => new Date(clock.at)),
  });
  return { endpoint, custom, clock, verify, outcome: (token: string) => outcomeOf(verify(token)) };
}

/** The same, after it has read `OLD` as the one key that is published. */
export async function warmAtNoon(timeoutMs?: number) {
  const warm = await atNoon(publishing(OLD.jwk), timeoutMs);
  expect(await warm.outcome(OLD_TOKEN)).toBe('verified');
  expect(warm.endpoint.requests).toBe(1);
  return warm;
}
