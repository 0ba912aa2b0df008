import { nowByStore } from '../../shared/account/nowByStore.ts';
import type { AccountStore } from '../../shared/accountStore.ts';
import { authorityOf } from '../../shared/adapters/entra/authority.ts';
import { createMsalCodeGrants } from '../../shared/adapters/entra/msalCodeGrants.ts';
import { createMsalCredential } from '../../shared/adapters/entra/msalCredential.ts';
import type { Clock } from '../../shared/clock.ts';
import type { Config } from '../../shared/config.ts';
import { TokenInvalidError } from '../../shared/errors.ts';
import type { CodeGrants, LinkSealer, Sealer } from '../../shared/ports.ts';
import type { TokenCacheStore } from '../../shared/tokenCacheStore.ts';
import { createLogId, toUserId } from '../../shared/userId.ts';

export const LINK = {
  LINK_REDIRECT_URI: 'https://stead.example/api/connection/link/callback',
  LINK_RETURN_URLS: 'https://page.example/',
};

type Services = {
  fetch: typeof fetch;
  clock: Clock;
  accounts: AccountStore;
  tokenCache: TokenCacheStore;
  sealer: Sealer;
};

/** The real grants of codes, but for the signature of an ID token: its check would need the thread pool. */
export function createOpenCodeGrants(
  { entra, logHashKey }: Config,
  { fetch, clock, accounts, tokenCache: store, sealer }: Services,
): CodeGrants {
  const timeoutMs = 10_000;
  return createMsalCodeGrants(
    {
      auth: (tid) => ({ clientId: entra.clientId, ...authorityOf(entra.authority, tid) }),
      credential: createMsalCredential(entra, { fetch, clock, timeoutMs }),
      timeoutMs,
      fetch,
      authority: entra.authority,
      async verifyIdToken(token, nonce) {
        const claims = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());
        if (claims.nonce !== nonce) throw new TokenInvalidError('The ID token is not of this sign-in.');
        return toUserId(claims);
      },
    },
    {
      ...{ store, sealer, logId: createLogId(logHashKey), clock },
      storeNow: () => nowByStore({ accounts, clock }),
    },
  );
}

/** Seals nothing, and refuses what the real one refuses: a text of another purpose, and one whose key is not there. */
export const createOpenLinkSealer = (kids: readonly [string, ...string[]]): LinkSealer => ({
  seal: async (purpose, content) => JSON.stringify({ kid: kids[0], purpose, content }),
  async open(purpose, sealed) {
    const { kid, purpose: of, content } = JSON.parse(sealed);
    return kids.includes(kid) && of === purpose ? content : undefined;
  },
});
