import {
  type AuthenticationResult,
  ConfidentialClientApplication,
  type Configuration,
} from '@azure/msal-node';
import type { Api, Fetch } from '../../api.ts';
import { TokenInvalidError, UserTokenError } from '../../errors.ts';
import { upstreamRefused } from '../../log.ts';
import type { Grant, Operation, UsableToken, UserToken } from '../../ports.ts';
import { withOneTokenOf } from '../../tokens/accessTokenEntries.ts';
import { classifyFailure, type TokenFacts } from '../../tokens/failures.ts';
import { keeperIn, showing, withGrant } from '../../tokens/grants.ts';
import { permissionsIn, scopeToKeep } from '../../tokens/scopes.ts';
import { type CacheContext, type CacheWrite, writeCache } from '../../tokens/storedCache.ts';
import { isGuid, partsOf, type UserId } from '../../userId.ts';
import { createMsalCachePlugin } from './msalCachePlugin.ts';
import type { MsalCredential } from './msalCredential.ts';
import { CredentialError, factsOfError, hasAssertionEnded } from './msalError.ts';
import { createMsalNetwork, type NetworkRecord } from './msalNetwork.ts';

export type MsalOptions = {
  /** MSAL's settings of this API's confidential client, with the authority of the given tenant. */
  auth: (tid: string) => Configuration['auth'];
  credential: MsalCredential;
  /** The time limit of one request to the token endpoint. */
  timeoutMs: number;
  fetch: Fetch;
};

export type MsalServices = Omit<CacheContext, 'log'> & {
  /**
   * The time by which grants are dated, compared and promised. What is written down of them is compared by other machines. This
   * adapter is the only one that dates it, so nobody corrects it a second time.
   */
  storeNow: () => Date;
};

export type MsalOperation = ReturnType<typeof beginMsal>;

/** What the ways to get a token have in common within one operation. */
export function beginMsal(options: MsalOptions, services: MsalServices, operation: Operation) {
  const { log, signal, correlationId } = operation;
  const { clock, storeNow } = services;
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

  /** A new client with the user's stored cache, and with the refresh tokens of one grant alone. */
  function begin(userId: UserId, api: Api, base: string, grant: Grant, { mayAsk, waitToAsk }: Asking = {}) {
    const proof = options.credential.forClient();
    const plugin = createMsalCachePlugin({ base: withOneTokenOf(api, showing(base, grant)) });
    const network = createMsalNetwork({
      timeoutMs: options.timeoutMs,
      fetch: options.fetch,
      clock,
      signal,
      waitToAsk,
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
  async function keep(changed: string | undefined, { grant, base, record, write }: Keep): Promise<Kept> {
    const { snapshot } = write;
    const now = storeNow();
    const placed =
      changed === undefined ? undefined : withGrant(base, changed, grant, now, toldEndOf(record, now));
    const mine = placed ?? (snapshot.oldKey ? snapshot.base : undefined);
    const written = mine === undefined ? undefined : await writeCache(context, { ...write, mine });
    return {
      stored: placed === undefined ? snapshot.state === 'open' : written !== undefined,
      written: written?.etag,
      // Others may have written in the meantime, and a former home account id takes its grants along.
      ...keptBy(written?.cache ?? snapshot.base, now),
    };
  }

  /**
   * The token of a result, and what was kept. Its own end is counted from this machine's clock, as MSAL counts it: this process
   * remembers it by that. The end of its grant is counted from the store's time.
   */
  function tokenOf(
    record: NetworkRecord,
    result: AuthenticationResult,
    { kept, ...more }: { homeAccountId: string; oldKey: boolean; kept: Kept },
  ): UserToken {
    return {
      ...usableTokenOf(record, result),
      expiresOn: result.expiresOn ?? clock.now(),
      ...more,
      ...kept,
      refreshTokenExpiresOn: kept.refreshTokenExpiresOn ?? toldEndOf(record, storeNow()),
    };
  }

  return { context, clock, log, signal, traced, storeNow, refusal, attempt, begin, keep, tokenOf };
}

/** What is called before each request to the token endpoint. */
type Asking = { mayAsk?: (() => void) | undefined; waitToAsk?: (() => Promise<void>) | undefined };

type Keep = {
  /** By which grant the tokens were obtained. */
  grant: Grant;
  record: NetworkRecord;
  /** The stored cache, without a grant that was refused in this operation. */
  base: string;
  write: Omit<CacheWrite, 'mine'>;
};

export type Kept = Pick<
  UserToken,
  'stored' | 'written' | 'grant' | 'refreshTokenExpiresOn' | 'isEndEstimated'
>;

/** Which grant keeps the connection, and until when, as far as the cache tells it. */
function keptBy(cache: string, now: Date): Pick<Kept, 'grant' | 'refreshTokenExpiresOn' | 'isEndEstimated'> {
  const { grant, endsAt, isEndEstimated = false } = keeperIn(cache, now);
  return { grant, refreshTokenExpiresOn: endsAt, isEndEstimated };
}

export const usableTokenOf = (record: NetworkRecord, result: AuthenticationResult): UsableToken => ({
  accessToken: result.accessToken,
  permissions: permissionsIn(result.scopes.join(' ')),
  source: record.posts > 0 ? 'network' : 'cache',
});

/** When the refresh token of the last answer ends, if that answer tells it. */
function toldEndOf({ answer }: NetworkRecord, now: Date): Date | undefined {
  const endsIn = answer?.refreshTokenExpiresIn;
  return endsIn === undefined ? undefined : new Date(now.getTime() + endsIn * 1_000);
}
