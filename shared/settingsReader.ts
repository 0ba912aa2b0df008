import { type Cloud, PUBLIC_CLOUD } from './clouds.ts';
import { ConfigError, type ConfigFault } from './errors.ts';
import { isLoopback } from './isLoopback.ts';
import { isGuid } from './userId.ts';

/**
 * Every setting that Stead reads, with its default. Undefined means that the setting is required. Instead of the secret, one
 * of the two credentials after it may be given. The settings `TokenStore__…` may take the place of `TokenStore`.
 */
export const SETTINGS = {
  ENTRA_TENANT_ID: undefined,
  ENTRA_CLIENT_ID: undefined,
  ENTRA_CLIENT_SECRET: undefined,
  ENTRA_CLIENT_CERTIFICATE: '',
  ENTRA_MANAGED_IDENTITY_CLIENT_ID: '',
  ENTRA_AUTHORITY: PUBLIC_CLOUD.authority,
  ALLOWED_TENANTS: '',
  ALLOWED_CLIENT_IDS: '',
  API_SCOPE: 'access_as_user',
  GRAPH_BASE_URL: '',
  TokenStore: undefined,
  TokenStore__blobServiceUri: '',
  TokenStore__tableServiceUri: '',
  TokenStore__queueServiceUri: '',
  TokenStore__credential: '',
  TokenStore__clientId: '',
  TOKEN_CACHE_STORE: 'blob',
  TOKEN_CACHE_KEYS: '',
  LOG_HASH_KEY: '',
  CONNECT: 'visit',
  REFRESH_IDLE_SECONDS: '60',
  REFRESH_MIN_INTERVAL_SECONDS: '300',
  REFRESH_EVERY_RUN: 'false',
  RETENTION_DAYS: '90',
  LOG_CHECKS: 'all',
  SPLIT_RUNS_ABOVE: '0',
  TOKEN_REQUESTS_PER_SECOND: '0',
  TASKS: 'read-profile',
  NOTICE_WEBHOOK_URL: '',
  NOTICE_WEBHOOK_SECRET: '',
  NOTICE_PAGE_URL: '',
  LINK_REDIRECT_URI: '',
  LINK_RETURN_URLS: '',
} as const satisfies Record<string, string | undefined>;

export type SettingName = keyof typeof SETTINGS;
export type Environment = Readonly<Record<string, string | undefined>>;
export type SettingsReader = ReturnType<typeof createSettingsReader>;
export type AddFault = (setting: SettingName, problem: string, remedy: string) => void;

const PLACEHOLDER = /<[^<>]*>/;
/** Azure Functions replaces such a reference by its secret. If it cannot, it leaves the reference in the setting. */
const REFERENCE = /^@Microsoft\.(?:KeyVault|AppConfiguration)\(/i;

/**
 * Reads settings one by one and collects their faults. A setting that still has a placeholder, or a reference that did not
 * resolve, gets that one fault and no other.
 */
export function createSettingsReader(environment: Environment) {
  const faults: ConfigFault[] = [];
  const unfilled = new Set<SettingName>();
  /** Azure gives an empty setting as ''. */
  const given = (name: SettingName): string => environment[name]?.trim() || (SETTINGS[name] ?? '');

  const fault: AddFault = (setting, problem, remedy) => {
    if (!unfilled.has(setting)) faults.push({ setting, problem, remedy });
  };

  for (const name of Object.keys(SETTINGS) as SettingName[]) {
    if (REFERENCE.test(given(name))) {
      fault(
        name,
        'is a reference that did not resolve',
        "Give the app's identity the role Key Vault Secrets User; the portal shows the state of the reference under Environment variables. On your own machine, set the value itself.",
      );
      unfilled.add(name);
    } else if (PLACEHOLDER.test(given(name))) {
      fault(name, 'still has a placeholder in <> in it', 'Replace it by the value, without < and >.');
      unfilled.add(name);
    }
  }

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
    if (!values.every(isGuid)) fault(name, 'has a part that is not a GUID', remedy);
    return values;
  }

  function origin(name: SettingName, usual: string): string {
    const value = given(name) || usual;
    const url = URL.canParse(value) ? new URL(value) : undefined;
    if (url === undefined || !['https:', 'http:'].includes(url.protocol)) {
      fault(name, 'is not a URL', `Give an origin such as ${usual}.`);
      return value;
    }
    const { pathname, search, hash, username, password } = url;
    if (pathname !== '/' || search + hash + username + password !== '') {
      fault(name, 'has more than an origin', `Give an origin such as ${usual}, without a path.`);
    }
    if (url.hostname.endsWith('.')) {
      fault(name, 'has a host that ends with a dot', 'Remove the dot at the end of the host.');
    }
    if (url.protocol === 'http:' && !isLoopback(url)) {
      fault(name, 'would send tokens over plain http', 'Use https. Only localhost may use http.');
    }
    return url.origin;
  }

  /** Refuses a setting that is known to be of another cloud than `ENTRA_AUTHORITY`. */
  function sameCloud(
    name: SettingName,
    theirs: Cloud | undefined,
    cloud: Cloud | undefined,
    remedy: string,
  ): void {
    if (theirs === undefined || cloud === undefined || theirs === cloud) return;
    fault(
      name,
      `is in the ${theirs.name}, and ENTRA_AUTHORITY in the ${cloud.name}`,
      `${remedy}, or set ENTRA_AUTHORITY to ${theirs.authority}. docs/clouds.md has the settings of each cloud.`,
    );
  }

  function whole(name: SettingName, least: number, most: number): number {
    const value = given(name);
    const number = /^\d+$/.test(value) ? Number(value) : Number.NaN;
    if (!(number >= least && number <= most)) {
      fault(name, `is not a whole number from ${least} to ${most}`, `Leave it out to use ${SETTINGS[name]}.`);
    }
    return number;
  }

  function flag(name: SettingName): boolean {
    const value = given(name).toLowerCase();
    if (value !== 'true' && value !== 'false')
      fault(name, 'is neither true nor false', 'Give one of the two.');
    return value === 'true';
  }

  /** The value, if it is one of these, and otherwise the first of them. */
  function oneOf<T extends string>(
    name: SettingName,
    values: readonly [T, ...T[]],
    problem = 'has an unknown value',
  ): T {
    const found = values.find((value) => value === given(name));
    if (found === undefined) fault(name, problem, `Give one of: ${values.join(', ')}.`);
    return found ?? values[0];
  }

  /** Some of these, each once and in their order. `none` is none of them, because Azure gives an empty setting as ''. */
  function someOf<T extends string>(name: SettingName, values: readonly T[]): T[] {
    const named = given(name)
      .split(',')
      .map((value) => value.trim())
      .filter(Boolean);
    const isNone = named.length === 1 && named[0] === 'none';
    if (!isNone && !named.every((value) => values.some((known) => known === value))) {
      fault(name, 'has an unknown name', `Give some of ${values.join(', ')}, separated by commas, or none.`);
    }
    return values.filter((value) => named.includes(value));
  }

  /** @throws {ConfigError} with every fault so far. */
  function check(): void {
    if (faults.length > 0) throw new ConfigError(faults);
  }

  return { given, fault, required, guid, guids, origin, sameCloud, whole, flag, oneOf, someOf, check };
}
