import { PlainError } from '../../ops/cli/errors.ts';
import type { EntraRules } from './entraTypes.ts';
import {
  type Action,
  BLAMELESS,
  DAMAGES,
  type Deviation,
  type History,
  type Pick,
  TROUBLES,
} from './history.ts';
import type { Move, SplitHistory } from './splitHistories.ts';
import type { Habit, Happening, YearsHistory } from './yearsHistory.ts';

/** Refuses a value that is not what a history has at that place. */
type Shape = (value: unknown, at: string) => void;

/** @throws {PlainError} always: it names the place, and what it must be. */
function refuse(at: string, what: string): never {
  throw new PlainError(`${at} ${what}`);
}

const whole =
  (least: number): Shape =>
  (value, at) => {
    if (Number.isSafeInteger(value) && (value as number) >= least) return;
    refuse(at, `must be a whole number${Number.isFinite(least) ? ` from ${least} on` : ''}.`);
  };
const count = whole(0);
const atLeastOne = whole(1);
const flag: Shape = (value, at) => {
  if (typeof value !== 'boolean') refuse(at, 'must be true or false.');
};
const text: Shape = (value, at) => {
  if (typeof value !== 'string') refuse(at, 'must be a text.');
};
const oneOf =
  (...names: readonly string[]): Shape =>
  (value, at) => {
    if (!names.includes(value as string)) refuse(at, `must be one of: ${names.join(', ')}.`);
  };
const listOf =
  (shape: Shape): Shape =>
  (value, at) => {
    if (!Array.isArray(value)) refuse(at, 'must be a list.');
    for (const [index, one] of value.entries()) shape(one, `${at}[${index}]`);
  };

/** @param may members that need not be there */
const object =
  (must: Readonly<Record<string, Shape>>, may: Readonly<Record<string, Shape>> = {}): Shape =>
  (value, at) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) refuse(at, 'must be an object.');
    const known = { ...must, ...may };
    for (const name of Object.keys(must)) if (!Object.hasOwn(value, name)) refuse(at, `has no "${name}".`);
    for (const [name, member] of Object.entries(value)) {
      const shape = Object.hasOwn(known, name) ? known[name] : undefined;
      if (shape === undefined) refuse(at, `has "${name}", which nobody reads.`);
      shape(member, `${at}.${name}`);
    }
  };

const user = count;
const process = count;
const api = oneOf('graph', 'notes');
const on = { user, process, pausesAfter: count };
const pauses = { pausesBefore: text, failsAt: text };
/** Chance gives an API to each refusal, also to those that do not look at it. */
const refusal = object({ user }, { api, grant: oneOf('exchange', 'code') });
const ofUser = object(on, pauses);
const ofProcess = object({ process, pausesAfter: count }, pauses);
const toProcess = object({ process });
const signed = whole(Number.NEGATIVE_INFINITY);

const ACTIONS: Readonly<Record<Action['do'], Shape>> = {
  visit: object({ ...on, fresh: flag }, { ...pauses, api }),
  look: ofUser,
  disconnect: ofUser,
  reconnect: ofUser,
  pause: ofUser,
  resume: ofUser,
  wake: ofUser,
  retry: ofUser,
  'retry-by-force': ofUser,
  retire: ofUser,
  run: ofProcess,
  audit: ofProcess,
  link: object({ ...on, how: oneOf('well', 'other', 'twice', 'cancelled') }, pauses),
  crash: toProcess,
  stop: toProcess,
  'go-on': toProcess,
  'shut-down': toProcess,
  'new-key': toProcess,
  'lose-keys': toProcess,
  'find-keys': toProcess,
  skew: object({ process, ms: signed }),
  wait: object({ ms: count }),
  damage: object({ user, how: oneOf(...DAMAGES) }),
  'narrow-consent': refusal,
  consent: refusal,
  revoke: refusal,
  'withdraw-consent': refusal,
  challenge: refusal,
  policy: object({ user, how: oneOf('mfa', 'blocked', 'unassigned', 'frequency') }, { api }),
  trouble: object({
    user,
    at: oneOf('token', 'graph', 'notes'),
    kind: oneOf(...TROUBLES, ...BLAMELESS),
    whole: oneOf('person', 'tenant', 'everybody'),
    forMs: count,
  }),
};

/** One of several objects, by its member `do`. */
const kindOf =
  (kinds: Readonly<Record<string, Shape>>): Shape =>
  (value, at) => {
    const isObject = typeof value === 'object' && value !== null;
    const { do: kind, ...members } = isObject ? { do: undefined, ...value } : { do: value };
    oneOf(...Object.keys(kinds))(kind, `${at}.do`);
    kinds[String(kind)]?.(members, at);
  };

const action = kindOf(ACTIONS);

const rules = object({
  refreshTokenMs: atLeastOne,
  slides: flag,
  tellsEnd: flag,
  idToken: flag,
  accessTokenMs: atLeastOne,
  scope: oneOf('short', 'full', 'with-default', 'none'),
} satisfies Record<keyof EntraRules, Shape>);

const PICKS: Readonly<Record<Pick, true>> = {
  next: true,
  newest: true,
  hold: true,
  outside: true,
  late: true,
  timer: true,
};

const features = {
  rules,
  notes: flag,
  quietOn: oneOf('old', 'new'),
  connect: oneOf('visit', 'ask'),
  receiver: oneOf('none', 'well', 'away'),
  seldom: flag,
  links: flag,
  seed: signed,
};

const interleaving = object({
  ...features,
  users: atLeastOne,
  processes: atLeastOne,
  known: count,
  knownForMs: count,
  everyRun: flag,
  checksAtOnce: atLeastOne,
  actions: listOf(action),
  deviations: listOf(
    object({ after: count, pick: oneOf(...Object.keys(PICKS)), fault: count } satisfies Record<
      keyof Deviation,
      Shape
    >),
  ),
} satisfies Record<keyof History, Shape>);

const years = object({
  ...features,
  days: atLeastOne,
  habits: listOf(
    object({ joinsOnDay: count, awayForHours: atLeastOne, forDays: atLeastOne } satisfies Record<
      keyof Habit,
      Shape
    >),
  ),
  together: flag,
  happenings: listOf(
    object({ atHour: count, forHours: count, action } satisfies Record<keyof Happening, Shape>),
  ),
  oneFaultIn: count,
} satisfies Record<keyof YearsHistory, Shape>);

const MOVES: Readonly<Record<Move['do'], Shape>> = {
  plan: object({ process }),
  part: object({ process, which: count, keeps: flag }),
  lose: object({ which: count }),
  other: object({ action }),
};

const SPLIT_MAY = { loses: user, together: flag } satisfies Partial<Record<keyof SplitHistory, Shape>>;
const split = object(
  {
    users: atLeastOne,
    processes: atLeastOne,
    seed: signed,
    isLimited: flag,
    moves: listOf(kindOf(MOVES)),
  } satisfies Record<Exclude<keyof SplitHistory, keyof typeof SPLIT_MAY>, Shape>,
  SPLIT_MAY,
);

const FORMS: Readonly<Record<string, Shape>> = { interleavings: interleaving, split };

/**
 * Checks that a value is a history of this form, so that nothing is run that would fail for another reason.
 * @throws {PlainError} it is not. The message says where, and what must be there.
 */
export function checkHistory(form: string, value: unknown, from: string): void {
  const isOfYears = typeof value === 'object' && value !== null && 'habits' in value;
  if (isOfYears && form === 'interleavings') {
    refuse(from, 'has a history of years: add --form years, or --form short-years.');
  }
  if (
    !isOfYears &&
    form.endsWith('years') &&
    typeof value === 'object' &&
    value !== null &&
    'actions' in value
  ) {
    refuse(from, 'has a short history: leave --form away.');
  }
  (FORMS[form] ?? years)(value, `${from}: the history`);
}
