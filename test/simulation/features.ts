import type { EntraRules, Policy } from './entraTypes.ts';
import { type Action, BLAMELESS, type History } from './history.ts';
import type { HowLinked } from './link.ts';
import type { ReceiverRule } from './receiverModel.ts';

/** One of them by the number of the history. A choice of its own would change all others of the same seed. */
const SCOPES = ['short', 'full', 'with-default', 'none'] as const;

export const withScope = <H extends { seed: number; rules: Omit<EntraRules, 'scope'> }>(history: H) => ({
  ...history,
  rules: { ...history.rules, scope: SCOPES[history.seed % SCOPES.length] ?? 'none' },
});

type Feature = {
  connect: History['connect'];
  receiver: ReceiverRule;
  pauses: boolean;
  seldom: boolean;
  links: boolean;
};
const PLAIN: Feature = {
  ...{ connect: 'visit', receiver: 'none' },
  ...{ pauses: false, seldom: false, links: false },
};

/** What some histories have, by their numbers as well: who hears notices, who is asked first, who pauses tasks, who links. */
const FEATURES: readonly Feature[] = [
  { ...PLAIN, receiver: 'well' },
  { ...PLAIN, receiver: 'away' },
  { ...PLAIN, connect: 'ask' },
  { ...PLAIN, pauses: true },
  { ...PLAIN, receiver: 'well', pauses: true },
  { ...PLAIN, seldom: true },
  PLAIN,
  PLAIN,
  { ...PLAIN, links: true },
];

const PAUSES: Partial<Record<Action['do'], 'pause' | 'resume' | 'wake'>> = {
  disconnect: 'pause',
  reconnect: 'resume',
  retry: 'wake',
};

/** In a history in which users pause their tasks, they do that in the place of other wishes. */
const asPause = (action: Action): Action => {
  const instead = PAUSES[action.do];
  return instead === undefined ? action : ({ ...action, do: instead } as Action);
};

const POLICIES: readonly Policy[] = ['mfa', 'blocked', 'unassigned', 'frequency'];

/** In half of the histories a policy of an API refuses the user, in the place of a consent that is withdrawn. */
const asPolicy =
  (seed: number) =>
  (action: Action): Action => {
    const number = Math.floor(seed / (SCOPES.length * FEATURES.length));
    if (action.do !== 'withdraw-consent' || number % 2 === 0) return action;
    const how = POLICIES[Math.floor(number / 2) % POLICIES.length] ?? 'mfa';
    return { do: 'policy', user: action.user, how, ...(action.api && { api: action.api }) };
  };

/** In some histories the token endpoint refuses everybody, or gives no reason, in the place of an outage. */
const asBlameless =
  (seed: number) =>
  (action: Action): Action => {
    const number = Math.floor(seed / (SCOPES.length * FEATURES.length * 8));
    const isOutage = action.do === 'trouble' && (action.kind === 'outage' || action.kind === 'html');
    if (!isOutage || action.at !== 'token' || number % 3 !== 0) return action;
    const kind = BLAMELESS[Math.floor(number / 3) % BLAMELESS.length] ?? 'removed';
    const whole = { 'own-credential': 'everybody', removed: 'tenant', bare: 'person' } as const;
    return { ...action, kind, whole: whole[kind] };
  };

const HOW: readonly HowLinked[] = ['other', 'twice', 'cancelled'];

/** In a history in which users link, they do that in the place of some wishes, and one of their grants may be revoked. */
function asLink(action: Action): Action {
  switch (action.do) {
    case 'reconnect':
      return { ...action, do: 'link', how: 'well' };
    case 'look':
      return { ...action, do: 'link', how: HOW[action.process % HOW.length] ?? 'well' };
    case 'narrow-consent':
    case 'retry':
      return { do: 'revoke', user: action.user, grant: 'code' };
    case 'retry-by-force':
      return { do: 'revoke', user: action.user, grant: 'exchange' };
    default:
      return action;
  }
}

const LINKED: readonly Action[] = [{ do: 'link', user: 0, process: 0, pausesAfter: 0, how: 'well' }];

const MARK: readonly Action[] = [
  { do: 'challenge', user: 0, api: 'graph' },
  { do: 'run', process: 1, pausesAfter: 0 },
];

/** What a history has by its number, and what happens in the place of some of its actions. */
export function featuresOf(seed: number) {
  const { pauses, ...has } = FEATURES[Math.floor(seed / SCOPES.length) % FEATURES.length] ?? PLAIN;
  const instead = pauses ? asPause : has.links ? asLink : (action: Action) => action;
  const ofPolicy = asPolicy(seed);
  const ofBlameless = asBlameless(seed);
  return { has, instead: (action: Action) => ofBlameless(ofPolicy(instead(action))) };
}

export function withFeatures<H extends { seed: number; actions: readonly Action[] }>(history: H) {
  const { has, instead } = featuresOf(history.seed);
  // Otherwise too few users are marked for a notice to meet something, and too few have two grants.
  const first = has.receiver !== 'none' ? MARK : has.links ? LINKED : [];
  return { ...history, ...has, actions: [...first, ...history.actions.map(instead)] };
}
