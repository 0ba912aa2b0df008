import { type Configuration, PublicClientApplication } from '@azure/msal-browser';
import type { PageConfig } from './pageConfig.ts';
import { noteRefusal } from './signInAttempts.ts';
import { isDirectoryRefusal, signInReference } from './signInError.ts';

export type StartedMsal = {
  msal: PublicClientApplication;
  /** This page load comes back from a sign-in, or a consent, that the person has just given. */
  cameBack: boolean;
  /** Why the sign-in that this page load comes back from did not succeed. */
  signInError?: unknown;
};

/** Hidden frames come back to a page of their own, which loads nothing else. */
export const bridgeUri = (): string => `${location.origin}/redirect.html`;

/** MSAL, ready to use and done with a sign-in that comes back. One account a tab: it is `getAllAccounts()[0]`. */
export async function startMsal(config: PageConfig): Promise<StartedMsal> {
  const configuration: Configuration = {
    auth: {
      clientId: config.clientId,
      authority: config.authority,
      redirectUri: `${location.origin}/`,
      postLogoutRedirectUri: `${location.origin}/`,
      // Continuous access evaluation: claims challenges are answered here.
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
    if (result !== null) await forgetOthers(msal, result.account.homeAccountId);
    return { msal, cameBack: result !== null };
  } catch (signInError) {
    if (isDirectoryRefusal(signInError)) noteRefusal(signInReference(signInError));
    return { msal, cameBack: false, signInError };
  }
}

/** Whoever signs in again may pick another account; MSAL would keep both, and show the first. */
async function forgetOthers(msal: PublicClientApplication, homeAccountId: string): Promise<void> {
  for (const account of msal.getAllAccounts()) {
    if (account.homeAccountId !== homeAccountId) await msal.clearCache({ account });
  }
}
