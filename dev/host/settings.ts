import { PlainError } from '../../ops/cli/errors.ts';
import { writeLog } from './hostLog.ts';

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
 * @throws PlainError when a setting is missing or empty.
 */
export function resolveSettings(text: string, env: NodeJS.ProcessEnv): string {
  return text.replaceAll(/%([^%]+)%/g, (reference, name: string) => {
    const value = env[name];
    if (!value) throw new PlainError(`${reference} names a setting that is not set.`);
    return value;
  });
}
