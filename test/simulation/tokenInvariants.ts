import type { ApiName, Person, Presented, Token, TokenPost } from './entraTypes.ts';
import { type Facts, isConnected, isTombstone, timeOf } from './facts.ts';
import type { Begun, Operations } from './operations.ts';
import type { Reasons } from './reasons.ts';
import { accessTokensIn } from './storedTokens.ts';
import type { ProcessLife, World } from './world.ts';

/** A visit exchanges once; anew if the token lacks a scope, and with claims or without if the API refuses the token. */
const MOST: Partial<Record<TokenPost['grant'], number>> = { exchange: 3, code: 1 };
const MINUTE = 60_000;
/** A token is not used in its last five minutes. Clocks may differ by five minutes more, and times are rounded. */
const GOOD_FOR_MS = 12 * MINUTE;
/** The worker renews a token of Graph in its last 25 minutes, and a refresh token in its last two hours. */
const RENEWED_FROM_MS = (25 + 7) * MINUTE;
const RENEWS_END_FROM_MS = (120 + 7) * MINUTE;
const UNKNOWN_REFRESH_TOKEN_LIFE_MS = 24 * 60 * MINUTE;
/** For so long a token that could not be stored is remembered at least. */
const REMEMBERED_MS = 50_000;

/** What must hold of every request to the token endpoint, and of every token that is used or kept. */
export function createTokenInvariants(world: World, facts: Facts, reasons: Reasons, operations: Operations) {
  const { of, rowOf, cacheOf, tokenOf, forbid } = facts;
  /** By process, access token of the caller, and API: the exchange whose result the process has. */
  const exchanged = new Map<string, { at: number; begunAt: number }>();
  /** By process, API and user: the last exchange. By process and user: when the process last forgot them. */
  const lastExchanges = new Map<string, number>();
  const forgotten = new Map<string, number>();
  /** Whether every process has had the same keys, so that each of them can use what is stored. */
  let keysDiffered = false;

  /**
   * A check renews once. It decides again if the account was changed meanwhile, and reads a cache again that was replaced
   * before it marks the user. It asks once more with the claims of a challenge.
   */
  const mostRenewals = (person: Person, by: ProcessLife, api: ApiName): number => {
    const isChallenged = reasons.wasRefused(person, api, facts.leasedAt(person, by), 'challenged');
    return 1 + of(person).changesSinceLease + (isChallenged ? 1 : 0);
  };

  function onPost(post: TokenPost): void {
    const { by, person, grant, api, presented, correlationId = '' } = post;
    const { posts } = of(person);
    // If one grant is refused, a check may ask by the other one.
    const key = `${correlationId} ${api} ${presented?.grant ?? grant}`;
    const count = (posts.get(key) ?? 0) + 1;
    posts.set(key, count);
    const most = MOST[grant] ?? mostRenewals(person, by, api);
    forbid(
      count > most,
      `one operation sent ${count} requests for ${person.name}, and ${most} are the most (${grant})`,
    );
    const isAskedFor = !reasons.challengeIn(person, api, post.correlationId) || post.claims?.includes('nbf');
    forbid(!isAskedFor, `${api} asked for other claims of ${person.name}, and they were not asked for`);
    if (grant === 'exchange') onExchange(post);
    else if (grant === 'refresh') onRenewal(post);
    else onRedemption(post);
  }

  function onRedemption({ by, person, correlationId }: TokenPost): void {
    const operation = operations.withId(correlationId);
    forbid(operation?.kind !== 'link', `a code of ${person.name} was redeemed, and nobody had begun a link`);
    if (operation !== undefined) onHaste(by, person, 'token', operation.begunAt);
  }

  function onRenewal({ by, person, api }: TokenPost): void {
    const { name } = person;
    const { leasedAfterEnd, leasedIn, leasedBy, unsettledAt, changesSinceLease } = of(person);
    const row = rowOf(person);
    const leasedAt = facts.leasedAt(person, by);
    onHaste(by, person, 'token', leasedAt);
    forbid(
      leasedAfterEnd && isTombstone(row?.state),
      `a token of ${name} was asked for after they had ended`,
    );
    forbid(leasedIn === 'needs-user', `a token of ${name} was asked for, who needs to sign in`);
    forbid(leasedAt < 0, `a token of ${name} was renewed by a process that never had a lease`);
    const isForced = api === 'graph' && mayForce(person);
    const isCalm = unsettledAt < leasedAt && changesSinceLease === 0 && leasedBy === by.number;
    if (keysDiffered || by.skewMs !== 0 || isForced || !isCalm) return;
    forbid(
      storedTokens(person, api, GOOD_FOR_MS).some(({ issued }) => issued < leasedAt),
      `a token of ${name} for ${api} was asked for, and a good one is stored`,
    );
  }

  /** Whether the worker may renew what is still good, because its end comes near. */
  function mayForce(person: Person): boolean {
    const row = rowOf(person);
    const ends = timeOf(row?.expiresOn) ?? 0;
    const known = timeOf(row?.refreshTokenExpiresOn);
    const refreshEnds = known ?? (timeOf(row?.lastActivity) ?? 0) + UNKNOWN_REFRESH_TOKEN_LIFE_MS;
    return world.now() > Math.min(ends - RENEWED_FROM_MS, refreshEnds - RENEWS_END_FROM_MS);
  }

  function storedTokens(person: Person, api: ApiName, forMs: number): Token[] {
    const cache = cacheOf(person);
    if (cache === undefined || cache.gen !== rowOf(person)?.generation) return [];
    return accessTokensIn(cache.msal).flatMap((secret) => {
      const token = tokenOf(secret);
      return token?.api === api && token.skewMs === 0 && token.ends > world.now() + forMs ? token : [];
    });
  }

  /** Whoever was told to wait does wait, for the user whom it was told of. */
  function onHaste(by: ProcessLife, person: Person, at: 'token' | ApiName, begunAt: number): void {
    forbid(
      by.skewMs === 0 && reasons.mustWait(by, person, at, begunAt),
      `the ${at} was asked again for ${person.name}, and had asked for fewer requests`,
    );
  }

  function onExchange({ by, person, api, assertion, correlationId }: TokenPost): void {
    const { name } = person;
    const { inStateSince, cacheStoredAt, unsettledAt, disturbedAt } = of(person);
    const operation = operations.withId(correlationId);
    forbid(
      operation?.kind !== 'visit' || operation.person !== person,
      `an access token of ${name} was exchanged, and it was no visit of theirs`,
    );
    if (operation === undefined) return;
    onHaste(by, person, 'token', operation.begunAt);
    lastExchanges.set(`${by.number} ${api} ${name}`, world.now());
    const row = rowOf(person);
    const isThere = isConnected(row?.state) || row?.state === 'disconnected';
    forbid(
      !isThere && facts.connect === 'visit' && operation.begunAt > Math.max(inStateSince, disturbedAt),
      `an access token of ${name} was exchanged, and there is no account for what it brings`,
    );
    const key = `${by.number} ${api} ${assertion}`;
    const before = exchanged.get(key);
    exchanged.set(key, { at: world.now(), begunAt: operation.begunAt });
    if (keysDiffered || by.skewMs !== 0 || operation.begunAt <= unsettledAt) return;
    // Whoever read that the user is needed asks anew, until a visit has written down that they are not.
    const wasNeeded = api === 'graph' && (row?.state === 'needs-user' || inStateSince >= operation.begunAt);
    const isOfThis = (token: Token) => token.assertion === assertion && token.issued < operation.begunAt;
    const storedAt = facts.blobs().blob(person.userId)?.storedAt ?? 0;
    forbid(
      isConnected(row?.state) &&
        storedAt < operation.begunAt &&
        !wasNeeded &&
        // What is stored while the visit goes on, it may not have read.
        cacheStoredAt < operation.begunAt &&
        storedTokens(person, api, GOOD_FOR_MS).some((token) => isOfThis(token) && token.issued > unsettledAt),
      `an access token of ${name} was exchanged for ${api} again, and a good token is stored`,
    );
    forbid(
      before !== undefined &&
        // What was on its way when something happened is not remembered.
        before.begunAt > unsettledAt &&
        before.at < operation.begunAt &&
        world.now() - before.at < REMEMBERED_MS,
      `an access token of ${name} was exchanged for ${api} again, a moment after the same process had done it`,
    );
  }

  return {
    onPost,

    onKeysDiffer(): void {
      keysDiffered = true;
    },

    onPresented({ by, api, token, correlationId }: Presented): void {
      if (token === undefined) return;
      const { person } = token;
      forbid(token.api !== api, `${api} was sent a token of ${person.name} for ${token.api}`);
      forbid(token.kind !== 'access', `${api} was sent a refresh token of ${person.name}`);
      const operation = operations.withId(correlationId);
      if (api !== 'graph' || operation === undefined) return;
      onHaste(by, person, api, operation.kind === 'visit' ? operation.begunAt : facts.leasedAt(person, by));
    },

    /** The process has forgotten what it remembered of the user. */
    onForgotten: ({ number }: ProcessLife, { name }: Person): void =>
      void forgotten.set(`${number} ${name}`, world.now()),

    /** A visit whose token was exchanged, or was in the stored cache. Its process remembers it from now on. */
    onHad: ({ number }: ProcessLife, { name }: Person, api: ApiName): void =>
      void lastExchanges.set(`${number} ${api} ${name}`, world.now()),

    keysDiffered: () => keysDiffered,

    /** A visit that used what its process remembered, which must be of after the last time that it forgot. */
    onRemembered({ life, begunAt }: Begun, person: Person, api: ApiName): void {
      const { name } = person;
      // Visits at the same time share one exchange.
      const isShared = operations.openOf(life).filter((one) => one.person === person).length > 1;
      if (isShared) return;
      const forgottenAt = forgotten.get(`${life.number} ${name}`) ?? Number.NEGATIVE_INFINITY;
      const exchangedAt = lastExchanges.get(`${life.number} ${api} ${name}`) ?? Number.NEGATIVE_INFINITY;
      forbid(
        forgottenAt <= begunAt && exchangedAt < forgottenAt,
        `a token of ${name} for ${api} was remembered after it had to be forgotten`,
      );
    },

    /** A write may replace an access token by another one for the same API. It must not lose a good one. */
    onCacheReplaced(person: Person, before: string, after: string): void {
      const apisIn = (msal: string) =>
        new Set(
          accessTokensIn(msal).flatMap((secret) => {
            const token = tokenOf(secret);
            return token !== undefined && token.ends > world.now() + GOOD_FOR_MS ? token.api : [];
          }),
        );
      const kept = apisIn(after);
      const lost = [...apisIn(before)].find((api) => !kept.has(api));
      forbid(lost !== undefined, `the access token of ${person.name} for ${lost} was lost in a write`);
    },
  };
}
