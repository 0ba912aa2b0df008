import { DAY, HOUR } from './durations.ts';
import type { EntraRules } from './entraTypes.ts';
import type { History } from './history.ts';

const USUAL: EntraRules = {
  refreshTokenMs: 90 * DAY,
  slides: true,
  tellsEnd: false,
  idToken: true,
  accessTokenMs: 1.25 * HOUR,
  scope: 'short',
};

/** One user who is due, and two processes. */
export const SIMPLE = {
  users: 1,
  processes: 2,
  known: 1,
  knownForMs: 120_000,
  rules: USUAL,
  everyRun: false,
  notes: false,
  checksAtOnce: 16,
  quietOn: 'new' as const,
  connect: 'visit' as const,
  receiver: 'none' as const,
  seldom: false,
  links: false,
  seed: 0,
};

/** Histories that the simulation has found in Stead as it was. Each of them was a fault, which is mended. */
export const FOUND_HISTORIES: Readonly<Record<string, History>> = {
  // The tombstone was dated by that clock, so the next run on another machine erased it at once. It must outlive every
  // operation that was running when it was written.
  'an operator ends an account on a machine whose clock is 100 days behind': {
    ...SIMPLE,
    actions: [
      { do: 'skew', process: 1, ms: -100 * DAY },
      { do: 'retire', user: 0, process: 1, pausesAfter: 0 },
    ],
    deviations: [],
  },
  // The process had verified the access token a moment before, so the clock did not stop the user. The disconnection was
  // dated by that clock, and was forgotten at once instead of after the retention time.
  'a clock steps 100 days back between a visit and a disconnection': {
    ...SIMPLE,
    known: 0,
    actions: [
      { do: 'visit', user: 0, process: 0, fresh: true, pausesAfter: 0 },
      { do: 'skew', process: 0, ms: -100 * DAY },
      { do: 'disconnect', user: 0, process: 0, pausesAfter: 0 },
    ],
    deviations: [],
  },
  // The next check was counted from that clock. So it came a day after the end of the refresh token, and nothing looked
  // late enough to be corrected.
  'a machine whose clock is two days ahead renews a token': {
    ...SIMPLE,
    rules: { ...USUAL, refreshTokenMs: DAY, tellsEnd: true },
    actions: [
      { do: 'skew', process: 1, ms: 2 * DAY },
      { do: 'run', process: 1, pausesAfter: 0 },
    ],
    deviations: [],
  },
  // The process remembered the end of the cooldown by that clock. Once the clock was right, the user was refused for 100 days.
  'a machine whose clock is 100 days ahead meets a throttle, and its clock is set right': {
    ...SIMPLE,
    quietOn: 'old',
    actions: [
      { do: 'skew', process: 0, ms: 100 * DAY },
      { do: 'trouble', user: 0, at: 'graph', kind: 'throttled', whole: 'person', forMs: 5_000 },
      { do: 'run', process: 0, pausesAfter: 0 },
    ],
    deviations: [],
  },
  // It leased everybody who was due within the day, although it knew how far its clock was ahead.
  'a machine whose clock is ten minutes ahead runs': {
    ...SIMPLE,
    actions: [
      { do: 'skew', process: 0, ms: 600_000 },
      { do: 'disconnect', user: 0, process: 0, pausesAfter: 0 },
      { do: 'run', process: 0, pausesAfter: 0 },
    ],
    deviations: [],
  },
  // The throttle was heeded once the account was settled, which takes seconds if a notice is told. The visit's exchange came
  // between, although the process knew that fewer requests were asked for.
  'a visit comes between a throttle and the write of the check that met it': {
    ...SIMPLE,
    rules: { ...USUAL, slides: false, idToken: false },
    notes: true,
    receiver: 'well',
    actions: [
      { do: 'challenge', user: 0, api: 'graph' },
      { do: 'run', process: 1, pausesAfter: 0 },
      { do: 'trouble', user: 0, at: 'token', kind: 'throttled', whole: 'person', forMs: 5_000 },
      { do: 'run', process: 0, pausesAfter: 11 },
      { do: 'visit', user: 0, process: 0, fresh: false, pausesAfter: 2, api: 'graph' },
    ],
    deviations: [{ after: 3, pick: 'hold', fault: 0 }],
  },
  // The check had read a cache without the grant of the link. It settled the account anew, with the end of its own token, so the
  // account no longer said that the user had linked, until the next renewal.
  'a user links while a check goes on': {
    ...SIMPLE,
    knownForMs: 4_800_000,
    rules: { ...USUAL, slides: false, idToken: false },
    notes: true,
    links: true,
    actions: [
      { do: 'link', user: 0, process: 0, pausesAfter: 0, how: 'well' },
      { do: 'visit', user: 0, process: 0, fresh: false, pausesAfter: 1, api: 'graph' },
      { do: 'run', process: 0, pausesAfter: 17 },
    ],
    deviations: [{ after: 1, pick: 'outside', fault: 0 }],
  },
  // Both requests wanted to write the same row. The second one found it written, took the write for its own, and redeemed the
  // code again. Whoever issues a code may revoke what it has brought if it comes twice (RFC 6749 section 4.1.2).
  'a browser comes back from the sign-in of a link twice at the same time': {
    ...SIMPLE,
    links: true,
    actions: [
      { do: 'link', user: 0, process: 0, pausesAfter: 0, how: 'well' },
      { do: 'link', user: 0, process: 1, pausesAfter: 1, how: 'twice' },
    ],
    deviations: [],
  },
  // It took the grant of the code for over, renewed by the exchange, and dated what the code brought by its own clock. So the account
  // promised too little, and later 100 days too much. What is persisted of a grant is dated by the store's time.
  'a machine whose clock is 100 days ahead checks a user who has linked': {
    ...SIMPLE,
    rules: { ...USUAL, slides: false },
    links: true,
    actions: [
      { do: 'link', user: 0, process: 0, pausesAfter: 0, how: 'well' },
      { do: 'wait', ms: 80 * 60_000 },
      { do: 'run', process: 0, pausesAfter: 0 },
      { do: 'skew', process: 1, ms: 100 * DAY },
      { do: 'wait', ms: 80 * 60_000 },
      { do: 'run', process: 1, pausesAfter: 0 },
      { do: 'wait', ms: 80 * 60_000 },
      { do: 'run', process: 0, pausesAfter: 0 },
    ],
    deviations: [],
  },
  // How often a user may cause an exchange, and for how long a refusal is remembered, was counted by the time of day. Once that was
  // set back, the process refused the user for 100 days (`TOO_MANY_REQUESTS`). Nobody sets the clock that counts durations.
  'the clock of a machine is set back 100 days, and a user links there': {
    ...SIMPLE,
    rules: { ...USUAL, slides: false },
    links: true,
    actions: [
      { do: 'visit', user: 0, process: 0, fresh: false, pausesAfter: 0, api: 'graph' },
      { do: 'skew', process: 0, ms: -100 * DAY },
      { do: 'link', user: 0, process: 0, pausesAfter: 0, how: 'well' },
      { do: 'wait', ms: 80 * 60_000 },
      { do: 'run', process: 1, pausesAfter: 0 },
    ],
    deviations: [],
  },
  // The same of a refusal, which is remembered for some seconds ...
  'a user without a consent visits a machine whose clock is 30 minutes ahead, and it is set right': {
    ...SIMPLE,
    actions: [
      { do: 'skew', process: 0, ms: 30 * 60_000 },
      { do: 'withdraw-consent', user: 0 },
      { do: 'visit', user: 0, process: 0, fresh: true, pausesAfter: 0, api: 'graph' },
      { do: 'skew', process: 0, ms: 0 },
      { do: 'consent', user: 0 },
      { do: 'wait', ms: 2 * 60_000 },
      { do: 'visit', user: 0, process: 0, fresh: false, pausesAfter: 0, api: 'graph' },
    ],
    deviations: [],
  },
  // ... and of the account of a user whose token is remembered, which is read again after a minute.
  'a user visits a machine whose clock is 30 minutes ahead, and it is set right': {
    ...SIMPLE,
    actions: [
      { do: 'skew', process: 0, ms: 30 * 60_000 },
      { do: 'visit', user: 0, process: 0, fresh: true, pausesAfter: 0, api: 'graph' },
      { do: 'wait', ms: 2 * 60_000 },
      { do: 'visit', user: 0, process: 0, fresh: false, pausesAfter: 0, api: 'graph' },
      { do: 'skew', process: 0, ms: 0 },
      { do: 'wait', ms: 20 * 60_000 },
      { do: 'visit', user: 0, process: 0, fresh: false, pausesAfter: 0, api: 'graph' },
    ],
    deviations: [],
  },
  // A due time that nobody can read counts as 1970. A lease kept that time, which cannot be read either. So an account that was given
  // back was due at the end of that lease, five minutes later, and with it the notice.
  'a run gives an account back whose due time somebody has damaged': {
    ...SIMPLE,
    rules: { ...USUAL, idToken: false },
    receiver: 'well',
    actions: [
      { do: 'challenge', user: 0, api: 'graph' },
      { do: 'run', process: 1, pausesAfter: 0 },
      { do: 'damage', user: 0, how: 'due-at' },
      { do: 'audit', process: 0, pausesAfter: 0 },
      { do: 'wait', ms: 60_000 },
      { do: 'run', process: 0, pausesAfter: 0 },
    ],
    deviations: [
      { after: 19, pick: 'timer', fault: 0 },
      { after: 10, pick: 'next', fault: 0 },
      { after: 3, pick: 'newest', fault: 0 },
      { after: 2, pick: 'timer', fault: 0 },
    ],
  },
};
