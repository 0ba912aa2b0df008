/** Numbers are hints: what an answer means without any, checked for every number that the table knows. */
import { describe, expect, it } from 'vitest';
import type { HistoryEntry } from '../../../../shared/account/account.ts';
import { confirmFailure } from '../../../../shared/account/confirmFailure.ts';
import type { Failure, FailureKind } from '../../../../shared/errors.ts';
import { classifyFailure, FAILURES, type TokenFacts } from '../../../../shared/tokens/failures.ts';

const MINUTE = 60_000;
const NOW = new Date('2026-11-20T12:00:00Z');
const MARKS: readonly FailureKind[] = ['needs-user', 'consent', 'cache-lost'];

const NUMBERS = FAILURES.flatMap(({ name, numbers = [] }) => numbers.map((number) => ({ name, number })));
/** With which of these errors Entra sends which number is not promised either. */
const ERRORS = [
  'invalid_grant',
  'interaction_required',
  'invalid_client',
  'unauthorized_client',
  'invalid_request',
  'invalid_resource',
  'temporarily_unavailable',
];
const ANSWERS = NUMBERS.flatMap(({ name, number }) =>
  ERRORS.map((error) => ({ name, facts: { error, errorNo: number, status: 400 } satisfies TokenFacts })),
);

const stripped = ({ errorNo: _, ...facts }: TokenFacts): TokenFacts => facts;
/** What the worker counts it as when it meets it for the first time. */
const firstMet = (facts: TokenFacts): Failure =>
  confirmFailure(classifyFailure(facts), { history: [], lastActivity: new Date(0) }, NOW);

describe('an answer without its number', () => {
  it.each(ANSWERS)('$name: marks nobody at once: $facts', ({ facts }) => {
    // Not even where the numbered answer marks: without it nothing but a suberror, or claims, is proof.
    expect(MARKS).not.toContain(firstMet(stripped(facts)).kind);
  });

  it.each(
    FAILURES.find(({ name }) => name === 'own credential')?.numbers ?? [],
  )('is still our own credential, if it was (%i)', (errorNo) => {
    const facts = { error: 'invalid_client', errorNo, status: 401 };
    expect(classifyFailure(facts).kind).toBe('misconfigured');
    expect(classifyFailure(stripped(facts)).kind).toBe('misconfigured');
  });

  it('is still a missing consent by its suberror, and a challenge by its claims', () => {
    const consent = { error: 'invalid_grant', errorNo: 65001, suberror: 'consent_required', status: 400 };
    expect(firstMet(stripped(consent)).kind).toBe('consent');
    const challenge = { error: 'interaction_required', errorNo: 50076, claims: '{}', status: 400 };
    expect(firstMet(stripped(challenge))).toMatchObject({ kind: 'needs-user', claims: '{}' });
  });

  it('is still an outage or throttling by its status', () => {
    expect(firstMet({ error: 'invalid_grant', status: 503 }).kind).toBe('transient');
    expect(firstMet({ error: 'invalid_grant', status: 429 }).kind).toBe('throttled');
  });
});

describe('a bare refusal', () => {
  const bare = classifyFailure({ error: 'invalid_grant', status: 400 });
  const failedAgo = (minutes: number, code = 'invalid_grant'): HistoryEntry => ({
    at: new Date(NOW.getTime() - minutes * MINUTE),
    outcome: 'failed',
    kind: 'tenant',
    code,
  });
  const kindAfter = (history: HistoryEntry[], visitedMinutesAgo = 600) =>
    confirmFailure(bare, { history, lastActivity: new Date(NOW.getTime() - visitedMinutesAgo * MINUTE) }, NOW)
      .kind;

  it.each<[what: string, history: HistoryEntry[], kind: FailureKind]>([
    ['for the first time', [], 'tenant'],
    ['for the second time', [failedAgo(60)], 'tenant'],
    ['for the third time in half an hour', [failedAgo(30), failedAgo(10)], 'needs-user'],
    ['for the third time in less', [failedAgo(29), failedAgo(10)], 'tenant'],
    ['for the fourth time', [failedAgo(90), failedAgo(5), failedAgo(1)], 'needs-user'],
    [
      'with a success in between',
      [failedAgo(90), failedAgo(60), { at: new Date(NOW.getTime() - 50 * MINUTE), outcome: 'refreshed' }],
      'tenant',
    ],
    ['with another failure in between', [failedAgo(90), failedAgo(60), failedAgo(40, 'http_503')], 'tenant'],
    [
      'with only one since another failure',
      [failedAgo(90), failedAgo(60, 'http_503'), failedAgo(40)],
      'tenant',
    ],
  ])('%s', (_what, history, kind) => {
    expect(kindAfter(history)).toBe(kind);
  });

  it('counts from the last visit on, which may have healed what went before', () => {
    const history = [failedAgo(90), failedAgo(60)];
    expect(kindAfter(history, 91)).toBe('needs-user');
    expect(kindAfter(history, 90)).toBe('tenant');
    expect(kindAfter(history, 30)).toBe('tenant');
  });

  it('keeps its code, so that the next one is seen to be the same', () => {
    expect(confirmFailure(bare, { history: [], lastActivity: NOW }, NOW)).toEqual({
      ...bare,
      kind: 'tenant',
    });
  });
});

describe('a sure failure', () => {
  it.each<Failure>([
    { kind: 'needs-user', code: 'AADSTS50173' },
    { kind: 'consent', code: 'AADSTS65001' },
    { kind: 'transient', code: 'ECONNRESET' },
    { kind: 'misconfigured', code: 'invalid_client', unsure: true },
  ])('counts at once: %o', (failure) => {
    expect(confirmFailure(failure, { history: [], lastActivity: new Date(0) }, NOW)).toBe(failure);
  });
});
