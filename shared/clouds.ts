/** One of Microsoft's clouds. Each has users, applications and storage of its own. */
export type Cloud = {
  /** Completes "is in the …". */
  name: string;
  /** The name for the Azure CLI and for azd, and `environment().name` in Bicep. */
  azureName: string;
  /** The origin of Entra. Tokens of version 2.0 name it as their issuer. */
  authority: string;
  /** Hosts that also serve this authority, but that no token names as its issuer. */
  aliases: readonly string[];
  /** The origin of the issuer of version 1.0 tokens. */
  v1Issuer: string;
  /** Origins of Microsoft Graph, the usual one first. They are also the resources of Graph's scopes. */
  graph: readonly [string, ...string[]];
  /** How the host names of storage accounts end; the usual one first. */
  storage: readonly [string, ...string[]];
  /** How the host names of key vaults end. */
  keyVault: string;
  /** The resource whose tokens Entra takes as a client's credential: the audience of a federated credential. */
  tokenExchange: string;
  /** Authorities of other clouds whose users an application in this cloud may serve. */
  mayServe: readonly string[];
};

/** An authority that is not Entra's, such as the local stand-in, counts as that of the public cloud. */
export const PUBLIC_CLOUD: Cloud = {
  name: 'public cloud',
  azureName: 'AzureCloud',
  authority: 'https://login.microsoftonline.com',
  aliases: ['login.windows.net', 'login.microsoft.com', 'sts.windows.net'],
  v1Issuer: 'https://sts.windows.net',
  graph: ['https://graph.microsoft.com'],
  storage: ['core.windows.net', 'storage.azure.net'],
  keyVault: 'vault.azure.net',
  tokenExchange: 'api://AzureADTokenExchange',
  mayServe: [],
};

/** The only table of Microsoft's clouds. docs/clouds.md shows it with its sources, and says what nobody has verified. */
export const CLOUDS: readonly Cloud[] = [
  PUBLIC_CLOUD,
  {
    name: 'US Government cloud',
    azureName: 'AzureUSGovernment',
    authority: 'https://login.microsoftonline.us',
    aliases: ['login.usgovcloudapi.net', 'login-us.microsoftonline.com'],
    v1Issuer: 'https://sts.windows.net',
    // The second one is that of the Department of Defense.
    graph: ['https://graph.microsoft.us', 'https://dod-graph.microsoft.us'],
    storage: ['core.usgovcloudapi.net'],
    keyVault: 'vault.usgovcloudapi.net',
    tokenExchange: 'api://AzureADTokenExchangeUSGov',
    // Users of Microsoft 365 GCC are in the public cloud
    // (https://learn.microsoft.com/azure/azure-government/documentation-government-plan-identity).
    mayServe: [PUBLIC_CLOUD.authority],
  },
  {
    name: '21Vianet cloud',
    azureName: 'AzureChinaCloud',
    authority: 'https://login.partner.microsoftonline.cn',
    aliases: ['login.chinacloudapi.cn', 'sts.chinacloudapi.cn'],
    v1Issuer: 'https://sts.chinacloudapi.cn',
    graph: ['https://microsoftgraph.chinacloudapi.cn'],
    storage: ['core.chinacloudapi.cn'],
    keyVault: 'vault.azure.cn',
    tokenExchange: 'api://AzureADTokenExchangeChina',
    mayServe: [],
  },
];

/** The application id of Microsoft Graph, which is the same in every cloud. */
export const GRAPH_APP_ID = '00000003-0000-0000-c000-000000000000';

/** Hosts of Entra in clouds that Stead does not serve: MSAL knows them, but Microsoft documents too little of them. */
const UNSERVED = [
  'login.microsoftonline.de',
  'login.sovcloud-identity.de',
  'login.sovcloud-identity.fr',
  'login.sovcloud-identity.sg',
];

/** The cloud with this authority; undefined for an authority that is not Entra's. */
export const findCloud = (authority: string): Cloud | undefined =>
  CLOUDS.find((cloud) => cloud.authority === authority);

/** The cloud whose settings apply under this authority. */
export const cloudOf = (authority: string): Cloud => findCloud(authority) ?? PUBLIC_CLOUD;

/** The cloud of an address of Microsoft Graph; undefined for any other address, such as that of a proxy. */
export const cloudOfGraph = ({ hostname }: URL): Cloud | undefined =>
  CLOUDS.find(({ graph }) => graph.some((origin) => new URL(origin).hostname === hostname));

/** The cloud of an address of Azure Storage; undefined for any other address, such as a domain of one's own. */
export const cloudOfStorage = ({ hostname }: URL): Cloud | undefined =>
  CLOUDS.find(({ storage }) => storage.some((suffix) => hostname.endsWith(`.${suffix}`)));

/** The part of Graph's scopes before the permission, for the deployment that calls this address of Graph. */
export function graphResourceOf(authority: string, graphBaseUrl: string): string {
  const { graph } = cloudOf(authority);
  return graph.find((origin) => origin === graphBaseUrl) ?? graph[0];
}

/**
 * What is wrong with an authority. An alias works like its authority, but its tokens name the authority as their issuer and
 * would all be refused.
 * @param authority an origin
 * @returns undefined if nothing is known against it
 */
export function authorityFault(authority: string): { problem: string; remedy: string } | undefined {
  const { hostname } = new URL(authority);
  const named = CLOUDS.find(({ aliases }) => aliases.includes(hostname));
  if (named !== undefined) {
    const problem = 'is an alias, which tokens do not name as their issuer';
    return { problem, remedy: `Give ${named.authority}.` };
  }
  if (!UNSERVED.includes(hostname)) return undefined;
  const served = CLOUDS.map((cloud) => cloud.authority).join(', ');
  return {
    problem: 'is in a cloud that Stead does not serve',
    remedy: `Give one of: ${served}. docs/clouds.md says why.`,
  };
}
