/** The smallest page that loads msal-browser; the test drives it through `window.msal`. */
import {
  type AccountInfo,
  type AuthError,
  type Configuration,
  PublicClientApplication,
} from '@azure/msal-browser';

type PageWindow = {
  config: Configuration['auth'];
  msal?: PublicClientApplication;
  signedIn?: AccountInfo | undefined;
  failure?: string;
};
const page = globalThis as unknown as PageWindow;

const msal = new PublicClientApplication({
  auth: page.config,
  cache: { cacheLocation: 'sessionStorage' },
});
await msal.initialize();
const result = await msal.handleRedirectPromise().catch((error: AuthError) => {
  page.failure = `${error.errorCode}: ${error.errorMessage}`;
});
page.signedIn = result?.account ?? msal.getAllAccounts()[0];
page.msal = msal;
