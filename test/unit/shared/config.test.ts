import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { readConfig } from '../../../shared/config.ts';
import { SETTINGS, type SettingName } from '../../../shared/settingsReader.ts';
import {
  API,
  AZURE,
  AZURE_STORAGE,
  type Environment,
  faultsOf,
  jwkSet,
  key,
  LOG_HASH_KEY,
  LOOPBACK_STORAGE,
  OTHER_TENANT,
  read,
  TENANT,
} from './someSettings.ts';

describe('readConfig', () => {
  it('gives every default', () => {
    expect(read()).toMatchObject({
      entra: {
        tenantId: TENANT,
        clientId: API,
        credential: { kind: 'secret', secret: 'a secret' },
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
      storage: { connectionString: 'UseDevelopmentStorage=true' },
      schedule: { idleForMs: 60_000, minIntervalMs: 300_000, everyRun: false, retentionMs: 90 * 86_400_000 },
      connectWhen: 'visit',
      logChecks: 'all',
      runs: { splitAbove: 0, tokenRequestsPerSecond: 0 },
      shippedTasks: ['read-profile'],
    });
  });

  it('takes every setting', () => {
    const config = read(
      {
        ENTRA_AUTHORITY: 'https://login.microsoftonline.us/',
        ALLOWED_TENANTS: ` ${TENANT.toUpperCase()} , ${OTHER_TENANT},`,
        ALLOWED_CLIENT_IDS: API.toUpperCase(),
        API_SCOPE: 'act',
        GRAPH_BASE_URL: 'https://dod-graph.microsoft.us',
        REFRESH_IDLE_SECONDS: '5',
        REFRESH_MIN_INTERVAL_SECONDS: '86400',
        REFRESH_EVERY_RUN: 'TRUE',
        RETENTION_DAYS: '1',
        CONNECT: 'ask',
        LOG_CHECKS: 'changes',
        SPLIT_RUNS_ABOVE: '10000',
        TOKEN_REQUESTS_PER_SECOND: '50',
        TASKS: ' inbox-digest,read-profile, inbox-digest,',
        TokenStore: AZURE_STORAGE.replace('core.windows.net', 'core.usgovcloudapi.net'),
        TOKEN_CACHE_KEYS: jwkSet('new', 'old'),
      },
      AZURE,
    );
    expect(config).toMatchObject({
      entra: { authority: 'https://login.microsoftonline.us' },
      accessToken: { scope: 'act', allowedTenants: [TENANT, OTHER_TENANT], allowedClients: [API] },
      graphBaseUrl: 'https://dod-graph.microsoft.us',
      schedule: { idleForMs: 5_000, minIntervalMs: 86_400_000, everyRun: true, retentionMs: 86_400_000 },
      connectWhen: 'ask',
      logChecks: 'changes',
      runs: { splitAbove: 10_000, tokenRequestsPerSecond: 50 },
      shippedTasks: ['read-profile', 'inbox-digest'],
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

/** Values that must be refused. `canary` marks what must not appear in a log. */
const REFUSED: [setting: SettingName, problem: RegExp, value: string][] = [
  ['ENTRA_TENANT_ID', /not a GUID/, 'canary.onmicrosoft.example'],
  ['ENTRA_TENANT_ID', /not a GUID/, 'common'],
  ['ENTRA_TENANT_ID', /not a GUID/, `${TENANT}/canary`],
  ['ENTRA_CLIENT_ID', /not a GUID/, `api://${API}?canary`],
  ['ENTRA_AUTHORITY', /not a URL/, 'canary'],
  ['ENTRA_AUTHORITY', /not a URL/, 'ftp://canary.example'],
  ['ENTRA_AUTHORITY', /more than an origin/, 'https://canary.example/common'],
  ['ENTRA_AUTHORITY', /more than an origin/, 'https://canary@login.example'],
  ['ENTRA_AUTHORITY', /more than an origin/, 'https://:canary@login.example'],
  ['ENTRA_AUTHORITY', /more than an origin/, 'https://login.example?canary'],
  ['ENTRA_AUTHORITY', /more than an origin/, 'https://login.example#canary'],
  ['ENTRA_AUTHORITY', /ends with a dot/, 'https://login.microsoftonline.com.'],
  ['ENTRA_AUTHORITY', /ends with a dot/, 'https://login.windows.net.:443/'],
  ['ENTRA_AUTHORITY', /alias/, 'https://login.windows.net'],
  ['ENTRA_AUTHORITY', /alias/, 'https://STS.windows.net/'],
  ['ENTRA_AUTHORITY', /alias/, 'https://login.microsoft.com'],
  ['ENTRA_AUTHORITY', /alias/, 'https://login.usgovcloudapi.net'],
  ['ENTRA_AUTHORITY', /alias/, 'https://login.chinacloudapi.cn'],
  ['ENTRA_AUTHORITY', /cloud that Stead does not serve/, 'https://login.microsoftonline.de'],
  ['ENTRA_AUTHORITY', /cloud that Stead does not serve/, 'https://login.sovcloud-identity.fr'],
  ['ENTRA_AUTHORITY', /plain http/, 'http://canary.example'],
  ['ENTRA_AUTHORITY', /plain http/, 'http://localhost.canary.example'],
  ['ENTRA_AUTHORITY', /plain http/, 'http://127.0.0.1.canary.example'],
  ['ENTRA_AUTHORITY', /plain http/, 'http://192.168.0.1'],
  ['GRAPH_BASE_URL', /not a URL/, 'canary'],
  ['GRAPH_BASE_URL', /more than an origin/, 'https://canary.example/v1.0'],
  ['GRAPH_BASE_URL', /more than an origin/, 'https://:canary@graph.example'],
  ['GRAPH_BASE_URL', /ends with a dot/, 'https://graph.microsoft.com.'],
  ['GRAPH_BASE_URL', /plain http/, 'http://canary.example'],
  ['ALLOWED_TENANTS', /not a GUID/, `${TENANT},canary`],
  ['ALLOWED_TENANTS', /not a GUID/, '*,canary'],
  ['ALLOWED_CLIENT_IDS', /not a GUID/, 'canary'],
  ['ALLOWED_CLIENT_IDS', /not a GUID/, '*'],
  ['API_SCOPE', /bare name/, 'api://canary/access_as_user'],
  ['API_SCOPE', /bare name/, 'access_as_user canary'],
  ['TokenStore', /not a storage connection string/, 'canary'],
  ['TokenStore', /not a storage connection string/, 'https://canary.blob.core.windows.net'],
  ['TokenStore', /must be exactly UseDevelopmentStorage=true/, 'UseDevelopmentStorage=canary'],
  ['TokenStore', /quotes around it/, `"${AZURE_STORAGE};X=canary"`],
  ['TokenStore', /plain http/, `${AZURE_STORAGE.replace('https', 'HTTP')};QueueEndpoint=canary`],
  ['TokenStore', /placeholder/, AZURE_STORAGE.replace('a2V5', '<canary>')],
  [
    'TokenStore',
    /did not resolve/,
    '@Microsoft.KeyVault(SecretUri=https://canary.vault.azure.net/secrets/x)',
  ],
  ['TOKEN_CACHE_KEYS', /not JSON/, '{canary'],
  ['TOKEN_CACHE_KEYS', /no "keys" array/, '"canary"'],
  ['TOKEN_CACHE_KEYS', /no "keys" array/, '{"canary":[]}'],
  ['TOKEN_CACHE_KEYS', /"keys" array is empty/, '{"keys":[],"canary":1}'],
  ['TOKEN_CACHE_KEYS', /key 1 is not of "kty" "oct"/, '{"keys":["canary"]}'],
  ['TOKEN_CACHE_KEYS', /key 1 is not of "kty" "oct"/, '{"keys":[{"kty":"RSA","kid":"canary","n":"canary"}]}'],
  ['TOKEN_CACHE_KEYS', /key 1 has no "kid"/, `{"keys":[{"kty":"oct","k":"canary"}]}`],
  ['TOKEN_CACHE_KEYS', /key 1 has 128 bits/, `{"keys":[{"kty":"oct","kid":"canary","k":"${key(1, 16)}"}]}`],
  ['TOKEN_CACHE_KEYS', /same "kid"/, jwkSet('canary', 'canary')],
  [
    'TOKEN_CACHE_KEYS',
    /"k" that is not base64url/,
    jwkSet('x').replace(key(1), 'this canary is no key at all'),
  ],
  ['TOKEN_CACHE_KEYS', /did not resolve/, '@Microsoft.KeyVault(VaultName=canary;SecretName=keys)'],
  ['LOG_HASH_KEY', /has 3 bytes, and needs 32 or more/, 'cana'],
  ['LOG_HASH_KEY', /not base64/, 'canary'],
  ['LOG_HASH_KEY', /not base64/, 'a canary sang to whoever had ears to hear it'],
  ['LOG_HASH_KEY', /has 31 bytes/, key(1, 31)],
  ['LOG_HASH_KEY', /did not resolve/, '@microsoft.keyvault(SecretUri=https://canary.example)'],
  ['ENTRA_CLIENT_SECRET', /secret's id/, OTHER_TENANT],
  ['ENTRA_CLIENT_SECRET', /placeholder/, '<canary>'],
  ['ENTRA_CLIENT_SECRET', /did not resolve/, '@Microsoft.AppConfiguration(Endpoint=https://canary.example)'],
  ['REFRESH_IDLE_SECONDS', /whole number/, 'canary'],
  ['REFRESH_IDLE_SECONDS', /whole number/, '0'],
  ['REFRESH_IDLE_SECONDS', /whole number/, '86401'],
  ['REFRESH_IDLE_SECONDS', /whole number/, '1.5'],
  ['REFRESH_IDLE_SECONDS', /whole number/, '1e3'],
  ['REFRESH_MIN_INTERVAL_SECONDS', /whole number/, '-5'],
  ['REFRESH_EVERY_RUN', /neither true nor false/, 'canary'],
  ['REFRESH_EVERY_RUN', /neither true nor false/, '1'],
  ['RETENTION_DAYS', /whole number/, '3651'],
  ['CONNECT', /unknown value/, 'always'],
  ['LOG_CHECKS', /unknown value/, 'none'],
  ['TASKS', /unknown name/, 'canary'],
  ['TASKS', /unknown name/, 'read-profile,none'],
  ['TASKS', /unknown name/, 'Drive-Changes'],
];

describe('readConfig refuses', () => {
  it.each(REFUSED)('%s, because it %s: %j', (setting, problem, value) => {
    const faults = faultsOf({ [setting]: value }, AZURE);
    expect(faults).toEqual([
      { setting, problem: expect.stringMatching(problem), remedy: expect.stringMatching(/\w/) },
    ]);
  });

  it('several faults of one setting at once', () => {
    const problemsOf = (different: Environment) => faultsOf(different, AZURE).map(({ problem }) => problem);
    expect(problemsOf({ ENTRA_AUTHORITY: 'http://canary.example/common' })).toEqual([
      'has more than an origin',
      'would send tokens over plain http',
    ]);
    const broken = { keys: [{ kty: 'RSA' }, { kty: 'oct', kid: 'x', k: 'AAAA' }, { kty: 'oct', k: 'a b' }] };
    expect(problemsOf({ TOKEN_CACHE_KEYS: JSON.stringify(broken) })).toEqual([
      'cannot be used: key 1 is not of "kty" "oct"; key 2 has 24 bits and not 256; key 3 has no "kid"; key 3 has a "k" that is not base64url',
    ]);
  });

  it('an alias of an authority, with the authority that tokens name', () => {
    const remedies = ['login.windows.net', 'login-us.microsoftonline.com', 'sts.chinacloudapi.cn'].map(
      (host) => faultsOf({ ENTRA_AUTHORITY: `https://${host}` })[0]?.remedy,
    );
    expect(remedies).toEqual([
      'Give https://login.microsoftonline.com.',
      'Give https://login.microsoftonline.us.',
      'Give https://login.partner.microsoftonline.cn.',
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
    'UseDevelopmentStorage=true;',
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
  });

  it('is refused untouched, with every blank by name', () => {
    const blanks = Object.keys(sample).filter((name) => name in SETTINGS && sample[name]?.startsWith('<'));
    const faults = faultsOf(sample, {});
    expect(faults.map(({ setting }) => setting).sort()).toEqual(blanks.sort());
    expect(new Set(faults.map(({ problem }) => problem))).toEqual(
      new Set(['still has a placeholder in <> in it']),
    );
  });
});
