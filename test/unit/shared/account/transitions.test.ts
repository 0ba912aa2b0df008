import { describe, expect, it } from 'vitest';
import {
  type Account,
  type Active,
  type Connected,
  type HistoryEntry,
  type NeedsUser,
  pendingNotice,
} from '../../../../shared/account/account.ts';
import { withEntries } from '../../../../shared/account/checks.ts';
import type { TasksRun } from '../../../../shared/account/transitions.ts';
import * as transitions from '../../../../shared/account/transitions.ts';
import type { Failure, FailureKind } from '../../../../shared/errors.ts';
import {
  active,
  CONNECTED,
  FAILURE,
  KEPT,
  LEASE,
  needsUser,
  pending,
  REFRESHED,
  TOKENS,
  TOMBSTONES,
  TROUBLE,
  tombstone,
  USER,
} from './accounts.ts';
import { CALLER, MARKING, PASSING, STEPS, token } from './everyTransition.ts';
import { ago, DAY, from, HOUR, MINUTE, NOW, SETTINGS } from './scheduleTimes.ts';

const {
  connected,
  dueNow,
  ended,
  failed,
  leased,
  markedForUser,
  paused,
  postponed,
  refreshed,
  released,
  remembering,
  resumed,
  retried,
  seen,
  seenDisconnected,
  visited,
  waitingUntil,
} = transitions;

const historyOf = (...history: HistoryEntry[]) => ({ history, checks: withEntries([], history) });
const NO_TASKS: TasksRun = { entries: [] };
const RETIRED_AT = from(90 * DAY - HOUR);

describe('every transition', () => {
  const steps = Object.entries(STEPS).flatMap(([name, all]) => all.map((step) => ({ name, ...step })));

  /** `toStrictEqual` tells a field that is absent from one that is `undefined`. */
  it('leaves out what an account does not have', () => {
    for (const { after } of steps) expect(after).toStrictEqual(withoutUndefined(after));
  });

  it('changes nothing of what it was given, and keeps the user', () => {
    const frozen = { ...active({ ...TOKENS, trouble: TROUBLE }), history: Object.freeze([REFRESHED]) };
    const run = () => refreshed(Object.freeze(frozen), token(), NO_TASKS, NOW, SETTINGS, 0);
    expect(run).not.toThrow();
    expect(steps.filter(({ after }) => after.userId !== USER)).toEqual([]);
  });

  it('but a new connection keeps the time at which the user was connected', () => {
    for (const { name, before, after } of steps) {
      if (name === 'connected' || !('generation' in after)) continue;
      const { connectedAt } = before as Connected;
      expect(after.connectedAt, name).toEqual(connectedAt);
    }
    for (const { after } of STEPS.connected) expect(after).toMatchObject({ connectedAt: NOW });
  });

  it('but a new connection keeps the pause of the tasks, unless it is about the pause', () => {
    const OF_PAUSE = ['connected', 'ended', 'paused', 'resumed'];
    for (const { name, before, after } of steps) {
      if (OF_PAUSE.includes(name) || !('generation' in after)) continue;
      expect(after.tasksPausedUntil, name).toEqual((before as Connected).tasksPausedUntil);
    }
    for (const { after } of STEPS.connected) expect(after).not.toHaveProperty('tasksPausedUntil');
    for (const { after } of STEPS.ended) expect(after).not.toHaveProperty('tasksPausedUntil');
  });

  it.each([
    ['the step of a link', 'link', ['linking', 'linkEnded']],
    ['when somebody last asked for a check', 'wokenAt', ['woken']],
  ] as const)('but a new connection keeps %s, unless it is about it', (_, field, about) => {
    const all = steps.filter(({ name, after }) => 'generation' in after && name !== 'connected');
    const others = all.filter(({ name }) => !(about as readonly string[]).includes(name));
    expect(others.filter(({ before }) => (before as Connected)[field] !== undefined).length).toBeGreaterThan(
      10,
    );
    for (const { name, before, after } of others) {
      expect((after as Connected)[field], name).toEqual((before as Connected)[field]);
    }
    for (const { after } of [...STEPS.connected, ...STEPS.ended]) expect(after).not.toHaveProperty(field);
  });

  it('keeps which grant it is of, if it keeps the end of the refresh token', () => {
    const linked = steps.filter(({ before }) => before && 'grant' in before);
    const kept = linked.filter(
      ({ name, after }) => 'generation' in after && !['visited', 'refreshed', 'connected'].includes(name),
    );
    expect(kept.length).toBeGreaterThan(10);
    for (const { name, before, after } of kept) {
      if (!('refreshTokenExpiresOn' in after)) continue;
      expect(after.grant, name).toBe((before as { grant?: string }).grant);
    }
  });

  it('but a new connection keeps the generation of a connected account', () => {
    const others = steps.flatMap(({ name, after }) =>
      name !== 'connected' && 'generation' in after ? [after] : [],
    );
    expect(new Set(others.map(({ generation }) => generation))).toEqual(new Set(['generation-1']));
    const anew = STEPS.connected.flatMap(({ after }) => ('generation' in after ? [after.generation] : []));
    expect(anew).not.toContain('generation-1');
    expect(new Set(anew).size).toBe(anew.length);
  });

  it.each([
    [
      'gives the lease back',
      ['released', 'waitingUntil', 'refreshed', 'failed', 'postponed', 'markedForUser'],
      false,
    ],
    ['takes the lease from the run', ['connected', 'ended'], false],
    ['leaves the lease with the run', ['seen', 'seenDisconnected', 'visited', 'retried', 'told'], true],
  ] as const)('%s: %s', (_, names, isKept) => {
    const all = names.flatMap((name) => STEPS[name]);
    const held = all.filter(({ before }) => before?.lease !== undefined);
    expect(held.length).toBeGreaterThanOrEqual(names.length);
    for (const { before, after } of held) expect(after.lease).toEqual(isKept ? before?.lease : undefined);
    for (const { before, after } of all) if (before?.lease === undefined) expect(after.lease).toBeUndefined();
  });
});

function withoutUndefined(value: object): object {
  const entries = Object.entries(value).filter(([, member]) => member !== undefined);
  return Object.fromEntries(
    entries.map(([name, member]) => [
      name,
      typeof member === 'object' && !Array.isArray(member) && !(member instanceof Date)
        ? withoutUndefined(member)
        : member,
    ]),
  );
}

describe('a connection', () => {
  it('begins with nothing but the user, and is checked once they have been idle', () => {
    expect(connected(CALLER, 'generation-2', NOW, SETTINGS)).toStrictEqual({
      state: 'pending',
      userId: USER,
      userPrincipalName: 'new name',
      generation: 'generation-2',
      connectedAt: NOW,
      lastActivity: NOW,
      nextCheckAt: from(MINUTE),
      history: [],
    });
  });

  it('has no name if the access token has none', () => {
    const nameless = { ...CALLER, userPrincipalName: undefined };
    expect(connected(nameless, 'generation-2', NOW, SETTINGS)).not.toHaveProperty('userPrincipalName');
  });

  it.each(['disconnected', 'retired'] as const)('ends as %s, and nothing of the person is kept', (state) => {
    expect(ended(USER, state, NOW)).toStrictEqual({
      state,
      userId: USER,
      since: NOW,
      nextCheckAt: from(10 * MINUTE),
    });
  });

  it('may have ended earlier, and never later than now', () => {
    const now = { nextCheckAt: from(10 * MINUTE) };
    expect(ended(USER, 'disconnected', NOW, ago(DAY))).toMatchObject({ since: ago(DAY), ...now });
    expect(ended(USER, 'disconnected', NOW, from(DAY))).toMatchObject({ since: NOW, ...now });
  });
});

describe('a visit', () => {
  it.each(CONNECTED)('moves the last activity only forward, and changes nothing else: $state', (before) => {
    expect(seen(before, NOW)).toStrictEqual({ ...before, lastActivity: NOW });
    expect(seen(before, ago(DAY))).toStrictEqual(before);
  });

  it('of a user who has disconnected extends the disconnection, and changes nothing else', () => {
    const before = { ...tombstone('disconnected'), lease: LEASE };
    expect(seenDisconnected(before, NOW)).toStrictEqual({ ...before, since: NOW });
    expect(seenDisconnected(before, ago(DAY))).toStrictEqual(before);
  });

  it.each([
    ['pending', pending({ lease: LEASE, trouble: TROUBLE }), {}],
    [
      'active',
      active({ ...TOKENS, lease: LEASE, trouble: TROUBLE }),
      { lastRefreshed: TOKENS.lastRefreshed },
    ],
    ['needs-user', needsUser({ ...TOKENS, lease: LEASE }), { lastRefreshed: TOKENS.lastRefreshed }],
    ['needs-user, and never had a token', needsUser({ lease: LEASE }), {}],
  ] as const)('that stored a cache ends every failure of an account that is %s', (_, before, known) => {
    expect(visited(before, CALLER, token(), NOW, SETTINGS)).toStrictEqual({
      ...KEPT,
      ...known,
      state: 'active',
      lease: LEASE,
      homeAccountId: 'home-2',
      userPrincipalName: 'new name',
      lastActivity: NOW,
      expiresOn: from(75 * MINUTE),
      refreshTokenExpiresOn: from(DAY),
      isEndTold: true,
    });
  });

  it('with a stored token leaves the end of the refresh token as it is known', () => {
    const cached = token({ source: 'cache', refreshTokenExpiresOn: undefined });
    const ends = (before: Connected) => visited(before, CALLER, cached, NOW, SETTINGS).refreshTokenExpiresOn;
    expect(ends(needsUser(TOKENS))).toEqual(TOKENS.refreshTokenExpiresOn);
    expect(ends(pending())).toBeUndefined();
  });

  it('without a name in the access token deletes the name that was known', () => {
    const nameless = { ...CALLER, userPrincipalName: undefined };
    const after = visited(active(), nameless, token(), NOW, SETTINGS);
    expect(after).not.toHaveProperty('userPrincipalName');
  });

  it.each<[what: string, before: Connected, nextCheckAt: Date]>([
    ['is active', active({ nextCheckAt: from(DAY) }), from(DAY)],
    ['is pending and due sooner', pending({ nextCheckAt: from(30_000) }), from(30_000)],
    ['is pending and due at the same time', pending({ nextCheckAt: from(MINUTE) }), from(MINUTE)],
    ['is pending and due later', pending({ nextCheckAt: from(DAY) }), from(MINUTE)],
    ['needs the user', needsUser({ nextCheckAt: RETIRED_AT }), from(MINUTE)],
    [
      'is leased because it was to be retired',
      needsUser({ nextCheckAt: ago(MINUTE), lease: LEASE }),
      ago(MINUTE),
    ],
    ['is leased until later than the first check', active({ nextCheckAt: NOW, lease: LEASE }), NOW],
  ])('sets the next check of an account that %s', (_, before, nextCheckAt) => {
    expect(visited(before, CALLER, token(), NOW, SETTINGS).nextCheckAt).toEqual(nextCheckAt);
  });
});

describe('an account that is due too late', () => {
  const lease = { runId: 'of a wrong clock', until: from(100 * DAY) };
  it('becomes due now, whoever has leased it', () => {
    expect(dueNow(active({ lease, nextCheckAt: from(DAY) }), NOW)).toStrictEqual(
      active({ nextCheckAt: NOW }),
    );
  });

  it.each([
    active({ lease }),
    active({ nextCheckAt: from(100 * DAY) }),
  ])('is due by a visit, too', (before) => {
    const after = visited(before, CALLER, token(), NOW, SETTINGS);
    expect(after).toMatchObject({ state: 'active', nextCheckAt: NOW });
    expect(after).not.toHaveProperty('lease');
  });
});

describe('a lease', () => {
  it.each([
    ...CONNECTED,
    ...TOMBSTONES,
  ])('changes nothing else, and keeps the time of the check: $state', (before) => {
    const lease = { runId: 'run-2', until: from(HOUR) };
    expect(leased(before, 'run-2', from(HOUR))).toStrictEqual({ ...before, lease });
  });

  it.each([
    ...CONNECTED,
    ...TOMBSTONES,
  ])('that is given back leaves the account due as before: $state', (before) => {
    const { lease: _, ...unleased } = before;
    expect(released(before)).toStrictEqual(unleased);
    expect(released(leased(before, 'run-2', from(HOUR)))).toStrictEqual(unleased);
  });

  it.each([...CONNECTED, ...TOMBSTONES])('ends when the check finds nothing to do: $state', (before) => {
    const { lease: _, ...unleased } = before;
    const nextCheckAt = pendingNotice(before)?.nextTryAt ?? from(HOUR);
    expect(waitingUntil(before, from(HOUR))).toStrictEqual({ ...unleased, nextCheckAt });
  });
});

describe('a check that got a token', () => {
  const settled = (before: Connected, source: 'network' | 'cache' = 'network', tasks = NO_TASKS): Active =>
    refreshed(before, token({ source }), tasks, NOW, SETTINGS, 0);

  it.each([
    ['pending', pending({ lease: LEASE, trouble: TROUBLE })],
    ['active', active({ ...TOKENS, lease: LEASE, trouble: TROUBLE })],
    ['active, with a fault of ours', active({ trouble: { attempts: 2 } })],
    ['needs-user', needsUser({ ...TOKENS, lease: LEASE })],
  ] as const)('from the token endpoint ends every failure of an account that is %s', (_, before) => {
    const { history, checks } = historyOf(REFRESHED, { at: NOW, outcome: 'refreshed' });
    expect(settled(before)).toStrictEqual({
      ...KEPT,
      state: 'active',
      homeAccountId: 'home-2',
      expiresOn: from(75 * MINUTE),
      lastRefreshed: NOW,
      refreshTokenExpiresOn: from(DAY),
      isEndTold: true,
      history,
      checks: checks.map((check) => ({ ...check, grant: 'exchange', grantEndsAt: from(DAY) })),
      nextCheckAt: from(50 * MINUTE),
    });
  });

  it('has its tasks remember something else, or nothing', () => {
    const { memory: _, ...others } = settled(active());
    expect(remembering(settled(active()), 'newly-sealed')).toStrictEqual({
      ...others,
      memory: 'newly-sealed',
    });
    expect(remembering(settled(active()), undefined)).toStrictEqual(others);
  });

  it('from the cache does not call it new', () => {
    const after = settled(active({ ...TOKENS, lease: LEASE }), 'cache');
    expect(after).toMatchObject({ ...TOKENS, expiresOn: from(75 * MINUTE) });
    expect(after.history).toEqual([REFRESHED, { at: NOW, outcome: 'from-cache' }]);
    expect(settled(pending(), 'cache')).not.toHaveProperty('lastRefreshed');
    expect(settled(pending(), 'cache')).not.toHaveProperty('refreshTokenExpiresOn');
  });

  it('says which grant keeps the connection, and until when, as far as Entra has told it', () => {
    const LINKED = { grant: 'code', refreshTokenExpiresOn: from(90 * DAY) } as const;
    const about = refreshed(active(), token({ ...LINKED, isEndEstimated: true }), NO_TASKS, NOW, SETTINGS, 0);
    expect(about).toMatchObject(LINKED);
    expect(about).not.toHaveProperty('isEndTold');
    expect(about.checks?.at(-1)).toMatchObject({ grant: 'code', last: NOW });
    expect(about.checks?.at(-1)).not.toHaveProperty('grantEndsAt');

    const told = refreshed(about, token(LINKED), NO_TASKS, NOW, SETTINGS, 0);
    expect(told).toMatchObject({ ...LINKED, isEndTold: true });
    expect(told.checks?.at(-1)).toMatchObject({ grant: 'code', grantEndsAt: from(90 * DAY) });
    // An access token of the cache says nothing new.
    const cached = token({ source: 'cache', refreshTokenExpiresOn: undefined });
    expect(refreshed(told, cached, NO_TASKS, NOW, SETTINGS, 0)).toMatchObject({ ...LINKED, isEndTold: true });

    // A check that could not settle has dropped the code.
    const dropped = refreshed(told, { ...cached, grant: 'exchange' }, NO_TASKS, NOW, SETTINGS, 0);
    expect(dropped).toMatchObject({ refreshTokenExpiresOn: from(HOUR), nextCheckAt: from(30 * MINUTE) });
    expect(dropped).not.toHaveProperty('grant');
    expect(dropped).not.toHaveProperty('isEndTold');
    // What a task's token says came after it.
    const renewed = token({ grant: 'exchange', refreshTokenExpiresOn: undefined });
    const met = refreshed(told, cached, { ...NO_TASKS, renewed }, NOW, SETTINGS, 0);
    expect(met).toMatchObject({ expiresOn: cached.expiresOn, refreshTokenExpiresOn: from(DAY) });
    expect(met).not.toHaveProperty('grant');

    const unknown = token({ refreshTokenExpiresOn: undefined });
    const fell = refreshed(told, unknown, NO_TASKS, NOW, SETTINGS, 0);
    expect(fell).not.toHaveProperty('grant');
    expect(fell).not.toHaveProperty('isEndTold');
    expect(fell.checks?.at(-1)).toMatchObject({ grant: 'exchange', times: 1 });
  });

  it('is checked again before the new refresh token ends', () => {
    const short = token({ expiresOn: from(DAY), refreshTokenExpiresOn: from(HOUR) });
    const after = refreshed(active(TOKENS), short, NO_TASKS, NOW, SETTINGS, 0);
    expect(after.nextCheckAt).toEqual(from(30 * MINUTE));
  });

  it('is retired in time', () => {
    const after = settled(active({ lastActivity: ago(90 * DAY - MINUTE) }));
    expect(after.nextCheckAt).toEqual(from(MINUTE));
  });

  it('records the tasks after the token', () => {
    const entries = [
      { at: from(1_000), outcome: 'task-done', task: 'digest' },
      { at: from(2_000), outcome: 'task-failed', task: 'report', kind: 'throttled', code: 'http_429' },
    ] as const;
    const after = refreshed(pending(), token(), { entries }, NOW, SETTINGS, 0);
    expect(after.history).toEqual([REFRESHED, { at: NOW, outcome: 'refreshed' }, ...entries]);
  });

  it.each<[what: string, throttledUntil: Date | undefined, nextCheckAt: Date]>([
    ['without a cooldown', undefined, from(50 * MINUTE)],
    ['with a cooldown that ends first', from(10 * MINUTE), from(50 * MINUTE)],
    ['with a cooldown that ends later', from(55 * MINUTE), from(55 * MINUTE)],
  ])('%s has a next check', (_, throttledUntil, nextCheckAt) => {
    const tasks = { entries: [], throttledUntil };
    expect(refreshed(active(TOKENS), token(), tasks, NOW, SETTINGS, 0).nextCheckAt).toEqual(nextCheckAt);
  });
});

describe('a check that failed', () => {
  const failure: Failure = { kind: 'needs-user', code: 'code-1' };
  const marked = (before: Connected): NeedsUser => markedForUser(before, failure, NOW, SETTINGS);

  for (const kind of MARKING) {
    it.each([
      ['pending', pending({ lease: LEASE, trouble: TROUBLE }), {}],
      ['active', active({ ...TOKENS, lease: LEASE, trouble: TROUBLE }), TOKENS],
      ['needs-user', needsUser({ ...TOKENS, lease: LEASE }), TOKENS],
      ['needs-user, and never had a token', needsUser({ lease: LEASE }), {}],
    ] as const)(`with ${kind} leaves the account to the user, and keeps its tokens' times: %s`, (_, before, tokens) => {
      const after = {
        ...KEPT,
        ...tokens,
        state: 'needs-user',
        failure: { kind, code: 'code-1', at: NOW },
        ...historyOf(REFRESHED, { at: NOW, outcome: 'failed', kind, code: 'code-1' }),
        nextCheckAt: RETIRED_AT,
      };
      expect(failed(before, { kind, code: 'code-1' }, NOW, SETTINGS, 0)).toStrictEqual(after);
      expect(markedForUser(before, { kind, code: 'code-1' }, NOW, SETTINGS)).toStrictEqual(after);
    });
  }

  for (const kind of PASSING) {
    const entry = { at: NOW, outcome: 'failed', kind, code: 'code-1' } as const;

    it.each([
      ['pending', pending({ lease: LEASE }), 1],
      ['pending, again', pending({ lease: LEASE, trouble: TROUBLE }), 4],
      ['active', active({ ...TOKENS, lease: LEASE }), 1],
      ['active, again', active({ ...TOKENS, lease: LEASE, trouble: TROUBLE }), 4],
      ['active, after a fault of ours', active({ lease: LEASE, trouble: { attempts: 2 } }), 3],
    ] as const)(`with ${kind} is only repeated later: %s`, (_, before, attempts) => {
      const { lease, ...unleased } = before;
      const later: Failure = { kind, code: 'code-1', retryAfterSeconds: 90 };
      expect(failed(before, later, NOW, SETTINGS, 0)).toStrictEqual({
        ...unleased,
        trouble: { attempts, failure: { kind, code: 'code-1', at: NOW } },
        ...historyOf(REFRESHED, entry),
        nextCheckAt: from(90_000),
      });
    });

    it(`with ${kind} does not hide that the user is needed`, () => {
      const before = needsUser(TOKENS);
      expect(failed({ ...before, lease: LEASE }, { kind, code: 'code-1' }, NOW, SETTINGS, 0)).toStrictEqual({
        ...before,
        ...historyOf(REFRESHED, entry),
      });
    });
  }

  it('waits longer each time', () => {
    const next = (attempts: number) =>
      failed(
        active({ ...TOKENS, trouble: { attempts } }),
        { kind: 'transient', code: 'c' },
        NOW,
        SETTINGS,
        0.5,
      );
    expect([0, 1, 2].map((attempts) => next(attempts).nextCheckAt)).toEqual([
      from(MINUTE),
      from(2 * MINUTE),
      from(4 * MINUTE),
    ]);
  });

  it('keeps what the user must satisfy, and no more of the failure than that', () => {
    const kept = { suberror: 'basic_action', claims: '{"access_token":{}}', askedBy: 'graph' };
    const whole: Failure = { ...failure, ...kept, unsure: true, retryAfterSeconds: 9, tenantWide: true };
    const stored = { ...failure, ...kept, at: NOW };
    expect(markedForUser(active(), whole, NOW, SETTINGS).failure).toStrictEqual(stored);
    expect(marked(active()).failure).toStrictEqual({ ...failure, at: NOW });
  });

  it.each([
    ['pending', pending(), { attempts: 1 }],
    ['pending, again', pending({ trouble: { attempts: 1 } }), { attempts: 2 }],
    ['active', active(TOKENS), { attempts: 1 }],
    ['active, with a failure', active({ trouble: TROUBLE }), { attempts: 4, failure: FAILURE }],
  ] as const)('by a fault of ours is counted, and the user is not told of it: %s', (_, before, trouble) => {
    const after = postponed({ ...before, lease: LEASE }, 'misconfigured', NOW, SETTINGS, 0.5);
    const minutes = 2 ** (trouble.attempts - 1);
    expect(after).toStrictEqual({ ...before, trouble, nextCheckAt: from(minutes * MINUTE) });
  });

  it('by a fault of ours leaves an account alone that needs the user', () => {
    const after = postponed(needsUser({ ...TOKENS, lease: LEASE }), 'misconfigured', NOW, SETTINGS, 0.5);
    expect(after).toStrictEqual(needsUser(TOKENS));
  });
});

describe('the history', () => {
  const long: HistoryEntry[] = Array.from({ length: 20 }, (_, n) => ({
    at: ago(HOUR - n),
    outcome: 'from-cache',
  }));
  const entries: HistoryEntry[] = [
    { at: NOW, outcome: 'task-done', task: 'one' },
    { at: NOW, outcome: 'task-done', task: 'two' },
  ];
  const before = active({ history: long });

  it.each([
    ['a token and two tasks', refreshed(before, token(), { entries }, NOW, SETTINGS, 0), 3],
    ['a failure that passes', failed(before, { kind: 'transient', code: 'c' }, NOW, SETTINGS, 0), 1],
    ['a mark', markedForUser(before, { kind: 'consent', code: 'c' }, NOW, SETTINGS), 1],
    [
      'a failure of an account that needs the user',
      failed(needsUser({ history: long }), { kind: 'transient', code: 'c' }, NOW, SETTINGS, 0),
      1,
    ],
  ])('keeps the last 20 entries: %s', (_, { history }, added) => {
    expect(history).toHaveLength(20);
    expect(history.slice(0, -added)).toEqual(long.slice(added));
  });

  it('is as long as it is while there are fewer', () => {
    const { history } = refreshed(active({ history: long.slice(3) }), token(), { entries }, NOW, SETTINGS, 0);
    expect(history).toHaveLength(20);
    expect(history[0]).toEqual(long[3]);
  });

  it('keeps the last tasks if there are more than 20', () => {
    const many = Array.from({ length: 25 }, (_, n): HistoryEntry => ({ ...REFRESHED, task: `task-${n}` }));
    const { history } = refreshed(before, token(), { entries: many }, NOW, SETTINGS, 0);
    expect(history).toEqual(many.slice(5));
  });
});

describe("an operator's retry", () => {
  const { expiresOn, lastRefreshed } = TOKENS;
  const later = { nextCheckAt: from(DAY) };
  const marked = { attempts: 0, failure: needsUser().failure };

  it.each<[what: string, before: Connected, becomes: object]>([
    ['is pending', pending(later), { state: 'pending' }],
    [
      'is pending and had a failure',
      pending({ ...later, trouble: TROUBLE }),
      { state: 'pending', trouble: { attempts: 0, failure: FAILURE } },
    ],
    [
      'is active',
      active({ ...later, ...TOKENS, trouble: TROUBLE }),
      { state: 'active', ...TOKENS, trouble: { attempts: 0, failure: FAILURE } },
    ],
    [
      'is active, after a fault of ours',
      active({ ...later, trouble: { attempts: 2 } }),
      { state: 'active', expiresOn: TOKENS.expiresOn },
    ],
    // What was promised of the grants may be what Entra has refused.
    [
      'needed the user',
      needsUser({ ...later, ...TOKENS, grant: 'code', isEndTold: true }),
      { state: 'active', expiresOn, lastRefreshed, trouble: marked },
    ],
    ['needed the user before its first token', needsUser(later), { state: 'pending', trouble: marked }],
  ])('makes an account due now that %s', (_, before, becomes) => {
    expect(retried(before, NOW)).toStrictEqual({ ...KEPT, nextCheckAt: NOW, ...becomes });
  });

  it('keeps the time of an account that is due already', () => {
    expect(retried(active({ nextCheckAt: ago(HOUR) }), NOW).nextCheckAt).toEqual(ago(HOUR));
  });

  it('leaves a lease that has ended, so that the next run says who abandoned it', () => {
    const lease = { runId: 'run-1', until: ago(MINUTE) };
    expect(retried(needsUser({ ...TOKENS, lease }), NOW).lease).toEqual(lease);
  });
});

describe('a link that nobody has finished', () => {
  const linkUntil = (until: Date) => ({ link: { id: 'link-1', step: 'asked', until } as const });
  const fail = (account: Connected, kind: FailureKind) =>
    failed(account, { kind, code: 'c' }, NOW, SETTINGS, 0);
  const ends: Record<string, (until: Date) => Account> = {
    'a check that got a token': (until) =>
      refreshed(active(linkUntil(until)), token(), NO_TASKS, NOW, SETTINGS, 0),
    'a check that met an outage': (until) => fail(active(linkUntil(until)), 'transient'),
    'a check of a user who has no token yet': (until) => fail(pending(linkUntil(until)), 'throttled'),
    'a check that marked the user': (until) => fail(active(linkUntil(until)), 'needs-user'),
    'a check of a user who is needed': (until) => fail(needsUser(linkUntil(until)), 'transient'),
    'a check that was put off': (until) =>
      postponed(active(linkUntil(until)), 'misconfigured', NOW, SETTINGS, 0),
    'a check of a user who is needed that was put off': (until) =>
      postponed(needsUser(linkUntil(until)), 'misconfigured', NOW, SETTINGS, 0),
    'a visit': (until) => visited(needsUser(linkUntil(until)), CALLER, token(), NOW, SETTINGS),
  };
  it.each(Object.entries(ends))('is kept no longer than it lasts, after %s', (_what, end) => {
    expect(end(from(1))).toMatchObject({ link: { until: from(1) } });
    expect(end(NOW)).not.toHaveProperty('link');
  });
});

describe('a pause of the tasks', () => {
  it.each(CONNECTED)('is a change of a user who is $state, and of nothing else', (account) => {
    expect(paused(account, from(DAY))).toEqual({ ...account, tasksPausedUntil: from(DAY) });
    expect(resumed(account)).not.toHaveProperty('tasksPausedUntil');
    expect(resumed(paused(account, from(DAY)))).toStrictEqual(resumed(account));
  });

  it('is kept no longer than it lasts: the first check after it removes it', () => {
    const check = (until: Date) =>
      refreshed(active({ tasksPausedUntil: until }), token(), NO_TASKS, NOW, SETTINGS, 0);
    expect(check(from(1))).toMatchObject({ tasksPausedUntil: from(1) });
    expect(check(NOW)).not.toHaveProperty('tasksPausedUntil');
  });
});
