import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Config, readConfig } from '../shared/config.ts';
import { ConfigError } from '../shared/errors.ts';
import { NOBODYS_ID } from '../shared/userId.ts';
import { PlainError } from './cli/errors.ts';
import { readLocalSettings } from './cli/localSettings.ts';
import { readRunningPlatform } from './cli/runningPlatform.ts';

/** `TokenStore` and the settings that take its place. */
const OF_STORAGE = /^TokenStore(?:__|$)/i;

type Settings = Record<string, string | undefined>;

/**
 * Reads the settings from the environment and, for those that it does not have, from `Values` of the folder's
 * local.settings.json. The settings of storage come all from the one or all from the other.
 * @throws {PlainError} the file cannot be read.
 */
export async function readGivenSettings(
  folder: string,
  environment: NodeJS.ProcessEnv,
): Promise<{ settings: Settings; isStorageFromFile: boolean }> {
  const { values } = await readLocalSettings(folder);
  const ofEnvironment = given(environment);
  const isStorageFromFile = !Object.keys(ofEnvironment).some((name) => OF_STORAGE.test(name));
  const ofFile = Object.entries(given(values)).filter(
    ([name]) => isStorageFromFile || !OF_STORAGE.test(name),
  );
  return { settings: { ...Object.fromEntries(ofFile), ...ofEnvironment }, isStorageFromFile };
}

/**
 * Reads the settings for an operator's command that sends nothing to Entra or Graph and opens no cache. It needs neither an
 * authority, a credential nor the keys of the caches: they are replaced by values without use, and those of the environment or
 * the file are not checked. If neither names a storage, it is that of the `npm start` that runs on this machine.
 * @throws {PlainError} the file cannot be read.
 */
export async function readSettings(folder: string, environment: NodeJS.ProcessEnv): Promise<Settings> {
  const { settings: all, isStorageFromFile } = await readGivenSettings(folder, environment);
  const kept = environment.STEAD_FOLDER || join(folder, '.stead');
  const running = Object.keys(all).some((name) => OF_STORAGE.test(name))
    ? undefined
    : readRunningPlatform(kept);
  // Its functions derive their key from the storage, whatever other deployments have.
  if (running !== undefined) return { ...all, ...running, LOG_HASH_KEY: '', ...notNeeded() };
  const settings: Settings = { ...all, ...notNeeded() };
  if (!isStorageFromFile || settings.LOG_HASH_KEY || !isComplete(settings)) return settings;
  return { ...settings, ...ownLogHashKey(kept) };
}

/**
 * Reads the configuration of an operator's command.
 * @throws {ConfigError | PlainError} a setting is missing or wrong; if no storage is named, it says how to have one here.
 */
export function readOperatorConfig(settings: Settings): Config {
  try {
    return readConfig(settings, { hasStorageCredential: true });
  } catch (error) {
    const isStorageNamed = Object.keys(given(settings)).some((name) => OF_STORAGE.test(name));
    if (!(error instanceof ConfigError) || isStorageNamed) throw error;
    throw new PlainError(
      `${error.message}\nTo have a storage on this machine, run \`npm start\` in another terminal: this command finds it.`,
    );
  }
}

/** True if no setting is missing. Without LOG_HASH_KEY that is so only for storage on this machine. */
function isComplete(settings: Settings): boolean {
  try {
    readConfig(settings, { hasStorageCredential: true });
    return true;
  } catch {
    return false;
  }
}

/**
 * The key that `npm run start:azure` has created for storage on this machine, so that users have the same log ids as in
 * its log. A file that cannot be read is ignored here, because `start:azure` reports it.
 */
function ownLogHashKey(kept: string): { LOG_HASH_KEY?: string } {
  try {
    const { LOG_HASH_KEY } = JSON.parse(readFileSync(join(kept, 'azure/keys.json'), 'utf8'));
    return typeof LOG_HASH_KEY === 'string' ? { LOG_HASH_KEY } : {};
  } catch {
    return {};
  }
}

function notNeeded(): Record<string, string> {
  const key = { kty: 'oct', kid: 'not-needed', k: randomBytes(32).toString('base64url') };
  return {
    ENTRA_TENANT_ID: NOBODYS_ID,
    ENTRA_CLIENT_ID: NOBODYS_ID,
    // It belongs to no cloud, so the storage may be in any.
    ENTRA_AUTHORITY: 'https://localhost',
    GRAPH_BASE_URL: '',
    ENTRA_CLIENT_SECRET: 'not-needed',
    ENTRA_CLIENT_CERTIFICATE: '',
    ENTRA_MANAGED_IDENTITY_CLIENT_ID: '',
    TOKEN_CACHE_KEYS: JSON.stringify({ keys: [key] }),
  };
}

const given = (settings: NodeJS.ProcessEnv) =>
  Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== ''));
