import { maxHeaderSize } from 'node:http';
import { type HttpResponseInit, InvocationContext, type LogLevel } from '@azure/functions';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type Failure,
  ForbiddenError,
  RequestMalformedError,
  TokenInvalidError,
  TokenMissingError,
  UnavailableError,
  UserTokenError,
} from '../../../../shared/errors.ts';
import { answered, readinessAnswer } from '../../../../shared/http.ts';
import { createTestClock } from '../../../../shared/testing/testClock.ts';
import { MAX_SENT_CLAIMS_BYTES, readClaims } from '../../../../shared/tokens/challenge.ts';
import type { Problem, ProblemCode, Readiness } from '../../../../shared/wire.ts';

const INVOCATION = '11111111-2222-4333-8444-555555555555';

/** What a request is answered, and what was logged of it. */
async function answer(work: Parameters<typeof answered>[2], clock = createTestClock()) {
  const lines: { level: LogLevel; line: Record<string, unknown> }[] = [];
  const context = new InvocationContext({
    invocationId: INVOCATION,
    functionName: 'profile',
    logHandler: (level, text) =>
      lines.push({ level, line: JSON.parse(String(text)) as Record<string, unknown> }),
  });
  const response = await answered(context, clock, work);
  return { response, lines, headers: headersOf(response) };
}

/** As the host sees them: it refuses a name or value that a header cannot hold. */
const headersOf = (response: HttpResponseInit): Headers =>
  new Headers(response.headers as Record<string, string>);
const problemOf = (response: HttpResponseInit): Problem => JSON.parse(String(response.body)) as Problem;
const failing = (error: unknown) =>
  answer(() => {
    throw error;
  });

describe('a result', () => {
  it('is answered as JSON that nobody keeps', async () => {
    const { response, headers } = await answer(async () => ({ body: { id: 'x' }, facts: {} }));
    expect(response).toMatchObject({ status: 200, body: '{"id":"x"}' });
    expect(headers.get('content-type')).toBe('application/json');
    expect(headers.get('cache-control')).toBe('no-store');
    expect(headers.get('access-control-expose-headers')).toBe('WWW-Authenticate, Retry-After');
  });

  it('of a question for readiness is 503 until everything is there, says when to ask again, and is not logged', async () => {
    const ask = (readiness: Readiness) =>
      answer(async () => readinessAnswer({ readiness, checkedAgainInSeconds: 42 }));
    const fine = await ask({ storage: 'ready', credential: 'accepted' });
    expect([fine.response.status, fine.headers.get('retry-after'), fine.lines]).toEqual([200, null, []]);
    for (const readiness of [
      { storage: 'unreachable', credential: 'accepted' },
      { storage: 'refused', storageCode: 'AuthorizationFailure', credential: 'accepted' },
      { storage: 'ready', credential: 'refused', code: 'AADSTS700213' },
      { storage: 'ready', credential: 'unreachable', code: 'ECONNRESET' },
    ] as const) {
      const { response, headers, lines } = await ask(readiness);
      expect([response.status, headers.get('retry-after'), lines]).toEqual([503, '42', []]);
      expect(JSON.parse(String(response.body))).toEqual(readiness);
    }
  });

  it('is logged as one line, with what may be said of it', async () => {
    const clock = createTestClock();
    const { lines } = await answer(async () => {
      clock.advance(41.6);
      return { body: {}, facts: { user: 'a-log-id', source: 'network' } };
    }, clock);
    expect(lines).toEqual([
      {
        level: 'information',
        line: {
          event: 'request.answered',
          status: 200,
          ms: 42,
          user: 'a-log-id',
          source: 'network',
          correlationId: INVOCATION,
        },
      },
    ]);
  });
});

describe('the use of a token', () => {
  const USE = { user: 'a-log-id', source: 'memory' } as const;
  const USED = { event: 'token.used', ...USE, by: 'profile', api: 'graph' } as const;
  const HEALED = { event: 'account.healed', user: 'a-log-id' } as const;
  const eventsOf = async (work: Parameters<typeof answered>[2]) =>
    (await answer(work)).lines.map(({ line }) => {
      const { correlationId: _, ms: __, ...event } = line;
      return event;
    });

  it('is told by the line of the answer, if the request has no other', async () => {
    const events = await eventsOf(async ({ log }) => {
      log(USED);
      return { body: {}, facts: USE };
    });
    expect(events).toEqual([{ event: 'request.answered', status: 200, ...USE, by: 'profile', api: 'graph' }]);
  });

  it('has a line of its own if another follows: an error, another use, or something else', async () => {
    const failing = await eventsOf(async ({ log }) => {
      log(USED);
      throw new UnavailableError('api');
    });
    expect(failing).toMatchObject([USED, { event: 'request.failed' }]);
    const twice = await eventsOf(async ({ log }) => {
      log(USED);
      log(USED);
      return { body: {}, facts: USE };
    });
    expect(twice).toMatchObject([USED, { event: 'request.answered', by: 'profile' }]);
    const healed = await eventsOf(async ({ log }) => {
      log(USED);
      log(HEALED);
      return { body: {}, facts: USE };
    });
    expect(healed).toEqual([USED, HEALED, { event: 'request.answered', status: 200, ...USE }]);
  });

  it('has a line of its own if the answer is about another token or another user, or has no line', async () => {
    for (const facts of [
      { ...USE, source: 'cache' as const },
      { ...USE, user: 'another' },
    ]) {
      const events = await eventsOf(async ({ log }) => {
        log(USED);
        return { body: {}, facts };
      });
      expect(events).toEqual([USED, { event: 'request.answered', status: 200, ...facts }]);
    }
    const silent = await eventsOf(async ({ log }) => {
      log(USED);
      return { body: {} };
    });
    expect(silent).toEqual([USED]);
  });
});

it('answers what JSON keeps', async () => {
  const body = { a: undefined, b: [null, 'x', 1.5, false], at: new Date(0), own: Object.create(null) };
  const { response } = await answer(async () => ({ body, facts: {} }));
  expect(response).toMatchObject({
    status: 200,
    body: '{"b":[null,"x",1.5,false],"at":"1970-01-01T00:00:00.000Z","own":{}}',
  });
});

describe('a result that is no JSON', () => {
  it.each([
    ['a bigint', 10n],
    ['a function', () => 1],
    ['a symbol', Symbol('Anna')],
    ['the answer of an API', Response.json({ name: 'Anna' })],
    ['a map', new Map([['Anna', 1]])],
    ['bytes', { photo: Buffer.from('Anna') }],
    ['a set', new Set(['Anna'])],
    ['an error', new Error('Anna')],
    ['bytes', new TextEncoder().encode('Anna')],
    ['bytes without a view', new ArrayBuffer(2)],
    ['a promise that was not awaited', { a: Promise.resolve('Anna') }],
    ['a number that JSON does not have', { Anna: Number.NaN }],
    ['a function in it', { Anna: () => 1 }],
    [
      'an object whose toJSON throws',
      {
        toJSON() {
          throw Object.assign(new UnavailableError('api'), { code: 'Anna' });
        },
      },
    ],
  ])('is our own error, one line, and no word of it: %s', async (_what, body) => {
    const { response, lines } = await answer(async () => ({ body, facts: { user: 'a-log-id' } }));
    expect(problemOf(response)).toMatchObject({ status: 500, code: 'INTERNAL' });
    expect(lines).toMatchObject([
      { line: { event: 'request.failed', status: 500, error: 'FunctionFailedError:result-not-json' } },
    ]);
    expect(JSON.stringify([response, lines])).not.toContain('Anna');
  });
});

const CLAIMS = '{"access_token":{"acrs":{"essential":true,"value":"c1"}}}';
const failed = (kind: Failure['kind'], more: Partial<Failure> = {}): UserTokenError =>
  new UserTokenError({ kind, code: 'AADSTS1', ...more });

type Expected = {
  status: number;
  code: ProblemCode;
  challenge?: string;
  retryAfter?: string;
  claims?: string;
  scopes?: string[];
};
const REFUSALS: [what: string, error: Error, expected: Expected][] = [
  [
    'a request that cannot be read',
    new RequestMalformedError('Two of them.'),
    {
      status: 400,
      code: 'REQUEST_MALFORMED',
      challenge: 'Bearer error="invalid_request", error_description="Two of them."',
    },
  ],
  [
    'no token',
    new TokenMissingError('Send one.'),
    { status: 401, code: 'TOKEN_MISSING', challenge: 'Bearer realm="Stead"' },
  ],
  [
    'an invalid token',
    new TokenInvalidError('It has expired.'),
    {
      status: 401,
      code: 'TOKEN_INVALID',
      challenge: 'Bearer error="invalid_token", error_description="It has expired."',
    },
  ],
  [
    'a scope that is lacking',
    new ForbiddenError('scope', 'It lacks act.'),
    {
      status: 403,
      code: 'SCOPE_MISSING',
      challenge: 'Bearer error="insufficient_scope", error_description="It lacks act."',
    },
  ],
  [
    'another tenant',
    new ForbiddenError('tenant', 'Not here.'),
    {
      status: 403,
      code: 'TENANT_FORBIDDEN',
      challenge: 'Bearer error="access_denied", error_description="Not here."',
    },
  ],
  [
    'another client',
    new ForbiddenError('client', 'Not this.'),
    {
      status: 403,
      code: 'CLIENT_FORBIDDEN',
      challenge: 'Bearer error="access_denied", error_description="Not this."',
    },
  ],
  [
    'a challenge',
    failed('needs-user', { claims: CLAIMS }),
    {
      status: 401,
      code: 'CLAIMS_REQUIRED',
      challenge: `Bearer error="insufficient_claims", claims="${Buffer.from(CLAIMS).toString('base64')}"`,
      claims: CLAIMS,
    },
  ],
  ...(['needs-user', 'cache-lost'] as const).map((kind): (typeof REFUSALS)[number] => [
    `${kind} without a challenge`,
    failed(kind),
    {
      status: 401,
      code: 'SIGN_IN_REQUIRED',
      challenge:
        'Bearer error="interaction_required", ' +
        'error_description="Sign in again. Your sign-in is no longer enough for this service to act for you."',
    },
  ]),
  [
    'a missing consent',
    failed('consent', {
      suberror: 'consent_required',
      scopes: ['https://graph.microsoft.us/User.Read', 'https://graph.microsoft.us/Mail.Read'],
    }),
    {
      status: 401,
      code: 'CONSENT_REQUIRED',
      challenge:
        'Bearer error="consent_required", ' +
        'scopes="https://graph.microsoft.us/User.Read https://graph.microsoft.us/Mail.Read", error_description=' +
        '"Consent to the permissions of this answer. Without them, Entra does not let this service act for you."',
      scopes: ['https://graph.microsoft.us/User.Read', 'https://graph.microsoft.us/Mail.Read'],
    },
  ],
  [
    'throttling',
    failed('throttled', { retryAfterSeconds: 42 }),
    { status: 503, code: 'THROTTLED', retryAfter: '42' },
  ],
  ['throttling without a time', failed('throttled'), { status: 503, code: 'THROTTLED', retryAfter: '5' }],
  ['an outage', failed('transient'), { status: 503, code: 'UNAVAILABLE', retryAfter: '5' }],
  [
    'an outage with a time',
    failed('transient', { retryAfterSeconds: 7 }),
    { status: 503, code: 'UNAVAILABLE', retryAfter: '7' },
  ],
  ['an outage of ours', new UnavailableError('keys'), { status: 503, code: 'UNAVAILABLE', retryAfter: '5' }],
  [
    'keys that are to be fetched again',
    new UnavailableError('keys', { retryAfterSeconds: 21 }),
    { status: 503, code: 'UNAVAILABLE', retryAfter: '21' },
  ],
  ['a tenant’s refusal', failed('tenant'), { status: 502, code: 'UPSTREAM_REFUSED' }],
  ['a refusal of ourselves', failed('misconfigured'), { status: 502, code: 'UPSTREAM_REFUSED' }],
  ['a bug', new TypeError('canary'), { status: 500, code: 'INTERNAL' }],
];

describe('an error', () => {
  it.each(REFUSALS)('is answered for %s', async (_what, error, expected) => {
    const { response, headers } = await failing(error);
    expect(response.status).toBe(expected.status);
    expect(headers.get('content-type')).toBe('application/problem+json');
    expect(headers.get('cache-control')).toBe('no-store');
    expect(headers.get('access-control-expose-headers')).toBe('WWW-Authenticate, Retry-After');
    expect(headers.get('www-authenticate')).toBe(expected.challenge ?? null);
    expect(headers.get('retry-after')).toBe(expected.retryAfter ?? null);
    expect(problemOf(response)).toEqual({
      type: 'about:blank',
      title: expect.stringMatching(/\w/),
      status: expected.status,
      code: expected.code,
      detail: expect.stringMatching(/\w/),
      correlationId: INVOCATION,
      ...(expected.claims === undefined ? {} : { claims: expected.claims }),
      ...(expected.scopes === undefined ? {} : { scopes: expected.scopes }),
    });
  });

  it('names the ids by which the service that refused finds the call', async () => {
    const upstream = {
      service: 'entra',
      code: 'AADSTS65001',
      correlationId: INVOCATION,
      traceId: '99999999-2222-4333-8444-555555555555',
      timestamp: '2026-11-20T09:00:00.000Z',
    } as const;
    const { response } = await failing(failed('consent', { upstream }));
    expect(problemOf(response).upstream).toEqual(upstream);
  });

  it.each(REFUSALS)('is logged as one line for %s', async (_what, error, { status, code }) => {
    const { lines } = await failing(error);
    const event = status < 500 ? 'request.answered' : 'request.failed';
    expect(lines).toEqual([
      {
        level: status < 500 ? 'information' : 'error',
        line: expect.objectContaining({ event, status, code, correlationId: INVOCATION }),
      },
    ]);
  });

  it.each([
    new TypeError('canary', { cause: new Error('canary') }),
    Object.assign(new Error('canary'), { status: 418, headers: { 'x-canary': 'canary' }, body: 'canary' }),
    'canary',
    { message: 'canary', status: 200 },
    undefined,
    null,
  ])('of an unknown kind is 500 and reveals nothing: %o', async (error) => {
    const { response, lines } = await failing(error);
    expect(response.status).toBe(500);
    expect(JSON.stringify([response, lines])).not.toContain('canary');
  });

  it('that comes late is answered like one that comes at once', async () => {
    const { response } = await answer(() => Promise.reject(new TokenInvalidError('x')));
    expect(response.status).toBe(401);
  });

  it('stays one well-formed header, whatever its claims and messages hold', async () => {
    const anyText = fc.oneof(
      fc.string({ unit: 'binary-ascii' }),
      fc.constantFrom('a"b', 'a\\', 'a\r\nSet-Cookie: b', 'ü'),
    );
    await fc.assert(
      fc.asyncProperty(anyText, async (text) => {
        for (const error of [
          failed('needs-user', { claims: text }),
          new TokenInvalidError(text),
          new ForbiddenError('scope', text),
          new RequestMalformedError(text),
        ]) {
          const { response, headers } = await failing(error);
          // RFC 6750 §3: neither quote nor backslash in a value.
          expect(headers.get('www-authenticate')).toMatch(
            /^Bearer \w+="[\x20-\x21\x23-\x5b\x5d-\x7e]*", \w+="[\x20-\x21\x23-\x5b\x5d-\x7e]*"$/,
          );
          expect(problemOf(response).status).toBe(response.status);
        }
      }),
    );
  });

  it('keeps the largest challenge that there is below half of what Node takes of headers', async () => {
    const claims = `{"a":"${'x'.repeat((MAX_SENT_CLAIMS_BYTES / 4) * 3 - 8)}"}`;
    expect(readClaims(claims)).toBe(claims);
    const { headers } = await failing(failed('needs-user', { claims }));
    const sent = Buffer.byteLength(headers.get('www-authenticate') ?? '');
    expect(sent).toBeGreaterThan(MAX_SENT_CLAIMS_BYTES);
    expect(sent).toBeLessThan(maxHeaderSize / 2 + 100);
  });

  it('gives claims that decode to what was asked', async () => {
    const claims = '{"access_token":{"name":{"value":"\\"Ünï\\"\\n"}}}';
    const { response, headers } = await failing(failed('needs-user', { claims }));
    const [, encoded = ''] = /claims="([^"]+)"/.exec(headers.get('www-authenticate') ?? '') ?? [];
    expect(Buffer.from(encoded, 'base64').toString()).toBe(claims);
    expect(problemOf(response).claims).toBe(claims);
  });
});
