import { hkdfSync } from 'node:crypto';
import { type CacheKey, readCacheKeys } from './adapters/seal.ts';
import { ConfigError, type ConfigFault } from './errors.ts';
import type { AccessTokenRules } from './rules/accessToken.ts';
import type { ScheduleSettings } from './rules/schedule.ts';
import { isGuid } from './userId.ts';

/** Every setting Stead reads, with its default; undefined means that it must be given. */
export const SETTINGS = {
  ENTRA_TENANT_ID: undefined,
  ENTRA_CLIENT_ID: undefined,
  ENTRA_CLIENT_SECRET: undefined,
  ENTRA_AUTHORITY: 'https://login.microsoftonline.com',
  ALLOWED_TENANTS: '',
  ALLOWED_CLIENT_IDS: '',
  API_SCOPE: 'access_as_user',
  GRAPH_BASE_URL: 'https://graph.microsoft.com',
  TokenStore: undefined,
  TOKEN_CACHE_STORE: 'blob',
  TOKEN_CACHE_KEYS: '',
  LOG_HASH_KEY: '',
  REFRESH_IDLE_SECONDS: '60',
  REFRESH_MIN_INTERVAL_SECONDS: '300',
  REFRESH_EVERY_RUN: 'false',
  RETENTION_DAYS: '90',
} as const satisfies Record<string, string | undefined>;

export type SettingName = keyof typeof SETTINGS;

/** Where caches can be kept: each is one adapter, a line in `compose` and one in the contract suite. */
export const TOKEN_CACHE_STORES = ['blob'] as const;

export type Config = {
  entra: {
    /** The tenant whose keys and application registration are used. */
    tenantId: string;
    clientId: string;
    clientSecret: string;
    /** Origin, https; http on loopback alone. */
    authority: string;
  };
  accessToken: AccessTokenRules;
  graphBaseUrl: string;
  storageConnectionString: string;
  tokenCacheStore: (typeof TOKEN_CACHE_STORES)[number];
  cacheKeys: [CacheKey, ...CacheKey[]];
  logHashKey: Uint8Array;
  schedule: ScheduleSettings;
};

const DAY_MS = 86_400_000;
const LOOPBACK = new Set(['localhost', '127.0.0.1', '[::1]']);

/**
 * Reads all settings.
 * @throws {ConfigError} with every fault at once; no message holds a setting's value.
 */
export function readConfig(environment: Readonly<Record<string, string | undefined>>): Config {
  const faults: ConfigFault[] = [];
  const fault = (setting: SettingName, problem: string, remedy: string): void => {
    faults.push({ setting, problem, remedy });
  };
  /** Azure gives an emptied setting as ''. */
  const given = (name: SettingName): string => environment[name]?.trim() || (SETTINGS[name] ?? '');

  function required(name: SettingName, remedy: string): string {
    const value = given(name);
    if (value === '') fault(name, 'is missing', remedy);
    return value;
  }

  function guid(name: SettingName, remedy: string): string {
    const value = required(name, remedy).toLowerCase();
    if (value !== '' && !isGuid(value)) fault(name, 'is not a GUID', remedy);
    return value;
  }

  function guids(name: SettingName, remedy: string): string[] {
    const values = given(name)
      .split(',')
      .map((value) => value.trim().toLowerCase())
      .filter(Boolean);
    if (!values.every(isGuid)) fault(name, 'holds something that is not a GUID', remedy);
    return values;
  }

  function origin(name: SettingName): string {
    const value = given(name);
    const url = URL.canParse(value) ? new URL(value) : undefined;
    if (url === undefined || !['https:', 'http:'].includes(url.protocol)) {
      fault(name, 'is not a URL', `Give an origin such as ${SETTINGS[name]}.`);
    } else if (url.pathname !== '/' || url.search !== '' || url.hash !== '' || url.username !== '') {
      fault(name, 'has more than an origin', `Give an origin such as ${SETTINGS[name]}, without a path.`);
    } else if (url.protocol === 'http:' && !LOOPBACK.has(url.hostname)) {
      fault(name, 'would send tokens over plain http', 'Use https; http is for localhost alone.');
    }
    return url?.origin ?? value;
  }

  function whole(name: SettingName, least: number, most: number): number {
    const value = given(name);
    const number = /^\d+$/.test(value) ? Number(value) : Number.NaN;
    if (!(number >= least && number <= most)) {
      fault(name, `is not a whole number from ${least} to ${most}`, `Leave it out for ${SETTINGS[name]}.`);
    }
    return number;
  }

  function flag(name: SettingName): boolean {
    const value = given(name).toLowerCase();
    if (value !== 'true' && value !== 'false') fault(name, 'is neither true nor false', 'Give one of them.');
    return value === 'true';
  }

  const tenantId = guid('ENTRA_TENANT_ID', 'Give the directory (tenant) id of the app registration.');
  const clientId = guid(
    'ENTRA_CLIENT_ID',
    'Give the application (client) id of the API. An App ID URI will not do: Entra then refuses every refresh token.',
  );
  const authority = origin('ENTRA_AUTHORITY');
  const tenants =
    given('ALLOWED_TENANTS') === '*'
      ? 'any'
      : guids('ALLOWED_TENANTS', 'List tenant ids with commas, or give * for any tenant.');
  const clients = guids('ALLOWED_CLIENT_IDS', 'List client ids with commas, or leave it out for any client.');
  const scope = given('API_SCOPE');
  if (/[\s/]/.test(scope)) {
    fault('API_SCOPE', 'is not the bare name of one scope', 'Give the name alone, such as access_as_user.');
  }
  const connectionString = required(
    'TokenStore',
    'Give a storage connection string, or UseDevelopmentStorage=true for Azurite.',
  );
  const storage = readStorage(connectionString);
  if (connectionString !== '' && storage === undefined) {
    fault(
      'TokenStore',
      'is not a storage connection string',
      'Copy it from the storage account, "Access keys".',
    );
  }

  if (storage?.exposed) {
    fault('TokenStore', 'would send token caches over plain http', 'Use https; http is for localhost alone.');
  }

  const tokenCacheStore = TOKEN_CACHE_STORES.find((store) => store === given('TOKEN_CACHE_STORE'));
  if (tokenCacheStore === undefined) {
    fault(
      'TOKEN_CACHE_STORE',
      'is not a store that there is',
      `Give one of: ${TOKEN_CACHE_STORES.join(', ')}.`,
    );
  }

  const config: Config = {
    entra: {
      tenantId,
      clientId,
      clientSecret: required(
        'ENTRA_CLIENT_SECRET',
        'Give the value (not the id) of a client secret of the API.',
      ),
      authority,
    },
    accessToken: {
      clientId,
      scope,
      authority,
      allowedTenants: tenants === 'any' || tenants.length > 0 ? tenants : [tenantId],
      allowedClients: clients.length > 0 ? clients : undefined,
    },
    graphBaseUrl: origin('GRAPH_BASE_URL'),
    storageConnectionString: connectionString,
    tokenCacheStore: tokenCacheStore ?? 'blob',
    cacheKeys: readKeys(given('TOKEN_CACHE_KEYS'), storage, fault),
    logHashKey: readLogHashKey(given('LOG_HASH_KEY'), storage, fault),
    schedule: {
      idleForMs: whole('REFRESH_IDLE_SECONDS', 1, 86_400) * 1_000,
      minIntervalMs: whole('REFRESH_MIN_INTERVAL_SECONDS', 1, 86_400) * 1_000,
      everyRun: flag('REFRESH_EVERY_RUN'),
      retentionMs: whole('RETENTION_DAYS', 1, 3_650) * DAY_MS,
    },
  };
  if (faults.length > 0) throw new ConfigError(faults);
  return config;
}

type Fault = (setting: SettingName, problem: string, remedy: string) => void;
/** `localSecret` is there for storage on loopback alone, where what is kept is nobody's but the developer's. */
type Storage = {
  localSecret: string | undefined;
  /** Plain http to another machine. */
  exposed: boolean;
};

function readStorage(connectionString: string): Storage | undefined {
  if (/^UseDevelopmentStorage=true;?$/i.test(connectionString)) {
    return { localSecret: 'devstoreaccount1', exposed: false };
  }
  const parts = new Map(
    connectionString.split(';').flatMap((part) => {
      const at = part.indexOf('=');
      return at > 0 ? [[part.slice(0, at).trim().toLowerCase(), part.slice(at + 1).trim()] as const] : [];
    }),
  );
  const endpoints = ['blobendpoint', 'tableendpoint'].flatMap((name) => parts.get(name) ?? []);
  const complete = parts.has('accountname') ? parts.has('accountkey') : parts.has('sharedaccesssignature');
  if (!complete || !endpoints.every((url) => URL.canParse(url))) return undefined;
  if (endpoints.length < 2 && !parts.has('accountname')) return undefined;
  const local = endpoints.length === 2 && endpoints.every((url) => LOOPBACK.has(new URL(url).hostname));
  const plain =
    parts.get('defaultendpointsprotocol') === 'http' || endpoints.some((url) => url.startsWith('http:'));
  return { localSecret: local ? (parts.get('accountname') ?? '') : undefined, exposed: plain && !local };
}

/** The same for every start on this machine, so that caches stay readable; worth nothing as a secret. */
const localKey = (storage: Storage, purpose: string): Uint8Array =>
  new Uint8Array(hkdfSync('sha256', `stead ${storage.localSecret}`, '', purpose, 32));

function readKeys(value: string, storage: Storage | undefined, fault: Fault): [CacheKey, ...CacheKey[]] {
  if (value === '' && storage?.localSecret !== undefined) {
    return [{ kid: 'local', secret: localKey(storage, 'TOKEN_CACHE_KEYS') }];
  }
  try {
    if (value === '') throw new TypeError('it is missing, and made by itself for storage on localhost alone');
    return readCacheKeys(value);
  } catch (error) {
    fault(
      'TOKEN_CACHE_KEYS',
      `cannot be used: ${error instanceof Error ? error.message : 'unreadable'}`,
      'Give a JWK Set: {"keys":[{"kty":"oct","kid":"<name>","k":"<32 random bytes, base64url>"}]}.',
    );
    return [{ kid: '', secret: new Uint8Array(32) }];
  }
}

function readLogHashKey(value: string, storage: Storage | undefined, fault: Fault): Uint8Array {
  if (value === '' && storage?.localSecret !== undefined) return localKey(storage, 'LOG_HASH_KEY');
  const key = new Uint8Array(Buffer.from(value, 'base64'));
  if (key.length < 32) {
    fault(
      'LOG_HASH_KEY',
      value === ''
        ? 'is missing, and made by itself for storage on localhost alone'
        : 'has less than 32 bytes',
      'Give 32 or more random bytes as base64.',
    );
  }
  return key;
}
