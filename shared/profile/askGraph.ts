import { isStillConnected, recordVisit, seeAccount, type VisitDeps } from '../account/visit.ts';
import { UserTokenError } from '../errors.ts';
import { upstreamRefused } from '../log.ts';
import type {
  Account,
  Caller,
  GraphCall,
  TenantStore,
  UserToken,
  UserTokens,
  VerifyAccessToken,
} from '../ports.ts';
import type { AssertionMemo, Exchanged } from '../tokens/assertionMemo.ts';
import type { Cooldowns } from '../tokens/cooldowns.ts';
import { GRAPH_CHALLENGE } from '../tokens/failures.ts';
import type { RequestLimits } from '../tokens/requestLimits.ts';
import { heedFailure, readCooldowns } from '../tokens/storedCooldowns.ts';

export type AskGraphDeps = VisitDeps & {
  verifyAccessToken: VerifyAccessToken;
  userTokens: UserTokens;
  memo: AssertionMemo;
  cooldowns: Cooldowns;
  limits: RequestLimits;
  tenants: TenantStore;
  /** The function's, for the audit. */
  name: string;
  /** The invocation's, which goes with every request to Graph. */
  correlationId?: string | undefined;
};

type Source = UserToken['source'] | 'memory';
type Facts = { user: string; source: Source };

/** Graph must not be called with a token that ends on the way. */
const TOKEN_MARGIN_MS = 300_000;
/** Of one exchange: the stored cache, the token endpoint and storing the result. */
const EXCHANGE_TIMEOUT_MS = 20_000;
/** A token that could not be stored is exchanged anew after this, so that storing it is tried again. */
const UNSTORED_FOR_MS = 60_000;

/**
 * Asks Graph something on the caller's behalf, and leaves behind what the worker needs to go on for them: the sealed
 * token cache and the activity row. Bookkeeping that fails never fails the caller.
 * @param read is called again, with a new token, when Graph does not take the first
 * @throws {TokenInvalidError | ForbiddenError | UnavailableError} from verification.
 * @throws {UserTokenError} no token for Graph, or none that Graph accepts.
 * @throws {TooManyRequestsError} the caller causes too many exchanges.
 */
export async function askGraph<T>(
  deps: AskGraphDeps,
  bearerToken: string,
  read: (accessToken: string, call: GraphCall) => Promise<T>,
): Promise<{ result: T; facts: Facts }> {
  const { memo, cooldowns } = deps;
  const caller = await memo.verified(bearerToken, () => deps.verifyAccessToken(bearerToken));
  const user = deps.logId(caller.userId);
  /** What is done beside the answer, and ends with the request. */
  let beside: Promise<unknown> = Promise.resolve();
  const alsoWaitFor = (work: Promise<unknown>): void => {
    beside = Promise.all([beside, work]);
  };
  const record = (account: Account | undefined, token: UserToken): void =>
    alsoWaitFor(recordVisit(deps, caller, account, token));

  /** The row comes before the exchange, so that no secret is ever kept that no row accounts for. */
  async function exchangeFor(account: Account | undefined, more: ExchangeMore = {}): Promise<Exchanged> {
    const token = await heeded(() => exchange(deps, caller, account, more));
    record(account, token);
    return { token, keepUntil: keepUntil(deps, account, token) };
  }

  async function heeded<R>(ask: () => Promise<R>): Promise<R> {
    try {
      return await ask();
    } catch (error) {
      if (error instanceof UserTokenError && error.failure.throttle !== undefined) {
        alsoWaitFor(heedFailure(deps, caller.userId, error.failure));
      }
      throw error;
    }
  }

  async function readWith(token: UserToken, source: Source): Promise<{ result: T; source: Source }> {
    cooldowns.check(caller.userId, 'graph');
    deps.log({ event: 'token.used', user, by: deps.name, api: 'graph', source });
    const call: GraphCall = {
      correlationId: deps.correlationId,
      onRefused: (reference) => deps.log(upstreamRefused(reference, user)),
    };
    return { result: await heeded(() => read(token.accessToken, call)), source };
  }

  async function readOrRenew(token: UserToken, source: Source): Promise<{ result: T; source: Source }> {
    try {
      return await readWith(token, source);
    } catch (error) {
      if (!(error instanceof UserTokenError) || error.failure.code !== GRAPH_CHALLENGE) throw error;
      // Graph no longer takes this token, or asks for more than it holds: one exchange, and one more try.
      const { claims } = error.failure;
      const renewed = await memo.renewed(caller, token, async () =>
        exchangeFor(await seeAccount(deps, caller), { skipCache: true, claims }),
      );
      return readWith(renewed.token, renewed.began ? 'network' : 'memory');
    }
  }

  if (cooldowns.isReadDue()) alsoWaitFor(readCooldowns(deps));
  try {
    let { token, began } = await memo.exchanged(caller, async () =>
      exchangeFor(await seeAccount(deps, caller)),
    );
    if (!began && memo.isLookDue(caller)) {
      const account = await seeAccount(deps, caller);
      if (account?.state === 'needs-user' || account?.state === 'pending') {
        // The worker was refused, or the row is new: what is remembered no longer counts.
        memo.forget(caller.userId);
        ({ token, began } = await memo.exchanged(caller, () => exchangeFor(account)));
      } else {
        // A visit and no more: this request asked nobody for the token.
        record(account, { ...token, source: 'cache' });
      }
    }
    const { result, began: asked } = await memo.read(caller, deps.name, () =>
      readOrRenew(token, began ? token.source : 'memory'),
    );
    return { result: result.result, facts: { user, source: asked ? result.source : 'memory' } };
  } finally {
    await beside;
  }
}

type ExchangeMore = { skipCache?: boolean; claims?: string | undefined };

function keepUntil({ now }: AskGraphDeps, account: Account | undefined, token: UserToken): Date {
  const ends = token.expiresOn.getTime() - TOKEN_MARGIN_MS;
  const kept = token.stored || account?.state === 'disconnected';
  return new Date(kept ? ends : Math.min(ends, now().getTime() + UNSTORED_FOR_MS));
}

/**
 * After the worker was refused, only the token endpoint's word counts; its own challenge, or else the kept one. One that
 * Graph made is put to it: by itself it would know nothing of that.
 */
async function exchange(
  deps: AskGraphDeps,
  caller: Caller,
  account: Account | undefined,
  more: ExchangeMore,
): Promise<UserToken> {
  const kept = account?.state === 'needs-user' ? account.failure : undefined;
  try {
    return await deps.userTokens.onBehalfOf({
      caller,
      skipCache: more.skipCache || account?.state === 'needs-user',
      generation: account?.state === 'disconnected' ? undefined : account?.generation,
      isCurrent: async () => account !== undefined && isStillConnected(deps, account),
      claims: more.claims ?? (kept?.code === GRAPH_CHALLENGE ? kept.claims : undefined),
      mayAsk: () => {
        deps.cooldowns.check(caller.userId, 'token');
        deps.limits.exchanges.take(caller.userId);
      },
      // Its own, because all who wait for the same exchange share it.
      signal: AbortSignal.timeout(EXCHANGE_TIMEOUT_MS),
    });
  } catch (error) {
    if (!(error instanceof UserTokenError) || error.failure.kind !== 'needs-user') throw error;
    if (error.failure.claims !== undefined || kept?.claims === undefined) throw error;
    throw new UserTokenError({ ...error.failure, claims: kept.claims }, { cause: error });
  }
}
