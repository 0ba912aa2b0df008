import fc from 'fast-check';
import { DAY, HOUR } from './durations.ts';
import type { EntraRules } from './entraTypes.ts';
import { featuresOf, withScope } from './features.ts';
import { type Action, API, DAMAGES, type History, QUIET_ON, rules, TROUBLES } from './history.ts';

/** A user: when they first visit, and how long they stay away each time. */
export type Habit = { joinsOnDay: number; awayForHours: number; forDays: number };

/** Something that happens at an hour of the history, and for how long it lasts if it does not end by itself. */
export type Happening = { atHour: number; action: Action; forHours: number };

/** A long history of many users. Processes take turns, and every step is taken in order. */
export type YearsHistory = {
  days: number;
  habits: readonly Habit[];
  rules: EntraRules;
  notes: boolean;
  quietOn: History['quietOn'];
  connect: History['connect'];
  receiver: History['receiver'];
  seldom: boolean;
  links: boolean;
  /** Whether all users share one shard. */
  together: boolean;
  happenings: readonly Happening[];
  /** One request in so many goes wrong; 0: none does. */
  oneFaultIn: number;
  seed: number;
};

const MOST_USERS = 30;
const PROCESSES = 2;

/** From several times a day to longer than accounts are kept; the last one never comes back. */
const AWAY_HOURS = [5, 23, 26, 7 * 24, 31 * 24, 85 * 24, 100 * 24, 100_000];

const habit: fc.Arbitrary<Habit> = fc.record({
  joinsOnDay: fc.nat(20),
  awayForHours: fc.constantFrom(...AWAY_HOURS),
  forDays: fc.constantFrom(10, 100, 1_000),
});

const user = fc.nat(MOST_USERS - 1);
const process = fc.nat(PROCESSES - 1);
const pausesAfter = fc.constant(0);

const happening = (days: number): fc.Arbitrary<Happening> =>
  fc.record({
    atHour: fc.nat(days * 24),
    forHours: fc.constantFrom(1, 5, 30, 100),
    action: fc.oneof(
      {
        weight: 3,
        arbitrary: fc.record({
          do: fc.constantFrom('disconnect' as const, 'retire' as const),
          user,
          process,
          pausesAfter,
        }),
      },
      {
        weight: 2,
        arbitrary: fc.record({
          do: fc.constantFrom('retry' as const, 'retry-by-force' as const),
          user,
          process,
          pausesAfter,
        }),
      },
      {
        weight: 3,
        arbitrary: fc.record({
          do: fc.constantFrom(
            'revoke' as const,
            'withdraw-consent' as const,
            'narrow-consent' as const,
            'challenge' as const,
          ),
          user,
          api: API,
        }),
      },
      {
        weight: 4,
        arbitrary: fc.record({
          do: fc.constant('trouble' as const),
          user,
          at: fc.constantFrom('token' as const, 'graph' as const, 'notes' as const),
          kind: fc.constantFrom(...TROUBLES),
          whole: fc.constantFrom('person' as const, 'tenant' as const),
          forMs: fc.constantFrom(HOUR / 12, 3 * HOUR, 30 * HOUR),
        }),
      },
      {
        weight: 3,
        arbitrary: fc.record({ do: fc.constant('damage' as const), user, how: fc.constantFrom(...DAMAGES) }),
      },
      {
        weight: 2,
        arbitrary: fc.record({
          do: fc.constantFrom('crash' as const, 'new-key' as const, 'lose-keys' as const),
          process,
        }),
      },
      {
        weight: 2,
        arbitrary: fc.record({
          do: fc.constant('skew' as const),
          process,
          ms: fc.oneof(
            { weight: 1, arbitrary: fc.constantFrom(-100 * DAY, 100 * DAY) },
            { weight: 3, arbitrary: fc.integer({ min: -48, max: 48 }).map((hours) => hours * HOUR) },
          ),
        }),
      },
    ),
  });

function withFeatures<H extends { seed: number; happenings: readonly Happening[] }>(history: H) {
  const { has, instead } = featuresOf(history.seed);
  const happenings = history.happenings.map((one) => ({ ...one, action: instead(one.action) }));
  return { ...history, ...has, together: false, happenings };
}

export const yearsOf = (size: {
  leastDays: number;
  mostDays: number;
  users: number;
}): fc.Arbitrary<YearsHistory> =>
  fc.integer({ min: size.leastDays, max: size.mostDays }).chain((days) =>
    fc
      .record({
        days: fc.constant(days),
        habits: fc.array(habit, { minLength: 1, maxLength: size.users, size: 'max' }),
        rules: rules.map((one) => ({ ...one, accessTokenMs: DAY })),
        notes: fc.boolean(),
        quietOn: QUIET_ON,
        happenings: fc.array(happening(days), { maxLength: 25, size: 'max' }),
        oneFaultIn: fc.constantFrom(0, 300, 2_000),
        seed: fc.nat(),
      })
      .map(withScope)
      .map(withFeatures),
  );
