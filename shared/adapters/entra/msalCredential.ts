import type { Configuration } from '@azure/msal-node';
import type { Fetch } from '../../api.ts';
import type { Clock } from '../../clock.ts';
import { cloudOf } from '../../clouds.ts';
import { createTokenMemo } from '../../tokens/tokenMemo.ts';
import { type CredentialFacts, credentialRemedy } from './credentialRemedy.ts';
import { createManagedIdentity } from './msalManagedIdentity.ts';

/** The credential of this API, as MSAL is given it. */
export type MsalCredential = {
  forClient(): ClientProof;
  /** What operators do about a `misconfigured` failure with this code; undefined if it is not about the credential. */
  remedy(code: string): string | undefined;
};

export type ClientProof = {
  /** MSAL's settings of one new client. */
  auth: Pick<Configuration['auth'], 'clientSecret' | 'clientCertificate' | 'clientAssertion'>;
  /** Called before each request. @throws {CredentialError} there is no assertion to send. */
  mayPost(): void;
};

/** MSAL, too, takes a token as expired in its last five minutes. */
const MSAL_MARGIN_MS = 300_000;

const always = (): void => undefined;

export function createMsalCredential(
  facts: CredentialFacts,
  services: { fetch: Fetch; clock: Clock; timeoutMs: number },
): MsalCredential {
  return { forClient: proofOf(facts, services), remedy: (code) => credentialRemedy(facts, code) };
}

function proofOf(
  { credential, authority }: CredentialFacts,
  services: { fetch: Fetch; clock: Clock; timeoutMs: number },
): () => ClientProof {
  switch (credential.kind) {
    case 'secret': {
      const auth = { clientSecret: credential.secret };
      return () => ({ auth, mayPost: always });
    }
    case 'certificate': {
      const { thumbprintSha256, privateKey, chain } = credential.certificate;
      const auth = { clientCertificate: { thumbprintSha256, privateKey, x5c: chain } };
      return () => ({ auth, mayPost: always });
    }
    case 'managed-identity': {
      const { identity } = credential;
      const ofIdentity = createManagedIdentity({ ...services, identity });
      const resource = cloudOf(authority).tokenExchange;
      const remembered = createTokenMemo(services.clock, () => ofIdentity(resource), MSAL_MARGIN_MS);
      return federatedProof(async () => (await remembered()).token);
    }
    default:
      return credential satisfies never;
  }
}

/**
 * MSAL asks for the assertion at each acquire, even if the cache then serves the token. So a failure counts only when
 * something is sent: an outage of the identity endpoint takes nothing from users whose tokens are in the cache.
 */
function federatedProof(assertion: () => Promise<string>): () => ClientProof {
  return () => {
    let failed: { error: unknown } | undefined;
    return {
      auth: {
        clientAssertion: async () => {
          failed = undefined;
          try {
            return await assertion();
          } catch (error) {
            failed = { error };
            return 'never sent';
          }
        },
      },
      mayPost() {
        if (failed !== undefined) throw failed.error;
      },
    };
  };
}
