import { ConfidentialClientApplication } from '@azure/msal-node';
import type { Clock } from '../../clock.ts';
import { GRAPH_APP_ID } from '../../clouds.ts';
import type { TryCredential } from '../../ports.ts';
import { classifyFailure } from '../../tokens/failures.ts';
import { isGuid } from '../../userId.ts';
import { factsOfError } from './msalError.ts';
import { createMsalNetwork } from './msalNetwork.ts';
import type { MsalOptions } from './msalOperation.ts';

/** Entra gives an application a token for Microsoft Graph without any permission. */
const SCOPE = `${GRAPH_APP_ID}/.default`;

/**
 * Tries the credential with the client credentials flow, in the tenant of the registration. The client is new and has no
 * cache plugin, so its token is in no memory and in no user's cache.
 */
export function createTryCredential(
  options: Pick<MsalOptions, 'auth' | 'credential' | 'timeoutMs' | 'fetch'> & {
    /** The tenant of the registration. */
    tenantId: string;
    clock: Clock;
  },
): TryCredential {
  const { auth, credential, tenantId } = options;

  return async ({ signal, correlationId }) => {
    const proof = credential.forClient();
    const { module, record } = createMsalNetwork({ ...options, signal, mayAsk: proof.mayPost });
    const client = new ConfidentialClientApplication({
      auth: { ...auth(tenantId), ...proof.auth },
      system: { networkClient: module },
    });
    let cause: unknown;
    try {
      const request = { scopes: [SCOPE], ...(isGuid(correlationId) && { correlationId }) };
      if ((await client.acquireTokenByClientCredential(request)) !== null) return undefined;
    } catch (error) {
      cause = error;
    }
    const facts = factsOfError(cause, record);
    if (facts === undefined) throw cause ?? new TypeError('MSAL gave neither a token nor a reason');
    const failure = classifyFailure(facts);
    const remedy = credential.remedy(failure.code);
    return remedy === undefined ? failure : { ...failure, remedy };
  };
}
