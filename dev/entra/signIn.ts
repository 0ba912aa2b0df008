/** Signs a user in without a browser: the authorization code flow with PKCE, over HTTP and through the pages. */
import * as oidc from 'openid-client';
import { SPA_CLIENT_ID, TENANT_ID } from './directory.ts';

export type SignInRequest = {
  /** Origin of the stand-in. */
  origin: string;
  /** Short name of the user. */
  user: string;
  /** A registered origin of the single-page app. */
  spaOrigin: string;
  /** Space-separated; `openid` and `offline_access` are added. */
  scope: string;
  /** The claims parameter, as raw JSON. */
  claims?: string;
  /** Tenant id; the applications' own if left out. */
  tenant?: string;
};

export type SignedIn = { accessToken: string; refreshToken: string; idToken: string };

/** @throws Error if the sign-in is refused; the errors of `openid-client` if its answer is not in order */
export async function signInWithCode(request: SignInRequest): Promise<SignedIn> {
  const { origin, user, spaOrigin, scope, claims, tenant = TENANT_ID } = request;
  const config = await oidc.discovery(
    new URL(`${origin}/${tenant}/v2.0`),
    SPA_CLIENT_ID,
    undefined,
    oidc.None(),
    { execute: [oidc.allowInsecureRequests] },
  );
  // A page's requests carry its origin, and a single-page app's tokens are redeemed in no other way.
  config[oidc.customFetch] = (url, init) => {
    const headers = new Headers(init.headers);
    headers.set('origin', spaOrigin);
    return fetch(url, { ...init, headers } as RequestInit);
  };
  const verifier = oidc.randomPKCECodeVerifier();
  const state = oidc.randomState();
  const nonce = oidc.randomNonce();
  const authorizeUrl = oidc.buildAuthorizationUrl(config, {
    redirect_uri: `${spaOrigin}/redirect.html`,
    scope: `openid offline_access ${scope}`,
    response_mode: 'query',
    code_challenge: await oidc.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    prompt: 'select_account',
    state,
    nonce,
    ...(claims === undefined ? {} : { claims }),
  });
  const answer = await throughThePage(authorizeUrl, user);
  const tokens = await oidc.authorizationCodeGrant(config, answer, {
    pkceCodeVerifier: verifier,
    expectedState: state,
    expectedNonce: nonce,
  });
  return {
    accessToken: tokens.access_token,
    refreshToken: tokens.refresh_token ?? '',
    idToken: tokens.id_token ?? '',
  };
}

/** Opens the account picker, picks the user, and returns where the browser would be sent. */
async function throughThePage(authorizeUrl: URL, user: string): Promise<URL> {
  const page = await fetch(authorizeUrl, { redirect: 'manual' });
  const refused = page.headers.get('location');
  // A refusal is sent to the application at once; openid-client words it.
  if (refused !== null) return new URL(refused);
  const action = /<form[^>]* action="([^"]*)"/.exec(await page.text())?.[1];
  if (action === undefined) throw new Error(`the sign-in page answered ${page.status} without a form`);
  const choice = await fetch(new URL(action.replaceAll('&amp;', '&'), authorizeUrl), {
    method: 'POST',
    body: new URLSearchParams({ user }),
    redirect: 'manual',
  });
  const location = choice.headers.get('location');
  if (location === null) throw new Error(`the sign-in page refused "${user}" with ${choice.status}`);
  return new URL(location);
}
