import {
  type ApiName,
  type Blameless,
  type EntraWatch,
  isOneOf,
  type Person,
  type Reason,
  type Refusal,
  type Throttled,
  type Token,
} from './entraTypes.ts';
import type { Facts } from './facts.ts';
import { refreshTokensIn } from './storedTokens.ts';
import type { ProcessLife, World } from './world.ts';

/** A cooldown without a Retry-After lasts so long at most. */
const LONGEST_COOLDOWN_MS = 3_600_000;
/** A check waits for up to five minutes more, so that users of one tenant are not checked all at once. */
const COOLDOWN_SLACK_MS = 6 * 60_000;
/** A cooldown that a wrong clock stored counts for two hours at most. */
const WRONG_CLOCK_SLACK_MS = 2 * 3_600_000 + COOLDOWN_SLACK_MS;
const CONFIRMED_AFTER_MS = 30 * 60_000;
/** For so long a process remembers a refusal. */
const REMEMBERED_MS = 4_000;
/** Nothing looks further back. */
const KEPT_MS = 2 * 86_400_000;
const MARKING: readonly Reason[] = ['revoked', 'consent', 'challenged', 'refresh-token-over', 'policy'];

export type Reasons = ReturnType<typeof createReasons>;

/** A grant that is refused for it is good again once the user has done what is asked for. A sign-in that is too old stays so. */
const isOfPolicy = ({ reason, person }: Refusal): boolean =>
  reason === 'consent' || (reason === 'policy' && person.policies.graph?.how !== 'frequency');

/** What Entra and the APIs have said of users: an account may be marked, and a visit refused, for nothing else. */
export function createReasons(world: World, facts: Facts) {
  let refusals: (Refusal & { at: number })[] = [];
  let throttles: (Throttled & { answeredAt: number })[] = [];
  /** When an API or the token endpoint last had trouble with a user. */
  const troubles = new Map<string, number>();
  const blames: (Parameters<EntraWatch['onBlameless']>[0] & { at: number })[] = [];
  /** Processes whose clock was changed while they ran. They remember the ends of cooldowns by it. */
  const stepped = new Set<number>();

  const since = (person: Person, from: number) =>
    refusals.filter((one) => one.person === person && one.at >= from);

  return {
    onRefusal(refusal: Refusal): void {
      const at = world.now();
      refusals = [...refusals.filter((one) => one.at > at - KEPT_MS), { ...refusal, at }];
      facts.unsettle(refusal.person);
    },
    onThrottled(throttled: Throttled): void {
      const answeredAt = world.now();
      throttles = [
        ...throttles.filter((one) => one.answeredAt > answeredAt - KEPT_MS),
        { ...throttled, answeredAt },
      ];
    },
    /** A request met an outage or a limit. */
    onTrouble(person: Person, at: Throttled['at']): void {
      troubles.set(`${at} ${person.name}`, world.now());
    },
    onBlameless(blameless: Parameters<EntraWatch['onBlameless']>[0]): void {
      blames.push({ ...blameless, at: world.now() });
    },
    /** Whether a refusal that is nobody's fault may still be what a visit of the user is told. */
    wasBlameless: (person: Person, from: number, ...kinds: Blameless[]): boolean =>
      blames.some(
        ({ kind, of, whole, at }) => kinds.includes(kind) && at >= from && isOneOf(person, of, whole),
      ),
    isTroubled: ({ name }: Person, at: Throttled['at'], from: number): boolean =>
      (troubles.get(`${at} ${name}`) ?? Number.NEGATIVE_INFINITY) >= from,
    /** Whether a token of the user ever lacked a permission, in the time that is looked back at. */
    hasLackedScope: (person: Person): boolean =>
      refusals.some((one) => one.person === person && one.reason === 'lacks-scope'),
    onClockChanged: ({ number }: ProcessLife) => void stepped.add(number),

    /** Whether the user's API has asked for other claims in the operation. */
    challengeIn: (person: Person, api: ApiName, correlationId: string | undefined): boolean =>
      refusals.some(
        (one) =>
          one.person === person &&
          one.api === api &&
          one.reason === 'challenged' &&
          one.correlationId === correlationId,
      ),

    /** Whether a check of the user was itself refused for a reason of theirs. */
    wasCheckRefused: (
      person: Person,
      run: string | undefined,
      leasedAt: number,
      reasons: readonly Reason[],
    ) =>
      since(person, leasedAt).some(
        (one) => one.correlationId === run && one.api === 'graph' && reasons.includes(one.reason),
      ),

    /** Whether the process was told, before that time, to leave the user alone for longer than until now. */
    mustWait: (by: ProcessLife, person: Person, at: Throttled['at'], before: number): boolean =>
      // It remembers the end by its clock.
      !stepped.has(by.number) &&
      throttles.some(
        (one) =>
          one.by === by &&
          isOneOf(person, one.person, one.whose) &&
          one.at === at &&
          one.answeredAt <= before &&
          // What was lost on its way was not heard.
          facts.of(one.person).disturbedAt < one.answeredAt &&
          Math.min(one.until ?? 0, one.answeredAt + LONGEST_COOLDOWN_MS) > world.now() + 1_000,
      ),

    /** Whether the token endpoint has refused this refresh token in the operation; in any one, if none is named. */
    wasRefusedToken: (token: Token, correlationId?: string): boolean =>
      refusals.some(
        (one) =>
          one.presented === token && (correlationId === undefined || one.correlationId === correlationId),
      ),

    /** Whether it is over: the token endpoint has refused it for Graph, and not because a policy is not met. */
    isOver: (token: Token): boolean =>
      refusals.some((one) => one.presented === token && one.api === 'graph' && !isOfPolicy(one)),

    /** Whether one of the user's requests for this API was refused, by the API or for it, since then. */
    wasRefused: (person: Person, api: ApiName, from: number, ...reasons: Reason[]): boolean =>
      since(person, from).some(
        (one) => one.api === api && (reasons.length === 0 || reasons.includes(one.reason)),
      ),

    /**
     * Whether the process may mark the user now. Graph, or the token endpoint for Graph, must have refused the user in this very
     * check, or what was stored must be of no use. Another API's refusals never count. The reason is then spent.
     */
    spendReasonToMark(person: Person, by: ProcessLife, run: string | undefined): boolean {
      const { cacheDamagedUntil } = facts.of(person);
      const leasedAt = facts.leasedAt(person, by);
      const counts = (one: Refusal & { at: number }) =>
        one.person === person &&
        one.correlationId === run &&
        one.api === 'graph' &&
        MARKING.includes(one.reason);
      const holds = refusals.some((one) => counts(one) && one.at >= leasedAt);
      refusals = refusals.filter((one) => !counts(one));
      if (holds || cacheDamagedUntil >= leasedAt) return true;
      // Whoever is refused three times in a row without a number, for half an hour, is believed to be refused.
      const bare = blames.filter(
        ({ kind, of, at }) => kind === 'bare' && of === person && at > world.now() - KEPT_MS,
      );
      const [first] = bare;
      if (first !== undefined && bare.length >= 3 && world.now() - first.at >= CONFIRMED_AFTER_MS)
        return true;
      const stored = refreshTokensIn(facts.cacheOf(person)?.msal ?? '{}');
      return stored.length > 0 && stored.every((secret) => (facts.tokenOf(secret)?.ends ?? 0) <= world.now());
    },

    /** When Graph, or the token endpoint for Graph, last refused the user in the run. */
    lastReasonToMarkAt: (person: Person, run: string | undefined): number | undefined =>
      refusals.findLast(
        (one) =>
          one.person === person &&
          one.correlationId === run &&
          one.api === 'graph' &&
          MARKING.includes(one.reason),
      )?.at,

    /** Whether a visit that began then may be refused for a reason of the user's. */
    mayRefuse(person: Person, api: ApiName, begunAt: number, kind: 'consent' | 'user') {
      return since(person, begunAt - REMEMBERED_MS).some(
        (one) => one.api === api && (one.reason !== 'lacks-scope' || kind === 'consent'),
      );
    },

    /** Whether somebody whose limit may concern the user was asked for fewer requests, and that may still hold. */
    isThrottled({ tid }: Person, at: Throttled['at'], clocksDiffered: boolean): boolean {
      const slack = clocksDiffered ? WRONG_CLOCK_SLACK_MS : COOLDOWN_SLACK_MS;
      return throttles.some(
        (one) =>
          one.at === at &&
          (one.whose === 'everybody' || one.person.tid === tid) &&
          world.now() <= (one.until ?? one.answeredAt + LONGEST_COOLDOWN_MS) + slack,
      );
    },
  };
}
