/** Foreign clients of the Entra stand-in, as its tests use them. */
import { ConfidentialClientApplication } from '@azure/msal-node';
import { API_CLIENT_ID, API_CLIENT_SECRET, API_SCOPE_NAME, TENANT_ID } from '../../dev/entra/directory.ts';
import type { JournalEntry } from '../../dev/entra/journal.ts';
import { type SignedIn, type SignInRequest, signInWithCode } from '../../dev/entra/signIn.ts';
import type { Entra } from '../../dev/entra/startEntra.ts';

export const SPA_ORIGIN = 'http://localhost:5173';
export const API_SCOPE = `api://${API_CLIENT_ID}/${API_SCOPE_NAME}`;
/** Everything that the page's registration lists, and the API's behind it: what a first sign-in asks for. */
export const API_DEFAULT = `api://${API_CLIENT_ID}/.default`;
/** Scopes as the web API asks for them. */
export const GRAPH_SCOPES = ['User.Read'];

/** MSAL wants an https authority, as a name only; the endpoints it talks to may be http. */
export function localAuthority(origin: string, tenant: string = TENANT_ID) {
  const { host } = new URL(origin);
  const base = `${origin}/${tenant}`;
  return {
    authority: `https://${host}/${tenant}`,
    knownAuthorities: [host],
    authorityMetadata: JSON.stringify({
      issuer: `${base}/v2.0`,
      authorization_endpoint: `${base}/oauth2/v2.0/authorize`,
      token_endpoint: `${base}/oauth2/v2.0/token`,
      end_session_endpoint: `${base}/oauth2/v2.0/logout`,
      jwks_uri: `${base}/discovery/v2.0/keys`,
    }),
  };
}

/** msal-node as the web API would make it, with what `cache` holds (as `getTokenCache().serialize()` gave it). */
export function confidentialClient(
  entra: Entra,
  options: { tenant?: string; cache?: string; secret?: string } = {},
) {
  const client = new ConfidentialClientApplication({
    auth: {
      clientId: API_CLIENT_ID,
      clientSecret: options.secret ?? API_CLIENT_SECRET,
      ...localAuthority(entra.origin, options.tenant),
    },
  });
  if (options.cache !== undefined) client.getTokenCache().deserialize(options.cache);
  return client;
}

export const signIn = (entra: Entra, user: string, more: Partial<SignInRequest> = {}): Promise<SignedIn> =>
  signInWithCode({ origin: entra.origin, user, spaOrigin: SPA_ORIGIN, scope: API_DEFAULT, ...more });

/** One call of the control API; a string body is sent as it is, anything else as JSON. */
export const control = (entra: Entra, method: string, path: string, body?: unknown): Promise<Response> =>
  fetch(`${entra.origin}/dev${path}`, {
    method,
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });

/**
 * Holds the user's next token request back.
 * @returns lets it go on
 */
export async function holdToken(entra: Entra, name: string): Promise<() => Promise<unknown>> {
  const path = `/users/${name}/fault`;
  // Far longer than anybody waits for an answer.
  await control(entra, 'PUT', path, { kind: 'delay', ms: 600_000 });
  return () => control(entra, 'DELETE', path);
}

export const journal = async (entra: Entra): Promise<JournalEntry[]> =>
  (await control(entra, 'GET', '/requests')).json() as Promise<JournalEntry[]>;

export type TokenAnswer = { status: number; headers: Headers; body: Record<string, unknown> };

/** A hand-made token request, for what no proper client would send. */
export async function postToken(
  entra: Entra,
  params: Record<string, string>,
  options: { tenant?: string; origin?: string } = {},
): Promise<TokenAnswer> {
  const response = await fetch(`${entra.origin}/${options.tenant ?? TENANT_ID}/oauth2/v2.0/token`, {
    method: 'POST',
    headers: options.origin === undefined ? {} : { origin: options.origin },
    body: new URLSearchParams(params),
  });
  return {
    status: response.status,
    headers: response.headers,
    body: (await response.json()) as Record<string, unknown>,
  };
}

/** The web API exchanges a token of its own for one of Graph's, without a library. */
export const exchange = (
  entra: Entra,
  assertion: string,
  { scope = 'User.Read offline_access', tenant = TENANT_ID } = {},
): Promise<TokenAnswer> =>
  postToken(
    entra,
    {
      client_id: API_CLIENT_ID,
      client_secret: API_CLIENT_SECRET,
      grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer',
      requested_token_use: 'on_behalf_of',
      assertion,
      scope,
    },
    { tenant },
  );

/** What a token request without consent is answered with. */
export const UNCONSENTED = {
  status: 400,
  body: { error: 'invalid_grant', error_codes: [65001], suberror: 'consent_required' },
};
