type Cloud = {
  /** Names the issuer of version 2.0 tokens. */
  authority: string;
  /** Names the issuer of version 1.0 tokens. */
  v1Issuer: string;
  /** Hosts that also serve this authority, but that no token names as its issuer. */
  aliases: readonly string[];
  /** The resource whose tokens Entra takes as a client's credential. */
  exchange: string;
};

/**
 * Entra's clouds (https://learn.microsoft.com/entra/identity-platform/authentication-national-cloud). Microsoft documents
 * the issuer of version 1.0 tokens only for the public cloud. The others come from reports of users.
 */
const PUBLIC: Cloud = {
  authority: 'https://login.microsoftonline.com',
  v1Issuer: 'https://sts.windows.net',
  aliases: ['login.windows.net', 'login.microsoft.com', 'sts.windows.net'],
  exchange: 'api://AzureADTokenExchange',
};
const CLOUDS: readonly Cloud[] = [
  PUBLIC,
  {
    authority: 'https://login.microsoftonline.us',
    v1Issuer: 'https://sts.windows.net',
    aliases: ['login.usgovcloudapi.net', 'login-us.microsoftonline.com'],
    exchange: 'api://AzureADTokenExchangeUSGov',
  },
  {
    authority: 'https://login.partner.microsoftonline.cn',
    v1Issuer: 'https://sts.chinacloudapi.cn',
    aliases: ['login.chinacloudapi.cn', 'sts.chinacloudapi.cn'],
    exchange: 'api://AzureADTokenExchangeChina',
  },
];

/** An authority that is not Entra's counts as that of the public cloud. */
const cloudOf = (authority: string): Cloud => CLOUDS.find((cloud) => cloud.authority === authority) ?? PUBLIC;

/** The origin of the issuer of version 1.0 tokens. */
export const v1IssuerOf = (authority: string): string => cloudOf(authority).v1Issuer;

/**
 * The resource for which a managed identity gets the token that serves as a client's credential. It is also the audience of
 * the federated credential (https://learn.microsoft.com/entra/workload-id/workload-identity-federation-config-app-trust-managed-identity).
 */
export const tokenExchangeOf = (authority: string): string => cloudOf(authority).exchange;

/** The authority that tokens name as their issuer, if `authority` is an alias of it; otherwise undefined. */
export function namedAuthorityOf(authority: string): string | undefined {
  const { host } = new URL(authority);
  return CLOUDS.find(({ aliases }) => aliases.includes(host))?.authority;
}

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
