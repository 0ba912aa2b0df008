import { AuthError, ConfidentialClientApplication, CryptoProvider } from '@azure/msal-node';
import { NotConnectedError, OtherUserError, TokenInvalidError, UnavailableError } from '../../errors.ts';
import type { CodeGrants } from '../../ports.ts';
import { type CacheSnapshot, readSnapshot } from '../../tokens/storedCache.ts';
import { beginMsal, type MsalOptions, type MsalServices } from './msalOperation.ts';

export type CodeGrantOptions = MsalOptions & {
  /** The origin of the authority. */
  authority: string;
  /** Gives the user of an ID token, from `createVerifyToken`. */
  verifyIdToken: (token: string, nonce: string) => Promise<string>;
};

/** Gets grants of codes through MSAL, with a new client for every operation, as `createMsalUserTokens` does. */
export function createMsalCodeGrants(options: CodeGrantOptions, services: MsalServices): CodeGrants {
  return {
    issuerOf: (tid) => `${options.authority}/${tid}/v2.0`,

    async signInUrl({ tid, redirectUri, scopes, state, nonce, verifier, loginHint, claims }) {
      const client = new ConfidentialClientApplication({
        auth: { ...options.auth(tid), ...options.credential.forClient().auth },
      });
      return client.getAuthCodeUrl({
        redirectUri,
        scopes: [...scopes],
        responseMode: 'query',
        state,
        nonce,
        // MSAL's own hash of a verifier (RFC 7636 §4.2).
        codeChallenge: await new CryptoProvider().hashString(verifier),
        codeChallengeMethod: 'S256',
        ...(loginHint !== undefined && { loginHint }),
        ...(claims !== undefined && { claims }),
      });
    },

    async redeem(operation, request) {
      const { userId, api, redirectUri, scopes, code, verifier, nonce, generation, isCurrent, mayAsk } =
        request;
      const { context, signal, traced, attempt, begin, keep, tokenOf } = beginMsal(
        options,
        services,
        operation,
      );
      const snapshot = await readSnapshot(context, userId, generation, { isCurrent, signal });
      if (snapshot.state === 'overtaken')
        throw new NotConnectedError('The connection of this link has ended.');
      // A code can be redeemed once. So it is not, if what it brings could not be stored.
      if (!MAY_BE_REPLACED.has(snapshot.state)) throw new UnavailableError('token-cache');
      const { client, plugin, record } = begin(userId, api, snapshot.base, 'code', { mayAsk });
      const result = await attempt(userId, record, () =>
        client
          .acquireTokenByCode({
            code,
            codeVerifier: verifier,
            redirectUri,
            scopes: [...scopes],
            nonce,
            ...traced,
          })
          .catch(throwIfOtherSignIn),
      );
      if (record.answer?.hasRefreshToken !== true) throw new TokenInvalidError('There is no refresh token.');
      if ((await options.verifyIdToken(result.idToken, nonce)) !== userId) {
        throw new OtherUserError('Somebody else signed in.');
      }
      const homeAccountId = record.answer.homeAccountId ?? result.account?.homeAccountId;
      if (homeAccountId === undefined) throw new TokenInvalidError('The answer names no home account.');
      const kept = await keep(plugin.changed, {
        grant: 'code',
        base: snapshot.base,
        record,
        write: { userId, generation, snapshot, homeAccountId, writer: 'request', signal },
      });
      return tokenOf(record, result, { homeAccountId, oldKey: snapshot.oldKey, kept });
    },
  };
}

const MAY_BE_REPLACED: ReadonlySet<CacheSnapshot['state']> = new Set<CacheSnapshot['state']>([
  'absent',
  'open',
  'corrupt',
  'superseded',
]);

/** MSAL reads the ID token, too. What it finds is no failure of Entra. */
function throwIfOtherSignIn(error: unknown): never {
  if (error instanceof AuthError && ID_TOKEN_ERRORS.has(error.errorCode)) {
    throw new TokenInvalidError('The ID token is not of this sign-in.', { cause: error });
  }
  throw error;
}

const ID_TOKEN_ERRORS: ReadonlySet<string> = new Set([
  'nonce_mismatch',
  'null_or_empty_token',
  'token_parsing_error',
]);
