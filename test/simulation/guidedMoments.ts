import { DAY } from './durations.ts';
import { FOUND_HISTORIES, SIMPLE } from './foundHistories.ts';
import type { Action, History } from './history.ts';
import type { HowLinked } from './link.ts';
import type { YearsHistory } from './yearsHistory.ts';

const MINUTE = 60_000;

const of = (...actions: Action[]): History => ({ ...SIMPLE, actions, deviations: [] });
const visit = (process: number, pausesAfter = 0): Action => ({
  do: 'visit',
  user: 0,
  process,
  fresh: false,
  pausesAfter,
});
const wish = (what: 'disconnect' | 'reconnect', process: number, pausesAfter = 0): Action => ({
  do: what,
  user: 0,
  process,
  pausesAfter,
});
const run = (process: number, pausesAfter = 0): Action => ({ do: 'run', process, pausesAfter });
const wait = (ms: number): Action => ({ do: 'wait', ms });

/** Histories in which something comes at the one moment at which it matters, which chance meets seldom. */
export const GUIDED_MOMENTS: Readonly<Record<string, History>> = {
  'a process dies with a disconnection, and a check has stored a cache after it': of(
    wait(80 * MINUTE),
    run(1, 13),
    wish('disconnect', 0, 2),
    { do: 'crash', process: 0 },
  ),
  'a user comes back before their cache is deleted': of(
    wish('disconnect', 0, 4),
    wish('reconnect', 1),
    visit(1),
  ),
  'a user visits a machine whose clock is 100 days behind': of(
    // Their page then has a new access token, which has to be exchanged.
    wait(80 * MINUTE),
    { do: 'look', user: 0, process: 1, pausesAfter: 0 },
    { do: 'skew', process: 1, ms: -100 * DAY },
    visit(1),
    run(0),
  ),
  'a user visits for two APIs at the same time': {
    ...of(visit(0, 5), { ...visit(0), api: 'notes' } as Action),
    known: 0,
    notes: true,
    // Otherwise the token is seen to be of no use, and another one is had.
    rules: { ...SIMPLE.rules, scope: 'none' },
  },
  "Graph's limit is the tenant's": {
    ...of(
      { do: 'trouble', user: 0, at: 'graph', kind: 'throttled', whole: 'tenant', forMs: 30 * MINUTE },
      visit(0),
      { ...visit(0), user: 1 } as Action,
    ),
    users: 2,
    known: 2,
  },
  'an application wakes a user who is due later, and does it again': of(
    run(1),
    { do: 'wake', user: 0, process: 0, pausesAfter: 0 },
    { do: 'wake', user: 0, process: 1, pausesAfter: 0 },
    run(1),
    wait(2 * MINUTE),
    { do: 'wake', user: 0, process: 1, pausesAfter: 0 },
    run(0),
  ),
  'the host shuts down while a check waits for the token endpoint': of(wait(80 * MINUTE), run(1, 12), {
    do: 'shut-down',
    process: 1,
  }),
};

const linked = (history: History): History => ({ ...history, links: true });
const link = (how: HowLinked, process = 0, pausesAfter = 0): Action => ({
  do: 'link',
  user: 0,
  process,
  pausesAfter,
  how,
});

/** The same for users who link. */
export const GUIDED_LINKS: Readonly<Record<string, History>> = {
  'the grant of a code is revoked, and the exchange is good': linked(
    of(
      link('well'),
      wait(80 * MINUTE),
      { do: 'revoke', user: 0, grant: 'code' },
      run(1),
      wait(80 * MINUTE),
      run(1),
    ),
  ),
  'both grants are revoked, and the user comes back': linked(
    of(
      link('well'),
      wait(80 * MINUTE),
      { do: 'revoke', user: 0 },
      run(1),
      visit(0),
      wait(80 * MINUTE),
      run(1),
    ),
  ),
  'a user disconnects while they are at the sign-in of a link': linked(
    of(link('well', 1, 5), wish('disconnect', 0)),
  ),
  'a process dies with a disconnection, and a link has stored a cache after it': linked(
    of(link('well', 1, 9), wish('disconnect', 0, 2), { do: 'crash', process: 0 }),
  ),
  'somebody else signs in at the end of a link': { ...linked(of(link('other'))), users: 2 },
  'a user has linked and disconnects': linked(of(link('well'), wish('disconnect', 1))),
};

/** Every short history that has a name. */
export const GUIDED: Readonly<Record<string, History>> = {
  ...GUIDED_MOMENTS,
  ...GUIDED_LINKS,
  ...FOUND_HISTORIES,
};

/** Long histories of the same kind. */
export const GUIDED_YEARS: Readonly<Record<string, YearsHistory>> = {
  // More than a page of the audit, and more than may be retired in one day. The user whose entry is lost is on the second page.
  '25 users of one shard visit once, and stay away until they are retired': {
    days: 93,
    habits: Array.from({ length: 25 }, () => ({ joinsOnDay: 0, awayForHours: 100_000, forDays: 1 })),
    rules: { ...SIMPLE.rules, accessTokenMs: DAY },
    notes: false,
    quietOn: 'old',
    connect: 'visit',
    receiver: 'none',
    seldom: false,
    links: false,
    together: true,
    happenings: [{ atHour: 60, forHours: 1, action: { do: 'damage', user: 24, how: 'entry-deleted' } }],
    oneFaultIn: 0,
    seed: 1,
  },
};
