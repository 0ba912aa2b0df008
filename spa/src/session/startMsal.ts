import { type Configuration, PublicClientApplication } from '@azure/msal-browser';
import { isDirectoryRefusal, signInReference } from '@stead/shared/browser/msalError';
import { readAttempts, recordRefusal } from '@stead/shared/browser/signInAttempts';
import type { PageConfig } from './pageConfig.ts';

/** What the tab remembers of a redirect that repaired nothing. */
const SIGN_IN = 'SIGN_IN';

export type StartedMsal = {
  msal: PublicClientApplication;
  /** True if a sign-in or a consent that succeeded led to this page load. */
  cameBack: boolean;
  /** True if that was to repair a refusal. */
  repaired: boolean;
  /** The error of the sign-in that led to this page load; absent if it succeeded or there was none. */
  signInError?: unknown;
};

/** Where hidden frames come back to: a page that loads nothing but MSAL's redirect bridge. */
export const bridgeUri = (): string => `${location.origin}/redirect.html`;

/**
 * Starts MSAL and completes the sign-in that led to this page load, if there was one. A tab has at most one account:
 * `getAllAccounts()[0]`.
 */
export async function startMsal(config: PageConfig): Promise<StartedMsal> {
  const configuration: Configuration = {
    auth: {
      clientId: config.clientId,
      authority: config.authority,
      redirectUri: `${location.origin}/`,
      postLogoutRedirectUri: `${location.origin}/`,
      // Tells the directory that this page can answer claims challenges (continuous access evaluation).
      clientCapabilities: ['CP1'],
      ...(config.knownAuthorities === undefined ? {} : { knownAuthorities: config.knownAuthorities }),
      ...(config.authorityMetadata === undefined ? {} : { authorityMetadata: config.authorityMetadata }),
    },
    cache: { cacheLocation: 'sessionStorage' },
  };
  const msal = new PublicClientApplication(configuration);
  await msal.initialize();
  try {
    const result = await msal.handleRedirectPromise();
    if (result !== null) await removeOtherAccounts(msal, result.account.homeAccountId);
    const reason = readAttempts().at(-1)?.reason ?? SIGN_IN;
    const repaired = result !== null && reason !== SIGN_IN;
    return { msal, cameBack: result !== null, repaired };
  } catch (signInError) {
    if (isDirectoryRefusal(signInError)) recordRefusal(signInReference(signInError));
    return { msal, cameBack: false, repaired: false, signInError };
  }
}

/** A person who signs in again may choose another account. MSAL would keep both, and the page would show the first. */
async function removeOtherAccounts(msal: PublicClientApplication, homeAccountId: string): Promise<void> {
  for (const account of msal.getAllAccounts()) {
    if (account.homeAccountId !== homeAccountId) await msal.clearCache({ account });
  }
}
