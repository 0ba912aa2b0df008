import { AsyncLocalStorage } from 'node:async_hooks';
import { type INetworkModule, ManagedIdentityApplication } from '@azure/msal-node';
import type { Fetch } from '../../api.ts';
import type { Clock } from '../../clock.ts';
import type { TokenFacts } from '../../tokens/failures.ts';
import type { IssuedToken } from '../../tokens/tokenMemo.ts';
import { SYSTEM_IDENTITY } from './clientCredential.ts';
import { CredentialError } from './msalError.ts';
import { createMsalNetwork, type NetworkRecord } from './msalNetwork.ts';

export type ManagedIdentityOptions = {
  /** The client id of a user-assigned identity, or `system`. */
  identity: string;
  /** The time limit of one request to the identity endpoint. */
  timeoutMs: number;
  fetch: Fetch;
  clock: Clock;
};

/**
 * MSAL keeps the network client of the first `ManagedIdentityApplication` for the whole process. So all of them are given
 * this one, which sends each request through the client of the call that it belongs to.
 */
const networkOfCall = new AsyncLocalStorage<INetworkModule>();
const SHARED_NETWORK: INetworkModule = {
  sendGetRequestAsync: (url, request, cancellationToken) =>
    current().sendGetRequestAsync(url, request, cancellationToken),
  sendPostRequestAsync: (url, request) => current().sendPostRequestAsync(url, request),
};

function current(): INetworkModule {
  const network = networkOfCall.getStore();
  if (network === undefined)
    throw new TypeError('The identity endpoint is asked through createManagedIdentity.');
  return network;
}

/** MSAL falls back to this endpoint of virtual machines if the environment names no other. Functions do not have it. */
const NO_ENDPOINT_NAMED: ReturnType<ManagedIdentityApplication['getManagedIdentitySource']> = 'DefaultToImds';
/** The identity is being assigned, or requests are too many, or the endpoint is overloaded: it passes by itself. */
const PASSING = new Set([404, 408, 410, 429]);

/**
 * Gets tokens of a managed identity. Nothing is remembered here: MSAL's own memory asks once for each of several requests at
 * the same time, and fails in the second half of a token's life if the endpoint does, although the token is good.
 * @returns gets a token for a resource. It throws {@link CredentialError}.
 */
export function createManagedIdentity({
  identity,
  timeoutMs,
  fetch,
  clock,
}: ManagedIdentityOptions): (resource: string, signal?: AbortSignal) => Promise<IssuedToken> {
  let application: ManagedIdentityApplication | undefined;

  return async (resource, signal) => {
    application ??= new ManagedIdentityApplication({
      ...(identity !== SYSTEM_IDENTITY && { managedIdentityIdParams: { userAssignedClientId: identity } }),
      // MSAL's retries would wait for seconds, and each of them has the whole time limit.
      system: { networkClient: SHARED_NETWORK, disableInternalRetries: true },
    });
    const asked = application;
    const { module, record } = createMsalNetwork({ timeoutMs, fetch, clock, signal });
    try {
      const { accessToken, expiresOn } = await networkOfCall.run(module, () =>
        asked.acquireToken({ resource, forceRefresh: true }),
      );
      if (accessToken && expiresOn) return { token: accessToken, expiresOn };
    } catch (cause) {
      throw new CredentialError(factsOf(record, asked), { cause });
    }
    // MSAL takes a refusal without a message for a token.
    throw new CredentialError(factsOf(record, asked));
  };
}

function factsOf({ answer, noAnswer }: NetworkRecord, asked: ManagedIdentityApplication): TokenFacts {
  const status = answer?.status ?? 0;
  if (status >= 400 && status < 500 && !PASSING.has(status) && noAnswer === undefined) {
    return { local: 'managed_identity_refused' };
  }
  if (answer === undefined && asked.getManagedIdentitySource() === NO_ENDPOINT_NAMED) {
    return { local: 'managed_identity_absent' };
  }
  // The status is not passed on: the endpoint is not Entra's, and its 429 must begin no cooldown of a user.
  const why = noAnswer ?? (status < 400 ? 'without_token' : `http_${status}`);
  return { noAnswer: `identity_endpoint_${why}` };
}
