import path from 'node:path';
import { HostError } from './hostError.ts';
import { writeLog } from './hostLog.ts';
import { isRecord, readJsonObject } from './jsonFile.ts';

export type LocalSettings = {
  /** Settings for the environment. */
  values: Record<string, string>;
  /** TCP port, 0 = any free one. */
  localHttpPort?: number;
  /** Origins, separated by commas, or `*`. */
  cors?: string;
  corsCredentials: boolean;
};

/**
 * Reads `local.settings.json` (`IsEncrypted`, `Values`, `Host.LocalHttpPort`, `Host.CORS`, `Host.CORSCredentials`).
 * A missing file is the same as an empty one.
 * Source: "Local settings file" in Azure's docs, functions-develop-local.
 * @throws HostError naming the file and the key that is wrong. Values are never shown.
 */
export async function readLocalSettings(root: string): Promise<LocalSettings> {
  const file = path.join(root, 'local.settings.json');
  const { IsEncrypted, Values = {}, Host = {} } = (await readJsonObject(file)) ?? {};
  if (IsEncrypted === true)
    throw new HostError(
      `${file} is encrypted ("IsEncrypted": true), and only Core Tools can open it. Run "func settings decrypt" or write the file anew with "IsEncrypted": false.`,
    );
  if (!isRecord(Values)) throw new HostError(`${file}: "Values" must be an object of strings.`);
  if (!isRecord(Host)) throw new HostError(`${file}: "Host" must be an object.`);

  const values: Record<string, string> = {};
  for (const [key, value] of Object.entries(Values)) {
    if (typeof value !== 'string')
      throw new HostError(
        `${file}: "Values" may hold strings only, and "${key}" is ${typeName(value)}. ${typeof value === 'object' ? 'Write it as a string of JSON.' : 'Put it in quotes.'}`,
      );
    values[key] = value;
  }
  const { LocalHttpPort, CORS, CORSCredentials = false } = Host;
  if (LocalHttpPort !== undefined && !isPort(LocalHttpPort))
    throw new HostError(`${file}: "Host.LocalHttpPort" must be a number from 0 to 65535.`);
  if (CORS !== undefined && typeof CORS !== 'string')
    throw new HostError(`${file}: "Host.CORS" must be a string: origins separated by commas, or "*".`);
  if (typeof CORSCredentials !== 'boolean')
    throw new HostError(`${file}: "Host.CORSCredentials" must be true or false.`);
  return {
    values,
    corsCredentials: CORSCredentials,
    ...(LocalHttpPort !== undefined && { localHttpPort: LocalHttpPort }),
    ...(CORS !== undefined && { cors: CORS }),
  };
}

/** Puts settings into `env`. What `env` has already (and is not empty) stays, and its name is written to the log. */
export function applySettings(values: Record<string, string>, env: NodeJS.ProcessEnv): void {
  for (const [key, value] of Object.entries(values)) {
    if (env[key])
      writeLog(
        'information',
        'host',
        `Setting '${key}' is taken from the environment, not from local.settings.json`,
      );
    else env[key] = value;
  }
}

/**
 * Replaces every `%NAME%` by that setting.
 * @throws HostError when a setting is missing or empty.
 */
export function resolveSettings(text: string, env: NodeJS.ProcessEnv): string {
  return text.replaceAll(/%([^%]+)%/g, (reference, name: string) => {
    const value = env[name];
    if (!value) throw new HostError(`${reference} names a setting that is not set.`);
    return value;
  });
}

export function isPort(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) <= 65_535;
}

function typeName(value: unknown): string {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'an array' : `${typeof value === 'object' ? 'an' : 'a'} ${typeof value}`;
}
