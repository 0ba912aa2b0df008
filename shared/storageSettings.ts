import { readBlobConnection, readTableConnection } from './adapters/azureStorage/storageConnection.ts';
import { type Cloud, cloudOfStorage } from './clouds.ts';
import { isLoopback } from './isLoopback.ts';
import {
  type AddFault,
  type Environment,
  SETTINGS,
  type SettingName,
  type SettingsReader,
} from './settingsReader.ts';
import { isGuid } from './userId.ts';

/** How the stores are reached: with what a connection string holds, or with the tokens of an identity. */
export type StorageSettings =
  | { connectionString: string }
  | {
      /** https, without a slash at the end. */
      blobServiceUri: string;
      /** https, without a slash at the end. */
      tableServiceUri: string;
      /** Undefined if `createStead` is given a `storageCredential`. No `clientId` means the system-assigned identity. */
      managedIdentity: { clientId?: string } | undefined;
    };

export type StorageOptions = {
  /** True if `createStead` will be given a credential. `TokenStore__credential` may then be missing. */
  hasCredential: boolean;
  /** The cloud of `ENTRA_AUTHORITY`, if it is one of Microsoft's. */
  cloud: Cloud | undefined;
  /** True if the app proves itself to Entra with its managed identity, which works in one cloud only. */
  federated: boolean;
};

type Reader = Pick<SettingsReader, 'given' | 'fault'>;
type UriName = Extract<SettingName, `TokenStore__${string}ServiceUri`>;

const SERVICE_OF = {
  TokenStore__blobServiceUri: 'blob',
  TokenStore__tableServiceUri: 'table',
  TokenStore__queueServiceUri: 'queue',
} as const satisfies Record<UriName, string>;
const URI_NAMES = Object.keys(SERVICE_OF) as UriName[];
const PARTS = [...URI_NAMES, 'TokenStore__credential', 'TokenStore__clientId'] as const;
/** In the host name of a service the account comes first, and then one of these. */
const SERVICES = new Set(['blob', 'table', 'queue', 'file', 'dfs', 'web']);

/**
 * Reads `TokenStore`, or the settings `TokenStore__…` that take its place. Their names are those of an identity-based
 * connection of Azure Functions
 * (https://learn.microsoft.com/azure/azure-functions/functions-reference#configure-an-identity-based-connection).
 * @returns the settings, and a text from which local keys are derived if all storage is on loopback and so holds only a
 * developer's data. If there are faults, the settings are of no use.
 */
export function readStorage(
  { given, fault, sameCloud }: SettingsReader,
  environment: Environment,
  { hasCredential, cloud, federated }: StorageOptions,
): { storage: StorageSettings; localSecret: string | undefined } {
  const connectionString = given('TokenStore');
  const parts = PARTS.filter((name) => given(name) !== '');
  for (const name of unknownParts(environment)) {
    fault('TokenStore', `has ${name} beside it, which Stead does not read`, `Give ${PARTS.join(', ')}.`);
  }
  if (connectionString === '' && parts.length === 0) {
    fault(
      'TokenStore',
      'is missing',
      'Give a storage connection string, or UseDevelopmentStorage=true for Azurite. To use no key, give TokenStore__blobServiceUri, TokenStore__tableServiceUri and TokenStore__credential=managedidentity.',
    );
  }
  if (connectionString !== '' && parts.length > 0) {
    fault(
      'TokenStore',
      `has ${parts.join(', ')} beside it`,
      'Give a connection string, or the address of each service and an identity, but not both.',
    );
  }
  const isIdentity = connectionString === '' && parts.length > 0;
  const mayServe = (theirs: Cloud): boolean =>
    cloud === undefined || theirs === cloud || (!federated && theirs.mayServe.includes(cloud.authority));
  const cloudsOf = (urls: readonly (URL | undefined)[]): Cloud[] =>
    urls.flatMap((url) => (url && cloudOfStorage(url)) ?? []);
  /** Several addresses of one setting have one fault. */
  const inCloud = (name: SettingName, urls: readonly URL[]): void => {
    if (cloud === undefined) return;
    const other = cloudsOf(urls).find((theirs) => !mayServe(theirs));
    const why = federated ? 'A managed identity proves itself to Entra in its own cloud only. ' : '';
    sameCloud(name, other, cloud, `${why}Use storage in the ${cloud.name} (${cloud.storage[0]})`);
  };
  /** Each address may be in a cloud that is allowed, but not one in each: an identity and a key belong to one cloud. */
  const inOneCloud = (urls: readonly (URL | undefined)[]): void => {
    const clouds = [...new Set(cloudsOf(urls))];
    if (clouds.length < 2 || !clouds.every(mayServe)) return;
    const names = clouds.map((theirs) => `the ${theirs.name}`).join(' and in ');
    fault('TokenStore', `has addresses in ${names}`, 'Give addresses of one cloud: docs/clouds.md.');
  };
  const addresses = URI_NAMES.map((name) => {
    const url = readServiceUri(name, given(name), fault);
    if (url !== undefined) inCloud(name, [url]);
    return url;
  });
  const [blob, table] = addresses;
  inOneCloud(addresses);
  for (const name of ['TokenStore__blobServiceUri', 'TokenStore__tableServiceUri'] as const) {
    if (isIdentity && given(name) === '') fault(name, 'is missing', `Give ${exampleOf(name)}.`);
  }
  const managedIdentity = readIdentity({ given, fault }, isIdentity && !hasCredential);
  if (!isIdentity) {
    const { urls, localSecret } = checkConnection(connectionString, fault);
    inCloud('TokenStore', urls);
    inOneCloud(urls);
    return { storage: { connectionString }, localSecret };
  }
  return {
    storage: { blobServiceUri: addressOf(blob), tableServiceUri: addressOf(table), managedIdentity },
    localSecret: [blob, table].every((url) => url !== undefined && isLoopback(url))
      ? blob?.pathname.replaceAll('/', '')
      : undefined,
  };
}

/** Names that look like ours: a part of the convention that Stead does not use, or another spelling. */
function unknownParts(environment: Environment): string[] {
  return Object.keys(environment).filter(
    (name) =>
      /^TokenStore__\w{1,40}$/i.test(name) && !Object.hasOwn(SETTINGS, name) && environment[name]?.trim(),
  );
}

const exampleOf = (name: UriName): string =>
  `the address of the ${SERVICE_OF[name]} service, such as https://mine.${SERVICE_OF[name]}.core.windows.net`;

const addressOf = (url: URL | undefined): string => (url?.href ?? '').replace(/\/$/, '');

function readServiceUri(name: UriName, value: string, fault: AddFault): URL | undefined {
  if (value === '') return undefined;
  const remedy = `Give ${exampleOf(name)}, and nothing else.`;
  const url = /^https?:\/\/[^\\\s]+$/i.test(value) && URL.canParse(value) ? new URL(value) : undefined;
  if (url === undefined) {
    fault(name, 'is not a URL', remedy);
    return undefined;
  }
  if (/[?#@]/.test(value)) {
    fault(name, 'has more than an address, such as a shared access signature', remedy);
  }
  if (isLoopback(url)) {
    // Azurite has the account's name in the path.
    if (!/^\/[a-z0-9]+\/?$/.test(url.pathname)) {
      fault(
        name,
        'lacks the name of the account as its path',
        'Give https://127.0.0.1:<port>/devstoreaccount1.',
      );
    }
  } else if (url.pathname !== '/') {
    fault(name, 'has a path', remedy);
  }
  if (url.hostname.endsWith('.')) {
    fault(name, 'has a host that ends with a dot', 'Remove the dot at the end of the host.');
  }
  if (url.protocol === 'http:') {
    fault(
      name,
      'would send tokens over plain http',
      'Use https. The storage SDKs send no token over http, not even to localhost.',
    );
  }
  const services = url.hostname
    .split('.')
    .slice(1)
    .filter((label) => SERVICES.has(label));
  const [other] = services;
  if (other !== undefined && !services.includes(SERVICE_OF[name])) {
    fault(name, `is the address of the ${other} service`, remedy);
  }
  return url;
}

function readIdentity({ given, fault }: Reader, isRequired: boolean): { clientId?: string } | undefined {
  const credential = given('TokenStore__credential');
  const clientId = given('TokenStore__clientId').toLowerCase();
  if (credential === '' && isRequired) {
    fault(
      'TokenStore__credential',
      'is missing',
      'Set TokenStore__credential=managedidentity. Only npm run stead and npm run doctor do without it: they sign in with the Azure CLI.',
    );
  }
  if (credential !== '' && credential.toLowerCase() !== 'managedidentity') {
    fault('TokenStore__credential', 'is not managedidentity', 'Give managedidentity, the only value.');
  }
  if (clientId !== '' && !isGuid(clientId)) {
    fault(
      'TokenStore__clientId',
      'is not a GUID',
      'Give the client id of the user-assigned identity, and not its name or its resource id.',
    );
  }
  if (clientId !== '' && credential === '') {
    fault(
      'TokenStore__clientId',
      'stands without TokenStore__credential',
      'Set TokenStore__credential=managedidentity, or leave the client id out.',
    );
  }
  return credential === '' ? undefined : clientId === '' ? {} : { clientId };
}

/** @returns the addresses of the services, and the name of the account if all of it is on loopback */
function checkConnection(
  connectionString: string,
  fault: AddFault,
): { urls: URL[]; localSecret: string | undefined } {
  if (connectionString === '') return { urls: [], localSecret: undefined };
  const connections = [readBlobConnection(connectionString), readTableConnection(connectionString)];
  const problems = connections.flatMap((connection) => (connection.ok ? [] : connection.problems));
  for (const problem of new Set(problems)) {
    fault(
      'TokenStore',
      problem,
      'Copy it from "Access keys" of the storage account. Only localhost may use http.',
    );
  }
  const usable = connections.filter((connection) => connection.ok);
  const isLocal = usable.length === connections.length && usable.every(({ loopback }) => loopback);
  return {
    urls: usable.map(({ url }) => url),
    localSecret: isLocal ? usable[0]?.accountName : undefined,
  };
}
