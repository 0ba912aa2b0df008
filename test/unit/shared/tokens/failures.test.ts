import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { FailureKind } from '../../../../shared/errors.ts';
import { classifyFailure, FAILURES, type TokenFacts } from '../../../../shared/tokens/failures.ts';

const CLAIMS = '{"access_token":{"acrs":{"essential":true,"value":"c1"}}}';
const refused = (error: string, errorNo?: number, status = 400): TokenFacts => ({ error, errorNo, status });

const numbersOf = (row: string): readonly number[] =>
  FAILURES.find(({ name }) => name === row)?.numbers ?? [];

const TABLE: Record<FailureKind, [why: string, facts: TokenFacts, code: string][]> = {
  'needs-user': [
    ['MFA is asked for', { ...refused('interaction_required', 50076), claims: CLAIMS }, 'AADSTS50076'],
    ['login_required comes by itself', refused('login_required'), 'login_required'],
    ['the refresh token ended', refused('invalid_grant', 700082), 'AADSTS700082'],
    ['the grant was revoked', refused('invalid_grant', 50173), 'AADSTS50173'],
    ['the user is disabled', refused('invalid_grant', 50057), 'AADSTS50057'],
    ['the grant is dead and has no number', refused('invalid_grant'), 'invalid_grant'],
    ['the refusal has a number that nobody knows', refused('invalid_grant', 9_999_999), 'AADSTS9999999'],
    [
      'the grant is dead and has only a suberror',
      { ...refused('invalid_grant'), suberror: 'bad_token' },
      'invalid_grant',
    ],
    [
      'claims are asked for and consent is missing, too',
      { ...refused('invalid_grant', 65001), suberror: 'consent_required', claims: CLAIMS },
      'AADSTS65001',
    ],
    ['MSAL knows the refresh token to be over', { local: 'refresh_token_expired' }, 'refresh_token_expired'],
    ['Graph asks for claims', { error: 'graph_401', status: 401, claims: CLAIMS }, 'graph_401'],
  ],
  consent: [
    [
      'consent is missing',
      { ...refused('invalid_grant', 65001), suberror: 'consent_required' },
      'AADSTS65001',
    ],
    ['the number alone says so', refused('invalid_grant', 65001), 'AADSTS65001'],
    [
      'the suberror alone says so',
      { ...refused('invalid_grant'), suberror: 'consent_required' },
      'invalid_grant',
    ],
    ['consent_required comes by itself', refused('consent_required'), 'consent_required'],
    [
      'an administrator has to consent',
      { ...refused('invalid_grant', 90094), suberror: 'consent_required' },
      'AADSTS90094',
    ],
  ],
  throttled: [
    ['429', { status: 429 }, 'http_429'],
    ['429 with the body of an ended grant', refused('invalid_grant', 700082, 429), 'AADSTS700082'],
    ['429 as an HTML page', { status: 429, noAnswer: 'http_429_not_json' }, 'http_429_not_json'],
    ['a throttled user flow', refused('invalid_grant', 50196), 'AADSTS50196'],
    ['a throttled user flow of another error', refused('interaction_required', 50196), 'AADSTS50196'],
    ['Graph throttles', { error: 'graph_429', status: 429 }, 'graph_429'],
  ],
  tenant: [
    ['the application is not in the tenant', refused('unauthorized_client', 700016), 'AADSTS700016'],
    ['the application is disabled there', refused('unauthorized_client', 7000112), 'AADSTS7000112'],
    ['a disabled application, as an ended grant', refused('invalid_grant', 7000112), 'AADSTS7000112'],
    ['the tenant removed the resource', refused('invalid_resource', 500011), 'AADSTS500011'],
    ['the application needs an administrator', refused('invalid_client', 650052), 'AADSTS650052'],
    ['the tenant is gone', refused('invalid_request', 90002), 'AADSTS90002'],
    ['unauthorized_client has no number', refused('unauthorized_client'), 'unauthorized_client'],
    [
      'the application has no service principal in the tenant',
      refused('invalid_client', 7000229, 401),
      'AADSTS7000229',
    ],
    ['Graph forbids', { error: 'graph_403', status: 403 }, 'graph_403'],
    ['nothing at all is known', {}, 'unknown'],
  ],
  transient: [
    ['the connection is refused', { noAnswer: 'ECONNREFUSED' }, 'ECONNREFUSED'],
    ['it timed out', { noAnswer: 'TimeoutError' }, 'TimeoutError'],
    ['500 has no body', { status: 500 }, 'http_500'],
    ['503 is an HTML page', { status: 503, noAnswer: 'http_503_not_json' }, 'http_503_not_json'],
    ['200 is an HTML page', { status: 200, noAnswer: 'http_200_not_json' }, 'http_200_not_json'],
    ['503 says invalid_client', refused('invalid_client', 7000222, 503), 'AADSTS7000222'],
    ['502 says invalid_grant', refused('invalid_grant', undefined, 502), 'invalid_grant'],
    ['a later version wrote the cache', { local: 'cache_newer' }, 'cache_newer'],
  ],
  'cache-lost': [
    ['MSAL finds no tokens', { local: 'no_tokens_found' }, 'no_tokens_found'],
    ['the cache does not open', { local: 'cache_corrupt' }, 'cache_corrupt'],
  ],
  misconfigured: [
    ...numbersOf('own credential').map((number): [string, TokenFacts, string] => [
      `our credential is refused with ${number}`,
      refused('invalid_client', number, 401),
      `AADSTS${number}`,
    ]),
    [
      'our credential is refused and has no number',
      refused('invalid_client', undefined, 401),
      'invalid_client',
    ],
    ['invalid_client has a number of no list', refused('invalid_client', 7_000_299, 401), 'AADSTS7000299'],
    ['the API has a signing key of its own', refused('invalid_grant', 50013), 'AADSTS50013'],
    ['the token is for another audience', refused('invalid_grant', 500131), 'AADSTS500131'],
    ['we lack the key of the cache', { local: 'cache_unknown_key' }, 'cache_unknown_key'],
  ],
};

describe.each(Object.entries(TABLE))('classifyFailure answers %s', (kind, rows) => {
  it.each(rows)('when %s', (_why, facts, code) => {
    expect(classifyFailure(facts)).toMatchObject({ kind, code });
  });
});

describe('classifyFailure', () => {
  it('hands on suberror, claims and Retry-After', () => {
    const facts = {
      ...refused('invalid_grant', 50076),
      suberror: 'basic_action',
      claims: CLAIMS,
      retryAfterSeconds: 7,
    };
    expect(classifyFailure(facts)).toEqual({
      kind: 'needs-user',
      code: 'AADSTS50076',
      suberror: 'basic_action',
      claims: CLAIMS,
      retryAfterSeconds: 7,
    });
  });

  it('gives only the fields it knows something of', () => {
    expect(Object.keys(classifyFailure(refused('unheard_of')))).toEqual(['kind', 'code']);
  });

  it('names what is missing in every consent failure, so that a stored one is known again', () => {
    for (const [, facts] of TABLE.consent) expect(classifyFailure(facts).suberror).toBe('consent_required');
  });

  it.each([
    ['a bare refusal', refused('invalid_grant'), true],
    ['one with a number that nobody knows', refused('interaction_required', 9_999_999), true],
    ['one with a suberror that nobody knows', { ...refused('invalid_grant'), suberror: 'odd' }, true],
    ['invalid_client without a number', refused('invalid_client', undefined, 401), true],
    ['one with a known number', refused('invalid_grant', 50173), undefined],
    ['one with a known suberror', { ...refused('invalid_grant'), suberror: 'bad_token' }, undefined],
    ['one with claims', { ...refused('interaction_required'), claims: CLAIMS }, undefined],
    ['a missing consent', refused('consent_required'), undefined],
    ['an expired credential with its number', refused('invalid_client', 7000222, 401), undefined],
  ])('says whether it is sure: %s', (_what, facts, unsure) => {
    expect(classifyFailure(facts).unsure).toBe(unsure);
  });

  it.each([
    ['an application that the tenant refuses', refused('unauthorized_client'), true],
    ['invalid_client without a number', refused('invalid_client', undefined, 401), true],
    ['an expired credential with its number', refused('invalid_client', 7000222, 401), undefined],
    ['a refusal of one user', refused('invalid_grant', 50173), undefined],
  ])('says whether it is the whole tenant’s: %s', (_what, facts, tenantWide) => {
    expect(classifyFailure(facts).tenantWide).toBe(tenantWide);
  });

  it('says who throttles, which is the token endpoint when no API is named', () => {
    const throttle = { api: 'graph', scope: 'tenant' } as const;
    expect(classifyFailure({ status: 429 }).throttle).toEqual({ api: 'token' });
    expect(classifyFailure({ status: 429, throttle }).throttle).toEqual(throttle);
  });

  it.each([
    ['a loop that Entra detected', refused('invalid_grant', 50196)],
    ['an outage', { status: 503 }],
    ['a 429 that came to nobody: the cache has no key', { local: 'cache_unknown_key', status: 429 }],
  ] as const)('begins no throttle for %s', (_what, facts) => {
    expect(classifyFailure(facts)).not.toHaveProperty('throttle');
  });

  it('names the API that asks for more, by a 401 alone', () => {
    const challenged = { error: 'insufficient_claims', claims: CLAIMS, api: 'graph' };
    expect(classifyFailure({ ...challenged, status: 401 }).askedBy).toBe('graph');
    expect(classifyFailure({ ...challenged, status: 403 })).not.toHaveProperty('askedBy');
    expect(classifyFailure({ ...challenged, api: undefined, status: 401 })).not.toHaveProperty('askedBy');
  });

  it('takes a request that the service gave up on for an outage', () => {
    expect(classifyFailure({ status: 408 }).kind).toBe('transient');
  });

  it('gives claims to nobody but the user who can satisfy them', () => {
    expect(classifyFailure({ status: 429, claims: CLAIMS }).claims).toBeUndefined();
    expect(classifyFailure({ status: 503, claims: CLAIMS }).claims).toBeUndefined();
  });

  it.each([
    ['error', { error: 'Anna Berg (anna@contoso.example) was not found', status: 400 }, 'http_400'],
    ['no answer', { noAnswer: 'connect to https://host/anna failed' }, 'unknown'],
    ['suberror', { error: 'invalid_grant', suberror: 'Anna must sign in' }, 'invalid_grant'],
  ])('never takes prose for a code: %s', (_where, facts, code) => {
    const failure = classifyFailure(facts);
    expect(failure.code).toBe(code);
    expect(JSON.stringify(failure)).not.toMatch(/anna/i);
  });

  const anyText = fc.option(
    fc.oneof(
      fc.string(),
      fc.lorem(),
      fc.constantFrom('invalid_grant', 'invalid_client', 'interaction_required'),
    ),
    { nil: undefined },
  );
  const anyFacts: fc.Arbitrary<TokenFacts> = fc.record({
    error: anyText,
    errorNo: fc.option(fc.oneof(fc.nat(), fc.constantFrom(50196, 700016, 7000215)), { nil: undefined }),
    suberror: anyText,
    claims: anyText,
    status: fc.option(fc.integer({ min: 100, max: 599 }), { nil: undefined }),
    retryAfterSeconds: fc.option(fc.nat(), { nil: undefined }),
    noAnswer: anyText,
    local: fc.constantFrom(
      undefined,
      'refresh_token_expired',
      'no_tokens_found',
      'cache_corrupt',
      'cache_unknown_key',
      'cache_newer',
    ),
  });

  it('gives one kind and one word of a code, whatever is known', () => {
    fc.assert(
      fc.property(anyFacts, (facts) => {
        const failure = classifyFailure(facts);
        expect(Object.keys(TABLE)).toContain(failure.kind);
        expect(failure.code).toMatch(/^[\w.-]{1,64}$/);
        expect(failure.suberror ?? 'none').toMatch(/^[\w.-]{1,64}$/);
      }),
    );
  });

  it('never marks the user for a 429 or a 5xx', () => {
    fc.assert(
      fc.property(anyFacts, fc.constantFrom(429, 500, 502, 503, 504), (facts, status) => {
        const { kind } = classifyFailure({ ...facts, local: undefined, status });
        expect(['throttled', 'transient']).toContain(kind);
      }),
    );
  });
});
