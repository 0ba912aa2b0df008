import { type Config, readConfig } from '../../shared/config.ts';
import { ConfigError, type ConfigFault } from '../../shared/errors.ts';
import type { Environment } from '../../shared/settingsReader.ts';
import { NOBODYS_ID } from '../../shared/userId.ts';

/** What can be asked only if these settings are right. */
export type Part = 'tenant' | 'api' | 'credential' | 'graph' | 'storage';

export type UsableSettings = {
  /** A part that has faults is replaced by values without use. */
  config: Config;
  faults: readonly ConfigFault[];
  isUsable: (...parts: readonly Part[]) => boolean;
};

/** The settings of each part, and values that are valid and of no use. */
const PARTS: Record<Part, { has: RegExp; without: Environment }> = {
  tenant: {
    has: /^(?:ENTRA_TENANT_ID|ENTRA_AUTHORITY|ALLOWED_TENANTS)$/,
    // This authority belongs to no cloud, so the other settings may be of any.
    without: { ENTRA_TENANT_ID: NOBODYS_ID, ENTRA_AUTHORITY: 'https://localhost' },
  },
  api: { has: /^ENTRA_CLIENT_ID$/, without: { ENTRA_CLIENT_ID: NOBODYS_ID } },
  credential: {
    has: /^ENTRA_(?:CLIENT_SECRET|CLIENT_CERTIFICATE|MANAGED_IDENTITY_CLIENT_ID)$/,
    without: { ENTRA_CLIENT_SECRET: 'not-needed' },
  },
  graph: { has: /^GRAPH_BASE_URL$/, without: {} },
  storage: { has: /^TokenStore(?:__|$)/i, without: { TokenStore: 'UseDevelopmentStorage=true' } },
};

/** No check needs them. */
const KEYS: Environment = {
  TOKEN_CACHE_KEYS: JSON.stringify({ keys: [{ kty: 'oct', kid: 'not-needed', k: 'A'.repeat(43) }] }),
  LOG_HASH_KEY: Buffer.alloc(32).toString('base64'),
};

/** Reads the settings, and all their faults. What is right of them can be used, whatever else is wrong. */
export function readUsableSettings(settings: Environment): UsableSettings {
  const faults = faultsOf(settings);
  const names = new Set(faults.map(({ setting }) => setting));
  const faulty = (Object.keys(PARTS) as Part[]).filter((part) =>
    [...names].some((name) => PARTS[part].has.test(name)),
  );
  const kept = Object.entries(settings).filter(
    ([name]) => !names.has(name) && !faulty.some((part) => PARTS[part].has.test(name)),
  );
  const replaced = faulty.map((part) => PARTS[part].without);
  const config = readConfig(Object.assign({}, KEYS, Object.fromEntries(kept), ...replaced), {
    hasStorageCredential: true,
  });
  return { config, faults, isUsable: (...parts) => parts.every((part) => !faulty.includes(part)) };
}

function faultsOf(settings: Environment): readonly ConfigFault[] {
  try {
    readConfig(settings, { hasStorageCredential: true });
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.faults;
    throw error;
  }
}

/** True if `TokenStore__credential` is missing. The functions need it. A command that acts as an operator does not. */
export function lacksIdentity(settings: Environment): boolean {
  try {
    readConfig(settings);
    return false;
  } catch (error) {
    return (
      error instanceof ConfigError && error.faults.some(({ setting }) => setting === 'TokenStore__credential')
    );
  }
}
