import { randomBytes } from 'node:crypto';
import { chmod, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { PlainError } from '../ops/cli/errors.ts';

/** The keys, named as the settings of the functions. */
export type OwnKeys = { TOKEN_CACHE_KEYS: string; LOG_HASH_KEY: string };

/**
 * The random keys of a deployment on this machine. The first call makes them, and later calls read them from the file.
 * Only this user can read it (mode 0600).
 * @throws {PlainError} The file exists, but does not hold such keys.
 */
export async function openKeyFile(file: string): Promise<OwnKeys> {
  const kept = await readKeyFile(file);
  if (kept !== undefined) return kept;
  const key = { kty: 'oct', kid: `local-${randomBytes(4).toString('hex')}`, k: secret('base64url') };
  const made = { TOKEN_CACHE_KEYS: JSON.stringify({ keys: [key] }), LOG_HASH_KEY: secret('base64') };
  await mkdir(dirname(file), { recursive: true });
  // The file is renamed into place, so that a crash leaves no half file. An old draft is deleted first: writing into it
  // would keep its mode.
  const draft = `${file}.new`;
  await rm(draft, { force: true });
  await writeFile(draft, `${JSON.stringify(made, null, 2)}\n`, { mode: 0o600, flag: 'wx', flush: true });
  await rename(draft, file);
  return made;
}

const secret = (encoding: 'base64' | 'base64url'): string => randomBytes(32).toString(encoding);

async function readKeyFile(file: string): Promise<OwnKeys | undefined> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  const kept = parse(text);
  if (typeof kept?.TOKEN_CACHE_KEYS !== 'string' || typeof kept.LOG_HASH_KEY !== 'string') {
    throw new PlainError(
      `${file} does not hold the keys that were made there. Put it back from a copy; or delete it together with the folder it is in, and every user signs in again.`,
    );
  }
  // A copy, a restored backup or an editor may have made it readable for others.
  await chmod(file, 0o600);
  return { TOKEN_CACHE_KEYS: kept.TOKEN_CACHE_KEYS, LOG_HASH_KEY: kept.LOG_HASH_KEY };
}

function parse(text: string): Partial<Record<keyof OwnKeys, unknown>> | undefined {
  try {
    return JSON.parse(text) ?? undefined;
  } catch {
    return undefined;
  }
}
