import type { Fetch } from '../../api.ts';
import { type Clock, sleep, withTimeout } from '../../clock.ts';
import { StoreCredentialError } from '../../errors.ts';
import type { StoreCredential } from '../../ports.ts';
import { createTokenMemo, type IssuedToken, type RememberedToken } from '../../tokens/tokenMemo.ts';
import { SYSTEM_IDENTITY } from './clientCredential.ts';
import { CredentialError } from './msalError.ts';
import { createManagedIdentity } from './msalManagedIdentity.ts';

/** The time limit of one token with all tries. It is shorter than that of a storage call, which waits for the token. */
const TIMEOUT_MS = 5_000;
const MOST_TRIES = 3;
const PAUSE_MS = 300;
/** A token that ends sooner is of no use. */
const SHORTEST_LIFE_MS = 5_000;

export type StoreCredentialOptions = {
  /** The client id of a user-assigned identity. Default: the system-assigned identity. */
  clientId?: string | undefined;
  fetch: Fetch;
  clock: Clock;
  /** What an operator does if the endpoint refuses the identity, and if it gives no usable answer. */
  remedies: { refused: string; noAnswer: string };
};

/** Reaches a store with tokens of the app's managed identity, and remembers the token of each scope. */
export function createStoreCredential(options: StoreCredentialOptions): StoreCredential {
  const { clientId = SYSTEM_IDENTITY, clock, remedies } = options;
  const request = createManagedIdentity({ ...options, identity: clientId, timeoutMs: TIMEOUT_MS });
  const memos = new Map<string, () => Promise<RememberedToken>>();

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

  async function ask(scope: string): Promise<IssuedToken> {
    const issued = await requestAgain(scope);
    if (issued.expiresOn.getTime() - clock.now().getTime() < SHORTEST_LIFE_MS) {
      throw new CredentialError({ noAnswer: 'expired_token' });
    }
    return issued;
  }

  return {
    async getToken(scopes) {
      const scope = String([scopes].flat()[0]);
      const memo = memos.get(scope) ?? createTokenMemo(clock, () => ask(scope), SHORTEST_LIFE_MS);
      memos.set(scope, memo);
      try {
        const { token, expiresOn, renewOn } = await memo();
        return {
          token,
          expiresOnTimestamp: expiresOn.getTime(),
          refreshAfterTimestamp: renewOn.getTime(),
        };
      } catch (error) {
        const code = codeOf(error);
        throw new StoreCredentialError(
          code,
          code === 'identity_refused' ? remedies.refused : remedies.noAnswer,
        );
      }
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
