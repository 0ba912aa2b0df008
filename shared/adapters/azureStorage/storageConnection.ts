import { isLoopback } from '../../isLoopback.ts';
import { readBase64 } from '../../readBase64.ts';

/** What a storage connection string says about one service of the account. */
export type StorageConnection =
  | {
      ok: true;
      /** The service's address: https, or on loopback. */
      url: URL;
      loopback: boolean;
      /** Empty for a shared access signature. */
      accountName: string;
    }
  /** Each problem completes a sentence that begins with the setting's name. None contains a part of the string. */
  | { ok: false; problems: string[] };

/** Azurite's default ports and account. */
const EMULATOR = { Blob: 'http://127.0.0.1:10000/', Table: 'http://127.0.0.1:10002/' };
const EMULATOR_ACCOUNT = 'devstoreaccount1';
const FOR_EMULATOR = 'UseDevelopmentStorage=true';

const NAMES = [
  'DefaultEndpointsProtocol',
  'AccountName',
  'AccountKey',
  'EndpointSuffix',
  'SharedAccessSignature',
  ...['Blob', 'Table', 'Queue', 'File', 'Dfs', 'Web'].flatMap((one) => [
    `${one}Endpoint`,
    `${one}SecondaryEndpoint`,
  ]),
];
const NAME_OF = new Map(NAMES.map((name) => [name.toLowerCase(), name]));

/** Reads a connection string as the blob store uses it, or says what is wrong with it. */
export const readBlobConnection = (connectionString: string): StorageConnection =>
  readStorageConnection(connectionString, 'Blob');

/** Reads a connection string as the table stores use it, or says what is wrong with it. */
export function readTableConnection(connectionString: string): StorageConnection {
  const connection = readStorageConnection(connectionString, 'Table');
  // The SDK reads the account's name from the address, and refuses a signature if the address has no name.
  if (!connection.ok || connection.accountName !== '') return connection;
  const { hostname, pathname } = connection.url;
  return hostname.split('.')[1] === 'table' || pathname !== '/'
    ? connection
    : {
        ok: false,
        problems: ['has a TableEndpoint without the account name, which a SharedAccessSignature needs'],
      };
}

/**
 * Reads a connection string as strictly as all storage SDKs together. One SDK distinguishes the case of names, another
 * needs a protocol with an account key, and both accept a signature over plain http, which is refused here
 * (https://learn.microsoft.com/azure/storage/common/storage-configure-connection-string).
 */
function readStorageConnection(connectionString: string, service: 'Blob' | 'Table'): StorageConnection {
  if (/^(["']).*\1$/s.test(connectionString)) return refused(['has quotes around it']);
  if (/usedevelopmentstorage/i.test(connectionString)) {
    if (connectionString.replace(/;$/, '') !== FOR_EMULATOR) {
      return refused([`must be exactly ${FOR_EMULATOR}, in the same upper and lower case, for Azurite`]);
    }
    const url = new URL(EMULATOR_ACCOUNT, EMULATOR[service]);
    return { ok: true, url, loopback: true, accountName: EMULATOR_ACCOUNT };
  }
  const { parts, problems } = partsOf(connectionString);
  if (parts.size === 0) return refused(['is not a storage connection string']);

  const secret = parts.has('AccountKey') ? keyProblems(parts) : signatureProblems(parts);
  const endpoint = endpointOf(parts, service);
  problems.push(...secret, ...('problems' in endpoint ? endpoint.problems : []));
  if ('problems' in endpoint) {
    // A wrong protocol or name is in the list already. What is left is no host name, such as a suffix that ends with a number.
    return refused(
      problems.length > 0 ? problems : ['has an AccountName and an EndpointSuffix that make no address'],
    );
  }
  if (problems.length > 0) return refused(problems);
  const accountName = parts.has('AccountKey') ? (parts.get('AccountName') ?? '') : '';
  return { ok: true, url: endpoint.url, loopback: isLoopback(endpoint.url), accountName };
}

const refused = (problems: string[]): StorageConnection => ({ ok: false, problems });

type Parts = ReadonlyMap<string, string>;

function partsOf(connectionString: string): { parts: Parts; problems: string[] } {
  const parts = new Map<string, string>();
  const problems = new Set<string>();
  for (const part of connectionString.split(';')) {
    const [, written = '', value = ''] = /^([^=]*)=(.*)$/s.exec(part.trim()) ?? [];
    const name = NAME_OF.get(written.toLowerCase());
    if (part.trim() === '') continue;
    if (name === undefined) {
      problems.add('has a part that does not belong in a storage connection string');
      continue;
    }
    if (written !== name) problems.add(`must write the name ${name} in the same upper and lower case`);
    if (parts.has(name)) problems.add(`has ${name} twice`);
    if (/\s/.test(value)) problems.add(`has white space in ${name}`);
    parts.set(name, value);
  }
  return { parts, problems: [...problems] };
}

function keyProblems(parts: Parts): string[] {
  const problems: string[] = [];
  const key = parts.get('AccountKey') ?? '';
  if (key === '') problems.push('has an empty AccountKey');
  else if (readBase64(key) === undefined) problems.push('has an AccountKey that is not complete base64');
  const name = parts.get('AccountName');
  if (name === undefined) problems.push('lacks AccountName');
  else if (!/^[a-z0-9-]+$/.test(name)) problems.push('has an AccountName that no account can have');
  const protocol = parts.get('DefaultEndpointsProtocol');
  if (protocol === undefined) problems.push('lacks DefaultEndpointsProtocol');
  else if (!/^https?$/i.test(protocol)) problems.push('has a DefaultEndpointsProtocol other than https');
  if (parts.has('SharedAccessSignature')) problems.push('has both AccountKey and SharedAccessSignature');
  return problems;
}

function signatureProblems(parts: Parts): string[] {
  const signature = parts.get('SharedAccessSignature');
  if (signature === undefined) return ['has neither AccountKey nor SharedAccessSignature'];
  return /^[^?].*sig=|^sig=/.test(signature) ? [] : ['has a SharedAccessSignature that is not a signature'];
}

function endpointOf(parts: Parts, service: 'Blob' | 'Table'): { url: URL } | { problems: string[] } {
  const given = parts.get(`${service}Endpoint`);
  const suffix = parts.get('EndpointSuffix');
  if (given === undefined || given === '') {
    if (!parts.has('AccountKey')) return { problems: [`lacks ${service}Endpoint`] };
    if (suffix === undefined || !/^[a-z0-9]+(?:[.-][a-z0-9]+)*$/i.test(suffix)) {
      return { problems: [`${suffix === undefined ? 'lacks' : 'has an unusable'} EndpointSuffix`] };
    }
  }
  const address =
    given ||
    `${parts.get('DefaultEndpointsProtocol')}://${parts.get('AccountName')}.${service.toLowerCase()}.${suffix}`;
  const url = /^https?:\/\/[^\\]+$/i.test(address) && URL.canParse(address) ? new URL(address) : undefined;
  if (url === undefined || /[?#@]/.test(address)) {
    // If the address is built from a wrong protocol or name, that problem is already in the list.
    return { problems: given ? [`has a ${service}Endpoint that is not a plain URL`] : [] };
  }
  if (url.protocol === 'http:' && !isLoopback(url)) {
    return { problems: ['would send token caches and signatures over plain http'] };
  }
  return { url };
}
