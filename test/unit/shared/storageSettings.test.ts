import { describe, expect, it } from 'vitest';
import { readConfig } from '../../../shared/config.ts';
import {
  AZURE,
  AZURE_STORAGE,
  type Environment,
  faultsOf,
  jwkSet,
  LOG_HASH_KEY,
  LOOPBACK_STORAGE,
  read,
} from './someSettings.ts';

describe('TokenStore', () => {
  const keys = { TOKEN_CACHE_KEYS: jwkSet('given'), LOG_HASH_KEY };

  it.each<[connectionString: string, problems: string[]]>([
    [
      'AccountName=account',
      ['has neither AccountKey nor SharedAccessSignature', 'lacks BlobEndpoint', 'lacks TableEndpoint'],
    ],
    ['AccountKey=a2V5', ['lacks AccountName', 'lacks DefaultEndpointsProtocol', 'lacks EndpointSuffix']],
    [
      'defaultendpointsprotocol=ftp;AccountName=account;AccountKey=;EndpointSuffix=core.windows.net',
      [
        'must write the name DefaultEndpointsProtocol in the same upper and lower case',
        'has an empty AccountKey',
        'has a DefaultEndpointsProtocol other than https',
      ],
    ],
    [`${AZURE_STORAGE};BlobEndpoint=elsewhere`, ['has a BlobEndpoint that is not a plain URL']],
  ])('is refused with everything that is wrong with it: %s', (connectionString, problems) => {
    const faults = faultsOf({ ...keys, TokenStore: connectionString });
    expect(faults.map(({ setting, problem }) => [setting, problem])).toEqual(
      problems.map((problem) => ['TokenStore', problem]),
    );
  });

  it('takes shared access signatures for both services', () => {
    const TokenStore =
      'BlobEndpoint=https://a.example;TableEndpoint=https://b.table.example;SharedAccessSignature=sv=1&sig=x';
    expect(read({ ...keys, TokenStore }).storage).toEqual({ connectionString: TokenStore });
  });

  it.each([
    'DefaultEndpointsProtocol=HTTP;AccountName=account;AccountKey=a2V5;EndpointSuffix=core.windows.net',
    LOOPBACK_STORAGE.replaceAll('http://127.0.0.1', 'HTTP://10.0.0.7'),
    LOOPBACK_STORAGE.replaceAll('127.0.0.1', '10.0.0.7'),
  ])('is refused when caches would travel over plain http: %s', (connectionString) => {
    expect(faultsOf({ ...keys, TokenStore: connectionString })).toMatchObject([
      { setting: 'TokenStore', problem: 'would send token caches and signatures over plain http' },
    ]);
  });
});

describe('TokenStore without a key', () => {
  const CLIENT = 'e0000000-0000-4000-8000-00000000000e';
  const blob = 'https://stead.blob.core.windows.net';
  const table = 'https://stead.table.core.windows.net';
  const { TokenStore: _, ...keys } = AZURE;
  const URIS: Environment = { TokenStore__blobServiceUri: blob, TokenStore__tableServiceUri: table };
  const IDENTITY: Environment = {
    ...keys,
    ...URIS,
    TokenStore__credential: 'managedidentity',
    TokenStore__clientId: CLIENT,
  };
  const faults = (different: Environment) =>
    faultsOf(different, IDENTITY).map(({ setting, problem }) => [setting, problem]);

  it('is the addresses of the services and a user-assigned identity', () => {
    expect(read({}, IDENTITY).storage).toEqual({
      blobServiceUri: blob,
      tableServiceUri: table,
      managedIdentity: { clientId: CLIENT },
    });
  });

  it.each<[what: string, different: Environment]>([
    [
      'slashes at the end',
      { TokenStore__blobServiceUri: `${blob}/`, TokenStore__tableServiceUri: `${table}/` },
    ],
    [
      'the address of queues, which nobody uses',
      { TokenStore__queueServiceUri: 'https://stead.queue.core.windows.net/' },
    ],
    ['upper case', { TokenStore__credential: 'ManagedIdentity', TokenStore__clientId: CLIENT.toUpperCase() }],
  ])('may have %s', (_what, different) => {
    expect(read(different, IDENTITY).storage).toEqual(read({}, IDENTITY).storage);
  });

  it.each([
    ['https://stead.z12.blob.storage.azure.net', 'https://stead.z12.table.storage.azure.net'],
    ['https://stead.privatelink.blob.core.windows.net', 'https://stead.privatelink.table.core.windows.net'],
    ['https://blob.table.example', 'https://blob.table.example'],
    ['https://files.example:8443', 'https://rows.example'],
  ])('may be in another domain: %s', (...uris) => {
    const [blobServiceUri = '', tableServiceUri = ''] = uris;
    const given = {
      TokenStore__blobServiceUri: blobServiceUri,
      TokenStore__tableServiceUri: tableServiceUri,
    };
    const isSame = blobServiceUri === tableServiceUri;
    expect(faults(given)).toEqual(
      isSame ? [['TokenStore__blobServiceUri', 'is the address of the table service']] : [],
    );
  });

  it('is the system-assigned identity without a client id', () => {
    expect(read({ TokenStore__clientId: '' }, IDENTITY).storage).toMatchObject({ managedIdentity: {} });
  });

  it('needs a credential, which only a caller who has one may leave out', () => {
    const operator = { ...keys, ...URIS };
    expect(faultsOf({}, operator)).toEqual([
      {
        setting: 'TokenStore__credential',
        problem: 'is missing',
        remedy: expect.stringContaining('Set TokenStore__credential=managedidentity.'),
      },
    ]);
    expect(readConfig(operator, { hasStorageCredential: true }).storage).toEqual({
      blobServiceUri: blob,
      tableServiceUri: table,
      managedIdentity: undefined,
    });
  });

  it('has keys of its own where all of it is on this machine', () => {
    const local = (port: number) => `https://127.0.0.1:${port}/devstoreaccount1`;
    const given = {
      ...IDENTITY,
      TokenStore__blobServiceUri: local(1),
      TokenStore__tableServiceUri: local(2),
      TOKEN_CACHE_KEYS: '',
      LOG_HASH_KEY: '',
    };
    expect(readConfig(given).cacheKeys).toEqual(read().cacheKeys);
    expect(faultsOf({ TokenStore__tableServiceUri: table }, given).map(({ setting }) => setting)).toEqual([
      'TOKEN_CACHE_KEYS',
      'LOG_HASH_KEY',
    ]);
  });

  const BLOB = 'TokenStore__blobServiceUri';
  const TABLE = 'TokenStore__tableServiceUri';
  it.each<[what: string, different: Environment, expected: [setting: string, problem: string][]]>([
    [
      'a connection string beside it',
      { TokenStore: AZURE_STORAGE },
      [['TokenStore', `has ${BLOB}, ${TABLE}, TokenStore__credential, TokenStore__clientId beside it`]],
    ],
    ['blobs alone', { [TABLE]: '' }, [[TABLE, 'is missing']]],
    ['tables alone', { [BLOB]: '' }, [[BLOB, 'is missing']]],
    [
      'an identity alone',
      { [BLOB]: '', [TABLE]: '' },
      [
        [BLOB, 'is missing'],
        [TABLE, 'is missing'],
      ],
    ],
    [
      'an id without a credential',
      { TokenStore__credential: '' },
      [
        ['TokenStore__credential', 'is missing'],
        ['TokenStore__clientId', 'stands without TokenStore__credential'],
      ],
    ],
    [
      'another credential',
      { TokenStore__credential: 'canary' },
      [['TokenStore__credential', 'is not managedidentity']],
    ],
    ['an id that is a name', { TokenStore__clientId: 'canary' }, [['TokenStore__clientId', 'is not a GUID']]],
    ['no URL', { [BLOB]: 'canary.blob.core.windows.net' }, [[BLOB, 'is not a URL']]],
    ['another scheme', { [BLOB]: 'ftp://canary.blob.core.windows.net' }, [[BLOB, 'is not a URL']]],
    ['a path', { [BLOB]: `${blob}/canary` }, [[BLOB, 'has a path']]],
    [
      'a signature',
      { [BLOB]: `${blob}?sv=1&sig=canary` },
      [[BLOB, 'has more than an address, such as a shared access signature']],
    ],
    [
      'a password',
      { [TABLE]: 'https://canary:canary@stead.table.core.windows.net' },
      [[TABLE, 'has more than an address, such as a shared access signature']],
    ],
    ['a dot at the end', { [TABLE]: `${table}.` }, [[TABLE, 'has a host that ends with a dot']]],
    [
      'plain http',
      { [BLOB]: 'http://canary.blob.core.windows.net' },
      [[BLOB, 'would send tokens over plain http']],
    ],
    [
      'plain http on this machine',
      { [BLOB]: 'http://127.0.0.1:10000/canary' },
      [[BLOB, 'would send tokens over plain http']],
    ],
    [
      'an emulator without an account',
      { [BLOB]: 'https://127.0.0.1:10000' },
      [[BLOB, 'lacks the name of the account as its path']],
    ],
    [
      'the services exchanged',
      { [BLOB]: table, [TABLE]: blob },
      [
        [BLOB, 'is the address of the table service'],
        [TABLE, 'is the address of the blob service'],
      ],
    ],
    [
      'a wrong service for queues',
      { TokenStore__queueServiceUri: blob },
      [['TokenStore__queueServiceUri', 'is the address of the blob service']],
    ],
    [
      'a placeholder',
      { [BLOB]: 'https://<canary>.blob.core.windows.net' },
      [[BLOB, 'still has a placeholder in <> in it']],
    ],
    [
      'all that is wrong with one',
      { [BLOB]: 'http://canary.table.core.windows.net/canary?sig=canary' },
      [
        [BLOB, 'has more than an address, such as a shared access signature'],
        [BLOB, 'has a path'],
        [BLOB, 'would send tokens over plain http'],
        [BLOB, 'is the address of the table service'],
      ],
    ],
  ])('is refused with %s', (_what, different, expected) => {
    expect(faults(different)).toEqual(expected);
    for (const { remedy } of faultsOf(different, IDENTITY)) expect(remedy).toMatch(/\w/);
    expect(() => read(different, IDENTITY)).toThrow(
      expect.objectContaining({ message: expect.not.stringMatching(/canary/) }),
    );
  });

  it.each([
    ['TokenStore__accountName', 'stead'],
    ['TokenStore__BlobServiceUri', blob],
    ['tokenstore__credential', 'managedidentity'],
  ])('is refused with %s, which nobody reads', (name, value) => {
    expect(() => readConfig({ ...IDENTITY, [name]: value })).toThrow(
      `TokenStore: has ${name} beside it, which Stead does not read.`,
    );
    expect(() => readConfig({ ...IDENTITY, [name]: '' })).not.toThrow();
  });

  it('is refused with a connection string and an identity, each with its own faults', () => {
    expect(faults({ TokenStore: 'canary', [BLOB]: 'canary', [TABLE]: '' })).toEqual([
      ['TokenStore', `has ${BLOB}, TokenStore__credential, TokenStore__clientId beside it`],
      [BLOB, 'is not a URL'],
      ['TokenStore', 'is not a storage connection string'],
    ]);
  });
});
