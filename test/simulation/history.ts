import fc from 'fast-check';
import { DAY, HOUR } from './durations.ts';
import type { ApiName, EntraRules, Grant, Policy } from './entraTypes.ts';
import { withFeatures, withScope } from './features.ts';
import type { HowLinked } from './link.ts';
import type { ReceiverRule } from './receiverModel.ts';

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
  'due-late',
] as const;
export const TROUBLES = ['throttled', 'throttled-silently', 'loop', 'outage', 'html'] as const;
/**
 * Refusals of the token endpoint that are no reason to mark anybody: the application's own credential is refused, a tenant has
 * removed the application, or the answer has no number. Chance has them by the number of a history (`features.ts`).
 */
export const BLAMELESS = ['own-credential', 'removed', 'bare'] as const;
const MINUTE = 60_000;
/** How long a `wait` lasts: each of them ends something that the ones before it do not. */
export const WAITS_MS = [
  MINUTE,
  2 * MINUTE,
  6 * MINUTE,
  12 * MINUTE,
  51 * MINUTE,
  80 * MINUTE,
  25 * HOUR,
  49 * HOUR,
  91 * DAY,
];
const SKEWS_MS = [
  0,
  40 * DAY,
  -4 * MINUTE,
  10 * MINUTE,
  -10 * MINUTE,
  100 * DAY,
  -100 * DAY,
  DAY,
  -DAY,
  2 * DAY,
];

/**
 * When the process that does something waits until nothing else can happen: after so many more of its steps (0: it does not
 * wait), or as soon as it asks for a request of which the history would say this. Chance uses steps alone. Whoever guides a
 * history names the request, so that it stays the same when there is a step more before it. `failsAt`: the request that goes
 * wrong.
 */
type Pauses = { pausesAfter: number; pausesBefore?: string; failsAt?: string };

/** One thing that happens from outside. `user` and `process` are indices. */
export type Action =
  | ({ do: 'visit'; user: number; process: number; fresh: boolean; api?: ApiName } & Pauses)
  | ({
      do: 'look' | 'disconnect' | 'reconnect' | 'pause' | 'resume' | 'wake';
      user: number;
      process: number;
    } & Pauses)
  | ({ do: 'retry' | 'retry-by-force' | 'retire'; user: number; process: number } & Pauses)
  | ({ do: 'run' | 'audit'; process: number } & Pauses)
  | ({ do: 'link'; user: number; process: number; how: HowLinked } & Pauses)
  | { do: 'crash' | 'stop' | 'go-on' | 'shut-down' | 'new-key' | 'lose-keys' | 'find-keys'; process: number }
  | { do: 'skew'; process: number; ms: number }
  | { do: 'wait'; ms: number }
  | { do: 'damage'; user: number; how: (typeof DAMAGES)[number] }
  | { do: 'narrow-consent' | 'consent'; user: number }
  /** Every refresh token of the user, or those of one grant. */
  | { do: 'revoke'; user: number; grant?: Grant }
  | { do: 'withdraw-consent' | 'challenge'; user: number; api?: ApiName }
  /** It has the place of some consents that are withdrawn. */
  | { do: 'policy'; user: number; api?: ApiName; how: Policy }
  | {
      do: 'trouble';
      user: number;
      at: 'token' | ApiName;
      kind: (typeof TROUBLES)[number] | (typeof BLAMELESS)[number];
      /** Chance uses the first two. */
      whole: 'person' | 'tenant' | 'everybody';
      forMs: number;
    };

/**
 * What happens next. `next`: the oldest step, or else the next action. `newest`: the newest step. `hold`: the oldest step waits
 * until nothing else can happen. `outside`: the next action, whatever is going on. `late`: a request that nobody waits for any
 * more. `timer`: the time goes on to the next timer.
 */
export type Pick = 'next' | 'newest' | 'hold' | 'outside' | 'late' | 'timer';

/**
 * After so many ordinary steps, the scheduler decides otherwise for one step. `fault` says how the step goes wrong; 0 means
 * that it does not.
 */
export type Deviation = { after: number; pick: Pick; fault: number };

/** One history: how Entra behaves, who is there at the beginning, what happens, and in which order it interleaves. */
export type History = {
  users: number;
  processes: number;
  /** How many users have visited before, and are due. The others are new. */
  known: number;
  /** How long ago that was. */
  knownForMs: number;
  rules: EntraRules;
  everyRun: boolean;
  /** Whether there are a second API and a second task, which remembers. */
  notes: boolean;
  /** How many checks of a run go on at the same time. */
  checksAtOnce: number;
  /** Which processes are there at the quiet end: those that there were, or a new one. */
  quietOn: 'old' | 'new';
  /** Whether a visit connects a user who is not connected, or they are asked first. */
  connect: 'visit' | 'ask';
  /** Whether somebody listens to notices, and how well. */
  receiver: ReceiverRule;
  /** Whether checks are as far apart as settings allow: a day. */
  seldom: boolean;
  /** Whether users may link. */
  links: boolean;
  seed: number;
  actions: readonly Action[];
  deviations: readonly Deviation[];
};

const user = fc.nat(2);
const process = fc.nat(2);

const isDone = <const Names extends readonly string[]>(...names: Names) =>
  fc.constantFrom<Names[number][]>(...names);

/** Which API a visit needs, or has trouble. */
export const API = fc.constantFrom<ApiName>('graph', 'graph', 'notes');
export const QUIET_ON = fc.constantFrom<History['quietOn']>('new', 'old');

const pauses = (least: number, most: number) =>
  fc.oneof(
    { weight: 1, arbitrary: fc.constant(0) },
    { weight: 1, arbitrary: fc.integer({ min: least, max: most }) },
  );
/** A page asks again with the same access token for about an hour. Then it has another one, and so has another device. */
const fresh = fc.boolean();
/** A visit has about ten steps. A run has about thirty, and the first ones only read. */
const pausesAfter = pauses(1, 8);

/** Every action, by a name for its kind. */
const ACTIONS = {
  visit: fc.record({ do: isDone('visit'), user, process, fresh, pausesAfter, api: API }),
  look: fc.record({ do: isDone('look'), user, process, pausesAfter }),
  run: fc.record({ do: isDone('run'), process, pausesAfter: pauses(6, 24) }),
  wait: fc.record({ do: isDone('wait'), ms: fc.constantFrom(...WAITS_MS) }),
  'short-wait': fc.record({ do: isDone('wait'), ms: fc.constantFrom(...WAITS_MS.slice(0, 6)) }),
  wish: fc.record({ do: isDone('disconnect', 'reconnect'), user, process, pausesAfter }),
  operate: fc.record({ do: isDone('retry', 'retry-by-force', 'retire'), user, process, pausesAfter }),
  audit: fc.record({ do: isDone('audit'), process, pausesAfter }),
  stop: fc.record({ do: isDone('stop'), process }),
  'lease-ends': fc.record({ do: isDone('wait'), ms: fc.constant(6 * MINUTE) }),
  interrupt: fc.record({ do: isDone('crash', 'stop', 'go-on', 'shut-down'), process }),
  keys: fc.record({ do: isDone('new-key', 'lose-keys'), process }),
  skew: fc.record({ do: isDone('skew'), process, ms: fc.constantFrom(...SKEWS_MS) }),
  damage: fc.record({ do: isDone('damage'), user, how: fc.constantFrom(...DAMAGES) }),
  refuse: fc.record({
    do: isDone('revoke', 'withdraw-consent', 'narrow-consent', 'consent', 'challenge', 'challenge'),
    user,
    api: API,
  }),
  notes: fc.oneof<fc.Arbitrary<Action>[]>(
    fc.record({ do: isDone('withdraw-consent', 'challenge'), user, api: isDone('notes') }),
    fc.record({
      do: isDone('trouble'),
      user,
      at: isDone('notes'),
      kind: fc.constantFrom(...TROUBLES),
      whole: isDone('person', 'tenant'),
      forMs: fc.constantFrom(5_000, 2 * MINUTE, 30 * MINUTE),
    }),
  ),
  trouble: fc.record({
    do: isDone('trouble'),
    user,
    at: isDone('token', 'graph', 'notes'),
    kind: fc.constantFrom('throttled', ...TROUBLES),
    whole: isDone('person', 'tenant'),
    forMs: fc.constantFrom(5_000, 2 * MINUTE, 30 * MINUTE),
  }),
} satisfies Record<string, fc.Arbitrary<Action>>;

/** How often each kind of action happens. One history has one climate, so that what belongs together meets. */
const CLIMATES: readonly Partial<Record<keyof typeof ACTIONS, number>>[] = [
  { visit: 4, wish: 4 },
  { visit: 4, wish: 5 },
  { visit: 4, wish: 4, run: 2, 'short-wait': 2 },
  { visit: 2, run: 4, 'short-wait': 3, wish: 1 },
  { visit: 3, run: 4, 'short-wait': 4, refuse: 2, trouble: 1 },
  { visit: 2, run: 4, 'short-wait': 5, refuse: 2, trouble: 2, look: 1 },
  { visit: 2, run: 5, 'short-wait': 5, notes: 3 },
  { visit: 2, run: 5, 'short-wait': 5, interrupt: 3, wish: 1 },
  { run: 6, stop: 3, 'lease-ends': 4 },
  { run: 6, stop: 3, 'lease-ends': 4, visit: 1 },
  { visit: 5, run: 2, trouble: 4, 'short-wait': 2 },
  { visit: 2, run: 4, wait: 3, damage: 4, audit: 1 },
  { visit: 3, run: 4, wait: 5, wish: 3, operate: 2, skew: 2 },
  { visit: 3, run: 4, wait: 3, keys: 3, trouble: 2, refuse: 1, operate: 1 },
  Object.fromEntries(Object.keys(ACTIONS).map((kind) => [kind, 1])),
];

const actions = fc.oneof(
  ...CLIMATES.map((climate) => {
    const kinds = Object.entries(climate) as [keyof typeof ACTIONS, number][];
    const action = fc.oneof(
      ...kinds.map(([kind, weight]) => ({ weight, arbitrary: ACTIONS[kind] as fc.Arbitrary<Action> })),
    );
    return fc.array(action, { minLength: 1, maxLength: 10, size: 'max' });
  }),
);

const pick = fc.oneof(
  { weight: 4, arbitrary: fc.constant<Pick>('next') },
  { weight: 6, arbitrary: fc.constant<Pick>('hold') },
  { weight: 4, arbitrary: fc.constant<Pick>('outside') },
  { weight: 2, arbitrary: fc.constant<Pick>('newest') },
  { weight: 2, arbitrary: fc.constant<Pick>('late') },
  { weight: 2, arbitrary: fc.constant<Pick>('timer') },
);

const fault = fc.oneof(
  { weight: 3, arbitrary: fc.constant(0) },
  { weight: 1, arbitrary: fc.integer({ min: 1, max: 5 }) },
);

const deviation: fc.Arbitrary<Deviation> = fc.record({ after: fc.nat(24), pick, fault });

export const rules: fc.Arbitrary<Omit<EntraRules, 'scope'>> = fc.record({
  refreshTokenMs: fc.constantFrom(90 * DAY, DAY),
  slides: fc.boolean(),
  tellsEnd: fc.boolean(),
  idToken: fc.boolean(),
  accessTokenMs: fc.constantFrom(75 * MINUTE, 24 * HOUR),
});

const interleavingOfNoScope = fc.record({
  users: fc.oneof(
    { weight: 3, arbitrary: fc.constant(1) },
    { weight: 1, arbitrary: fc.integer({ min: 2, max: 3 }) },
  ),
  processes: fc.integer({ min: 2, max: 3 }),
  known: fc.oneof({ weight: 3, arbitrary: fc.constant(3) }, { weight: 1, arbitrary: fc.nat(2) }),
  knownForMs: fc.constantFrom(2 * MINUTE, 80 * MINUTE),
  rules,
  everyRun: fc.oneof(
    { weight: 6, arbitrary: fc.constant(false) },
    { weight: 1, arbitrary: fc.constant(true) },
  ),
  // More often than not, and shorter without.
  notes: fc.oneof({ weight: 1, arbitrary: fc.constant(false) }, { weight: 2, arbitrary: fc.constant(true) }),
  checksAtOnce: fc.constantFrom(16, 1),
  quietOn: QUIET_ON,
  seed: fc.nat(),
  actions,
  deviations: fc.array(deviation, { maxLength: 14, size: 'max' }),
});

/** A short history of few users and processes, in any order of their steps. */
export const interleaving: fc.Arbitrary<History> = interleavingOfNoScope.map((history) =>
  withFeatures(withScope(history)),
);
