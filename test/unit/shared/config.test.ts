import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { selfSignedCertificate } from '../../../dev/selfSignedCertificate.ts';
import { type Config, readConfig } from '../../../shared/config.ts';
import { ConfigError, type ConfigFault } from '../../../shared/errors.ts';
import { SETTINGS, type SettingName } from '../../../shared/settingsReader.ts';

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

describe('the credential', () => {
  const NONE: Environment = { ...AZURE, ENTRA_CLIENT_SECRET: '' };
  const { certificate, pem } = selfSignedCertificate();

  it('may be a certificate, in one line too', () => {
    const { credential } = read({ ENTRA_CLIENT_CERTIFICATE: pem.replaceAll('\n', '\\n') }, NONE).entra;
    const thumbprintSha256 = certificate.fingerprint256.replaceAll(':', '').toLowerCase();
    expect(credential).toMatchObject({ kind: 'certificate', certificate: { thumbprintSha256 } });
  });

  it.each([
    [OTHER_TENANT.toUpperCase(), OTHER_TENANT],
    ['System', 'system'],
  ])('may be a managed identity: %s', (given, identity) => {
    const { credential } = read({ ENTRA_MANAGED_IDENTITY_CLIENT_ID: given }, NONE).entra;
    expect(credential).toEqual({ kind: 'managed-identity', identity });
  });

  it('must be given: one fault names all three settings', () => {
    const [fault, ...others] = faultsOf({}, NONE);
    expect(others).toEqual([]);
    expect(fault?.setting).toBe('ENTRA_CLIENT_SECRET');
    for (const text of [fault?.problem, fault?.remedy]) {
      expect(text).toMatch(
        /ENTRA_CLIENT_CERTIFICATE and ENTRA_MANAGED|ENTRA_CLIENT_CERTIFICATE, ENTRA_MANAGED/,
      );
    }
  });

  it.each<[given: Environment, setting: SettingName]>([
    [{ ENTRA_CLIENT_CERTIFICATE: pem }, 'ENTRA_CLIENT_CERTIFICATE'],
    [{ ENTRA_MANAGED_IDENTITY_CLIENT_ID: OTHER_TENANT }, 'ENTRA_MANAGED_IDENTITY_CLIENT_ID'],
    [
      { ENTRA_CLIENT_CERTIFICATE: pem, ENTRA_MANAGED_IDENTITY_CLIENT_ID: 'system' },
      'ENTRA_CLIENT_CERTIFICATE',
    ],
  ])('must be one alone: one fault names two of them (%#)', (given, setting) => {
    expect(faultsOf(given, AZURE)).toEqual([
      {
        setting,
        problem: 'is given beside ENTRA_CLIENT_SECRET',
        remedy:
          'Give exactly one of ENTRA_CLIENT_SECRET, ENTRA_CLIENT_CERTIFICATE, ENTRA_MANAGED_IDENTITY_CLIENT_ID.',
      },
    ]);
  });

  it.each<[SettingName, string, RegExp]>([
    ['ENTRA_CLIENT_CERTIFICATE', 'canary', /is not PEM/],
    ['ENTRA_CLIENT_CERTIFICATE', '@Microsoft.KeyVault(VaultName=canary;SecretName=x)', /did not resolve/],
    ['ENTRA_CLIENT_CERTIFICATE', `${certificate}`, /has no private key/],
    ['ENTRA_MANAGED_IDENTITY_CLIENT_ID', 'canary', /neither a GUID nor system/],
    ['ENTRA_MANAGED_IDENTITY_CLIENT_ID', '<canary>', /placeholder/],
  ])('%s is refused if it is wrong: %s', (setting, value, problem) => {
    const faults = faultsOf({ [setting]: value }, NONE);
    expect(faults[0]).toMatchObject({ setting, problem: expect.stringMatching(problem) });
    expect(JSON.stringify(faults)).not.toMatch(/canary|-----/);
  });

  it('that is a certificate must be valid when the process starts', () => {
    const expired = selfSignedCertificate({ from: new Date(0), to: new Date('2026-01-31T00:00:00Z') }).pem;
    const environment = { ...NONE, ENTRA_CLIENT_CERTIFICATE: expired };
    expect(() => readConfig(environment)).toThrow(
      /ENTRA_CLIENT_CERTIFICATE: expired on 2026-01-31T00:00:00.000Z\./,
    );
    expect(readConfig(environment, { now: new Date('2026-01-30T00:00:00Z') }).entra.credential.kind).toBe(
      'certificate',
    );
  });
});

describe('the webhook of the notices', () => {
  const SECRET = `whsec_${Buffer.alloc(24, 7).toString('base64')}`;
  const OTHER = `whsec_${Buffer.alloc(64, 8).toString('base64')}`;
  const webhook = (different: Environment = {}) => ({
    NOTICE_WEBHOOK_URL: 'https://receiver.example/hook?key=1',
    NOTICE_WEBHOOK_SECRET: SECRET,
    ...different,
  });

  it('is absent without an address', () => {
    expect(read()).not.toHaveProperty('noticeWebhook');
    expect(read({ NOTICE_PAGE_URL: 'https://app.example/' })).not.toHaveProperty('noticeWebhook');
  });

  it('is not off without a word because its address is misspelt', () => {
    expect(faultsOf({ NOTICE_WEBHOOK_SECRET: SECRET })).toMatchObject([
      { setting: 'NOTICE_WEBHOOK_URL', problem: 'is missing, and NOTICE_WEBHOOK_SECRET is for it' },
    ]);
  });

  it('has its address, its secrets and the address of the page', () => {
    expect(read(webhook()).noticeWebhook).toEqual({
      url: 'https://receiver.example/hook?key=1',
      secrets: [new Uint8Array(24).fill(7)],
    });
    const both = webhook({
      NOTICE_WEBHOOK_SECRET: `${OTHER} ${SECRET}`,
      NOTICE_PAGE_URL: 'https://app.example/me#connection',
    });
    expect(read(both).noticeWebhook).toMatchObject({
      secrets: [new Uint8Array(64).fill(8), new Uint8Array(24).fill(7)],
      link: 'https://app.example/me#connection',
    });
  });

  it.each([
    'http://localhost:8080/hook',
    'http://127.0.0.1/',
    'http://[::1]:1/',
  ])('may be without TLS on this machine alone: %s', (url) => {
    expect(read(webhook({ NOTICE_WEBHOOK_URL: url })).noticeWebhook).toMatchObject({ url });
  });

  it.each([
    ['receiver.example', 'is not a URL'],
    ['file:///etc/passwd', 'is not a URL'],
    ['http://receiver.example/', 'is an address without TLS'],
    ['http://localhost.example/', 'is an address without TLS'],
    ['https://name:word@receiver.example/', 'has a user name or a password'],
  ])('is refused, and so is the page: %s', (url, problem) => {
    for (const setting of ['NOTICE_WEBHOOK_URL', 'NOTICE_PAGE_URL'] as const) {
      const faults = faultsOf(webhook({ [setting]: url }));
      expect(faults).toMatchObject([{ setting, problem }]);
      expect(JSON.stringify(faults)).not.toContain('word@');
    }
  });

  it.each([
    ['', 'is missing, and NOTICE_WEBHOOK_URL needs it'],
    [SECRET.slice(6), 'has a part that is not a secret'],
    ['whsec_', 'has a part that is not a secret'],
    ['whsec_not-base64!', 'has a part that is not a secret'],
    [`whsec_${Buffer.alloc(23, 7).toString('base64')}`, 'has a part that is not a secret'],
    [`whsec_${Buffer.alloc(65, 7).toString('base64')}`, 'has a part that is not a secret'],
    [`${SECRET} other`, 'has a part that is not a secret'],
    [`${SECRET},${OTHER}`, 'has a part that is not a secret'],
  ])('is refused with the secret %j, which the fault does not repeat', (secret, problem) => {
    const faults = faultsOf(webhook({ NOTICE_WEBHOOK_SECRET: secret }));
    expect(faults).toMatchObject([{ setting: 'NOTICE_WEBHOOK_SECRET', problem }]);
    if (secret.length > 8) expect(JSON.stringify(faults)).not.toContain(secret.slice(6, 20));
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
