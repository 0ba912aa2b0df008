import { hkdfSync } from 'node:crypto';
import { readBlobConnection } from './adapters/azureStorage/blobTokenCache.ts';
import { readTableConnection } from './adapters/azureStorage/tableRows.ts';
import type { AccessTokenRules } from './adapters/entra/accessToken.ts';
import { namedAuthorityOf } from './adapters/entra/authority.ts';
import { type CacheKey, readCacheKeys } from './adapters/entra/seal.ts';
import type { ScheduleSettings } from './ports.ts';
import { readBase64 } from './readBase64.ts';
import { type AddFault, createSettingsReader, type Environment } from './settingsReader.ts';
import { isGuid } from './userId.ts';

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
const KEY_BYTES = 32;

/**
 * Reads all settings.
 * @throws {ConfigError} with every fault at once; no message holds a setting's value.
 */
export function readConfig(environment: Environment): Config {
  const { given, fault, required, guid, guids, origin, whole, flag, check } =
    createSettingsReader(environment);

  const tenantId = guid('ENTRA_TENANT_ID', 'Give the directory (tenant) id of the app registration.');
  const clientId = guid(
    'ENTRA_CLIENT_ID',
    'Give the application (client) id of the API. An App ID URI will not do: Entra then refuses every refresh token.',
  );
  const clientSecret = required(
    'ENTRA_CLIENT_SECRET',
    'Give the value (not the id) of a client secret of the API.',
  );
  if (isGuid(clientSecret)) {
    fault(
      'ENTRA_CLIENT_SECRET',
      "is a GUID: a secret's id, not its value",
      'Give the value, which is shown once, when the secret is made. If it is lost, make another secret.',
    );
  }
  const authority = readAuthority(origin('ENTRA_AUTHORITY'), fault);
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
  const localSecret = connectionString === '' ? undefined : readStorage(connectionString, fault);

  const tokenCacheStore = TOKEN_CACHE_STORES.find((store) => store === given('TOKEN_CACHE_STORE'));
  if (tokenCacheStore === undefined) {
    fault(
      'TOKEN_CACHE_STORE',
      'is not a store that there is',
      `Give one of: ${TOKEN_CACHE_STORES.join(', ')}.`,
    );
  }

  const config: Config = {
    entra: { tenantId, clientId, clientSecret, authority },
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
    cacheKeys: readKeys(given('TOKEN_CACHE_KEYS'), localSecret, fault),
    logHashKey: readLogHashKey(given('LOG_HASH_KEY'), localSecret, fault),
    schedule: {
      idleForMs: whole('REFRESH_IDLE_SECONDS', 1, 86_400) * 1_000,
      minIntervalMs: whole('REFRESH_MIN_INTERVAL_SECONDS', 1, 86_400) * 1_000,
      everyRun: flag('REFRESH_EVERY_RUN'),
      retentionMs: whole('RETENTION_DAYS', 1, 3_650) * DAY_MS,
    },
  };
  check();
  return config;
}

/** An alias answers as its authority does, but its tokens name the authority, and every one would be refused. */
function readAuthority(authority: string, fault: AddFault): string {
  const named = URL.canParse(authority) ? namedAuthorityOf(authority) : undefined;
  if (named !== undefined) fault('ENTRA_AUTHORITY', 'is an alias that no token names', `Give ${named}.`);
  return authority;
}

/**
 * What keys are made of where storage is on loopback alone, and what is kept there is nobody's but the developer's.
 * Undefined for storage elsewhere, and for what cannot be read.
 */
function readStorage(connectionString: string, fault: AddFault): string | undefined {
  const connections = [readBlobConnection(connectionString), readTableConnection(connectionString)];
  const problems = connections.flatMap((connection) => (connection.ok ? [] : connection.problems));
  for (const problem of new Set(problems)) {
    fault(
      'TokenStore',
      problem,
      'Copy it from the storage account, "Access keys"; http is for localhost alone.',
    );
  }
  const names = connections.flatMap((connection) =>
    connection.ok && connection.loopback ? connection.accountName : [],
  );
  return names.length === connections.length ? names[0] : undefined;
}

/** The same for every start on this machine, so that caches stay readable; worth nothing as a secret. */
const localKey = (localSecret: string, purpose: string): Uint8Array =>
  new Uint8Array(hkdfSync('sha256', `stead ${localSecret}`, '', purpose, KEY_BYTES));

function readKeys(
  value: string,
  localSecret: string | undefined,
  fault: AddFault,
): [CacheKey, ...CacheKey[]] {
  if (value === '' && localSecret !== undefined) {
    return [{ kid: 'local', secret: localKey(localSecret, 'TOKEN_CACHE_KEYS') }];
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
    return [{ kid: '', secret: new Uint8Array(KEY_BYTES) }];
  }
}

function readLogHashKey(value: string, localSecret: string | undefined, fault: AddFault): Uint8Array {
  if (value === '' && localSecret !== undefined) return localKey(localSecret, 'LOG_HASH_KEY');
  const key = readBase64(value);
  // A longer one was taken by earlier releases, and a shorter one must not be.
  if (key !== undefined && key.length >= KEY_BYTES) return key;
  fault(
    'LOG_HASH_KEY',
    value === ''
      ? 'is missing, and made by itself for storage on localhost alone'
      : key === undefined
        ? 'is not base64'
        : `has ${key.length} bytes and not ${KEY_BYTES} or more`,
    `Give ${KEY_BYTES} or more random bytes as base64.`,
  );
  return new Uint8Array(KEY_BYTES);
}
