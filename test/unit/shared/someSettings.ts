/** Settings that an application could start with, and what Stead reads in them. */
import { type Config, readConfig } from '../../../shared/config.ts';
import { ConfigError, type ConfigFault } from '../../../shared/errors.ts';
import type { SettingName } from '../../../shared/settingsReader.ts';

export const TENANT = 'a0000000-0000-4000-8000-00000000000a';
export const OTHER_TENANT = 'b0000000-0000-4000-8000-00000000000b';
export const API = 'd0000000-0000-4000-8000-00000000000d';

export type Environment = Partial<Record<SettingName, string>>;

/** The least that starts on a developer's machine. */
export const LOCAL: Environment = {
  ENTRA_TENANT_ID: TENANT,
  ENTRA_CLIENT_ID: API,
  ENTRA_CLIENT_SECRET: 'a secret',
  TokenStore: 'UseDevelopmentStorage=true',
};
export const AZURE_STORAGE =
  'DefaultEndpointsProtocol=https;AccountName=stead;AccountKey=a2V5;EndpointSuffix=core.windows.net';
export const LOOPBACK_STORAGE =
  'DefaultEndpointsProtocol=http;AccountName=devstoreaccount1;AccountKey=a2V5;' +
  'BlobEndpoint=http://127.0.0.1:10000/devstoreaccount1;TableEndpoint=http://127.0.0.1:10002/devstoreaccount1;';
export const key = (byte: number, length = 32): string => Buffer.alloc(length, byte).toString('base64url');
export const jwkSet = (...kids: string[]): string =>
  JSON.stringify({ keys: kids.map((kid, index) => ({ kty: 'oct', kid, k: key(index + 1) })) });
export const LOG_HASH_KEY = Buffer.alloc(32, 9).toString('base64');
export const AZURE: Environment = {
  ...LOCAL,
  TokenStore: AZURE_STORAGE,
  TOKEN_CACHE_KEYS: jwkSet('2026-01'),
  LOG_HASH_KEY,
};

export const read = (different: Environment = {}, environment = LOCAL): Config =>
  readConfig({ ...environment, ...different });

export function faultsOf(different: Environment, environment = LOCAL): readonly ConfigFault[] {
  try {
    read(different, environment);
  } catch (error) {
    if (error instanceof ConfigError) return error.faults;
    throw error;
  }
  return [];
}
