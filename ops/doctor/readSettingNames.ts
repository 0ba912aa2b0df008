import { PlainError } from '../cli/errors.ts';
import { isAzMissing, runAz } from '../cli/runAz.ts';

/**
 * Asks the Azure CLI for the names of a function app's settings, and not for their values. What `az` says is not passed on.
 * @throws {PlainError} they cannot be read.
 */
export async function readSettingNames(app: string, resourceGroup: string): Promise<string[]> {
  const where = ['--name', app, '--resource-group', resourceGroup];
  const list = ['functionapp', 'config', 'appsettings', 'list'];
  const answer = await runAz([...list, ...where, '--query', '[].name', '--output', 'json']);
  if (isAzMissing(answer)) throw new PlainError('The Azure CLI (az) is not installed.');
  const names = answer.failed === undefined ? namesIn(answer.stdout) : undefined;
  if (names !== undefined) return names;
  throw new PlainError(
    `The Azure CLI cannot read the settings of ${app}. Run az login, and "az functionapp show ${where.join(' ')}" to see why.`,
  );
}

function namesIn(stdout: string): string[] | undefined {
  try {
    const names: unknown = JSON.parse(stdout);
    return Array.isArray(names) ? names.filter((name) => typeof name === 'string') : undefined;
  } catch {
    return undefined;
  }
}
