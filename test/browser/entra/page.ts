/**
 * The smallest page that loads msal-browser; the test drives it through `window.client`, because MSAL itself makes a
 * `window.msal` before it is ready.
 */
import {
  type AccountInfo,
  type AuthError,
  type Configuration,
  PublicClientApplication,
} from '@azure/msal-browser';

type PageWindow = {
  config: Configuration['auth'];
  client?: PublicClientApplication;
  signedIn?: AccountInfo | undefined;
  failure?: string;
};
const page = globalThis as unknown as PageWindow;

const client = new PublicClientApplication({
  auth: page.config,
  cache: { cacheLocation: 'sessionStorage' },
});
await client.initialize();
const result = await client.handleRedirectPromise().catch((error: AuthError) => {
  page.failure = `${error.errorCode}: ${error.errorMessage}`;
});
page.signedIn = result?.account ?? client.getAllAccounts()[0];
page.client = client;
