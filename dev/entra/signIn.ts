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
  /** The single-page app; the one that is registered from the start if left out. */
  clientId?: string;
  /** Space-separated; `openid` and `offline_access` are added. */
  scope: string;
  /** `select_account` if left out. */
  prompt?: string;
  /** What the user says on the page that asks for consent; they accept if left out. */
  consent?: 'accept' | 'cancel';
  /** The claims parameter, as raw JSON. */
  claims?: string;
  /** Tenant id; the applications' own if left out. */
  tenant?: string;
};

export type SignedIn = { accessToken: string; refreshToken: string; idToken: string };

/** @throws Error if the sign-in is refused; the errors of `openid-client` if its answer is not in order */
export async function signInWithCode(request: SignInRequest): Promise<SignedIn> {
  const { origin, spaOrigin, scope, claims, tenant = TENANT_ID, clientId = SPA_CLIENT_ID } = request;
  const config = await oidc.discovery(new URL(`${origin}/${tenant}/v2.0`), clientId, undefined, oidc.None(), {
    execute: [oidc.allowInsecureRequests],
  });
  // A page's requests carry its origin, and the codes of a single-page app are redeemed only with it.
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
    prompt: request.prompt ?? 'select_account',
    state,
    nonce,
    ...(claims === undefined ? {} : { claims }),
  });
  const answer = await throughThePages(authorizeUrl, request);
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

/**
 * Opens the account picker, picks the user, answers the consent page, and returns the address of the final redirect.
 */
export async function throughThePages(
  authorizeUrl: URL,
  { user, consent = 'accept' }: Pick<SignInRequest, 'user' | 'consent'>,
): Promise<URL> {
  let answer = await fetch(authorizeUrl, { redirect: 'manual' });
  for (;;) {
    const location = answer.headers.get('location');
    // A refusal also goes to the application. openid-client turns it into an error.
    if (location !== null) return new URL(location);
    const page = await answer.text();
    const action = /<form[^>]* action="([^"]*)"/.exec(page)?.[1];
    if (action === undefined) throw new Error(`the sign-in page refused "${user}" with ${answer.status}`);
    answer = await fetch(new URL(action.replaceAll('&amp;', '&'), authorizeUrl), {
      method: 'POST',
      body: new URLSearchParams(choiceOn(page, user, consent)),
      redirect: 'manual',
    });
  }
}

/** The form fields that answer a page: the account picker, the consent page, or the one that needs an administrator. */
function choiceOn(page: string, user: string, consent: 'accept' | 'cancel'): Record<string, string> {
  const sealed = /name="sealed" value="([^"]*)"/.exec(page)?.[1];
  if (sealed === undefined) return { user };
  return { sealed, [page.includes('name="accept"') ? consent : 'return']: '1' };
}
