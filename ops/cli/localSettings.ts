import path from 'node:path';
import { isRecord } from '../../shared/isRecord.ts';
import { PlainError } from './errors.ts';
import { readJsonObject } from './jsonFile.ts';

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
 * @throws PlainError naming the file and the key that is wrong. Values are never shown.
 */
export async function readLocalSettings(root: string): Promise<LocalSettings> {
  const file = path.join(root, 'local.settings.json');
  const { IsEncrypted, Values = {}, Host = {} } = (await readJsonObject(file)) ?? {};
  if (IsEncrypted === true)
    throw new PlainError(
      `${file} is encrypted ("IsEncrypted": true), and only Core Tools can open it. Run "func settings decrypt" or write the file anew with "IsEncrypted": false.`,
    );
  if (!isRecord(Values)) throw new PlainError(`${file}: "Values" must be an object of strings.`);
  if (!isRecord(Host)) throw new PlainError(`${file}: "Host" must be an object.`);

  const values: Record<string, string> = {};
  for (const [key, value] of Object.entries(Values)) {
    if (typeof value !== 'string')
      throw new PlainError(
        `${file}: "Values" may hold strings only, and "${key}" is ${typeName(value)}. ${typeof value === 'object' ? 'Write it as a string of JSON.' : 'Put it in quotes.'}`,
      );
    values[key] = value;
  }
  const { LocalHttpPort, CORS, CORSCredentials = false } = Host;
  if (LocalHttpPort !== undefined && !isPort(LocalHttpPort))
    throw new PlainError(`${file}: "Host.LocalHttpPort" must be a number from 0 to 65535.`);
  if (CORS !== undefined && typeof CORS !== 'string')
    throw new PlainError(`${file}: "Host.CORS" must be a string: origins separated by commas, or "*".`);
  if (typeof CORSCredentials !== 'boolean')
    throw new PlainError(`${file}: "Host.CORSCredentials" must be true or false.`);
  return {
    values,
    corsCredentials: CORSCredentials,
    ...(LocalHttpPort !== undefined && { localHttpPort: LocalHttpPort }),
    ...(CORS !== undefined && { cors: CORS }),
  };
}

export function isPort(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) <= 65_535;
}

function typeName(value: unknown): string {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'an array' : `${typeof value === 'object' ? 'an' : 'a'} ${typeof value}`;
}
