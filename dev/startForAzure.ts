/** `npm run start:azure`: the page and the functions on this machine, against a real tenant. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { PlainError } from '../ops/cli/errors.ts';
import { readLocalSettings } from '../ops/cli/localSettings.ts';
import { type Config, readConfig } from '../shared/config.ts';
import { ConfigError } from '../shared/errors.ts';
import type { Environment } from '../shared/settingsReader.ts';
import { isGuid } from '../shared/userId.ts';
import { type Azurite, startAzurite } from './azurite.ts';
import { type Host, spawnHost } from './host/spawnHost.ts';
import { type OwnKeys, openKeyFile } from './openKeyFile.ts';
import { type Ports, ROOT } from './platform.ts';
import { startWeb } from './web.ts';

export type AzureSettings = {
  config: Config;
  spaClientId: string;
  /** The storage settings that name Azurite, which is then started here. */
  emulated: readonly string[];
  /** The keys that are missing. Only storage on this machine may do without them. */
  missingKeys: readonly (keyof OwnKeys)[];
};

export type AzurePlatform = {
  host: Host;
  webOrigin: string;
  azurite: Azurite | undefined;
  stop(): Promise<void>;
};

const STORAGE_SETTINGS = ['TokenStore', 'AzureWebJobsStorage'];

/**
 * Reads local.settings.json and the environment. The environment wins.
 * @throws {PlainError, ConfigError} It says which settings are missing or wrong.
 */
export async function readAzureSettings(
  root = ROOT,
  environment: Environment = process.env,
): Promise<AzureSettings> {
  if (!existsSync(join(root, 'local.settings.json'))) {
    throw new PlainError(
      'There is no local.settings.json. Copy local.settings.sample.json to that name and fill in your tenant: docs/tenant.md says how.',
    );
  }
  const given = Object.entries(environment).filter(([, value]) => value !== '');
  const { values } = await readLocalSettings(root);
  const settings: Environment = { ...values, ...Object.fromEntries(given) };
  const { config, spaClientId } = readBoth(settings);
  return {
    config,
    spaClientId,
    emulated: STORAGE_SETTINGS.filter((name) => /^UseDevelopmentStorage=true;?$/i.test(settings[name] ?? '')),
    missingKeys: (['TOKEN_CACHE_KEYS', 'LOG_HASH_KEY'] as const).filter((name) => !settings[name]?.trim()),
  };
}

/**
 * Reads the settings of the functions and of the page. Keys may be missing only if the storage is on this machine.
 * @throws {ConfigError} It names every fault of both at once.
 */
function readBoth(settings: Environment): { config: Config; spaClientId: string } {
  const spaClientId = settings.SPA_CLIENT_ID?.trim().toLowerCase();
  const faults = isGuid(spaClientId)
    ? []
    : [
        {
          setting: 'SPA_CLIENT_ID',
          problem: spaClientId ? 'is not a GUID' : 'is missing',
          remedy: 'Give the application (client) id of the SPA.',
        },
      ];
  try {
    const config = readConfig(settings);
    if (isGuid(spaClientId)) return { config, spaClientId };
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    faults.unshift(...error.faults);
  }
  throw new ConfigError(faults);
}

/** Starts all parts or none. `folder` keeps the data between runs. */
export async function startForAzure(
  { config, spaClientId, emulated, missingKeys }: AzureSettings,
  ports: Ports,
  folder: string,
  onHostLine: (line: string) => void,
): Promise<AzurePlatform> {
  const stops: (() => Promise<unknown>)[] = [];
  const stop = async () => {
    for (const stopOne of stops.splice(0).reverse()) await stopOne();
  };
  try {
    const keys = missingKeys.length > 0 ? await openKeyFile(join(folder, 'keys.json')) : undefined;
    const azurite =
      emulated.length > 0 ? await startAzurite({ folder: join(folder, 'azurite'), ports }) : undefined;
    if (azurite !== undefined) stops.push(() => azurite.stop());
    const webOrigin = `http://localhost:${ports.web}`;
    const host = await spawnHost({
      root: ROOT,
      port: ports.functions,
      cors: webOrigin,
      inheritEnv: true,
      env: {
        ...(keys && Object.fromEntries(missingKeys.map((name) => [name, keys[name]]))),
        ...(azurite && Object.fromEntries(emulated.map((name) => [name, azurite.connectionString]))),
      },
      timerStatus: join(folder, 'timers.json'),
      onLine: onHostLine,
    });
    stops.push(() => host.stop());
    const web = await startWeb({
      port: ports.web,
      root: join(ROOT, 'dist/spa'),
      config: {
        clientId: spaClientId,
        authority: `${config.entra.authority}/${config.entra.tenantId}`,
        apiScope: `api://${config.entra.clientId}/${config.accessToken.scope}`,
        apiBaseUrl: host.origin,
      },
    });
    stops.push(() => web.close());
    return { host, webOrigin, azurite, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
