import { hkdfSync } from 'node:crypto';
import type { AccessTokenRules } from './adapters/entra/accessToken.ts';
import { readClientCertificate } from './adapters/entra/clientCertificate.ts';
import { type ClientCredential, SYSTEM_IDENTITY } from './adapters/entra/clientCredential.ts';
import { type CacheKey, readCacheKeys } from './adapters/entra/seal.ts';
import { addressFault, readSecrets, type WebhookSettings } from './adapters/webhook/webhookSettings.ts';
import { systemClock } from './clock.ts';
import { authorityFault, type Cloud, cloudOf, cloudOfGraph, findCloud, PUBLIC_CLOUD } from './clouds.ts';
import { readLink } from './linkSettings.ts';
import type { ConnectWhen, LinkSettings, LogChecks, RunSettings, ScheduleSettings } from './ports.ts';
import { readBase64 } from './readBase64.ts';
import {
  type AddFault,
  createSettingsReader,
  type Environment,
  type SettingName,
  type SettingsReader,
} from './settingsReader.ts';
import { readStorage, type StorageSettings } from './storageSettings.ts';
import { isGuid } from './userId.ts';

/** The stores that can keep caches. Each one needs an adapter, a line in `stores/azure.ts` and a line in the contract suite. */
export const TOKEN_CACHE_STORES = ['blob'] as const;

export type TokenCacheStoreName = (typeof TOKEN_CACHE_STORES)[number];

/** What connects a user. */
export const CONNECT = ['visit', 'ask'] as const satisfies readonly ConnectWhen[];

/** Which checks are logged one by one. */
export const LOG_CHECKS = ['all', 'changes'] as const satisfies readonly LogChecks[];

/** The tasks that Stead brings along (`shared/graphTasks`), in the order in which they run. */
export const SHIPPED_TASKS = ['read-profile', 'drive-changes', 'inbox-digest'] as const;

export type ShippedTaskName = (typeof SHIPPED_TASKS)[number];

export type Config = {
  entra: {
    /** The tenant whose keys and application registration are used. */
    tenantId: string;
    clientId: string;
    credential: ClientCredential;
    /** An origin with https; http is allowed only on loopback. */
    authority: string;
  };
  accessToken: AccessTokenRules;
  graphBaseUrl: string;
  storage: StorageSettings;
  tokenCacheStore: TokenCacheStoreName;
  cacheKeys: [CacheKey, ...CacheKey[]];
  logHashKey: Uint8Array;
  connectWhen: ConnectWhen;
  schedule: ScheduleSettings;
  logChecks: LogChecks;
  runs: RunSettings;
  /** Undefined without `LINK_REDIRECT_URI`. */
  link: LinkSettings | undefined;
  /** The shipped tasks that run, in the order of {@link SHIPPED_TASKS}. */
  shippedTasks: readonly ShippedTaskName[];
  /** Absent if notices are not sent by a webhook. */
  noticeWebhook?: WebhookSettings;
};

/** The settings of an application that brings its own stores. */
export type ConfigWithoutStorage = Omit<Config, 'storage'>;

export type ReadConfigOptions = {
  /** True if `createStead` will be given a `storageCredential`. `TokenStore__credential` may then be missing. */
  hasStorageCredential?: boolean;
  /** True if `createStead` will be given stores of another kind than Azure Storage. `TokenStore` is then not read. */
  hasOwnStores?: boolean;
  /** The time at which the certificate must be valid. Default: now. */
  now?: Date;
};

const DAY_MS = 86_400_000;
const KEY_BYTES = 32;
const CREDENTIALS = [
  'ENTRA_CLIENT_SECRET',
  'ENTRA_CLIENT_CERTIFICATE',
  'ENTRA_MANAGED_IDENTITY_CLIENT_ID',
] as const;
const ONE_CREDENTIAL = `Give exactly one of ${CREDENTIALS.join(', ')}.`;

/**
 * Reads all settings (docs/settings.md).
 * @param environment setting names and values, such as `process.env`
 * @throws {ConfigError} a setting is missing or wrong; it has every fault at once, and no message has a setting's value.
 */
export function readConfig(
  environment: Environment,
  options: ReadConfigOptions & { hasOwnStores: true },
): ConfigWithoutStorage;
export function readConfig(environment: Environment, options?: ReadConfigOptions): Config;
export function readConfig(
  environment: Environment,
  options: ReadConfigOptions = {},
): ConfigWithoutStorage & Partial<Config> {
  const { hasStorageCredential = false, hasOwnStores = false, now = systemClock.now() } = options;
  const reader = createSettingsReader(environment);
  const { given, fault, guid, guids, whole, flag, oneOf, someOf, check } = reader;

  const tenantId = guid('ENTRA_TENANT_ID', 'Give the directory (tenant) id of the app registration.');
  const clientId = guid(
    'ENTRA_CLIENT_ID',
    'Give the application (client) id of the API. An App ID URI does not work, because Entra then refuses every refresh token.',
  );
  const credential = readCredential(given, fault, now);
  const authority = readAuthority(reader);
  const cloud = findCloud(authority);
  const tenants =
    given('ALLOWED_TENANTS') === '*'
      ? 'any'
      : guids('ALLOWED_TENANTS', 'Give tenant ids, separated by commas, or * for any tenant.');
  const clients = guids(
    'ALLOWED_CLIENT_IDS',
    'Give client ids, separated by commas, or leave it out for any client.',
  );
  const scope = given('API_SCOPE');
  if (/[\s/]/.test(scope)) {
    fault('API_SCOPE', 'is not the bare name of one scope', 'Give only the name, such as access_as_user.');
  }
  const { storage, localSecret } = hasOwnStores
    ? { storage: undefined, localSecret: undefined }
    : readStorage(reader, environment, {
        hasCredential: hasStorageCredential,
        cloud,
        federated: credential.kind === 'managed-identity',
      });

  const lacksQueue = storage !== undefined && 'blobServiceUri' in storage;
  if (lacksQueue && given('SPLIT_RUNS_ABOVE') !== '0' && given('TokenStore__queueServiceUri') === '') {
    fault(
      'TokenStore__queueServiceUri',
      'is missing, and SPLIT_RUNS_ABOVE needs it',
      'Give the address of the queue service, such as https://mine.queue.core.windows.net, or leave SPLIT_RUNS_ABOVE out.',
    );
  }
  const noticeWebhook = readWebhook(reader);

  const config: ConfigWithoutStorage & Partial<Config> = {
    entra: { tenantId, clientId, credential, authority },
    accessToken: {
      clientId,
      scope,
      authority,
      allowedTenants: tenants === 'any' || tenants.length > 0 ? tenants : [tenantId],
      allowedClients: clients.length > 0 ? clients : undefined,
    },
    graphBaseUrl: readGraph(reader, authority, cloud),
    ...(storage && { storage }),
    tokenCacheStore: oneOf('TOKEN_CACHE_STORE', TOKEN_CACHE_STORES, 'is not the name of a known store'),
    cacheKeys: readKeys(given('TOKEN_CACHE_KEYS'), localSecret, fault),
    logHashKey: readLogHashKey(given('LOG_HASH_KEY'), localSecret, fault),
    connectWhen: oneOf('CONNECT', CONNECT),
    schedule: {
      idleForMs: whole('REFRESH_IDLE_SECONDS', 1, 86_400) * 1_000,
      minIntervalMs: whole('REFRESH_MIN_INTERVAL_SECONDS', 1, 86_400) * 1_000,
      everyRun: flag('REFRESH_EVERY_RUN'),
      retentionMs: whole('RETENTION_DAYS', 1, 3_650) * DAY_MS,
    },
    logChecks: oneOf('LOG_CHECKS', LOG_CHECKS),
    runs: {
      splitAbove: whole('SPLIT_RUNS_ABOVE', 0, 10_000),
      tokenRequestsPerSecond: whole('TOKEN_REQUESTS_PER_SECOND', 0, 10_000),
    },
    link: readLink(reader),
    shippedTasks: someOf('TASKS', SHIPPED_TASKS),
    ...(noticeWebhook && { noticeWebhook }),
  };
  check();
  return config;
}

/** Reads the one credential that is given. For none, or two of them, there is one fault that names all settings. */
function readCredential(given: (name: SettingName) => string, fault: AddFault, now: Date): ClientCredential {
  const [name, other] = CREDENTIALS.filter((candidate) => given(candidate) !== '');
  if (name === undefined) {
    const [first, ...others] = CREDENTIALS;
    fault(first, `is missing, and so are ${others.join(' and ')}`, ONE_CREDENTIAL);
    return { kind: 'secret', secret: '' };
  }
  if (other !== undefined) fault(other, `is given beside ${name}`, ONE_CREDENTIAL);
  const value = given(name);
  switch (name) {
    case 'ENTRA_CLIENT_SECRET':
      if (isGuid(value)) {
        fault(
          name,
          "is a GUID: a secret's id, not its value",
          'Give the value, which is shown only when the secret is created. If it is lost, create another secret.',
        );
      }
      return { kind: 'secret', secret: value };
    case 'ENTRA_CLIENT_CERTIFICATE': {
      const read = readClientCertificate(value, now);
      if (read.ok) return { kind: 'certificate', certificate: read.certificate };
      fault(name, read.problem, read.remedy);
      return { kind: 'certificate', certificate: { thumbprintSha256: '', privateKey: '', chain: '' } };
    }
    case 'ENTRA_MANAGED_IDENTITY_CLIENT_ID': {
      const identity = value.toLowerCase();
      if (identity !== SYSTEM_IDENTITY && !isGuid(identity)) {
        fault(
          name,
          `is neither a GUID nor ${SYSTEM_IDENTITY}`,
          'Give the client id of the user-assigned identity of the app, not its name and not its resource id.',
        );
      }
      return { kind: 'managed-identity', identity };
    }
    default:
      return name satisfies never;
  }
}

function readAuthority({ origin, fault }: SettingsReader): string {
  const authority = origin('ENTRA_AUTHORITY', PUBLIC_CLOUD.authority);
  const wrong = URL.canParse(authority) ? authorityFault(authority) : undefined;
  if (wrong !== undefined) fault('ENTRA_AUTHORITY', wrong.problem, wrong.remedy);
  return authority;
}

/** @returns the address of Graph. If none is given, it is that of the cloud. */
function readGraph(
  { origin, sameCloud }: SettingsReader,
  authority: string,
  cloud: Cloud | undefined,
): string {
  const { graph } = cloudOf(authority);
  const address = origin('GRAPH_BASE_URL', graph[0]);
  if (URL.canParse(address)) {
    const remedy = `Leave it out, or give ${graph.join(' or ')}`;
    sameCloud('GRAPH_BASE_URL', cloudOfGraph(new URL(address)), cloud, remedy);
  }
  return address;
}

/** @returns undefined if there is no webhook. The address of the page may be given beforehand, so it is no fault without one. */
function readWebhook({ given, fault }: SettingsReader): WebhookSettings | undefined {
  const [url, link] = [given('NOTICE_WEBHOOK_URL'), given('NOTICE_PAGE_URL')];
  for (const name of ['NOTICE_WEBHOOK_URL', 'NOTICE_PAGE_URL'] as const) {
    const wrong = given(name) === '' ? undefined : addressFault(given(name));
    if (wrong !== undefined) fault(name, wrong.problem, wrong.remedy);
  }
  if (url === '') {
    if (given('NOTICE_WEBHOOK_SECRET') !== '') {
      fault(
        'NOTICE_WEBHOOK_URL',
        'is missing, and NOTICE_WEBHOOK_SECRET is for it',
        'Give the address of the receiver, or remove the secret if there is to be no webhook.',
      );
    }
    return undefined;
  }
  const secrets = readSecrets(given('NOTICE_WEBHOOK_SECRET'));
  if (secrets === undefined) {
    fault(
      'NOTICE_WEBHOOK_SECRET',
      given('NOTICE_WEBHOOK_SECRET') === ''
        ? 'is missing, and NOTICE_WEBHOOK_URL needs it'
        : 'has a part that is not a secret',
      'Give whsec_ and the base64 of 24 to 64 random bytes; while the receiver changes its secret, the new one and the old one with a space between them.',
    );
    return undefined;
  }
  return { url, secrets, ...(link !== '' && { link }) };
}

/** Every start on this machine derives the same key, so caches stay readable. The key protects nothing. */
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
    if (value === '') throw new TypeError('it is missing, and may be left out only for storage on localhost');
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
  // Earlier releases accepted a longer key, so it must stay valid. A shorter key is too weak.
  if (key !== undefined && key.length >= KEY_BYTES) return key;
  fault(
    'LOG_HASH_KEY',
    value === ''
      ? 'is missing, and may be left out only for storage on localhost'
      : key === undefined
        ? 'is not base64'
        : `has ${key.length} bytes, and needs ${KEY_BYTES} or more`,
    `Give ${KEY_BYTES} or more random bytes as base64.`,
  );
  return new Uint8Array(KEY_BYTES);
}
