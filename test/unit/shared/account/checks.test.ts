import { describe, expect, it } from 'vitest';
import type { AlikeChecks, HistoryEntry } from '../../../../shared/account/account.ts';
import { checksOf, withEntries } from '../../../../shared/account/checks.ts';

const at = (minutes: number) => new Date(Date.UTC(2026, 10, 20) + minutes * 60_000);
const got = (minutes: number): HistoryEntry => ({ at: at(minutes), outcome: 'refreshed' });
const failed = (minutes: number, code = 'http_503'): HistoryEntry => ({
  at: at(minutes),
  outcome: 'failed',
  kind: 'transient',
  code,
});
const done = (minutes: number, task = 'digest'): HistoryEntry => ({
  at: at(minutes),
  outcome: 'task-done',
  task,
});
const broken = (minutes: number, code = 'timeout'): HistoryEntry => ({
  at: at(minutes),
  outcome: 'task-failed',
  task: 'digest',
  code,
});
/** The entries of one check after the other, as settles add them. */
const recorded = (...checks: HistoryEntry[][]) =>
  checks.reduce<readonly AlikeChecks[]>((known, entries) => withEntries(known, entries), []);

describe('checks', () => {
  it('that ended alike are one entry, with its first, its last and their number', () => {
    expect(recorded([got(0), done(1)], [got(60), done(61)], [got(120), done(121)])).toEqual([
      {
        first: at(0),
        last: at(120),
        times: 3,
        outcome: 'refreshed',
        tasks: [{ task: 'digest', outcome: 'done', last: at(121), times: 3 }],
      },
    ]);
  });

  it.each<[what: string, one: HistoryEntry[], other: HistoryEntry[]]>([
    ['in the source of the token', [got(0)], [{ at: at(60), outcome: 'from-cache' }]],
    ['in whether there was a token', [got(0)], [failed(60)]],
    ['in the code of the failure', [failed(0)], [failed(60, 'http_500')]],
    ['in the kind of the failure', [failed(0)], [{ ...failed(60), kind: 'throttled' }]],
    ['in the end of a task', [got(0), done(1)], [got(60), broken(61)]],
    ['in the code of a task', [got(0), broken(1)], [got(60), broken(61, 'Error')]],
  ])('that differ %s are entries of their own', (_what, one, other) => {
    expect(recorded(one, other, one)).toHaveLength(3);
  });

  it('of which some left a task out are one entry', () => {
    const checks = recorded([got(0), done(1)], [got(60)], [got(120), done(121), done(122, 'other')]);
    expect(checks).toMatchObject([
      {
        times: 3,
        tasks: [
          { task: 'digest', times: 2 },
          { task: 'other', times: 1, last: at(122) },
        ],
      },
    ]);
  });

  it('compare each task with itself, and count it by itself', () => {
    const both = (minutes: number) => [got(minutes), done(minutes + 1, 'other'), broken(minutes + 2)];
    const checks = recorded(both(0), both(60), [got(120), broken(121)]);
    expect(checks).toMatchObject([
      {
        times: 3,
        tasks: [
          { task: 'other', outcome: 'done', times: 2, last: at(61) },
          { task: 'digest', outcome: 'failed', times: 3, last: at(121) },
        ],
      },
    ]);
  });

  it('that came before and after a visit are entries of their own, so that the count since the visit can be told', () => {
    const before = recorded([got(0), done(1)], [got(60), done(61)]);
    const checkAfter = (checks: readonly AlikeChecks[], minutes: number, visitedAt: number) =>
      withEntries(checks, [got(minutes), done(minutes + 1)], {}, at(visitedAt));
    const after = checkAfter(checkAfter(before, 120, 90), 180, 90);
    expect(after).toMatchObject([
      { first: at(0), last: at(60), times: 2 },
      { first: at(120), last: at(180), times: 2, tasks: [{ times: 2 }] },
    ]);
    expect(checkAfter(before, 120, 30), 'a visit before the last of them').toHaveLength(1);
    expect(checkAfter(before, 120, 500), 'a visit in the future, by a wrong clock').toHaveLength(1);
  });

  it('of weeks fit in twenty entries, of which the oldest are dropped', () => {
    const days = Array.from({ length: 40 }, (_, day) =>
      day % 2 === 0 ? [got(day * 1_440)] : [failed(day * 1_440)],
    );
    const checks = recorded(...days);
    expect(checks).toHaveLength(20);
    expect(checks.at(-1)).toMatchObject({ first: at(39 * 1_440) });
    const alike = recorded(
      ...Array.from({ length: 500 }, (_, hour) => [got(hour * 60), done(hour * 60 + 1)]),
    );
    expect(alike).toMatchObject([{ times: 500, tasks: [{ times: 500 }] }]);
  });
});

describe('the checks of somebody who visits many times a day', () => {
  it('cover weeks, because the oldest become one entry', () => {
    const found = (minutes: number): HistoryEntry => ({ at: at(minutes), outcome: 'from-cache' });
    const checks = Array.from({ length: 100 }, (_, visit) => visit * 120).reduce<readonly AlikeChecks[]>(
      (known, minutes) => {
        const check = minutes % 240 === 0 ? got(minutes) : found(minutes);
        return withEntries(known, [check, done(minutes + 1)], {}, at(minutes - 60));
      },
      [],
    );
    expect(checks).toHaveLength(20);
    expect(checks[0]).toMatchObject({
      first: at(0),
      last: at(80 * 120),
      times: 81,
      tasks: [{ task: 'digest', last: at(80 * 120 + 1), times: 81 }],
    });
    expect(checks[1]).toMatchObject({ first: at(81 * 120), times: 1 });
  });
});

describe('the checks of an account', () => {
  it('are those of its history, if an earlier release wrote all of it', () => {
    // A full history has dropped the check of its first task.
    expect(checksOf({ history: [done(1), got(60), done(61), got(120), done(121)] })).toEqual(
      recorded([got(60), done(61)], [got(120), done(121)]),
    );
  });

  it('have what the previous release added after a rollback, once', () => {
    const checks = recorded([got(0), done(1)], [got(60), done(61)]);
    const ours = [got(0), done(1), got(60), done(61)];
    expect(checksOf({ checks, history: ours })).toEqual(checks);
    const theirs = [...ours, got(120), done(121), failed(180)];
    const expected = recorded([got(0), done(1)], [got(60), done(61)], [got(120), done(121)], [failed(180)]);
    expect(checksOf({ checks, history: theirs })).toEqual(expected);
    expect(checksOf({ checks: expected, history: theirs })).toEqual(expected);
  });

  it('are more than its history', () => {
    const checks = recorded(...Array.from({ length: 30 }, (_, n) => [n % 2 === 0 ? got(n) : failed(n)]));
    expect(checksOf({ checks, history: [failed(29)] })).toEqual(checks);
  });
});

describe('the grant that kept a connection after checks', () => {
  const DAY = 1_440;
  const kept = (
    known: readonly AlikeChecks[],
    entry: HistoryEntry,
    grant?: 'code' | 'exchange',
    endsAt?: Date,
  ) => withEntries(known, [entry], { ...(grant && { grant }), ...(endsAt && { grantEndsAt: endsAt }) });

  it('begins another entry when it is another one', () => {
    const linked = kept(
      kept(kept([], got(0), 'exchange', at(DAY)), got(60), 'code'),
      got(120),
      'code',
      at(90 * DAY),
    );
    expect(linked).toMatchObject([
      { times: 1, grant: 'exchange', grantEndsAt: at(DAY) },
      { times: 2, grant: 'code', grantEndsAt: at(90 * DAY) },
    ]);
  });

  it('is that of the last one, and of nobody if an earlier release did that one', () => {
    const [known] = kept(kept([], got(0)), got(60), 'code', at(DAY));
    expect(known).toMatchObject({ times: 2, grant: 'code', grantEndsAt: at(DAY) });
    const [renewed] = kept(known ? [known] : [], got(120), 'code');
    expect(renewed).toMatchObject({ times: 3, grant: 'code' });
    expect(renewed).not.toHaveProperty('grantEndsAt');
    const [unknown] = kept(renewed ? [renewed] : [], got(180));
    expect(unknown).toMatchObject({ times: 4 });
    expect(unknown).not.toHaveProperty('grant');
  });
});
