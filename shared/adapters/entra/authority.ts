type Cloud = {
  /** Names the issuer of version 2.0 tokens. */
  authority: string;
  /** Names the issuer of version 1.0 tokens. */
  v1Issuer: string;
  /** Hosts that answer for the authority, and that no token names as its issuer. */
  aliases: readonly string[];
};

/**
 * Entra's clouds (https://learn.microsoft.com/entra/identity-platform/authentication-national-cloud). The issuers of
 * version 1.0 tokens are documented for the public cloud alone; the others are as people report them.
 */
const PUBLIC: Cloud = {
  authority: 'https://login.microsoftonline.com',
  v1Issuer: 'https://sts.windows.net',
  aliases: ['login.windows.net', 'login.microsoft.com', 'sts.windows.net'],
};
const CLOUDS: readonly Cloud[] = [
  PUBLIC,
  {
    authority: 'https://login.microsoftonline.us',
    v1Issuer: 'https://sts.windows.net',
    aliases: ['login.usgovcloudapi.net', 'login-us.microsoftonline.com'],
  },
  {
    authority: 'https://login.partner.microsoftonline.cn',
    v1Issuer: 'https://sts.chinacloudapi.cn',
    aliases: ['login.chinacloudapi.cn', 'sts.chinacloudapi.cn'],
  },
];

/** What names the issuer of version 1.0 tokens; that of the public cloud for an authority that is none of Entra's. */
export const v1IssuerOf = (authority: string): string =>
  (CLOUDS.find((cloud) => cloud.authority === authority) ?? PUBLIC).v1Issuer;

/** The authority that tokens name as their issuer, where `authority` is an alias of it. */
export function namedAuthorityOf(authority: string): string | undefined {
  const { host } = new URL(authority);
  return CLOUDS.find(({ aliases }) => aliases.includes(host))?.authority;
}

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
