import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readConfig } from '../shared/config.ts';
import { readLocalSettings } from './cli/localSettings.ts';

const NOBODY = '00000000-0000-0000-0000-000000000000';

/**
 * The environment's settings, and for those it lacks `Values` of the folder's local.settings.json, if there is one.
 *
 * An operator asks nothing of Entra and opens no cache. So they need no client secret and no key: what stands in for
 * them is good for nothing, and what the environment or the file has of them is not judged.
 * @throws {PlainError} the file cannot be read.
 */
export async function readSettings(
  folder: string,
  environment: NodeJS.ProcessEnv,
): Promise<Record<string, string | undefined>> {
  const { values } = await readLocalSettings(folder);
  const settings = { ...given(values), ...given(environment), ...notNeeded() };
  const isFromFile = given(values).TokenStore !== undefined && !environment.TokenStore;
  if (!isFromFile || settings.LOG_HASH_KEY || !isComplete(settings)) return settings;
  return { ...settings, ...ownLogHashKey(environment.STEAD_FOLDER || join(folder, '.stead')) };
}

/** Without a LOG_HASH_KEY, settings are complete for storage on this machine alone. */
function isComplete(settings: Record<string, string | undefined>): boolean {
  try {
    readConfig(settings);
    return true;
  } catch {
    return false;
  }
}

/**
 * What `npm run start:azure` has made for storage on this machine, so that users have the log ids of its log. A file
 * that cannot be read is told by `start:azure` itself.
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
    ENTRA_TENANT_ID: NOBODY,
    ENTRA_CLIENT_ID: NOBODY,
    ENTRA_CLIENT_SECRET: 'not-needed',
    TOKEN_CACHE_KEYS: JSON.stringify({ keys: [key] }),
  };
}

const given = (settings: NodeJS.ProcessEnv) =>
  Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== ''));
