import path from 'node:path';
import { PlainError } from '../../ops/cli/errors.ts';
import { readJsonObject } from '../../ops/cli/jsonFile.ts';

export type HostJson = {
  /** What every route begins with; default `api`. */
  routePrefix: string;
  /** The lowest level that is logged; default `Information`. */
  logLevel: string;
};

/**
 * Reads `extensions.http.routePrefix` and `logging.logLevel.default` of host.json; the rest is for Azure.
 * @throws PlainError when the file is missing or malformed.
 */
export async function readHostJson(root: string): Promise<HostJson> {
  const file = path.join(root, 'host.json');
  const hostJson = await readJsonObject(file);
  if (!hostJson) throw new PlainError(`${file} is missing. Is ${root} the folder of a function app?`);
  const string = (keys: string[], fallback: string) => {
    const value = keys.reduce<unknown>(
      (at, key) => (at as Record<string, unknown> | undefined)?.[key],
      hostJson,
    );
    if (value !== undefined && typeof value !== 'string')
      throw new PlainError(`${file}: "${keys.join('.')}" must be a string.`);
    return value ?? fallback;
  };
  return {
    routePrefix: string(['extensions', 'http', 'routePrefix'], 'api'),
    logLevel: string(['logging', 'logLevel', 'default'], 'Information'),
  };
}
