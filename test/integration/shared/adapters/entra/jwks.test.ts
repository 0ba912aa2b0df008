import { execFile } from 'node:child_process';
import { createServer, type RequestListener, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { promisify } from 'node:util';
import { type CryptoKey, exportJWK, generateKeyPair, type JWK, SignJWT, UnsecuredJWT } from 'jose';
import { afterEach, describe, expect, it } from 'vitest';
import { createVerifyToken } from '../../../../../shared/adapters/entra/verifyToken.ts';
import { TokenInvalidError, UnavailableError, UserTokenError } from '../../../../../shared/errors.ts';
import type { VerifyAccessToken } from '../../../../../shared/ports.ts';
import { clockOf } from '../../../../support/clockOf.ts';

const TID = 'a0000000-0000-4000-8000-00000000000a';
const OTHER_TID = 'b0000000-0000-4000-8000-00000000000b';
const OID = 'c0000000-0000-4000-8000-00000000000c';
const API = 'd0000000-0000-4000-8000-00000000000d';
const AUTHORITY = 'https://login.microsoftonline.com';
const NOON = Date.UTC(2030, 5, 1, 12);
const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

type Pair = { jwk: JWK & { kid: string }; privateKey: CryptoKey };

async function newPair(kid: string): Promise<Pair> {
  const { publicKey, privateKey } = await generateKeyPair('RS256');
  return { jwk: { ...(await exportJWK(publicKey)), kid, use: 'sig' }, privateKey };
}

const [OLD, NEW, FOREIGN, CUSTOM] = await Promise.all([
  newPair('old'),
  newPair('new'),
  newPair('foreign'),
  newPair('custom'),
]);

const sign = (
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

const { kid: _, ...NAMELESS } = FOREIGN.jwk;

const OLD_TOKEN = await sign(OLD);
const NEW_TOKEN = await sign(NEW);

/** Tokens that each name a key of their own, in a form that costs nothing to make. */
const madeUpTokens = (count: number): string[] =>
  Array.from({ length: count }, (_, index) => {
    const header = Buffer.from(JSON.stringify({ alg: 'RS256', kid: `made-up-${index}` }));
    return `${header.toString('base64url')}.e30.AAAA`;
  });
const [MADE_UP = ''] = madeUpTokens(1);

const servers: Server[] = [];

/** A server on loopback that counts its requests; what it answers can be switched. */
async function serve(answer: RequestListener) {
  const endpoint = { uri: '', requests: 0, lastUrl: '', answer };
  const server = createServer((request, response) => {
    endpoint.requests += 1;
    endpoint.lastUrl = String(request.url);
    endpoint.answer(request, response);
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  endpoint.uri = `http://127.0.0.1:${(server.address() as AddressInfo).port}/keys`;
  return endpoint;
}

afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});

const answering =
  (status: number, body: unknown, headers: Record<string, string> = {}): RequestListener =>
  (_request, response) => {
    response.writeHead(status, headers).end(typeof body === 'string' ? body : JSON.stringify(body));
  };
const publishing = (...keys: JWK[]): RequestListener => answering(200, { keys });
const failing = answering(500, { error: 'server_error' });

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
const outcomesOf = async (verify: VerifyAccessToken, tokens: readonly string[]): Promise<string[]> => [
  ...new Set(await Promise.all(tokens.map((token) => outcomeOf(verify(token))))),
];

/**
 * A verifier of that endpoint's keys, at noon until told otherwise; `custom` publishes the application's own keys, of
 * which there are none.
 */
async function atNoon(answer: RequestListener, timeoutMs = 60_000, allowedTenants: 'any' | [string] = 'any') {
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
async function warmAtNoon(timeoutMs?: number) {
  const warm = await atNoon(publishing(OLD.jwk), timeoutMs);
  expect(await warm.outcome(OLD_TOKEN)).toBe('verified');
  expect(warm.endpoint.requests).toBe(1);
  return warm;
}

describe('published keys', () => {
  it('are fetched once for all who wait for them first, and then not until they are ten minutes old', async () => {
    const { endpoint, clock, verify, outcome } = await atNoon(publishing(OLD.jwk, NEW.jwk));
    expect(endpoint.requests).toBe(0);
    expect(await outcomesOf(verify, [...Array(50).fill(OLD_TOKEN), ...Array(50).fill(NEW_TOKEN)])).toEqual([
      'verified',
    ]);
    expect(endpoint.requests).toBe(1);
    clock.at += 10 * MINUTE - 1;
    expect(await outcome(OLD_TOKEN)).toBe('verified');
    // A fetch in the background would have arrived before this one.
    await fetch(endpoint.uri);
    expect(endpoint.requests).toBe(2);
  });

  it('are fetched anew beside the requests, which do not wait for it', async () => {
    const { endpoint, clock, verify, outcome } = await warmAtNoon();
    const held: ServerResponse[] = [];
    endpoint.answer = (_request, response) => void held.push(response);
    clock.at += 10 * MINUTE;
    expect(await outcomesOf(verify, Array(100).fill(OLD_TOKEN))).toEqual(['verified']);
    await expect.poll(() => held.length).toBe(1);
    expect(endpoint.requests).toBe(2);

    const waiting = outcome(NEW_TOKEN);
    held[0]?.end(JSON.stringify({ keys: [NEW.jwk] }));
    expect(await waiting).toBe('verified');
    expect(await outcome(OLD_TOKEN)).toBe('unavailable');
    expect(endpoint.requests).toBe(2);
    endpoint.answer = publishing(NEW.jwk);
    clock.at += 30 * SECOND;
    expect(await outcome(OLD_TOKEN)).toBe('invalid');
    expect(endpoint.requests).toBe(3);
  });

  it('are fetched at once for a new key, as soon as the last attempt is 30 seconds old', async () => {
    const { endpoint, clock, outcome } = await warmAtNoon();
    endpoint.answer = publishing(NEW.jwk, OLD.jwk);
    clock.at += 30 * SECOND - 1;
    expect(await outcome(NEW_TOKEN)).toBe('unavailable');
    expect(endpoint.requests).toBe(1);
    clock.at += 1;
    expect(await outcome(NEW_TOKEN)).toBe('verified');
    expect(await outcome(OLD_TOKEN)).toBe('verified');
    expect(endpoint.requests).toBe(2);
  });

  it('are usable as far as they are RS256 keys for signatures; the others spoil nothing', async () => {
    const { n: _, ...broken } = NEW.jwk;
    const secret = { kty: 'oct', kid: 'secret', k: 'AAAA' };
    const forAnother = { ...NEW.jwk, kid: 'for-encryption', use: 'enc' };
    const ofAnother = { ...NEW.jwk, kid: 'of-another-algorithm', alg: 'PS256' };
    const { outcome, clock } = await atNoon(
      answering(200, { keys: [broken, secret, NAMELESS, forAnother, ofAnother, OLD.jwk] }),
    );
    expect(await outcome(OLD_TOKEN)).toBe('verified');
    for (const kid of ['new', 'for-encryption', 'of-another-algorithm']) {
      clock.at += 30 * SECOND;
      expect(await outcome(await sign(NEW, { kid }))).toBe('invalid');
    }
  });

  it('are fetched anew after the clock was set back', async () => {
    const { endpoint, clock, outcome } = await warmAtNoon();
    endpoint.answer = publishing(NEW.jwk);
    clock.at -= HOUR;
    expect(await outcome(NEW_TOKEN)).toBe('verified');
    expect(endpoint.requests).toBe(2);
  });

  it('hold no process alive, nor does the time-out of their fetch', async () => {
    const { uri } = await serve(publishing(OLD.jwk));
    const [jwks, clock] = ['adapters/entra/jwks.ts', 'clock.ts'].map(
      (file) => new URL(`../../../../../shared/${file}`, import.meta.url).href,
    );
    const script = `
      const { createJwks } = await import(${JSON.stringify(jwks)});
      const { systemClock: clock } = await import(${JSON.stringify(clock)});
      const find = createJwks({ uri: ${JSON.stringify(uri)}, timeoutMs: 600_000, fetch, clock });
      const { key } = await find({ alg: 'RS256', kid: 'old' });
      console.log(key.type);`;
    const run = promisify(execFile);
    const { stdout } = await run(process.execPath, ['--input-type=module', '--eval', script], {
      timeout: 25_000,
    });
    expect(stdout.trim()).toBe('public');
  });
});

describe('an outage of the keys', () => {
  it('leaves a cold start unavailable, asks once every 30 seconds, and ends with the first answer', async () => {
    const { endpoint, clock, verify, outcome } = await atNoon(failing);
    expect(await outcomesOf(verify, Array(100).fill(OLD_TOKEN))).toEqual(['unavailable']);
    expect(endpoint.requests).toBe(1);
    endpoint.answer = publishing(OLD.jwk);
    clock.at += 30 * SECOND - 1;
    expect(await outcome(OLD_TOKEN)).toBe('unavailable');
    expect(endpoint.requests).toBe(1);
    clock.at += 1;
    expect(await outcome(OLD_TOKEN)).toBe('verified');
    expect(endpoint.requests).toBe(2);
  });

  it('leaves known keys good for 24 hours from when they were fetched, and no longer', async () => {
    const { endpoint, clock, outcome } = await warmAtNoon();
    endpoint.answer = failing;
    for (let hour = 1; hour <= 23; hour += 1) {
      clock.at = NOON + hour * HOUR;
      expect(await outcome(OLD_TOKEN)).toBe('verified');
      expect(await outcome(NEW_TOKEN)).toBe('unavailable');
      expect(endpoint.requests).toBe(1 + hour);
    }
    clock.at = NOON + 24 * HOUR - MINUTE;
    expect(await outcome(OLD_TOKEN)).toBe('verified');
    clock.at = NOON + 24 * HOUR - 1;
    expect(await outcome(OLD_TOKEN)).toBe('verified');
    clock.at = NOON + 24 * HOUR;
    expect(await outcome(OLD_TOKEN)).toBe('unavailable');

    endpoint.answer = publishing(OLD.jwk);
    clock.at += 30 * SECOND;
    expect(await outcome(OLD_TOKEN)).toBe('verified');
  });

  it('says nothing against a token, and says why in its cause', async () => {
    const { verify } = await atNoon(failing);
    const error = await verify(OLD_TOKEN).catch((error: unknown) => error);
    expect(error).toBeInstanceOf(UnavailableError);
    expect(error).toHaveProperty('cause.message', expect.stringContaining('200'));
  });

  it.each<[what: string, hang: RequestListener]>([
    ['no answer', () => undefined],
    ['an answer that never ends', (_request, response) => void response.writeHead(200).write('{"keys":[')],
  ])('that is %s takes its time-out and no more', async (_what, hang) => {
    const { endpoint, clock, verify, outcome } = await atNoon(hang, 1_000);
    expect(await outcomesOf(verify, [OLD_TOKEN, NEW_TOKEN])).toEqual(['unavailable']);
    expect(endpoint.requests).toBe(1);
    endpoint.answer = publishing(OLD.jwk);
    clock.at += 30 * SECOND;
    expect(await outcome(OLD_TOKEN)).toBe('verified');
  });

  it.each<[what: string, answer: RequestListener]>([
    ['a server error', failing],
    ['a missing page', answering(404, { keys: [NEW.jwk] })],
    ['a success of another kind', answering(203, { keys: [NEW.jwk] })],
    ['a page in HTML', answering(200, '<!doctype html><title>Down</title>', { 'content-type': 'text/html' })],
    ['JSON that is no key set', answering(200, { error: 'temporarily_unavailable' })],
    ['JSON that is null', answering(200, 'null')],
    ['a key set without keys', publishing()],
    ['a key set without a usable key', publishing({ ...NEW.jwk, use: 'enc' })],
    ['a key set whose key has no name', publishing(NAMELESS)],
    ['a closed connection', (request) => void request.socket.destroy()],
  ])('may look like %s', async (_what, answer) => {
    const cold = await atNoon(answer);
    expect(await cold.outcome(NEW_TOKEN)).toBe('unavailable');

    const warm = await warmAtNoon();
    warm.endpoint.answer = answer;
    warm.clock.at += HOUR;
    expect(await warm.outcome(NEW_TOKEN)).toBe('unavailable');
    expect(await warm.outcome(OLD_TOKEN)).toBe('verified');
  });

  it('may look like a redirect, which is not followed', async () => {
    const elsewhere = await serve(publishing(OLD.jwk));
    const { outcome } = await atNoon(answering(302, '', { location: elsewhere.uri }));
    expect(await outcome(OLD_TOKEN)).toBe('unavailable');
    expect(elsewhere.requests).toBe(0);
  });
});

describe('a key that is not among the published ones', () => {
  it('may have been published a moment ago: until the next fetch, callers are told when to ask again', async () => {
    const { endpoint, clock, verify, outcome } = await warmAtNoon();
    clock.at += MINUTE;
    expect(await outcome(MADE_UP)).toBe('invalid');
    endpoint.answer = publishing(NEW.jwk, OLD.jwk);
    for (const [after, retryAfterSeconds] of [
      [0, 30],
      [9_500, 21],
      [29_999, 1],
    ] as const) {
      clock.at = NOON + MINUTE + after;
      await expect(verify(NEW_TOKEN)).rejects.toMatchObject({ dependency: 'keys', retryAfterSeconds });
      expect(await outcome(OLD_TOKEN)).toBe('verified');
    }
    expect(endpoint.requests).toBe(2);
    clock.at = NOON + MINUTE + 30 * SECOND;
    expect(await outcome(NEW_TOKEN)).toBe('verified');
    expect(endpoint.requests).toBe(3);
  });

  it('is decided by the next fetch, whatever causes it, and stays decided until the one after that', async () => {
    const { endpoint, clock, outcome } = await warmAtNoon();
    const [first = '', second = ''] = madeUpTokens(2);
    expect(await outcome(first)).toBe('unavailable');
    clock.at += 30 * SECOND;
    expect(await outcome(second)).toBe('invalid');
    expect(await outcome(first)).toBe('invalid');
    clock.at += 30 * SECOND - 1;
    expect([await outcome(first), await outcome(second)]).toEqual(['invalid', 'invalid']);
    expect(endpoint.requests).toBe(2);
    clock.at += 1;
    expect([await outcome(first), await outcome(second)]).toEqual(['invalid', 'invalid']);
    expect(endpoint.requests).toBe(3);
  });

  it('is not judged by what an outage left', async () => {
    const { endpoint, clock, outcome } = await warmAtNoon();
    clock.at += 30 * SECOND;
    expect(await outcome(MADE_UP)).toBe('invalid');
    endpoint.answer = failing;
    clock.at += 30 * SECOND;
    expect(await outcome(MADE_UP)).toBe('unavailable');
    endpoint.answer = publishing(OLD.jwk);
    clock.at += 30 * SECOND;
    expect(await outcome(MADE_UP)).toBe('invalid');
  });

  it('is not judged by a fetch that began before it was asked for', async () => {
    const { endpoint, clock, verify, outcome } = await warmAtNoon();
    const held: ServerResponse[] = [];
    endpoint.answer = (_request, response) => void held.push(response);
    const began = NOON + 31 * SECOND;
    clock.at = began;
    const junk = outcome(MADE_UP);
    await expect.poll(() => held.length).toBe(1);
    endpoint.answer = publishing(OLD.jwk, NEW.jwk);
    const waiting = expect(verify(NEW_TOKEN)).rejects.toMatchObject({
      dependency: 'keys',
      retryAfterSeconds: 30,
    });
    held[0]?.end(JSON.stringify({ keys: [OLD.jwk] }));
    await waiting;
    expect(await junk).toBe('invalid');
    for (const after of [1, 21]) {
      clock.at = began + after * SECOND;
      expect(await outcome(NEW_TOKEN)).toBe('unavailable');
      expect(await outcome(MADE_UP)).toBe('invalid');
    }
    expect(endpoint.requests).toBe(2);
    clock.at = began + 30 * SECOND;
    expect(await outcome(NEW_TOKEN)).toBe('verified');
    expect(endpoint.requests).toBe(3);
  });

  it('is judged by the fetch after the one that it came too late for, even if that one failed', async () => {
    const { endpoint, clock, outcome } = await warmAtNoon();
    const [first = '', second = '', third = ''] = madeUpTokens(3);
    const held: ServerResponse[] = [];
    endpoint.answer = (_request, response) => void held.push(response);
    clock.at += 30 * SECOND;
    const early = outcome(first);
    await expect.poll(() => held.length).toBe(1);
    const late = outcome(second);
    held[0]?.writeHead(500).end();
    expect([await early, await late]).toEqual(['unavailable', 'unavailable']);
    endpoint.answer = publishing(OLD.jwk);
    clock.at += 30 * SECOND;
    expect(await outcome(third)).toBe('invalid');
    expect([await outcome(first), await outcome(second)]).toEqual(['invalid', 'invalid']);
    expect(endpoint.requests).toBe(3);
  });

  it('is forgotten where there are too many, and then it waits', async () => {
    const { endpoint, clock, verify } = await warmAtNoon();
    expect(await outcomesOf(verify, madeUpTokens(1_001))).toEqual(['unavailable']);
    clock.at += 30 * SECOND;
    expect(await outcomesOf(verify, madeUpTokens(1_000))).toEqual(['invalid']);
    expect(await outcomesOf(verify, madeUpTokens(1_001))).toEqual(['invalid', 'unavailable']);
    expect(endpoint.requests).toBe(2);
  });
});

describe('a key that the application has for itself', () => {
  const customised = (pair = CUSTOM, claims: Record<string, unknown> = {}) => sign(pair, {}, claims);

  it('signs tokens that no caller can mend: we are misconfigured', async () => {
    const { custom, endpoint, outcome } = await atNoon(publishing(OLD.jwk));
    custom.answer = publishing(CUSTOM.jwk);
    for (let time = 0; time < 3; time += 1) {
      expect(await outcome(await customised())).toBe('custom_signing_key');
      expect(await outcome(OLD_TOKEN)).toBe('verified');
    }
    expect(custom.lastUrl).toBe(`/keys/${TID}?appid=${API}`);
    expect([endpoint.requests, custom.requests]).toEqual([1, 1]);
  });

  it('makes nobody else’s token anything but forged, and mends none', async () => {
    const { custom, outcome } = await atNoon(publishing(OLD.jwk));
    custom.answer = publishing(CUSTOM.jwk);
    expect(await outcome(await sign(FOREIGN, { kid: CUSTOM.jwk.kid }))).toBe('invalid');
    expect(await outcome(await sign(FOREIGN, { kid: OLD.jwk.kid }))).toBe('invalid');
    expect(await outcome(await customised(CUSTOM, { exp: NOON / SECOND - 3_600 }))).toBe('invalid');
    expect(await outcome(await customised(CUSTOM, { aud: OTHER_TID }))).toBe('invalid');
    await expect(customised(CUSTOM, { scp: 'openid' }).then(outcome)).rejects.toMatchObject({
      what: 'scope',
    });
  });

  it('is checked for its issuer as any other', async () => {
    const { custom, outcome } = await atNoon(publishing(OLD.jwk));
    custom.answer = publishing({ ...CUSTOM.jwk, issuer: `${AUTHORITY}/${OTHER_TID}/v2.0` } as JWK);
    expect(await outcome(await customised())).toBe('invalid');
  });

  it('is looked for once in 30 seconds in each tenant, and never for a key that is published', async () => {
    const { custom, clock, verify, outcome } = await atNoon(publishing(OLD.jwk));
    custom.answer = publishing(CUSTOM.jwk);
    const elsewhere = await sign(CUSTOM, {}, { tid: OTHER_TID, iss: `${AUTHORITY}/${OTHER_TID}/v2.0` });
    expect(await outcome(OLD_TOKEN)).toBe('verified');
    expect(custom.requests).toBe(0);

    const flood = await Promise.all(
      Array.from({ length: 50 }, (_, n) => sign(FOREIGN, { kid: `unknown-${n}` })),
    );
    expect(await outcomesOf(verify, [elsewhere, ...flood])).toEqual(['unavailable']);
    expect(custom.requests).toBe(0);
    clock.at += 30 * SECOND;
    expect(await outcomesOf(verify, flood)).toEqual(['invalid']);
    expect(custom.requests).toBe(1);
    expect(await outcomesOf(verify, [elsewhere, ...flood])).toEqual(['custom_signing_key', 'invalid']);
    expect(custom.requests).toBe(2);
    clock.at += 30 * SECOND;
    expect(await outcomesOf(verify, flood.slice(1))).toEqual(['invalid']);
    expect(custom.requests).toBe(3);
  });

  it('is looked for in no more than 20 tenants in 30 seconds', async () => {
    const { custom, clock, verify, outcome } = await atNoon(publishing(OLD.jwk));
    expect(await outcome(OLD_TOKEN)).toBe('verified');
    const tids = Array.from({ length: 21 }, (_, n) => `${TID.slice(0, -2)}${n + 10}`);
    const tokens = await Promise.all(tids.map((tid) => sign(FOREIGN, {}, { tid })));
    expect(await outcomesOf(verify, tokens)).toEqual(['unavailable']);
    clock.at += 30 * SECOND;
    expect(await outcomesOf(verify, tokens.slice(0, 20))).toEqual(['invalid']);
    expect(custom.requests).toBe(20);
    clock.at += 10 * SECOND;
    await expect(verify(String(tokens[20]))).rejects.toMatchObject({ retryAfterSeconds: 20 });
    expect(await outcomesOf(verify, tokens.slice(0, 20))).toEqual(['invalid']);
    expect(custom.requests).toBe(20);
    clock.at += 20 * SECOND;
    expect(await outcome(String(tokens[20]))).toBe('invalid');
    expect(custom.requests).toBe(21);
  });

  it('is looked for in tenants that are served, and nowhere else', async () => {
    const { custom, outcome } = await atNoon(publishing(OLD.jwk), undefined, [TID]);
    for (const tid of [OTHER_TID, `${TID}/../x`, '', 7, undefined]) {
      expect(await outcome(await sign(FOREIGN, {}, { tid }))).toBe('invalid');
    }
    expect(await outcome(MADE_UP)).toBe('unavailable');
    expect(custom.requests).toBe(0);
  });

  it('cannot be told from a forged one while the keys cannot be fetched', async () => {
    const { custom, clock, verify, outcome } = await atNoon(publishing(OLD.jwk));
    custom.answer = failing;
    await expect(verify(await customised())).rejects.toMatchObject({
      dependency: 'keys',
      retryAfterSeconds: 30,
    });
    expect(await outcome(OLD_TOKEN)).toBe('verified');
    custom.answer = publishing(CUSTOM.jwk);
    clock.at += 30 * SECOND;
    expect(await outcome(await customised())).toBe('custom_signing_key');
    expect(custom.requests).toBe(2);
  });
});

describe('a thousand tokens that each name an unknown key', () => {
  const flood = madeUpTokens(1_000);

  it('are invalid at the price of one fetch every 30 seconds', async () => {
    const { endpoint, clock, verify, outcome } = await warmAtNoon();
    expect(await outcomesOf(verify, flood)).toEqual(['unavailable']);
    for (const fetches of [2, 3]) {
      clock.at += 30 * SECOND;
      expect(await outcomesOf(verify, flood)).toEqual(['invalid']);
      expect(await outcomesOf(verify, flood)).toEqual(['invalid']);
      expect(endpoint.requests).toBe(fetches);
    }
    expect(await outcome(OLD_TOKEN)).toBe('verified');
  });

  it('are undecided while fetches fail, at the same price, and known keys stay good', async () => {
    const { endpoint, clock, verify, outcome } = await warmAtNoon();
    endpoint.answer = failing;
    for (const fetches of [2, 3]) {
      clock.at += 30 * SECOND;
      expect(await outcomesOf(verify, flood)).toEqual(['unavailable']);
      expect(await outcomesOf(verify, flood)).toEqual(['unavailable']);
      expect(endpoint.requests).toBe(fetches);
      expect(await outcome(OLD_TOKEN)).toBe('verified');
    }
  });

  it('share one fetch from a cold start, which judges the one that it began for, and the next one the rest', async () => {
    const { endpoint, clock, verify } = await atNoon(publishing(OLD.jwk));
    expect(await outcomesOf(verify, [...flood, OLD_TOKEN])).toEqual(['invalid', 'unavailable', 'verified']);
    expect(endpoint.requests).toBe(1);
    clock.at += 30 * SECOND;
    expect(await outcomesOf(verify, [...flood, OLD_TOKEN])).toEqual(['invalid', 'verified']);
    expect(endpoint.requests).toBe(2);
  });

  it('delay nobody whose key is known while that fetch hangs', async () => {
    const { endpoint, clock, verify, outcome } = await warmAtNoon();
    const held: ServerResponse[] = [];
    endpoint.answer = (_request, response) => void held.push(response);
    clock.at += MINUTE;
    const flooding = outcomesOf(verify, flood);
    expect(await outcome(OLD_TOKEN)).toBe('verified');
    await expect.poll(() => held.length).toBe(1);
    clock.at += MINUTE;
    const more = outcome(MADE_UP);
    held[0]?.end(JSON.stringify({ keys: [OLD.jwk] }));
    expect(await flooding).toEqual(['invalid', 'unavailable']);
    expect(await more).toBe('invalid');
    expect(endpoint.requests).toBe(2);
  });
});

it('a token ends by the clock that is passed in', async () => {
  const { clock, outcome } = await atNoon(publishing(OLD.jwk));
  const token = await sign(OLD, {}, { exp: (NOON + HOUR) / SECOND });
  clock.at += HOUR + MINUTE - SECOND;
  expect(await outcome(token)).toBe('verified');
  clock.at += SECOND;
  expect(await outcome(token)).toBe('invalid');
});

describe('the header of a token', () => {
  it('points at no key but by its kid', async () => {
    const elsewhere = await serve(publishing(FOREIGN.jwk));
    const { endpoint, clock, outcome } = await warmAtNoon();
    clock.at += 30 * SECOND;
    for (const header of [{ jku: elsewhere.uri }, { x5u: elsewhere.uri }, { jwk: FOREIGN.jwk }]) {
      expect(await outcome(await sign(FOREIGN, header))).toBe('invalid');
      expect(await outcome(await sign(FOREIGN, { ...header, kid: OLD.jwk.kid }))).toBe('invalid');
      expect(await outcome(await sign(OLD, header))).toBe('verified');
    }
    expect(elsewhere.requests).toBe(0);
    expect(endpoint.requests).toBe(2);
  });

  it('may not demand an extension (RFC 7515 §4.1.11)', async () => {
    const { outcome } = await warmAtNoon();
    const header = { crit: ['urn:example:extension'], 'urn:example:extension': true };
    expect(await outcome(await sign(OLD, header, {}, { 'urn:example:extension': true }))).toBe('invalid');
  });

  it('costs no fetch when it names no key, or another algorithm', async () => {
    const { endpoint, outcome } = await atNoon(failing);
    const hmac = new SignJWT().setProtectedHeader({ alg: 'HS256', kid: OLD.jwk.kid });
    expect(await outcome(await hmac.sign(Buffer.from(String(OLD.jwk.n))))).toBe('invalid');
    expect(await outcome(new UnsecuredJWT({ tid: TID }).encode())).toBe('invalid');
    for (const kid of [undefined, null, 7, {}, ['old'], 'x'.repeat(129)]) {
      expect(await outcome(await sign(OLD, { kid }))).toBe('invalid');
    }
    expect(endpoint.requests).toBe(0);
  });
});

describe('a key that says whose it is', () => {
  const v1 = { ver: '1.0', iss: `https://sts.windows.net/${TID}/` };

  it.each<[what: string, issuer: string | undefined, outcome: string]>([
    ['anybody’s', `${AUTHORITY}/{tenantid}/v2.0`, 'verified'],
    ['the tenant’s', `${AUTHORITY}/${TID}/v2.0`, 'verified'],
    ['nobody’s', undefined, 'verified'],
    ['another tenant’s', `${AUTHORITY}/${OTHER_TID}/v2.0`, 'invalid'],
  ])('(%s) counts for that issuer alone, in tokens of either version', async (_what, issuer, outcome) => {
    const verifier = await atNoon(publishing({ ...OLD.jwk, ...(issuer && { issuer }) }));
    expect(await verifier.outcome(OLD_TOKEN)).toBe(outcome);
    expect(await verifier.outcome(await sign(OLD, {}, v1))).toBe(outcome);
  });
});
