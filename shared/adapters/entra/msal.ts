import {
  type AccountInfo,
  type AuthenticationResult,
  ConfidentialClientApplication,
  type Configuration,
  type SilentFlowRequest,
} from '@azure/msal-node';
import type { Api, Fetch } from '../../api.ts';
import { type FailureKind, TokenInvalidError, UserTokenError } from '../../errors.ts';
import { upstreamRefused } from '../../log.ts';
import type { Operation, Permissions, UserToken, UserTokens } from '../../ports.ts';
import { permissionsOf, withOneTokenOf } from '../../tokens/accessTokenEntries.ts';
import { classifyFailure, type TokenFacts } from '../../tokens/failures.ts';
import { defaultScopeOf, permissionsIn, scopeToKeep } from '../../tokens/scopes.ts';
import {
  ABSENT,
  type CacheContext,
  type CacheSnapshot,
  type CacheWrite,
  homeAccountIdsOf,
  readSnapshot,
  writeCache,
} from '../../tokens/storedCache.ts';
import { isGuid, partsOf, type UserId } from '../../userId.ts';
import { createMsalCachePlugin } from './msalCachePlugin.ts';
import { withClaims } from './msalClaims.ts';
import type { MsalCredential } from './msalCredential.ts';
import { CredentialError, factsOfError, factsOfRecord, hasAssertionEnded } from './msalError.ts';
import { createMsalNetwork, type NetworkRecord } from './msalNetwork.ts';

export type MsalOptions = {
  /** MSAL's settings of this API's confidential client, with the authority of the given tenant. */
  auth: (tid: string) => Configuration['auth'];
  credential: MsalCredential;
  /** The time limit of one request to the token endpoint. */
  timeoutMs: number;
  fetch: Fetch;
};

/** What the failure table gets when the worker cannot use a stored cache. */
const UNUSABLE: Record<Exclude<CacheSnapshot['state'], 'open'>, TokenFacts> = {
  absent: { local: 'no_tokens_found' },
  corrupt: { local: 'cache_corrupt' },
  superseded: { local: 'no_tokens_found' },
  overtaken: { local: 'no_tokens_found' },
  'unknown-key': { local: 'cache_unknown_key' },
  newer: { local: 'cache_newer' },
  unreachable: { noAnswer: 'token_cache_unreachable' },
};

/**
 * Gets tokens through MSAL, with a new client for every operation. A shared client would keep every user's tokens in one
 * memory, and would serialize all of them into the cache of the user that is written next.
 */
export function createMsalUserTokens(options: MsalOptions, services: Omit<CacheContext, 'log'>): UserTokens {
  return {
    onBehalfOf: (operation, request) => tokensOf(options, services, operation).onBehalfOf(request),
    silent: (operation, request) => tokensOf(options, services, operation).silent(request),
    async permissions(operation, { userId, generation, apis }) {
      const { log, signal } = operation;
      const snapshot = await readSnapshot({ ...services, log }, userId, generation, { signal });
      return snapshot.state === 'open' ? permissionsByName(apis, snapshot.base) : undefined;
    },
  };
}

function permissionsByName(apis: Iterable<Api>, cache: string): Permissions {
  const named = [...apis].map((api): [string, string[] | undefined] => [api.name, permissionsOf(api, cache)]);
  return Object.fromEntries(named.filter((one): one is [string, string[]] => one[1] !== undefined));
}

/** Gets tokens within one operation. */
function tokensOf(options: MsalOptions, services: Omit<CacheContext, 'log'>, operation: Operation) {
  const { log, signal, correlationId } = operation;
  const { clock } = services;
  const context: CacheContext = { ...services, log };
  const traced = isGuid(correlationId) ? { correlationId } : {};

  /** Makes the error of a failed attempt. Logs Entra's refusals, because a caller may handle the error. */
  function refusal(userId: UserId, facts: TokenFacts): UserTokenError {
    const failure = classifyFailure(facts);
    const remedy = failure.kind === 'misconfigured' ? options.credential.remedy(failure.code) : undefined;
    if (remedy !== undefined) failure.remedy = remedy;
    if (failure.upstream) log(upstreamRefused(failure.upstream, context.logId(userId)));
    return new UserTokenError(failure);
  }

  /**
   * @throws {UserTokenError} MSAL or the network failed.
   * @throws {TokenInvalidError} the assertion ended during the exchange.
   */
  async function attempt(
    userId: UserId,
    record: NetworkRecord,
    acquire: () => Promise<AuthenticationResult | null>,
    assertionEndsAt?: Date,
  ): Promise<AuthenticationResult> {
    let cause: unknown;
    try {
      const result = await acquire();
      if (result !== null) return result;
    } catch (error) {
      cause = error;
    }
    // MSAL reports the error of `mayAsk` as a network error, so the original is thrown. A missing assertion is a failure.
    const { refusedByUs } = record;
    if (refusedByUs !== undefined && !(refusedByUs instanceof CredentialError)) throw refusedByUs;
    const facts = factsOfError(cause, record);
    if (facts === undefined) throw cause ?? new TypeError('MSAL gave neither a token nor a reason');
    const error = refusal(userId, facts);
    if (assertionEndsAt !== undefined && hasAssertionEnded(facts, assertionEndsAt, clock.now())) {
      throw new TokenInvalidError('The access token has expired.');
    }
    throw error;
  }

  function begin(userId: UserId, api: Api, snapshot: CacheSnapshot, mayAsk?: () => void) {
    const proof = options.credential.forClient();
    const plugin = createMsalCachePlugin({ base: withOneTokenOf(api, snapshot.base) });
    const network = createMsalNetwork({
      timeoutMs: options.timeoutMs,
      fetch: options.fetch,
      clock,
      signal,
      mayAsk() {
        proof.mayPost();
        mayAsk?.();
      },
      scopeToKeep: (answered) => scopeToKeep(api, answered),
    });
    const client = new ConfidentialClientApplication({
      auth: { ...options.auth(partsOf(userId).tid), ...proof.auth },
      cache: { cachePlugin: plugin },
      system: { networkClient: network.module },
    });
    return { client, plugin, record: network.record };
  }

  /** Stores a changed cache. A cache that was opened with an old key is sealed again even if it did not change. */
  async function keep(changed: string | undefined, write: Omit<CacheWrite, 'mine'>): Promise<Kept> {
    const { snapshot } = write;
    const mine = changed ?? (snapshot.oldKey ? snapshot.base : undefined);
    const written = mine === undefined ? undefined : await writeCache(context, { ...write, mine });
    return { stored: changed === undefined ? snapshot.state === 'open' : written !== undefined, written };
  }

  async function fromCache(
    { userId, homeAccountId: known, generation, api, forceRefresh, claims }: SilentRequest,
    snapshot: CacheSnapshot,
  ): Promise<UserToken> {
    if (snapshot.state !== 'open') throw new UserTokenError(classifyFailure(UNUSABLE[snapshot.state]));
    const homes = homeAccountIdsOf(snapshot.base);
    const homeAccountId = known !== undefined && homes.has(known) ? known : [...homes][0];
    if (homeAccountId === undefined) throw new UserTokenError(classifyFailure(UNUSABLE.absent));

    const { client, plugin, record } = begin(userId, api, snapshot);
    const account =
      (await client.getTokenCache().getAccountByHomeId(homeAccountId)) ??
      accountWithoutIdToken(userId, homeAccountId, snapshot.base);
    const request: SilentFlowRequest & { forceCache: boolean } = {
      account,
      scopes: [defaultScopeOf(api)],
      forceRefresh: forceRefresh || claims !== undefined,
      ...traced,
      // Without it, MSAL stores nothing for an account that has no Account entity in the cache.
      forceCache: true,
    };
    let result = await attempt(userId, record, () =>
      withClaims(claims, (more) => client.acquireTokenSilent({ ...request, ...more })),
    );
    const hiddenRefusal = factsOfRecord(record);
    if (hiddenRefusal !== undefined) throw refusal(userId, hiddenRefusal);
    if (record.posts > 0 && result.fromCache) {
      // MSAL refreshed the token early. It returned the old token and has the new one in its memory.
      result = await attempt(userId, record, () =>
        client.acquireTokenSilent({ ...request, forceRefresh: false }),
      );
    }
    const kept = await keep(plugin.changed, {
      userId,
      generation,
      snapshot,
      homeAccountId,
      writer: 'worker',
      signal,
    });
    return { ...toUserToken(record, result, homeAccountId, clock.now()), ...kept, oldKey: snapshot.oldKey };
  }

  return {
    async onBehalfOf({
      caller,
      api,
      skipCache = false,
      claims,
      generation,
      isCurrent,
      mayAsk,
    }: OnBehalfOfRequest): Promise<UserToken> {
      const { userId } = caller;
      const snapshot =
        generation === undefined
          ? ABSENT
          : await readSnapshot(context, userId, generation, { isCurrent, signal });
      const { client, plugin, record } = begin(userId, api, snapshot, mayAsk);
      // This loads the stored cache. The exchange itself would not.
      await client.getTokenCache().getAllAccounts();
      const result = await attempt(
        userId,
        record,
        () =>
          withClaims(claims, (more) =>
            client.acquireTokenOnBehalfOf({
              oboAssertion: caller.assertion,
              scopes: [defaultScopeOf(api)],
              skipCache: skipCache || claims !== undefined,
              ...more,
              ...traced,
            }),
          ),
        caller.expiresOn,
      );
      const homeAccountId = homeOf(record, result, snapshot);
      const kept =
        generation === undefined
          ? NOT_KEPT
          : await keep(plugin.changed, {
              userId,
              generation,
              snapshot,
              homeAccountId,
              writer: 'request',
              signal,
            });
      return { ...toUserToken(record, result, homeAccountId, clock.now()), ...kept, oldKey: snapshot.oldKey };
    },

    async silent(request: SilentRequest): Promise<UserToken> {
      const { userId, generation } = request;
      const snapshot = await readSnapshot(context, userId, generation, { signal });
      try {
        return await fromCache(request, snapshot);
      } catch (error) {
        if (!(error instanceof UserTokenError) || !MARKS_USER.has(error.failure.kind)) throw error;
        // The user may have just come back, on a request that has stored its cache but not its row yet.
        const latest = await readSnapshot(context, userId, generation, { signal });
        if (latest.etag === snapshot.etag && latest.state === snapshot.state) throw error;
        return fromCache(request, latest);
      }
    },
  };
}

type OnBehalfOfRequest = Parameters<UserTokens['onBehalfOf']>[1];
type SilentRequest = Parameters<UserTokens['silent']>[1];

/** The kinds that mark the user. Before one of them is reported, the stored cache is read once more. */
const MARKS_USER: ReadonlySet<FailureKind> = new Set(['needs-user', 'consent', 'cache-lost']);

type Kept = Pick<UserToken, 'stored' | 'written'>;
const NOT_KEPT: Kept = { stored: false, written: undefined };

function toUserToken(
  record: NetworkRecord,
  result: AuthenticationResult,
  homeAccountId: string,
  now: Date,
): Omit<UserToken, keyof Kept | 'oldKey'> {
  const endsIn = record.answer?.refreshTokenExpiresIn;
  return {
    accessToken: result.accessToken,
    permissions: permissionsIn(result.scopes.join(' ')),
    expiresOn: result.expiresOn ?? now,
    source: record.posts > 0 ? 'network' : 'cache',
    homeAccountId,
    refreshTokenExpiresOn: endsIn === undefined ? undefined : new Date(now.getTime() + endsIn * 1_000),
  };
}

/** The home account id of a result. The token endpoint's answer comes first; on a cache hit MSAL's result has no account. */
function homeOf(record: NetworkRecord, result: AuthenticationResult, snapshot: CacheSnapshot): string {
  const home =
    record.answer?.homeAccountId ?? result.account?.homeAccountId ?? [...homeAccountIdsOf(snapshot.base)][0];
  if (home === undefined) throw new TypeError('MSAL obtained a token without a home account id');
  return home;
}

/** Makes the account for MSAL. Entra may send no id_token on an exchange, and then MSAL stores tokens without an account. */
function accountWithoutIdToken(userId: UserId, homeAccountId: string, cache: string): AccountInfo {
  const { RefreshToken: refreshTokens } = JSON.parse(cache) as {
    RefreshToken?: Record<string, { environment?: string }>;
  };
  const { tid, oid } = partsOf(userId);
  const environment = Object.values(refreshTokens ?? {})[0]?.environment ?? '';
  return { homeAccountId, environment, tenantId: tid, username: '', localAccountId: oid };
}
