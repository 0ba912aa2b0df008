import { API_CLIENT_ID, API_CLIENT_SECRET, API_SCOPE_NAME, TENANT_ID } from '../../dev/entra/directory.ts';

const KEY = Buffer.alloc(32, 7);

/**
 * The settings of an application whose directory is the stand-in, for `readConfig`. They name no storage. The keys are the
 * same for everybody, so they are of no use for real caches.
 * @param origin of the stand-in
 */
export const standInSettings = (origin: string): Record<string, string> => ({
  ENTRA_TENANT_ID: TENANT_ID,
  ENTRA_CLIENT_ID: API_CLIENT_ID,
  ENTRA_CLIENT_SECRET: API_CLIENT_SECRET,
  ENTRA_AUTHORITY: origin,
  API_SCOPE: API_SCOPE_NAME,
  ALLOWED_TENANTS: '*',
  GRAPH_BASE_URL: origin,
  TOKEN_CACHE_KEYS: JSON.stringify({ keys: [{ kty: 'oct', kid: 'test', k: KEY.toString('base64url') }] }),
  LOG_HASH_KEY: KEY.toString('base64'),
});
