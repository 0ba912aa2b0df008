import { DAY } from './durations.ts';
import { SIMPLE } from './foundHistories.ts';
import type { Action, History } from './history.ts';
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
  'the host shuts down while a check waits for the token endpoint': of(wait(80 * MINUTE), run(1, 12), {
    do: 'shut-down',
    process: 1,
  }),
};

/** Long histories of the same kind. */
export const GUIDED_YEARS: Readonly<Record<string, YearsHistory>> = {};
