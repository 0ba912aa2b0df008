import { isStillConnected, recordVisit, seeAccount } from '../account/visit.ts';
import { UserTokenError } from '../errors.ts';
import { upstreamRefused } from '../log.ts';
import type { Account, ApiCall, Caller, Operation, UserToken } from '../ports.ts';
import type { App } from '../tokens/app.ts';
import type { Exchanged } from '../tokens/assertionMemo.ts';
import { heedFailure, readCooldowns } from '../tokens/storedCooldowns.ts';

type Source = UserToken['source'] | 'memory';

/** What was read, and what may be said of it in the log: whose it is, by log id, and where the token came from. */
export type Asked<T> = { result: T; user: string; source: Source };

export type Use<T> = {
  /** The function's, for the audit. */
  name: string;
  /** Called again, with a new token, when Graph does not take the first. */
  run: (call: ApiCall) => Promise<T>;
};

/** Graph must not be called with a token that ends on the way. */
const TOKEN_MARGIN_MS = 300_000;
/** Of one exchange: the stored cache, the token endpoint and storing the result. */
const EXCHANGE_TIMEOUT_MS = 20_000;
/** A token that could not be stored is exchanged anew after this, so that storing it is tried again. */
const UNSTORED_FOR_MS = 60_000;

/**
 * Asks Graph something on the caller's behalf, and leaves behind what the worker needs to go on for them: the sealed
 * token cache and the activity row. Bookkeeping that fails never fails the caller.
 * @param accessToken the caller's JWT for this API
 * @throws {TokenInvalidError | ForbiddenError | UnavailableError} from verification.
 * @throws {UserTokenError} no token for Graph, or none that Graph accepts.
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
  /** What is done beside the answer, and ends with the request. */
  let beside: Promise<unknown> = Promise.resolve();
  const alsoWaitFor = (work: Promise<unknown>): void => {
    beside = Promise.all([beside, work]);
  };
  const record = (account: Account | undefined, token: UserToken): void =>
    alsoWaitFor(recordVisit(app, operation, caller, account, token));

  /** The row comes before the exchange, so that no secret is ever kept that no row accounts for. */
  async function exchangeFor(account: Account | undefined, more: ExchangeMore = {}): Promise<Exchanged> {
    const token = await heeded(() => exchange(app, operation, caller, account, more));
    record(account, token);
    return { token, keepUntil: keepUntil(app, account, token) };
  }

  async function heeded<R>(ask: () => Promise<R>): Promise<R> {
    try {
      return await ask();
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
    return { result: await heeded(() => run(call)), source };
  }

  async function readOrRenew(token: UserToken, source: Source): Promise<{ result: T; source: Source }> {
    try {
      return await readWith(token, source);
    } catch (error) {
      if (!(error instanceof UserTokenError) || error.failure.askedBy === undefined) throw error;
      // Graph no longer takes this token, or asks for more than it holds: one exchange, and one more try.
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
        // The worker was refused, or the row is new: what is remembered no longer counts.
        memo.forget(caller.userId);
        ({ token, began } = await memo.exchanged(caller, () => exchangeFor(account)));
      } else {
        // A visit and no more: this request asked nobody for the token.
        record(account, { ...token, source: 'cache' });
      }
    }
    const { result, began: asked } = await memo.read(caller, name, () =>
      readOrRenew(token, began ? token.source : 'memory'),
    );
    return { result: result.result, user, source: asked ? result.source : 'memory' };
  } finally {
    await beside;
  }
}

type ExchangeMore = { skipCache?: boolean; claims?: string | undefined };

function keepUntil({ clock }: App, account: Account | undefined, token: UserToken): Date {
  const ends = token.expiresOn.getTime() - TOKEN_MARGIN_MS;
  const kept = token.stored || account?.state === 'disconnected';
  return new Date(kept ? ends : Math.min(ends, clock.now().getTime() + UNSTORED_FOR_MS));
}

/**
 * After the worker was refused, only the token endpoint's word counts; its own challenge, or else the kept one. One that
 * Graph made is put to it: by itself it would know nothing of that.
 */
async function exchange(
  app: App,
  operation: Operation,
  caller: Caller,
  account: Account | undefined,
  more: ExchangeMore,
): Promise<UserToken> {
  const kept = account?.state === 'needs-user' ? account.failure : undefined;
  try {
    // No caller's signal ends it, because all who wait for the same exchange share it.
    const signal = app.clock.timeout(EXCHANGE_TIMEOUT_MS);
    return await app.userTokens.onBehalfOf(
      { ...operation, signal },
      {
        caller,
        skipCache: more.skipCache || account?.state === 'needs-user',
        generation: account?.state === 'disconnected' ? undefined : account?.generation,
        isCurrent: async () => account !== undefined && isStillConnected(app, account),
        claims: more.claims ?? (kept?.askedBy !== undefined ? kept.claims : undefined),
        mayAsk: () => {
          app.cooldowns.check(caller.userId, 'token');
          app.limits.exchanges.take(caller.userId);
        },
      },
    );
  } catch (error) {
    if (!(error instanceof UserTokenError) || error.failure.kind !== 'needs-user') throw error;
    if (error.failure.claims !== undefined || kept?.claims === undefined) throw error;
    throw new UserTokenError({ ...error.failure, claims: kept.claims }, { cause: error });
  }
}
