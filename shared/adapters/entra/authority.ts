/**
 * MSAL's settings of one tenant's authority. They include the endpoints, so that a new client does not fetch them. MSAL
 * accepts only an https authority, but accepts http endpoints, so the local stand-in needs no certificate.
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
