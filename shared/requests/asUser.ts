import { type Account, isConnected, type Stored } from '../account/account.ts';
import { isStillConnected, recordVisit, type Seen, seeAccount } from '../account/visit.ts';
import type { Api } from '../api.ts';
import { withTimeout } from '../clock.ts';
import { UserTokenError } from '../errors.ts';
import type { Caller, FunctionRequest, Operation, UsableToken, UserToken } from '../ports.ts';
import type { App } from '../tokens/app.ts';
import type { Exchanged } from '../tokens/assertionMemo.ts';
import { consentMissing, isOfGraph, missingScopes, withScopes } from '../tokens/scopes.ts';
import { heedFailure, readCooldowns } from '../tokens/storedCooldowns.ts';
import { attemptFunction } from './attemptFunction.ts';
import type { UserFunction } from './defineFunction.ts';

type Source = UserToken['source'] | 'memory';

/** The result, and what the log may say about it: the user's log id, and where the token came from. */
export type Asked<T> = { result: T; user: string; source: Source };

/** A token, and where this request has it from. */
type Sourced = { source: Source } & (
  | { token: UserToken; kept?: never }
  /** The cache with the token is still being written. `kept` is that token when it has been, well or not. */
  | { token: UsableToken; kept: Promise<UserToken> }
);

const GRAPH = 'graph';
/** A token is not used in its last five minutes, because it could expire during the call to the API. */
const TOKEN_MARGIN_MS = 300_000;
/** The time limit of one exchange, together with reading and storing the cache. */
const EXCHANGE_TIMEOUT_MS = 20_000;
/** A token that could not be stored is used for this time only. The next exchange then tries to store its result. */
const UNSTORED_FOR_MS = 60_000;

/** The request of a caller who sent nothing but their access token. */
export const NOTHING_SENT: FunctionRequest = {
  method: 'GET',
  query: new URLSearchParams(),
  params: {},
  bytes: async () => new Uint8Array(),
  text: async () => '',
  json: async () => undefined,
};

/**
 * Runs a function on behalf of the caller, and stores what the worker needs to act for them later: the sealed token cache
 * and the account. An error while storing is logged; it does not fail the request.
 * @param accessToken the caller's JWT for this API
 * @param request what the caller sent beside it
 * @throws {TokenInvalidError} the access token is not valid for this API.
 * @throws {ForbiddenError} the access token is valid, but its tenant, client or scope is not allowed.
 * @throws {UnavailableError} there are no keys to verify the access token with.
 * @throws {UserTokenError} there is no token for the function's API, or none that the API accepts.
 * @throws {TooManyRequestsError} the caller causes too many exchanges.
 * @throws {RequestMalformedError} the function cannot read what the caller sent.
 * @throws {FunctionFailedError} the function ended with an error of its own.
 */
export async function asUser<T>(
  app: App,
  operation: Operation,
  accessToken: string,
  fn: UserFunction<T>,
  request: FunctionRequest = NOTHING_SENT,
): Promise<Asked<T>> {
  const { memo, cooldowns, heartbeat } = app;
  const { log } = operation;
  const { name, api, scopes } = fn;
  const caller = await memo.verified(accessToken, () => app.verifyAccessToken(accessToken));
  const user = app.logId(caller.userId);
  /** Work that runs at the same time as the answer. The request waits for it at its end. */
  let pending: Promise<unknown> = Promise.resolve();
  const alsoWaitFor = (work: Promise<unknown>): void => {
    pending = Promise.all([pending, work]);
  };
  /** One work may add another. */
  async function waitForAll(): Promise<void> {
    for (let waited: unknown; waited !== pending; await waited) waited = pending;
  }
  const record = (account: Stored<Account> | undefined, token: UserToken): void =>
    alsoWaitFor(recordVisit(app, operation, caller, account, token, keepsConnection(api)));
  const heed = (failure: UserTokenError['failure']): void =>
    alsoWaitFor(heedFailure(app, operation, caller.userId, failure));

  /** The account is read or created before the exchange, so that every stored secret has an account. */
  async function exchangeFor(seen: Seen, more: ExchangeMore = {}): Promise<Exchanged> {
    const { account } = seen;
    try {
      const token = await exchange(app, operation, caller, api, account, more);
      record(account, token);
      return { token, keepUntil: keepUntil(app, seen, token) };
    } catch (error) {
      if (error instanceof UserTokenError && error.failure.throttle !== undefined) heed(error.failure);
      throw error;
    }
  }

  /** The stored cache is read while the account is, because an exchange needs both. Without a connection nobody needs it. */
  async function seeAndExchange(more: ExchangeMore = {}): Promise<Exchanged> {
    const unneeded = new AbortController();
    const read = (signal: AbortSignal) => app.tokenCache.read(caller.userId, signal);
    const stored = withTimeout(app.clock, EXCHANGE_TIMEOUT_MS, read, unneeded.signal);
    alsoWaitFor(stored.catch(() => undefined));
    const seen = await seeAccount(app, operation, caller);
    if (seen.account === undefined || !isConnected(seen.account)) unneeded.abort();
    return exchangeFor(seen, { ...more, stored });
  }

  /** The token is here before its cache is written, so the function runs meanwhile. The answer waits for both. */
  async function whileKept(
    usable: Promise<UsableToken>,
    exchanged: Promise<{ token: UserToken }>,
  ): Promise<Sourced> {
    const kept = exchanged.then(({ token }) => token);
    alsoWaitFor(kept.catch(() => undefined));
    const token = await Promise.race([usable, kept]);
    return { token, source: token.source, kept };
  }

  /** The token that this process remembers, or that of an exchange. */
  async function tokenOfCaller(): Promise<Sourced> {
    const own: { usable?: Promise<UsableToken> } = {};
    const exchanged = memo.exchanged(caller, api, () => {
      const { promise, resolve } = Promise.withResolvers<UsableToken>();
      own.usable = promise;
      return seeAndExchange({ onToken: resolve });
    });
    if (own.usable !== undefined) return whileKept(own.usable, exchanged);
    const { token } = await exchanged;
    if (memo.isRowReadDue(caller, api)) {
      const seen = await seeAccount(app, operation, caller);
      const { account } = seen;
      if (keepsConnection(api) && (account?.state === 'needs-user' || account?.state === 'pending')) {
        // The worker met a refusal, or the account is new. The remembered exchange is no longer valid.
        memo.forget(caller.userId);
        const anew = await memo.exchanged(caller, api, () => exchangeFor(seen));
        return { token: anew.token, source: anew.began ? anew.token.source : 'memory' };
      }
      // It is recorded as a visit only, because this request did not ask for the token.
      record(account, { ...token, source: 'cache', written: undefined });
    }
    return { token, source: 'memory' };
  }

  async function renewed(held: Sourced, more: ExchangeMore, isStillGood: boolean): Promise<Sourced> {
    const exchangeOnce = () => seeAndExchange({ ...more, skipCache: true });
    const token = held.kept === undefined ? held.token : await held.kept;
    const { token: newer, began } = await memo.renewed(caller, api, token, exchangeOnce, isStillGood);
    return { token: newer, source: began ? 'network' : 'memory' };
  }

  /** The user may have consented since a token was issued, so only a token that was issued just now can lack a scope. */
  async function withConsent(held: Sourced): Promise<Sourced> {
    if (missingScopes(scopes, held.token.permissions).length === 0) return held;
    const { result } = await memo.shared(caller, `consent ${name}`, async () => {
      const newest = held.source === 'network' ? held : await renewed(held, {}, true);
      const missing = missingScopes(scopes, newest.token.permissions);
      if (missing.length > 0) throw new UserTokenError(consentMissing(api, missing));
      return newest;
    });
    return result;
  }

  async function runWith({ token, source, kept }: Sourced): Promise<{ result: T; source: Source }> {
    if (api.name === GRAPH) cooldowns.check(caller.userId, GRAPH);
    log({ event: 'token.used', user, by: name, api: api.name, source });
    const result = await attemptFunction(app, operation, { fn, caller, token, request, onThrottled: heed });
    if (kept !== undefined) await kept;
    return { result, source };
  }

  async function runOrRenew(held: Sourced): Promise<{ result: T; source: Source }> {
    try {
      return await runWith(held);
    } catch (error) {
      if (!(error instanceof UserTokenError) || error.failure.askedBy === undefined) throw error;
      // The API no longer accepts this token, or asks for more claims: exchange once and try once more.
      return runWith(await renewed(held, { claims: error.failure.claims }, false));
    }
  }

  if (cooldowns.isReadDue()) alsoWaitFor(readCooldowns(app, operation));
  if (heartbeat.isDue()) alsoWaitFor(heartbeat.beat(operation));
  try {
    const held = await withConsent(await tokenOfCaller());
    if (!dependsOnCallerAlone(request)) return { ...(await runOrRenew(held)), user };
    const { result, began } = await memo.shared(caller, `read ${name}`, () => runOrRenew(held));
    return { result: result.result, user, source: began ? result.source : 'memory' };
  } catch (error) {
    if (!(error instanceof UserTokenError) || error.failure.kind !== 'consent') throw error;
    const { failure, cause } = error;
    const missing = failure.scopes === undefined ? withScopes(failure, api, scopes) : failure;
    // Where nobody can link, the sign-in asks for what is registered, as for every other function.
    const isLinked = fn.consent === 'link' && app.link !== undefined;
    throw new UserTokenError({ ...missing, ...(isLinked && { link: { functions: [name] } }) }, { cause });
  } finally {
    await waitForAll();
  }
}

/** Such requests share one run of the function at the same time. What others send may make a difference. */
const dependsOnCallerAlone = ({ method, query, params }: FunctionRequest): boolean =>
  method === 'GET' && query.size === 0 && Object.keys(params).length === 0;

/** Only the token for Graph keeps the connection. A token for another API says nothing about it. */
const keepsConnection = (api: Api): boolean => isOfGraph(api);

type ExchangeMore = Partial<
  Pick<Parameters<App['userTokens']['onBehalfOf']>[1], 'skipCache' | 'claims' | 'stored' | 'onToken'>
>;

/** The token of a user who is not connected shall not be stored, so it is used for as long as one that is. */
function keepUntil({ clock }: App, { account, wasRead }: Seen, token: UserToken): Date {
  const ends = token.expiresOn.getTime() - TOKEN_MARGIN_MS;
  const isNotConnected = wasRead && (account === undefined || !isConnected(account));
  const kept = token.stored || isNotConnected;
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
  api: Api,
  account: Stored<Account> | undefined,
  more: ExchangeMore,
): Promise<UserToken> {
  const needsUser = keepsConnection(api) && account?.state === 'needs-user' ? account : undefined;
  const stored = needsUser?.failure;
  const connection = account !== undefined && isConnected(account) ? account : undefined;
  try {
    // The caller's signal does not end the exchange, because other requests may wait for the same one.
    const signal = app.clock.timeout(EXCHANGE_TIMEOUT_MS);
    return await app.userTokens.onBehalfOf(
      { ...operation, signal },
      {
        caller,
        api,
        stored: more.stored,
        onToken: more.onToken,
        skipCache: more.skipCache || needsUser !== undefined,
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
