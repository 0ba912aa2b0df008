import type { AccountInfo, AuthenticationResult, SilentFlowRequest } from '@azure/msal-node';
import type { Api } from '../../api.ts';
import { type Failure, type FailureKind, UserTokenError } from '../../errors.ts';
import type { Grant, Operation, Permissions, UserToken, UserTokens } from '../../ports.ts';
import { permissionsOf } from '../../tokens/accessTokenEntries.ts';
import { classifyFailure, endsGrant, type TokenFacts } from '../../tokens/failures.ts';
import { grantsToTry, withoutCode } from '../../tokens/grants.ts';
import { defaultScopeOf, isOfGraph } from '../../tokens/scopes.ts';
import { ABSENT, type CacheSnapshot, homeAccountIdsOf, readSnapshot } from '../../tokens/storedCache.ts';
import { partsOf, type UserId } from '../../userId.ts';
import { withClaims } from './msalClaims.ts';
import { factsOfRecord } from './msalError.ts';
import type { NetworkRecord } from './msalNetwork.ts';
import { beginMsal, type Kept, type MsalOptions, type MsalServices, usableTokenOf } from './msalOperation.ts';

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
export function createMsalUserTokens(options: MsalOptions, services: MsalServices): UserTokens {
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
function tokensOf(options: MsalOptions, services: MsalServices, operation: Operation) {
  const { context, log, signal, traced, storeNow, refusal, attempt, begin, keep, tokenOf } = beginMsal(
    options,
    services,
    operation,
  );

  /** Gets a token by one grant. @param base the stored cache, without a grant that was refused in this operation */
  async function byGrant(
    { userId, generation, api, forceRefresh, claims, waitToAsk }: SilentRequest,
    { snapshot, homeAccountId, grant, base, isFallback = false }: GrantTry,
  ): Promise<UserToken> {
    const { client, plugin, record } = begin(userId, api, base, grant, { waitToAsk });
    const account =
      (await client.getTokenCache().getAccountByHomeId(homeAccountId)) ??
      accountWithoutIdToken(userId, homeAccountId, base);
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
      grant,
      base,
      record,
      write: { userId, generation, snapshot, homeAccountId, writer: 'worker', signal },
    });
    const told = isFallback && grant === 'exchange' ? { ...kept, ...BY_EXCHANGE } : kept;
    return tokenOf(record, result, { homeAccountId, oldKey: snapshot.oldKey, kept: told });
  }

  async function fromCache(request: SilentRequest, snapshot: CacheSnapshot): Promise<UserToken> {
    if (snapshot.state !== 'open') throw new UserTokenError(classifyFailure(UNUSABLE[snapshot.state]));
    const { userId, homeAccountId: known } = request;
    const homes = homeAccountIdsOf(snapshot.base);
    const homeAccountId = known !== undefined && homes.has(known) ? known : [...homes][0];
    if (homeAccountId === undefined) throw new UserTokenError(classifyFailure(UNUSABLE.absent));
    const [first, other] = grantsToTry(snapshot.base, storeNow());
    const { base } = snapshot;
    try {
      return await byGrant(request, { snapshot, homeAccountId, grant: first, base });
    } catch (error) {
      if (other === undefined || !isRefusedGrant(error)) throw error;
      // What another API's policy refuses says nothing of Graph, for which the grant is kept.
      const isOver = first === 'code' && isOfGraph(request.api) && endsGrant(error.failure);
      const left = isOver ? withoutCode(base) : base;
      let dropped = false;
      try {
        const token = await byGrant(request, {
          snapshot,
          homeAccountId,
          grant: other,
          base: left,
          isFallback: true,
        });
        dropped = isOver && token.stored;
        return token;
      } catch (second) {
        if (!(second instanceof UserTokenError)) throw second;
        throw new UserTokenError(failureOfBoth(first, error.failure, second.failure), { cause: second });
      } finally {
        log({ event: 'grant.refused', user: context.logId(userId), grant: first, dropped });
      }
    }
  }

  return {
    async onBehalfOf({
      caller,
      api,
      skipCache = false,
      claims,
      generation,
      isCurrent,
      stored,
      onToken,
      mayAsk,
    }: OnBehalfOfRequest): Promise<UserToken> {
      const { userId } = caller;
      const snapshot =
        generation === undefined
          ? ABSENT
          : await readSnapshot(context, userId, generation, { isCurrent, begun: stored, signal });
      const { client, plugin, record } = begin(userId, api, snapshot.base, 'exchange', { mayAsk });
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
              grant: 'exchange',
              base: snapshot.base,
              record,
              write: {
                userId,
                generation,
                snapshot,
                homeAccountId,
                writer: 'request',
                onChecked: onToken && (() => onToken(usableTokenOf(record, result))),
                signal,
              },
            });
      return tokenOf(record, result, { homeAccountId, oldKey: snapshot.oldKey, kept });
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

/** A grant of a code that is kept, but was just refused, does not keep the connection. */
const BY_EXCHANGE = { grant: 'exchange', refreshTokenExpiresOn: undefined, isEndEstimated: false } as const;

const NOT_KEPT: Kept = { stored: false, written: undefined, refreshTokenExpiresOn: undefined };

type GrantTry = {
  snapshot: CacheSnapshot;
  homeAccountId: string;
  grant: Grant;
  base: string;
  /** True if the other grant was refused in this operation. */
  isFallback?: boolean;
};

/**
 * True if another grant of the same user may bring a token. A consent is missing for both of them, and an outage says nothing
 * about either.
 */
const isRefusedGrant = (error: unknown): error is UserTokenError =>
  error instanceof UserTokenError && error.failure.kind === 'needs-user';

/**
 * What two refusals mean for the account. It may be marked only if both grants were refused for certain, and then the user
 * gets what they can answer.
 */
function failureOfBoth(tried: Grant, first: Failure, second: Failure): Failure {
  if (!MARKS_USER.has(second.kind)) return second;
  const both = [first, second];
  const unsure = both.find((one) => one.unsure);
  if (unsure !== undefined) return unsure;
  const answerable = both.find(({ claims, kind }) => claims !== undefined || kind === 'consent') ?? first;
  // A consent is asked for anew, but what was refused is not good again by that.
  return tried === 'code' ? { ...answerable, codeRefused: true } : answerable;
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
