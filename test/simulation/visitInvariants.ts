import { TokenInvalidError, UserTokenError } from '../../shared/errors.ts';
import type { ApiName, Person } from './entraTypes.ts';
import { type Facts, isConnected, timeOf } from './facts.ts';
import type { Begun, Operations } from './operations.ts';
import type { Reasons } from './reasons.ts';
import { grantsIn } from './storedTokens.ts';
import type { createTokenInvariants } from './tokenInvariants.ts';
import type { World } from './world.ts';

/** A process reads the account of a user whose token it remembers once a minute. */
const ROW_IS_READ_EVERY_MS = 61_000;
/** For so long a process remembers a refusal, and for so long a tenant is left alone at most. */
const REMEMBERED_MS = 4_000;
const LONGEST_COOLDOWN_MS = 3_600_000;
const CLOCKS_MAY_DIFFER_MS = 6 * 60_000;
/** Whoever has caused nothing for so long may cause as much as ever. */
const LIMITS_PASS_AFTER_MS = 61_000;
const ENDING: ReadonlySet<Begun['kind']> = new Set(['disconnect', 'reconnect', 'retire', 'link']);
/** No smaller number of operations uses up what a user may cause at once. */
const LEAST_TOO_MANY = 4;

/** What must hold of every visit that has ended. */
export function createVisitInvariants(
  world: World,
  facts: Facts,
  reasons: Reasons,
  tokens: ReturnType<typeof createTokenInvariants>,
  operations: Operations,
  clocksDiffered: () => boolean,
) {
  const { of, rowOf, forbid } = facts;
  /** A refusal of a visit must have a reason that is the user's, of this very visit or remembered for a moment. */
  function onRefused({ begunAt }: Begun, person: Person, asked: ApiName, error: unknown): boolean {
    if (!(error instanceof UserTokenError)) return error instanceof TokenInvalidError;
    const { kind, code } = error.failure;
    const wrongly = `${person.name} was refused (${code}), and nothing was wrong with them`;
    switch (kind) {
      case 'needs-user':
      case 'cache-lost':
        forbid(
          !reasons.mayRefuse(person, asked, begunAt, 'user') &&
            !reasons.wasBlameless(person, begunAt - REMEMBERED_MS, 'bare'),
          wrongly,
        );
        return true;
      case 'consent':
        forbid(!reasons.mayRefuse(person, asked, begunAt, 'consent'), wrongly);
        return true;
      case 'throttled': {
        const at = code.startsWith('graph') || code.startsWith('notes') ? asked : 'token';
        forbid(
          !reasons.isThrottled(person, at, clocksDiffered()),
          `${person.name} was refused (${code}), and nobody had asked for it`,
        );
        return true;
      }
      case 'tenant':
      case 'misconfigured':
        forbid(
          !reasons.wasBlameless(person, begunAt - LONGEST_COOLDOWN_MS, 'own-credential', 'removed', 'bare'),
          `${person.name} was refused (${kind}: ${code}), and nothing is wrong with the tenant`,
        );
        return true;
      case 'transient':
        return true;
      default:
        return kind satisfies never;
    }
  }

  /** A visit that was answered has been written down. Its user is retired by that, and not by what the row says. */
  function onSeen(begun: Begun, person: Person): void {
    const { life, begunAt } = begun;
    const row = rowOf(person);
    const known = of(person);
    const since = begunAt - ROW_IS_READ_EVERY_MS;
    const isSound =
      life.skewMs === 0 &&
      Math.max(known.disturbedAt, known.damagedAt) < since &&
      operations.wasAlone(begun, person, ROW_IS_READ_EVERY_MS);
    if (!isSound || !isConnected(row?.state)) return;
    known.lastSeenAt = Math.max(known.lastSeenAt, since);
    forbid(
      (timeOf(row?.lastActivity) ?? 0) < since - CLOCKS_MAY_DIFFER_MS,
      `${person.name} visited and was answered, and the visit was not written down`,
    );
  }

  /** A visit that was answered has read the account, and has ended what only a visit can end. */
  function onVisited(begun: Begun, person: Person, api: ApiName, source: string): void {
    const { life, begunAt, endedAt } = begun;
    if (source === 'memory') tokens.onRemembered(begun, person, api);
    else tokens.onHad(life, person, api);
    onSeen(begun, person);
    if (source === 'network') onExchanged(begun, person);
    const { state } = rowOf(person) ?? {};
    const { inStateSince, disturbedAt } = of(person);
    if (state === 'disconnected' && disturbedAt < begunAt) {
      of(person).lastSeenAt = Math.max(of(person).lastSeenAt, begunAt - ROW_IS_READ_EVERY_MS);
    }
    const others = operations.concerning(person, begunAt, endedAt).filter((one) => one !== begun);
    const isNew = inStateSince > begunAt - ROW_IS_READ_EVERY_MS;
    forbid(
      api === 'graph' &&
        (state === 'needs-user' || state === 'pending') &&
        !isNew &&
        disturbedAt < begunAt &&
        life.skewMs === 0 &&
        !tokens.keysDiffered() &&
        others.length === 0,
      `${person.name} visited and was answered, and their account is as it was (${state})`,
    );
  }

  /** The user has just signed in, so what is stored stems from that sign-in or a later one, whoever wrote meanwhile. */
  function onExchanged(begun: Begun, person: Person): void {
    const { begunAt, life } = begun;
    const cache = facts.cacheOf(person);
    const { disturbedAt, damagedAt, endedAt } = of(person);
    const others = operations.concerning(person, begunAt, world.now());
    const isEnding = others.some(({ kind }) => ENDING.has(kind));
    const isSound = Math.max(disturbedAt, damagedAt, endedAt) < begunAt && life.skewMs === 0;
    if (!isSound || isEnding || tokens.keysDiffered() || !isConnected(rowOf(person)?.state)) return;
    const stored = grantsIn(cache?.msal ?? '{}').exchange;
    let root = stored === undefined ? undefined : facts.tokenOf(stored);
    while (root?.parent !== undefined) root = facts.tokenOf(root.parent);
    // Of two visits at the same time, either may have stored its own.
    const since = Math.min(
      begunAt,
      ...others.filter(({ kind }) => kind === 'visit').map((one) => one.begunAt),
    );
    forbid(
      root === undefined || root.issued < since,
      `${person.name} visited and was answered, and the refresh token of the visit was not stored`,
    );
  }

  /** Nobody is told to ask less often who has not asked often, whatever became of the clock. */
  function onTooMany({ life, begunAt }: Begun, person: Person): void {
    const asked = operations
      .concerning(person, begunAt - LIMITS_PASS_AFTER_MS, world.now())
      .filter((one) => one.person === person && one.life === life);
    forbid(
      asked.length <= LEAST_TOO_MANY,
      `${person.name} was refused (too many requests), and had asked ${asked.length} times`,
    );
  }

  /** A link that is alone and meets no trouble does not end with an outage. */
  function onLinkUnavailable(begun: Begun, person: Person): void {
    const { begunAt } = begun;
    const { disturbedAt, damagedAt } = of(person);
    const isTroubled =
      Math.max(disturbedAt, damagedAt) >= begunAt ||
      tokens.keysDiffered() ||
      reasons.isThrottled(person, 'token', clocksDiffered()) ||
      reasons.isTroubled(person, 'token', begunAt);
    forbid(
      !isTroubled && operations.wasAlone(begun, person),
      `the link of ${person.name} met an outage, and there was none`,
    );
  }

  return { onRefused, onVisited, onTooMany, onLinkUnavailable };
}
