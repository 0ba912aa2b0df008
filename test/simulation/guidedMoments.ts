import { DAY } from './durations.ts';
import type { ApiName } from './entraTypes.ts';
import { FOUND_HISTORIES, SIMPLE } from './foundHistories.ts';
import type { Action, BLAMELESS, History } from './history.ts';
import type { HowLinked } from './link.ts';

const MINUTE = 60_000;

const of = (...actions: Action[]): History => ({ ...SIMPLE, actions, deviations: [] });
/** `pausesBefore`: the request before which the process waits until nothing else can happen. */
const pausing = (pausesBefore?: string) => ({ pausesAfter: 0, ...(pausesBefore && { pausesBefore }) });
const visit = (process: number, pausesBefore?: string, api: ApiName = 'graph', user = 0): Action => ({
  ...{ do: 'visit', user, process, fresh: false, api },
  ...pausing(pausesBefore),
});
const wish = (what: 'disconnect' | 'reconnect', process: number, pausesBefore?: string): Action => ({
  ...{ do: what, user: 0, process },
  ...pausing(pausesBefore),
});
const run = (process: number, pausesBefore?: string): Action => ({
  ...{ do: 'run', process },
  ...pausing(pausesBefore),
});
const wait = (ms: number): Action => ({ do: 'wait', ms });

/** Two users are checked while the token endpoint refuses, one of them visits, and all is well again. */
const blameless = (kind: (typeof BLAMELESS)[number], whole: 'person' | 'tenant' | 'everybody'): History => ({
  ...of(
    wait(80 * MINUTE),
    { do: 'trouble', user: 0, at: 'token', kind, whole, forMs: 25 * MINUTE },
    run(1),
    wait(6 * MINUTE),
    run(0),
    { ...visit(0), fresh: true } as Action,
    wait(80 * MINUTE),
    run(1),
  ),
  users: 2,
  known: 2,
});

export const GRAPH_LIMIT: Action = {
  ...{ do: 'trouble', user: 0, at: 'graph', kind: 'throttled', whole: 'tenant', forMs: 30 * MINUTE },
};

/** Histories in which something comes at the one moment at which it matters, which chance meets seldom. */
export const GUIDED_MOMENTS: Readonly<Record<string, History>> = {
  'a user is marked while a process remembers their exchange': of(
    { do: 'visit', user: 0, process: 0, fresh: true, ...pausing() },
    { do: 'damage', user: 0, how: 'cache' },
    wait(2 * MINUTE),
    run(1),
    wait(1.5 * MINUTE),
    visit(0),
  ),
  'a user pauses their tasks while their notice is on its way': {
    ...of({ do: 'challenge', user: 0, api: 'graph' }, run(1), wait(2 * MINUTE), run(1, 'receiver'), {
      do: 'pause',
      user: 0,
      process: 0,
      ...pausing(),
    }),
    receiver: 'well',
  },
  'a user visits while a check is about to mark them for a challenge': of(
    { do: 'challenge', user: 0, api: 'graph' },
    run(1, 'table: merge user|u1 (needs-user'),
    { do: 'visit', user: 0, process: 0, fresh: true, ...pausing() },
  ),
  'a process dies with a disconnection, and a check has stored a cache after it': of(
    wait(80 * MINUTE),
    run(1, 'blob: write'),
    wish('disconnect', 0, 'blob: read'),
    { do: 'crash', process: 0 },
  ),
  'a user comes back before their cache is deleted': of(
    // It has read the cache and then the account.
    { ...wish('disconnect', 0), pausesAfter: 4 } as Action,
    wish('reconnect', 1),
    visit(1),
  ),
  'a user disconnects, and their first visit comes between': {
    ...of(wish('disconnect', 0, 'table: create'), visit(1)),
    known: 0,
  },
  'an operator lets a user be checked at once': of(run(1), {
    ...{ do: 'retry', user: 0, process: 0, pausesAfter: 0 },
  } as Action),
  'a user visits a machine whose clock is 100 days behind': of(
    // Their page then has a new access token, which has to be exchanged.
    wait(80 * MINUTE),
    { do: 'look', user: 0, process: 1, pausesAfter: 0 },
    { do: 'skew', process: 1, ms: -100 * DAY },
    visit(1),
    run(0),
  ),
  'a user visits for two APIs at the same time': {
    ...of(visit(0, 'token endpoint'), visit(0, undefined, 'notes')),
    known: 0,
    notes: true,
    // Otherwise the token is seen to be of no use, and another one is had.
    rules: { ...SIMPLE.rules, scope: 'none' },
  },
  'a visit for another API ends while one for Graph is about to store its cache': {
    ...of(wait(80 * MINUTE), visit(0, 'blob: write'), visit(1, undefined, 'notes')),
    notes: true,
  },
  'a check gets a token, and cannot store it': of(wait(80 * MINUTE), {
    ...run(1),
    failsAt: 'blob: write',
  } as Action),
  'a run takes a lease while another one has the user': of(
    wait(80 * MINUTE),
    run(0, 'table: merge user'),
    run(1, 'token endpoint'),
  ),
  'Graph asks for a newer sign-in during a check': of(
    wait(80 * MINUTE),
    { do: 'challenge', user: 0, api: 'graph' },
    run(1),
  ),
  "Graph's limit is the user's, and their page has a new access token": of(
    { do: 'trouble', user: 0, at: 'graph', kind: 'throttled', whole: 'person', forMs: 30 * MINUTE },
    visit(0),
    { ...visit(0), fresh: true } as Action,
  ),
  "Graph's limit is the tenant's": {
    ...of(
      { do: 'trouble', user: 0, at: 'graph', kind: 'throttled', whole: 'tenant', forMs: 30 * MINUTE },
      visit(0),
      visit(0, undefined, 'graph', 1),
    ),
    users: 2,
    known: 2,
  },
  "Graph's limit is the whole application's": {
    ...of(
      { do: 'trouble', user: 0, at: 'graph', kind: 'throttled', whole: 'everybody', forMs: 30 * MINUTE },
      visit(0),
      // This user is of another tenant.
      visit(0, undefined, 'graph', 2),
    ),
    users: 3,
    known: 3,
  },
  "one machine meets the tenant's limit of Graph, and another one runs": {
    ...of(GRAPH_LIMIT, visit(0), run(1)),
    users: 2,
    known: 2,
  },
  "one machine meets the tenant's limit of Graph, and another one is visited": {
    ...of(
      GRAPH_LIMIT,
      visit(0),
      wait(2 * MINUTE),
      // It reads the cooldowns beside this visit, which needs nothing of Graph.
      visit(1, undefined, 'notes'),
      visit(1, undefined, 'graph', 1),
    ),
    users: 2,
    known: 2,
    notes: true,
  },
  'one machine meets a tenant that has removed the application, and another one runs': {
    ...of(
      wait(80 * MINUTE),
      { do: 'trouble', user: 0, at: 'token', kind: 'removed', whole: 'tenant', forMs: 30 * MINUTE },
      run(0),
      wait(2 * MINUTE),
      { do: 'retry-by-force', user: 1, process: 1, pausesAfter: 0 },
      run(1),
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
  'the token endpoint is away in the last half hour of a refresh token': {
    ...of(
      { do: 'visit', user: 0, process: 0, fresh: true, ...pausing() },
      ...Array.from({ length: 47 }, () => [wait(30 * MINUTE), run(1)]).flat(),
      wait(12 * MINUTE),
      { do: 'trouble', user: 0, at: 'token', kind: 'outage', whole: 'tenant', forMs: 30 * MINUTE },
      ...Array.from({ length: 10 }, () => [wait(5 * MINUTE), run(1)]).flat(),
    ),
    known: 0,
    seldom: true,
    rules: { ...SIMPLE.rules, refreshTokenMs: DAY, tellsEnd: true },
  },
  'a receiver is told of a need, and fails once when it is told of the recovery': {
    ...of(
      { do: 'challenge', user: 0, api: 'graph' },
      run(1),
      wait(2 * MINUTE),
      run(1),
      { do: 'visit', user: 0, process: 0, fresh: true, ...pausing() },
      wait(2 * MINUTE),
      { ...run(1), failsAt: 'receiver' } as Action,
      wait(12 * MINUTE),
      run(1),
      wait(12 * MINUTE),
      run(1),
    ),
    receiver: 'well',
  },
  'a user comes back while a check tells of their need': {
    ...of({ do: 'challenge', user: 0, api: 'graph' }, run(1), wait(2 * MINUTE), run(1, 'receiver'), {
      ...{ do: 'visit', user: 0, process: 0, fresh: true },
      ...pausing(),
    }),
    receiver: 'well',
  },
  'a refresh token that does not slide ends soon': {
    ...of(
      { do: 'visit', user: 0, process: 0, fresh: true, ...pausing() },
      wait(21 * 60 * MINUTE),
      run(1),
      wait(60 * MINUTE),
      run(1),
    ),
    receiver: 'well',
    rules: { ...SIMPLE.rules, refreshTokenMs: DAY, slides: false, tellsEnd: true },
  },
  "the application's own credential is refused for half an hour": blameless('own-credential', 'everybody'),
  'a tenant has removed the application for half an hour': blameless('removed', 'tenant'),
  'the token endpoint refuses a user without a number for half an hour': blameless('bare', 'person'),
  'a user is checked three times': of(
    wait(80 * MINUTE),
    run(1),
    wait(80 * MINUTE),
    run(1),
    wait(80 * MINUTE),
    run(0),
  ),
  'a user visits while a task of their check reads Graph': of(wait(80 * MINUTE), run(1, 'graph'), {
    ...{ do: 'visit', user: 0, process: 0, fresh: true },
    ...pausing(),
  }),
  'a user visits while a later check of theirs asks for its token': {
    ...of(wait(80 * MINUTE), run(0), wait(80 * MINUTE), run(1, 'token endpoint'), {
      ...{ do: 'visit', user: 0, process: 0, fresh: true },
      ...pausing(),
    }),
    notes: true,
  },
  'a check stores its cache while a visit is about to': of(
    wait(80 * MINUTE),
    { ...{ do: 'visit', user: 0, process: 0, fresh: true }, ...pausing('blob: write') },
    run(1),
  ),
  'the host shuts down while a check waits for the token endpoint': of(
    wait(80 * MINUTE),
    run(1, 'token endpoint'),
    {
      do: 'shut-down',
      process: 1,
    },
  ),
};

const linked = (history: History): History => ({ ...history, links: true });
const link = (how: HowLinked, process = 0, pausesBefore?: string): Action => ({
  ...{ do: 'link', user: 0, process, how },
  ...pausing(pausesBefore),
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
  'the token of a task meets the end of the grant of a code': {
    ...linked(of(link('well'), wait(20 * MINUTE), { do: 'revoke', user: 0, grant: 'code' }, run(1))),
    notes: true,
  },
  'a policy of another API wants a newer sign-in than that of a link': {
    ...linked(
      of(
        link('well'),
        wait(2 * MINUTE),
        { do: 'policy', user: 0, api: 'notes', how: 'frequency' },
        wait(2 * MINUTE),
        { do: 'visit', user: 0, process: 1, fresh: true, ...pausing() },
        wait(80 * MINUTE),
        run(1),
      ),
    ),
    notes: true,
  },
  'a check has the token of a link from the cache': linked(of(link('well'), wait(20 * MINUTE), run(1))),
  'a process dies with a check that has dropped the grant of a code': linked(
    of(
      link('well'),
      wait(80 * MINUTE),
      { do: 'revoke', user: 0, grant: 'code' },
      run(1, 'graph: read'),
      { do: 'crash', process: 1 },
      wait(6 * MINUTE),
      run(0),
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
    of(link('well', 1, 'browser'), wish('disconnect', 0)),
  ),
  'a process dies with a disconnection, and a link has stored a cache after it': linked(
    of(link('well', 1, 'blob: write'), wish('disconnect', 0, 'blob: read'), { do: 'crash', process: 0 }),
  ),
  'a user links while a visit is about to store its cache': linked(
    of(
      wait(80 * MINUTE),
      { ...{ do: 'visit', user: 0, process: 0, fresh: true }, ...pausing('blob: write') },
      link('well', 1),
    ),
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
