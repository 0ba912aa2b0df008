import { DAY } from './durations.ts';
import { SIMPLE } from './foundHistories.ts';
import { GRAPH_LIMIT } from './guidedMoments.ts';
import type { Move, SplitHistory } from './splitHistories.ts';
import type { YearsHistory } from './yearsHistory.ts';

const crowd = (days: number, ...happenings: YearsHistory['happenings']): YearsHistory => ({
  days,
  habits: Array.from({ length: 25 }, () => ({ joinsOnDay: 0, awayForHours: 100_000, forDays: 1 })),
  rules: { ...SIMPLE.rules, accessTokenMs: DAY },
  notes: false,
  quietOn: 'old',
  connect: 'visit',
  receiver: 'none',
  seldom: false,
  links: false,
  together: true,
  happenings,
  oneFaultIn: 0,
  seed: 1,
});

/** Long histories of 25 users, who share one shard, visit once, and stay away. */
export const GUIDED_YEARS: Readonly<Record<string, YearsHistory>> = {
  'the entry of the last of 25 users in one shard is lost': crowd(4, {
    atHour: 90,
    forHours: 1,
    action: { do: 'damage', user: 24, how: 'entry-deleted' },
  }),
  '25 users are due to be retired on one day': crowd(93),
};

const MINUTE = 60_000;
const SWEEPERS = 16;

/**
 * 30 users are due to be retired, one process plans, and the others sweep what it hands over.
 * @param seed of an order in which a user ends, and a store cannot be reached a moment later
 */
const retiring = (seed: number, more: { together: boolean; keeps: boolean }): SplitHistory => ({
  users: 30,
  processes: 1 + SWEEPERS,
  seed,
  isLimited: false,
  together: more.together,
  moves: [
    { do: 'other', action: { do: 'wait', ms: 91 * DAY } },
    { do: 'plan', process: 0 },
    // Whoever asks before there is a message gets none, and asks again.
    ...Array.from(
      { length: 5 * SWEEPERS },
      (_, index): Move => ({ do: 'part', process: 1 + (index % SWEEPERS), which: 0, keeps: more.keeps }),
    ),
  ],
});

/** Histories of split runs: with enough users to meet a day's ceiling of retirements, or with few users, whose tenant meets a limit. */
export const GUIDED_SPLIT: Readonly<Record<string, SplitHistory>> = {
  '30 users of many shards are due to be retired, and all parts of a run are swept at once': retiring(2, {
    together: false,
    keeps: false,
  }),
  '30 users of one shard are due to be retired, and its part comes twice at once': retiring(12, {
    together: true,
    keeps: true,
  }),
  "one machine meets the tenant's limit of Graph, and another one sweeps a part of a run": {
    ...{ users: 4, processes: 3, seed: 1, isLimited: false },
    moves: [
      { do: 'other', action: { do: 'wait', ms: 80 * MINUTE } },
      { do: 'other', action: GRAPH_LIMIT },
      { do: 'other', action: { do: 'visit', user: 0, process: 0, fresh: true, pausesAfter: 0 } },
      { do: 'other', action: { do: 'wait', ms: MINUTE } },
      { do: 'plan', process: 1 },
      // Whoever asks before there is a message gets none, and asks again.
      ...Array.from({ length: 20 }, (): Move => ({ do: 'part', process: 2, which: 0, keeps: false })),
    ],
  },
};
