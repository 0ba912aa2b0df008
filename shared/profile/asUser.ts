import { type Account, isConnected, type Stored } from '../account/account.ts';
import { isStillConnected, recordVisit, seeAccount } from '../account/visit.ts';
import type { ApiCall } from '../api.ts';
import { UserTokenError } from '../errors.ts';
import { upstreamRefused } from '../log.ts';
import type { Caller, Operation, UserToken } from '../ports.ts';
import type { App } from '../tokens/app.ts';
import type { Exchanged } from '../tokens/assertionMemo.ts';
import { heedFailure, readCooldowns } from '../tokens/storedCooldowns.ts';

type Source = UserToken['source'] | 'memory';

/** The result, and what the log may say about it: the user's log id, and where the token came from. */
export type Asked<T> = { result: T; user: string; source: Source };

export type Use<T> = {
  /** The name of the function, for the audit line `token.used`. One name always has one type of result. */
  name: string;
  /** Calls Graph. It is called again with a new token if Graph refuses the first one. */
  run: (call: ApiCall) => Promise<T>;
};

/** A token is not used in its last five minutes, because it could expire during the call to Graph. */
const TOKEN_MARGIN_MS = 300_000;
/** The time limit of one exchange, together with reading and storing the cache. */
const EXCHANGE_TIMEOUT_MS = 20_000;
/** A token that could not be stored is used for this time only. The next exchange then tries to store its result. */
const UNSTORED_FOR_MS = 60_000;

/**
 * Calls Graph on behalf of the caller, and stores what the worker needs to act for them later: the sealed token cache
 * and the account. An error while storing is logged; it does not fail the request.
 * @param accessToken the caller's JWT for this API
 * @throws {TokenInvalidError} the access token is not valid for this API.
 * @throws {ForbiddenError} the access token is valid, but its tenant, client or scope is not allowed.
 * @throws {UnavailableError} there are no keys to verify the access token with.
 * @throws {UserTokenError} there is no token for Graph, or none that Graph accepts.
 * @throws {TooManyRequestsError} the caller causes too many exchanges.
 */
export async function asUser<T>(
  app: App,
  operation: Operation,
  accessToken: string,
  { name, run }: Use<T>,
): Promise<Asked<T>> {
  const { memo, cooldowns } = app;
  const { log } = operation;
  const caller = await memo.verified(accessToken, () => app.verifyAccessToken(accessToken));
  const user = app.logId(caller.userId);
  /** Work that runs at the same time as the answer. The request waits for it at its end. */
  let pending: Promise<unknown> = Promise.resolve();
  const alsoWaitFor = (work: Promise<unknown>): void => {
    pending = Promise.all([pending, work]);
  };
  const record = (account: Stored<Account> | undefined, token: UserToken): void =>
    alsoWaitFor(recordVisit(app, operation, caller, account, token));

  /** The account is read or created before the exchange, so that every stored secret has an account. */
  async function exchangeFor(
    account: Stored<Account> | undefined,
    more: ExchangeMore = {},
  ): Promise<Exchanged> {
    const token = await heedingThrottles(() => exchange(app, operation, caller, account, more));
    record(account, token);
    return { token, keepUntil: keepUntil(app, account, token) };
  }

  async function heedingThrottles<R>(work: () => Promise<R>): Promise<R> {
    try {
      return await work();
    } catch (error) {
      if (error instanceof UserTokenError && error.failure.throttle !== undefined) {
        alsoWaitFor(heedFailure(app, operation, caller.userId, error.failure));
      }
      throw error;
    }
  }

  async function readWith(token: UserToken, source: Source): Promise<{ result: T; source: Source }> {
    cooldowns.check(caller.userId, 'graph');
    log({ event: 'token.used', user, by: name, api: 'graph', source });
    const call: ApiCall = {
      accessToken: token.accessToken,
      correlationId: operation.correlationId,
      onRefused: (reference) => log(upstreamRefused(reference, user)),
    };
    return { result: await heedingThrottles(() => run(call)), source };
  }

  async function readOrRenew(token: UserToken, source: Source): Promise<{ result: T; source: Source }> {
    try {
      return await readWith(token, source);
    } catch (error) {
      if (!(error instanceof UserTokenError) || error.failure.askedBy === undefined) throw error;
      // Graph no longer accepts this token, or asks for more claims: exchange once and try once more.
      const { claims } = error.failure;
      const renewed = await memo.renewed(caller, token, async () =>
        exchangeFor(await seeAccount(app, operation, caller), { skipCache: true, claims }),
      );
      return readWith(renewed.token, renewed.began ? 'network' : 'memory');
    }
  }

  if (cooldowns.isReadDue()) alsoWaitFor(readCooldowns(app, operation));
  try {
    let { token, began } = await memo.exchanged(caller, async () =>
      exchangeFor(await seeAccount(app, operation, caller)),
    );
    if (!began && memo.isRowReadDue(caller)) {
      const account = await seeAccount(app, operation, caller);
      if (account?.state === 'needs-user' || account?.state === 'pending') {
        // The worker met a refusal, or the account is new. The remembered exchange is no longer valid.
        memo.forget(caller.userId);
        ({ token, began } = await memo.exchanged(caller, () => exchangeFor(account)));
      } else {
        // It is recorded as a visit only, because this request did not ask for the token.
        record(account, { ...token, source: 'cache' });
      }
    }
    const { result, began: called } = await memo.read(caller, name, () =>
      readOrRenew(token, began ? token.source : 'memory'),
    );
    return { result: result.result, user, source: called ? result.source : 'memory' };
  } finally {
    await pending;
  }
}

type ExchangeMore = { skipCache?: boolean; claims?: string | undefined };

function keepUntil({ clock }: App, account: Account | undefined, token: UserToken): Date {
  const ends = token.expiresOn.getTime() - TOKEN_MARGIN_MS;
  const kept = token.stored || account?.state === 'disconnected';
  return new Date(kept ? ends : Math.min(ends, clock.now().getTime() + UNSTORED_FOR_MS));
}

/**
 * Exchanges the caller's access token. If the account needs the user, the stored cache is skipped, so that the token
 * endpoint decides. If it refuses without a challenge, the error has the stored challenge. A stored challenge of Graph
 * is sent to the token endpoint, which does not know it otherwise.
 */
async function exchange(
  app: App,
  operation: Operation,
  caller: Caller,
  account: Stored<Account> | undefined,
  more: ExchangeMore,
): Promise<UserToken> {
  const stored = account?.state === 'needs-user' ? account.failure : undefined;
  const connection = account !== undefined && isConnected(account) ? account : undefined;
  try {
    // The caller's signal does not end the exchange, because other requests may wait for the same one.
    const signal = app.clock.timeout(EXCHANGE_TIMEOUT_MS);
    return await app.userTokens.onBehalfOf(
      { ...operation, signal },
      {
        caller,
        skipCache: more.skipCache || account?.state === 'needs-user',
        generation: connection?.generation,
        isCurrent: async () => connection !== undefined && isStillConnected(app, connection),
        claims: more.claims ?? (stored?.askedBy !== undefined ? stored.claims : undefined),
        mayAsk: () => {
          app.cooldowns.check(caller.userId, 'token');
          app.limits.exchanges.take(caller.userId);
        },
      },
    );
  } catch (error) {
    if (!(error instanceof UserTokenError) || error.failure.kind !== 'needs-user') throw error;
    if (error.failure.claims !== undefined || stored?.claims === undefined) throw error;
    throw new UserTokenError({ ...error.failure, claims: stored.claims }, { cause: error });
  }
}
