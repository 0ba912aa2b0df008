import type { Fetch } from '../../api.ts';
import { type Clock, sleep, withTimeout } from '../../clock.ts';
import { StoreCredentialError } from '../../errors.ts';
import type { StoreCredential, StoreToken } from '../../ports.ts';
import { SYSTEM_IDENTITY } from './clientCredential.ts';
import { CredentialError } from './msalError.ts';
import { createManagedIdentity } from './msalManagedIdentity.ts';

/** The time limit of one token with all tries. It is shorter than that of a storage call, which waits for the token. */
const TIMEOUT_MS = 5_000;
const MOST_TRIES = 3;
const PAUSE_MS = 300;
/** A token that ends sooner is of no use. */
const SHORTEST_LIFE_MS = 5_000;
/** How long a token that could not be refreshed is used before the next try. */
const NEXT_REFRESH_MS = 60_000;

export type StoreCredentialOptions = {
  /** The client id of a user-assigned identity. Default: the system-assigned identity. */
  clientId?: string | undefined;
  fetch: Fetch;
  clock: Clock;
  /** What an operator does if the endpoint refuses the identity, and if it gives no usable answer. */
  remedies: { refused: string; noAnswer: string };
};

/**
 * Reaches a store with tokens of the app's managed identity.
 *
 * Calls that wait at the same time share one request. From the middle of a token's life the next call gets a newer one. If
 * there is none to be had, the token is used until it ends.
 */
export function createStoreCredential(options: StoreCredentialOptions): StoreCredential {
  const { clientId = SYSTEM_IDENTITY, clock, remedies } = options;
  const request = createManagedIdentity({ ...options, identity: clientId, timeoutMs: TIMEOUT_MS });
  const waiting = new Map<string, Promise<StoreToken>>();
  const kept = new Map<string, Required<StoreToken>>();

  /** Tries again what may pass by itself, such as an endpoint that is not ready when the app starts. */
  const requestAgain = (scope: string) =>
    withTimeout(clock, TIMEOUT_MS, async (signal) => {
      for (let tries = 1; ; tries += 1) {
        try {
          return await request(resourceOf(scope), signal);
        } catch (error) {
          const mayPass = error instanceof CredentialError && error.facts.noAnswer !== undefined;
          if (tries === MOST_TRIES || signal.aborted || !mayPass) throw error;
          await sleep(clock, PAUSE_MS, signal).catch(() => {
            throw error;
          });
        }
      }
    });

  async function ask(scope: string): Promise<Required<StoreToken>> {
    try {
      const { token, expiresOn } = await requestAgain(scope);
      const [now, endsAt] = [clock.now().getTime(), expiresOn.getTime()];
      if (endsAt < now + SHORTEST_LIFE_MS) throw new CredentialError({ noAnswer: 'expired_token' });
      return { token, expiresOnTimestamp: endsAt, refreshAfterTimestamp: now + (endsAt - now) / 2 };
    } catch (error) {
      const now = clock.now().getTime();
      const former = kept.get(scope);
      if (former !== undefined && former.expiresOnTimestamp > now) {
        return { ...former, refreshAfterTimestamp: now + NEXT_REFRESH_MS };
      }
      const code = codeOf(error);
      const remedy = code === 'identity_refused' ? remedies.refused : remedies.noAnswer;
      throw new StoreCredentialError(code, remedy);
    }
  }

  async function askAndKeep(scope: string): Promise<StoreToken> {
    try {
      const token = await ask(scope);
      kept.set(scope, token);
      return token;
    } finally {
      waiting.delete(scope);
    }
  }

  return {
    async getToken(scopes) {
      const scope = String([scopes].flat()[0]);
      const token = kept.get(scope);
      if (token !== undefined && clock.now().getTime() < token.refreshAfterTimestamp) return token;
      const asked = waiting.get(scope) ?? askAndKeep(scope);
      waiting.set(scope, asked);
      return asked;
    },
  };
}

/** The endpoint takes a resource, and not a scope. */
const resourceOf = (scope: string): string => scope.replace(/\/\.default$/, '');

function codeOf(error: unknown): string {
  const { local, noAnswer } = error instanceof CredentialError ? error.facts : {};
  const code = (local ?? noAnswer ?? 'unknown').replace(/^managed_identity_|^identity_endpoint_/, '');
  return `identity_${/^\w{1,60}$/.test(code) ? code : 'unknown'}`;
}
