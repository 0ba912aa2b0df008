import { DAY } from './durations.ts';
import { SIMPLE } from './foundHistories.ts';
import type { Action, History } from './history.ts';

const on = { user: 0, process: 0, pausesAfter: 0 };
const run: Action = { do: 'run', process: 1, pausesAfter: 0 };
const longWait: Action = { do: 'wait', ms: 80 * 60_000 };
const revoke: Action = { do: 'revoke', user: 0 };
const damage: Action = { do: 'damage', user: 0, how: 'last-activity' };

/** The visit is answered and its cache stored, but the account cannot be written again. So it stays pending. */
const visitThatIsNotRecorded = {
  ...SIMPLE,
  known: 0,
  deviations: [{ after: 9, pick: 'next', fault: 1 }],
} satisfies Partial<History>;

const ofKnown = (...actions: Action[]): History => ({ ...SIMPLE, actions, deviations: [] });
const ofPending = (...actions: Action[]): History => ({
  ...visitThatIsNotRecorded,
  actions: [{ do: 'visit', fresh: true, ...on }, ...actions],
});

/** Histories that take the edges of the state diagram which chance takes seldom. */
export const GUIDED_HISTORIES: Readonly<Record<string, History>> = {
  'disconnected --> [*]': ofKnown(
    { do: 'disconnect', ...on },
    { do: 'wait', ms: 91 * DAY },
    run,
    { do: 'wait', ms: 91 * DAY },
    run,
  ),
  'disconnected --> retired': ofKnown({ do: 'disconnect', ...on }, { do: 'retire', ...on }),
  'retired --> disconnected': ofKnown({ do: 'retire', ...on }, { do: 'disconnect', ...on }),
  'damaged --> disconnected': ofKnown(damage, { do: 'disconnect', ...on }),
  'damaged --> retired': ofKnown(damage, { do: 'retire', ...on }),
  'pending --> needs-user': ofPending(longWait, revoke, run),
  'needs-user --> pending': ofPending(longWait, revoke, run, { do: 'retry-by-force', ...on }),
  'needs-user --> retired': ofKnown(longWait, revoke, run, { do: 'wait', ms: 91 * DAY }, run),
};
