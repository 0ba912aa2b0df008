/**
 * MSAL's authority for one tenant, with its endpoints, so that a fresh client asks nobody for them. MSAL takes
 * https names alone, but does not mind where the endpoints are: so the local stand-in needs no certificate.
 */
export function authorityOf(authority: string, tid: string) {
  const tenant = `${authority}/${tid}`;
  const { host } = new URL(authority);
  return {
    authority: `https://${host}/${tid}`,
    knownAuthorities: [host],
    authorityMetadata: JSON.stringify({
      issuer: `${tenant}/v2.0`,
      authorization_endpoint: `${tenant}/oauth2/v2.0/authorize`,
      token_endpoint: `${tenant}/oauth2/v2.0/token`,
      end_session_endpoint: `${tenant}/oauth2/v2.0/logout`,
      jwks_uri: `${tenant}/discovery/v2.0/keys`,
    }),
  };
}
