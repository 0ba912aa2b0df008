import fc from 'fast-check';
import { DAY, type EntraRules, HOUR } from './entraModel.ts';
import { type Choice, NEXT_TIMER } from './world.ts';

export const DAMAGES = [
  'entry-deleted',
  'entry-earlier',
  'entry-later',
  'entry-doubled',
  'entry-of-nobody',
  'last-activity',
  'due-at',
  'cache',
  'cache-of-another',
] as const;
export const TROUBLES = ['throttled', 'throttled-silently', 'loop', 'outage', 'html'] as const;
const MINUTE = 60_000;
/** How long a `wait` lasts: each of them ends something that the ones before it do not. */
export const WAITS_MS = [MINUTE, 2 * MINUTE, 6 * MINUTE, 12 * MINUTE, 80 * MINUTE, 25 * HOUR, 49 * HOUR, 91 * DAY];
const SKEWS_MS = [0, 4 * MINUTE, -4 * MINUTE, 10 * MINUTE, -10 * MINUTE, 100 * DAY, -100 * DAY];

/** One thing that happens from outside. `user` and `process` are indices. */
export type Action =
  | { do: 'visit'; user: number; process: number; fresh: boolean }
  | { do: 'disconnect' | 'reconnect'; user: number; process: number }
  | { do: 'retry' | 'retry-by-force' | 'retire'; user: number; process: number }
  | { do: 'run' | 'audit' | 'crash' | 'stop' | 'go-on' | 'new-key' | 'lose-keys'; process: number }
  | { do: 'skew'; process: number; ms: number }
  | { do: 'wait'; ms: number }
  | { do: 'damage'; user: number; how: (typeof DAMAGES)[number] }
  | { do: 'revoke' | 'withdraw-consent' | 'consent' | 'challenge'; user: number }
  | {
      do: 'trouble';
      user: number;
      at: 'token' | 'graph';
      kind: (typeof TROUBLES)[number];
      whole: 'person' | 'tenant';
      forMs: number;
    };

/** One history: how Entra behaves, who is there at the beginning, what happens, and in which order it interleaves. */
export type History = {
  users: number;
  processes: number;
  /** How many users have visited before, and are due. The others are new. */
  known: number;
  rules: EntraRules;
  everyRun: boolean;
  seed: number;
  actions: readonly Action[];
  choices: readonly Choice[];
};

const user = fc.nat(2);
const process = fc.nat(2);

const action: fc.Arbitrary<Action> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('visit' as const), user, process, fresh: fc.boolean() }) },
  { weight: 8, arbitrary: fc.record({ do: fc.constant('run' as const), process }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.constantFrom(...WAITS_MS) }) },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constantFrom('disconnect' as const, 'reconnect' as const),
      user,
      process,
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constantFrom('retry' as const, 'retry-by-force' as const, 'retire' as const),
      user,
      process,
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constantFrom(
        'crash' as const,
        'crash' as const,
        'stop' as const,
        'go-on' as const,
        'audit' as const,
        'new-key' as const,
        'lose-keys' as const,
      ),
      process,
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('skew' as const), process, ms: fc.constantFrom(...SKEWS_MS) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('damage' as const), user, how: fc.constantFrom(...DAMAGES) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constantFrom('revoke' as const, 'withdraw-consent' as const, 'consent' as const, 'challenge' as const),
      user,
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('trouble' as const),
      user,
      at: fc.constantFrom('token' as const, 'graph' as const),
      kind: fc.constantFrom(...TROUBLES),
      whole: fc.constantFrom('person' as const, 'tenant' as const),
      forMs: fc.constantFrom(5_000, 2 * MINUTE, 30 * MINUTE),
    }),
  },
);

const choice: fc.Arbitrary<Choice> = fc.record({
  pick: fc.oneof(
    { weight: 4, arbitrary: fc.constant(0) },
    { weight: 5, arbitrary: fc.nat(NEXT_TIMER - 1) },
    { weight: 1, arbitrary: fc.constant(NEXT_TIMER) },
  ),
  fault: fc.oneof({ weight: 14, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.integer({ min: 1, max: 5 }) }),
});

export const rules: fc.Arbitrary<EntraRules> = fc.record({
  refreshTokenMs: fc.constantFrom(90 * DAY, DAY),
  slides: fc.boolean(),
  tellsEnd: fc.boolean(),
  idToken: fc.boolean(),
  accessTokenMs: fc.constantFrom(75 * MINUTE, 24 * HOUR),
});

/** A short history of few users and processes, in any order of their steps. */
export const interleaving: fc.Arbitrary<History> = fc.record({
  users: fc.integer({ min: 1, max: 3 }),
  processes: fc.integer({ min: 2, max: 3 }),
  known: fc.nat(3),
  rules,
  everyRun: fc.oneof({ weight: 6, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
  seed: fc.nat(),
  actions: fc.array(action, { minLength: 1, maxLength: 10, size: 'max' }),
  choices: fc.array(choice, { maxLength: 60, size: 'max' }),
});
