import { randomBytes } from 'node:crypto';
import { readLocalSettings } from '../dev/host/localSettings.ts';

const NOBODY = '00000000-0000-0000-0000-000000000000';

/**
 * The environment's settings, and for those it lacks `Values` of the folder's local.settings.json, if there is one.
 *
 * An operator asks nothing of Entra and opens no cache. So they need no client secret and no key: what stands in for
 * them is good for nothing, and what the environment or the file has of them is not judged.
 * @throws {HostError} the file cannot be read.
 */
export async function readSettings(
  folder: string,
  environment: NodeJS.ProcessEnv,
): Promise<Record<string, string | undefined>> {
  const { values } = await readLocalSettings(folder);
  return { ...given(values), ...given(environment), ...notNeeded() };
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
