import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { type Config, readConfig, SETTINGS, type SettingName } from '../../../shared/config.ts';
import { ConfigError, type ConfigFault } from '../../../shared/errors.ts';

const TENANT = 'a0000000-0000-4000-8000-00000000000a';
const OTHER_TENANT = 'b0000000-0000-4000-8000-00000000000b';
const API = 'd0000000-0000-4000-8000-00000000000d';

type Environment = Partial<Record<SettingName, string>>;

/** The least that starts on a developer's machine. */
const LOCAL: Environment = {
  ENTRA_TENANT_ID: TENANT,
  ENTRA_CLIENT_ID: API,
  ENTRA_CLIENT_SECRET: 'a secret',
  TokenStore: 'UseDevelopmentStorage=true',
};
const AZURE_STORAGE =
  'DefaultEndpointsProtocol=https;AccountName=stead;AccountKey=a2V5;EndpointSuffix=core.windows.net';
const LOOPBACK_STORAGE =
  'DefaultEndpointsProtocol=http;AccountName=devstoreaccount1;AccountKey=a2V5;' +
  'BlobEndpoint=http://127.0.0.1:10000/devstoreaccount1;TableEndpoint=http://127.0.0.1:10002/devstoreaccount1;';
const key = (byte: number, length = 32): string => Buffer.alloc(length, byte).toString('base64url');
const jwkSet = (...kids: string[]): string =>
  JSON.stringify({ keys: kids.map((kid, index) => ({ kty: 'oct', kid, k: key(index + 1) })) });
const LOG_HASH_KEY = Buffer.alloc(32, 9).toString('base64');
const AZURE: Environment = {
  ...LOCAL,
  TokenStore: AZURE_STORAGE,
  TOKEN_CACHE_KEYS: jwkSet('2026-01'),
  LOG_HASH_KEY,
};

const read = (different: Environment = {}, environment = LOCAL): Config =>
  readConfig({ ...environment, ...different });

function faultsOf(different: Environment, environment = LOCAL): readonly ConfigFault[] {
  try {
    read(different, environment);
  } catch (error) {
    if (error instanceof ConfigError) return error.faults;
    throw error;
  }
  return [];
}

describe('readConfig', () => {
  it('gives every default', () => {
    expect(read()).toMatchObject({
      entra: {
        tenantId: TENANT,
        clientId: API,
        clientSecret: 'a secret',
        authority: 'https://login.microsoftonline.com',
      },
      accessToken: {
        clientId: API,
        scope: 'access_as_user',
        authority: 'https://login.microsoftonline.com',
        allowedTenants: [TENANT],
        allowedClients: undefined,
      },
      graphBaseUrl: 'https://graph.microsoft.com',
      storageConnectionString: 'UseDevelopmentStorage=true',
      schedule: { idleForMs: 60_000, minIntervalMs: 300_000, everyRun: false, retentionMs: 90 * 86_400_000 },
    });
  });

  it('takes every setting', () => {
    const config = read(
      {
        ENTRA_AUTHORITY: 'https://login.microsoftonline.us/',
        ALLOWED_TENANTS: ` ${TENANT.toUpperCase()} , ${OTHER_TENANT},`,
        ALLOWED_CLIENT_IDS: API.toUpperCase(),
        API_SCOPE: 'act',
        GRAPH_BASE_URL: 'https://graph.microsoft.us',
        REFRESH_IDLE_SECONDS: '5',
        REFRESH_MIN_INTERVAL_SECONDS: '86400',
        REFRESH_EVERY_RUN: 'TRUE',
        RETENTION_DAYS: '1',
        TOKEN_CACHE_KEYS: jwkSet('new', 'old'),
      },
      AZURE,
    );
    expect(config).toMatchObject({
      entra: { authority: 'https://login.microsoftonline.us' },
      accessToken: { scope: 'act', allowedTenants: [TENANT, OTHER_TENANT], allowedClients: [API] },
      graphBaseUrl: 'https://graph.microsoft.us',
      schedule: { idleForMs: 5_000, minIntervalMs: 86_400_000, everyRun: true, retentionMs: 86_400_000 },
    });
    expect(config.cacheKeys).toEqual([
      { kid: 'new', secret: new Uint8Array(32).fill(1) },
      { kid: 'old', secret: new Uint8Array(32).fill(2) },
    ]);
    expect(config.logHashKey).toEqual(new Uint8Array(32).fill(9));
  });

  it('lets any tenant in for a star', () => {
    expect(read({ ALLOWED_TENANTS: '*' }).accessToken.allowedTenants).toBe('any');
  });

  it('takes an emptied setting for one that is not given', () => {
    expect(read({ REFRESH_IDLE_SECONDS: ' ', API_SCOPE: '', GRAPH_BASE_URL: '' })).toEqual(read());
  });

  it('takes GUIDs in upper case, and makes them one spelling', () => {
    expect(read({ ENTRA_TENANT_ID: TENANT.toUpperCase(), ENTRA_CLIENT_ID: API.toUpperCase() })).toEqual(
      read(),
    );
  });

  it('names every missing setting at once, each with a remedy', () => {
    const faults = faultsOf({}, {});
    expect(faults.map((fault) => fault.setting)).toEqual(
      expect.arrayContaining(['ENTRA_TENANT_ID', 'ENTRA_CLIENT_ID', 'ENTRA_CLIENT_SECRET', 'TokenStore']),
    );
    for (const { problem, remedy } of faults) {
      expect(problem).toMatch(/missing/);
      expect(remedy).not.toBe('');
    }
  });

  it('says all of it in the error’s message', () => {
    expect(() => readConfig({})).toThrow(
      /ENTRA_TENANT_ID: is missing.*ENTRA_CLIENT_ID: is missing.*TokenStore/s,
    );
  });
});

/** Values that must not be taken; `canary` stands for whatever nobody may read in a log. */
const REFUSED: [setting: SettingName, problem: RegExp, value: string][] = [
  ['ENTRA_TENANT_ID', /not a GUID/, 'canary.onmicrosoft.example'],
  ['ENTRA_TENANT_ID', /not a GUID/, 'common'],
  ['ENTRA_TENANT_ID', /not a GUID/, `${TENANT}/canary`],
  ['ENTRA_CLIENT_ID', /not a GUID/, `api://${API}?canary`],
  ['ENTRA_AUTHORITY', /not a URL/, 'canary'],
  ['ENTRA_AUTHORITY', /not a URL/, 'ftp://canary.example'],
  ['ENTRA_AUTHORITY', /more than an origin/, 'https://canary.example/common'],
  ['ENTRA_AUTHORITY', /more than an origin/, 'https://canary@login.example'],
  ['ENTRA_AUTHORITY', /more than an origin/, 'https://login.example?canary'],
  ['ENTRA_AUTHORITY', /plain http/, 'http://canary.example'],
  ['ENTRA_AUTHORITY', /plain http/, 'http://localhost.canary.example'],
  ['ENTRA_AUTHORITY', /plain http/, 'http://127.0.0.1.canary.example'],
  ['ENTRA_AUTHORITY', /plain http/, 'http://192.168.0.1'],
  ['GRAPH_BASE_URL', /not a URL/, 'canary'],
  ['GRAPH_BASE_URL', /more than an origin/, 'https://canary.example/v1.0'],
  ['GRAPH_BASE_URL', /plain http/, 'http://canary.example'],
  ['ALLOWED_TENANTS', /not a GUID/, `${TENANT},canary`],
  ['ALLOWED_TENANTS', /not a GUID/, '*,canary'],
  ['ALLOWED_CLIENT_IDS', /not a GUID/, 'canary'],
  ['ALLOWED_CLIENT_IDS', /not a GUID/, '*'],
  ['API_SCOPE', /bare name/, 'api://canary/access_as_user'],
  ['API_SCOPE', /bare name/, 'access_as_user canary'],
  ['TokenStore', /not a storage connection string/, 'canary'],
  ['TokenStore', /not a storage connection string/, 'https://canary.blob.core.windows.net'],
  ['TokenStore', /not a storage connection string/, 'BlobEndpoint=https://canary.example;AccountKey=canary'],
  ['TokenStore', /not a storage connection string/, 'UseDevelopmentStorage=canary'],
  ['TOKEN_CACHE_KEYS', /not JSON/, '{canary'],
  ['TOKEN_CACHE_KEYS', /no "keys" array/, '"canary"'],
  ['TOKEN_CACHE_KEYS', /no "keys" array/, '{"canary":[]}'],
  ['TOKEN_CACHE_KEYS', /"keys" array is empty/, '{"keys":[],"canary":1}'],
  ['TOKEN_CACHE_KEYS', /key 1 is not of "kty" "oct"/, '{"keys":["canary"]}'],
  ['TOKEN_CACHE_KEYS', /key 1 is not of "kty" "oct"/, '{"keys":[{"kty":"RSA","kid":"canary","n":"canary"}]}'],
  ['TOKEN_CACHE_KEYS', /key 1 has no "kid"/, `{"keys":[{"kty":"oct","k":"canary"}]}`],
  ['TOKEN_CACHE_KEYS', /key 1 has 128 bits/, `{"keys":[{"kty":"oct","kid":"canary","k":"${key(1, 16)}"}]}`],
  ['TOKEN_CACHE_KEYS', /same "kid"/, jwkSet('canary', 'canary')],
  ['LOG_HASH_KEY', /less than 32 bytes/, 'canary'],
  ['LOG_HASH_KEY', /less than 32 bytes/, key(1, 31)],
  ['REFRESH_IDLE_SECONDS', /whole number/, 'canary'],
  ['REFRESH_IDLE_SECONDS', /whole number/, '0'],
  ['REFRESH_IDLE_SECONDS', /whole number/, '86401'],
  ['REFRESH_IDLE_SECONDS', /whole number/, '1.5'],
  ['REFRESH_IDLE_SECONDS', /whole number/, '1e3'],
  ['REFRESH_MIN_INTERVAL_SECONDS', /whole number/, '-5'],
  ['REFRESH_EVERY_RUN', /neither true nor false/, 'canary'],
  ['REFRESH_EVERY_RUN', /neither true nor false/, '1'],
  ['RETENTION_DAYS', /whole number/, '3651'],
];

describe('readConfig refuses', () => {
  it.each(REFUSED)('%s, because it %s: %j', (setting, problem, value) => {
    const faults = faultsOf({ [setting]: value }, AZURE);
    expect(faults).toEqual([
      { setting, problem: expect.stringMatching(problem), remedy: expect.stringMatching(/\w/) },
    ]);
  });

  it('all wrong settings at once, and shows no value', () => {
    const environment = Object.fromEntries(REFUSED.map(([setting, , value]) => [setting, value]));
    const faults = faultsOf(environment);
    expect(new Set(faults.map((fault) => fault.setting))).toEqual(
      new Set(REFUSED.map(([setting]) => setting)),
    );
  });

  it.each(
    REFUSED,
  )('%s without showing its value or a secret next to it (%s: %j)', (setting, _problem, value) => {
    const environment = { ...AZURE, ENTRA_CLIENT_SECRET: 'canary', [setting]: value };
    expect(() => readConfig(environment)).toThrow(
      expect.objectContaining({ message: expect.not.stringMatching(/canary|AccountKey=|a2V5/) }),
    );
  });

  it('keys that are missing where storage is not on this machine', () => {
    expect(faultsOf({ TOKEN_CACHE_KEYS: '', LOG_HASH_KEY: '' }, AZURE).map((fault) => fault.setting)).toEqual(
      ['TOKEN_CACHE_KEYS', 'LOG_HASH_KEY'],
    );
  });
});

describe('http', () => {
  it.each([
    'http://localhost:7000',
    'http://127.0.0.1:7000',
    'http://[::1]:7000',
  ])('is taken for %s', (origin) => {
    const config = read({ ENTRA_AUTHORITY: origin, GRAPH_BASE_URL: origin });
    expect([config.entra.authority, config.accessToken.authority, config.graphBaseUrl]).toEqual([
      origin,
      origin,
      origin,
    ]);
  });
});

describe('the keys that make themselves', () => {
  it.each([
    'UseDevelopmentStorage=true',
    'usedevelopmentstorage=true;',
    LOOPBACK_STORAGE,
  ])('are there for storage on this machine: %s', (connectionString) => {
    const config = read({ TokenStore: connectionString });
    expect(config.cacheKeys).toEqual([{ kid: 'local', secret: expect.any(Uint8Array) }]);
    expect(config.cacheKeys[0].secret).toHaveLength(32);
    expect(config.logHashKey).toHaveLength(32);
    expect(config.logHashKey).not.toEqual(config.cacheKeys[0].secret);
    expect(read({ TokenStore: connectionString })).toEqual(config);
  });

  it.each([
    AZURE_STORAGE,
    LOOPBACK_STORAGE.replace('TableEndpoint=http://127.0.0.1:10002', 'TableEndpoint=https://canary.example'),
    LOOPBACK_STORAGE.replace(/BlobEndpoint=[^;]+;/, ''),
    LOOPBACK_STORAGE.replaceAll('127.0.0.1', 'localhost.canary.example'),
  ])('are not there for storage elsewhere: %s', (connectionString) => {
    const settings = faultsOf({ TokenStore: connectionString }).map((fault) => fault.setting);
    expect(settings).toEqual(expect.arrayContaining(['TOKEN_CACHE_KEYS', 'LOG_HASH_KEY']));
  });

  it('yield to given ones', () => {
    const config = read({ TOKEN_CACHE_KEYS: jwkSet('given'), LOG_HASH_KEY });
    expect(config.cacheKeys.map(({ kid }) => kid)).toEqual(['given']);
    expect(config.logHashKey).toEqual(new Uint8Array(32).fill(9));
  });
});

describe('local.settings.sample.json', () => {
  const { Values: sample } = JSON.parse(
    readFileSync(new URL('../../../local.settings.sample.json', import.meta.url), 'utf8'),
  ) as { Values: Record<string, string> };
  const OF_OTHERS = ['FUNCTIONS_WORKER_RUNTIME', 'AzureWebJobsStorage', 'SPA_CLIENT_ID'];

  it('has every setting, and none that nobody reads', () => {
    expect(Object.keys(sample).sort()).toEqual([...Object.keys(SETTINGS), ...OF_OTHERS].sort());
  });

  it('shows every default', () => {
    const defaults = Object.entries(SETTINGS).filter(([, value]) => value !== undefined);
    expect(defaults.length).toBeGreaterThan(0);
    expect(sample).toMatchObject(Object.fromEntries(defaults));
  });

  it('starts once its blanks are filled in', () => {
    const filled = {
      ...sample,
      ENTRA_TENANT_ID: TENANT,
      ENTRA_CLIENT_ID: API,
      ENTRA_CLIENT_SECRET: 'a secret',
    };
    expect(readConfig(filled)).toEqual(read());
    expect(() => readConfig(sample)).toThrow(ConfigError);
  });
});

describe('TokenStore', () => {
  const keys = { TOKEN_CACHE_KEYS: jwkSet('given'), LOG_HASH_KEY };

  it.each([
    'AccountName=account',
    'AccountKey=a2V5',
    'BlobEndpoint=https://a.example;TableEndpoint=https://b.example',
    'AccountName=account;AccountKey=a2V5;BlobEndpoint=elsewhere',
    'https://account.blob.core.windows.net',
  ])('is refused when it is no whole connection string: %s', (connectionString) => {
    expect(faultsOf({ ...keys, TokenStore: connectionString })).toMatchObject([
      { setting: 'TokenStore', problem: 'is not a storage connection string' },
    ]);
  });

  it('takes shared access signatures for both services', () => {
    const TokenStore =
      'BlobEndpoint=https://a.example;TableEndpoint=https://b.example;SharedAccessSignature=sv=1&sig=x';
    expect(read({ ...keys, TokenStore }).storageConnectionString).toBe(TokenStore);
  });

  it.each([
    'DefaultEndpointsProtocol=http;AccountName=account;AccountKey=a2V5',
    LOOPBACK_STORAGE.replaceAll('127.0.0.1', '10.0.0.7'),
  ])('is refused when caches would travel over plain http: %s', (connectionString) => {
    expect(faultsOf({ ...keys, TokenStore: connectionString })).toMatchObject([
      { setting: 'TokenStore', problem: 'would send token caches over plain http' },
    ]);
  });
});
