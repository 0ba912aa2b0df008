/** The runbook's alert conditions over the events of a log that is as long as the longest of their windows. */
export type LoggedEvent = Record<string, unknown> & { event: string };

type Alert = {
  /** Whether the runbook's query would have a result. */
  fires: (events: readonly LoggedEvent[]) => boolean;
  /** A log with which it does. */
  example: LoggedEvent[];
};

const numberOf = (value: unknown): number => (typeof value === 'number' ? value : 0);
const sum = (values: number[]): number => values.reduce((total, value) => total + value, 0);
const named = (events: readonly LoggedEvent[], ...names: string[]) =>
  events.filter(({ event }) => names.includes(event));
const runsIn = (events: readonly LoggedEvent[]) => named(events, 'sweep.ended');
const wholeRunsIn = (events: readonly LoggedEvent[]) =>
  runsIn(events).filter(({ part }) => part === undefined);
const failedIn = ({ failed }: LoggedEvent, ...kinds: string[]): number =>
  sum(kinds.map((kind) => numberOf((failed as Record<string, unknown> | undefined)?.[kind])));
const goodIn = ({ refreshed, fromCache }: LoggedEvent): number => numberOf(refreshed) + numberOf(fromCache);

/** By the name that the runbook gives it. */
export const RUNBOOK_ALERTS: Record<string, Alert> = {
  'The worker has not run for five minutes.': {
    // A run that was called for has the correlation id of its `worker.woken`.
    fires: (events) => {
      const woken = new Set(named(events, 'worker.woken').map(({ correlationId }) => correlationId));
      return wholeRunsIn(events).every(({ correlationId }) => woken.has(correlationId));
    },
    example: [{ event: 'storage.ready' }],
  },
  'A fault of our own.': {
    fires: (events) =>
      named(
        events,
        'sweep.misconfigured',
        'credential.refused',
        'storage.unreachable',
        'sweep.clock-differs',
        'sweep.retirement-stopped',
      ).length > 0,
    example: [{ event: 'storage.unreachable' }],
  },
  'The worker does not keep up.': {
    fires: (events) =>
      wholeRunsIn(events).length > 0 &&
      Math.min(...wholeRunsIn(events).map((run) => numberOf(run.lagMs))) > 600_000,
    example: [{ event: 'sweep.ended', lagMs: 600_001 }],
  },
  'Work breaks off.': {
    fires: (events) =>
      sum(runsIn(events).map((run) => numberOf(run.brokenOff) + numberOf(run.shardsFailed))) > 0,
    example: [{ event: 'sweep.ended', brokenOff: 0, shardsFailed: 16 }],
  },
  'Nobody is helped.': {
    fires: (events) =>
      sum(runsIn(events).map(goodIn)) === 0 &&
      sum(runsIn(events).map((run) => failedIn(run, 'transient', 'throttled', 'tenant'))) > 0,
    example: [{ event: 'sweep.ended', refreshed: 0, fromCache: 0, failed: { transient: 1 } }],
  },
  'Many users have to sign in again.': {
    fires: (events) => {
      const marked = sum(runsIn(events).map((run) => failedIn(run, 'needs-user', 'consent', 'cache-lost')));
      return marked > 20 && marked > (sum(runsIn(events).map(goodIn)) + marked) / 10;
    },
    example: [{ event: 'sweep.ended', refreshed: 0, fromCache: 0, failed: { 'cache-lost': 21 } }],
  },
  "A cache with somebody else's tokens.": {
    fires: (events) => named(events, 'cache.foreign-entry').length > 0,
    example: [{ event: 'cache.foreign-entry' }],
  },
  'Parts of runs fail.': {
    fires: (events) =>
      named(events, 'part.repeated').some(({ tries }) => numberOf(tries) >= 5) ||
      named(events, 'part.unknown').length > 0 ||
      named(events, 'sweep.split').some(({ areLost }) => areLost === true),
    example: [{ event: 'part.repeated', tries: 5 }],
  },
  'A user kills runs.': {
    fires: (events) => {
      const users = named(events, 'lease.abandoned').map(({ user }) => user);
      return users.some((user) => users.filter((other) => other === user).length > 3);
    },
    example: Array.from({ length: 4 }, () => ({ event: 'lease.abandoned', user: '0123456789abcdef' })),
  },
};
