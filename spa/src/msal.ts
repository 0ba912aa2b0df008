import { type Configuration, PublicClientApplication } from '@azure/msal-browser';
import type { PageConfig } from './pageConfig.ts';

/** Hidden frames come back to a page of their own, which loads nothing else. */
export const bridgeUri = (): string => `${location.origin}/redirect.html`;

/** MSAL, ready to use. One account a tab: `accounts[0]` is whoever signed in. */
export async function createMsal(config: PageConfig): Promise<PublicClientApplication> {
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
  return msal;
}
