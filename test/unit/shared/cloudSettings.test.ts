/** The settings of each of Microsoft's clouds, and of two clouds at once, as `readConfig` takes or refuses them. */
import { describe, expect, it } from 'vitest';
import { CLOUDS, type Cloud, PUBLIC_CLOUD } from '../../../shared/clouds.ts';
import { readConfig } from '../../../shared/config.ts';
import { ConfigError, type ConfigFault } from '../../../shared/errors.ts';
import type { SettingName } from '../../../shared/settingsReader.ts';

const ID = 'a0000000-0000-4000-8000-00000000000a';
type Settings = Partial<Record<SettingName, string>>;

const SECRET: Settings = {
  ENTRA_TENANT_ID: ID,
  ENTRA_CLIENT_ID: ID,
  ENTRA_CLIENT_SECRET: 'canary',
  TOKEN_CACHE_KEYS: JSON.stringify({ keys: [{ kty: 'oct', kid: 'k', k: 'A'.repeat(43) }] }),
  LOG_HASH_KEY: Buffer.alloc(32, 9).toString('base64'),
};
const IDENTITY: Settings = {
  ...SECRET,
  ENTRA_CLIENT_SECRET: '',
  ENTRA_MANAGED_IDENTITY_CLIENT_ID: ID,
};

const byKey = (suffix: string): Settings => ({
  TokenStore: `DefaultEndpointsProtocol=https;AccountName=canary;AccountKey=a2V5;EndpointSuffix=${suffix}`,
});
const byAddress = (suffix: string): Settings => ({
  TokenStore__blobServiceUri: `https://canary.blob.${suffix}`,
  TokenStore__tableServiceUri: `https://canary.table.${suffix}`,
  TokenStore__credential: 'managedidentity',
});

function faultsOf(settings: Settings): readonly ConfigFault[] {
  try {
    readConfig(settings);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    expect(error.message).not.toMatch(/canary|a2V5/);
    return error.faults;
  }
  return [];
}

const pairs = CLOUDS.flatMap((own) =>
  CLOUDS.filter((other) => other !== own).map((other): [string, string, Cloud, Cloud] => [
    own.name,
    other.name,
    own,
    other,
  ]),
);
const [, US_GOVERNMENT = PUBLIC_CLOUD] = CLOUDS;
/** Microsoft documents this one pair: users of the public cloud, and an app in that of the US Government. */
const isGcc = (own: Cloud, other: Cloud): boolean => own === PUBLIC_CLOUD && other === US_GOVERNMENT;

describe.each(CLOUDS.map((cloud) => [cloud.name, cloud] as const))('the %s', (_name, cloud) => {
  const own: Settings = { ENTRA_AUTHORITY: cloud.authority };

  it('needs no address but that of its authority', () => {
    const config = readConfig({ ...SECRET, ...own, ...byKey(cloud.storage[0]) });
    expect(config.entra.authority).toBe(cloud.authority);
    expect(config.accessToken.authority).toBe(cloud.authority);
    expect(config.graphBaseUrl).toBe(cloud.graph[0]);
  });

  it.each([SECRET, IDENTITY])('is served with each Graph and each storage of its own', (credential) => {
    for (const GRAPH_BASE_URL of cloud.graph) {
      for (const suffix of cloud.storage) {
        for (const storage of [byKey(suffix), byAddress(suffix)]) {
          const config = readConfig({ ...credential, ...own, ...storage, GRAPH_BASE_URL });
          expect(config.graphBaseUrl).toBe(GRAPH_BASE_URL);
        }
      }
    }
  });

  it.each([
    ['Azurite', { TokenStore: 'UseDevelopmentStorage=true' }],
    ['a proxy before Graph', { GRAPH_BASE_URL: 'https://graph.example' }],
    ['a Graph on this machine', { GRAPH_BASE_URL: 'http://localhost:7000' }],
    [
      'storage under a domain of its own',
      {
        TokenStore:
          'BlobEndpoint=https://blob.example;TableEndpoint=https://mine.table.example;SharedAccessSignature=sv=1&sig=x',
      },
    ],
    ['private endpoints', byKey(`privatelink.${cloud.storage[0]}`)],
  ])('is served with %s', (_what, settings) => {
    const storage = byKey(cloud.storage[0]);
    expect(faultsOf({ ...SECRET, ...own, ...storage, ...settings })).toEqual([]);
  });
});

describe('settings of two clouds', () => {
  it.each(pairs)('are refused: users of the %s, Graph of the %s', (_own, _other, own, other) => {
    for (const GRAPH_BASE_URL of other.graph) {
      const settings = {
        ...SECRET,
        ENTRA_AUTHORITY: own.authority,
        ...byKey(own.storage[0]),
        GRAPH_BASE_URL,
      };
      expect(faultsOf(settings)).toEqual([
        {
          setting: 'GRAPH_BASE_URL',
          problem: `is in the ${other.name}, and ENTRA_AUTHORITY in the ${own.name}`,
          remedy: `Leave it out, or give ${own.graph.join(' or ')}, or set ENTRA_AUTHORITY to ${other.authority}. docs/clouds.md has the settings of each cloud.`,
        },
      ]);
    }
  });

  it.each(pairs)('are refused: users of the %s, storage of the %s', (_own, _other, own, other) => {
    for (const suffix of other.storage) {
      const problem = `is in the ${other.name}, and ENTRA_AUTHORITY in the ${own.name}`;
      const remedy = `Use storage in the ${own.name} (${own.storage[0]}), or set ENTRA_AUTHORITY to ${other.authority}. docs/clouds.md has the settings of each cloud.`;
      const settings = { ...SECRET, ENTRA_AUTHORITY: own.authority };
      const names = ['TokenStore__blobServiceUri', 'TokenStore__tableServiceUri'];
      const expected = (setting: string) => (isGcc(own, other) ? [] : [{ setting, problem, remedy }]);
      expect(faultsOf({ ...settings, ...byKey(suffix) })).toEqual(expected('TokenStore'));
      expect(faultsOf({ ...settings, ...byAddress(suffix) })).toEqual(names.flatMap(expected));
    }
  });

  it.each(pairs)('are refused to a managed identity: users of the %s, storage of the %s', (...pair) => {
    const [, , own, other] = pair;
    const settings = { ...IDENTITY, ENTRA_AUTHORITY: own.authority, ...byAddress(other.storage[0]) };
    expect(faultsOf(settings)).toEqual([
      {
        setting: 'TokenStore__blobServiceUri',
        problem: expect.stringContaining(`in the ${other.name}, and ENTRA_AUTHORITY in the ${own.name}`),
        remedy: expect.stringMatching(/^A managed identity proves itself to Entra in its own cloud only\. /),
      },
      expect.objectContaining({ setting: 'TokenStore__tableServiceUri' }),
    ]);
  });

  it.each([
    PUBLIC_CLOUD.authority,
    'http://localhost:7000',
  ])('are refused if each service is in one that is allowed, but not in the same: %s', (ENTRA_AUTHORITY) => {
    const [own, other] = [PUBLIC_CLOUD.storage[0], US_GOVERNMENT.storage[0]];
    const told = {
      setting: 'TokenStore',
      problem: `has addresses in the ${PUBLIC_CLOUD.name} and in the ${US_GOVERNMENT.name}`,
      remedy: 'Give addresses of one cloud: docs/clouds.md.',
    };
    const TokenStore = `BlobEndpoint=https://canary.blob.${own};TableEndpoint=https://canary.table.${other};SharedAccessSignature=sv=1&sig=canary`;
    const TokenStore__tableServiceUri = `https://canary.table.${other}`;
    expect(faultsOf({ ...SECRET, ENTRA_AUTHORITY, TokenStore })).toEqual([told]);
    expect(faultsOf({ ...SECRET, ENTRA_AUTHORITY, ...byAddress(own), TokenStore__tableServiceUri })).toEqual([
      told,
    ]);
  });

  it('are not seen in two accounts of one cloud', () => {
    const TokenStore__tableServiceUri = `https://another.table.${PUBLIC_CLOUD.storage[0]}`;
    expect(
      faultsOf({ ...SECRET, ...byAddress(PUBLIC_CLOUD.storage[0]), TokenStore__tableServiceUri }),
    ).toEqual([]);
  });

  it('are refused if one service alone is in another cloud, beside a domain that nobody knows', () => {
    const TokenStore =
      'BlobEndpoint=https://blob.example;TableEndpoint=https://canary.table.core.chinacloudapi.cn;SharedAccessSignature=sv=1&sig=canary';
    expect(faultsOf({ ...SECRET, TokenStore })).toMatchObject([{ setting: 'TokenStore' }]);
  });

  it('are all named at once', () => {
    const settings = {
      ...SECRET,
      ...byKey('core.chinacloudapi.cn'),
      GRAPH_BASE_URL: 'https://graph.microsoft.us',
    };
    expect(faultsOf(settings).map(({ setting }) => setting)).toEqual(['TokenStore', 'GRAPH_BASE_URL']);
  });

  it('are not looked for under an authority that is not Entra’s, or is refused itself', () => {
    const settings = {
      ...SECRET,
      ...byKey('core.chinacloudapi.cn'),
      GRAPH_BASE_URL: 'https://graph.microsoft.us',
    };
    expect(faultsOf({ ...settings, ENTRA_AUTHORITY: 'http://localhost:7000' })).toEqual([]);
    expect(faultsOf({ ...settings, ENTRA_AUTHORITY: 'https://login.windows.net' })).toMatchObject([
      { setting: 'ENTRA_AUTHORITY' },
    ]);
  });
});
