import { readLocalSettings } from '../dev/host/localSettings.ts';

/**
 * The environment's settings, and for those it lacks `Values` of the folder's local.settings.json, if there is one.
 * @throws {HostError} the file cannot be read.
 */
export async function readSettings(
  folder: string,
  environment: NodeJS.ProcessEnv,
): Promise<Record<string, string | undefined>> {
  const { values } = await readLocalSettings(folder);
  const given = Object.entries(environment).filter(([, value]) => value !== '');
  return { ...values, ...Object.fromEntries(given) };
}
