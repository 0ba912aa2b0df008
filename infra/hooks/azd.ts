import { execFile } from 'node:child_process';
import { PlainError } from '../../ops/cli/errors.ts';
import { readObject } from '../../ops/cli/readObject.ts';
import { settingCommand } from '../../ops/cli/settingCommand.ts';
import { optional } from './readOutput.ts';

const ANSWER_MS = 30_000;

/**
 * Sets values in the environment of azd for which this hook runs. azd reads its environment again after a hook.
 * @throws {PlainError} it could not, and how to do it by hand
 */
export async function setInAzd(values: Readonly<Record<string, string>>): Promise<void> {
  const pairs = Object.entries(values).map(([name, value]) => `${name}=${value}`);
  const name = optional('AZURE_ENV_NAME');
  const own = name === '' ? [] : ['--environment', name];
  const { failed } = await runAzd(['env', 'set', ...pairs, ...own, '--no-prompt']);
  if (failed)
    throw new PlainError(`azd could not keep these values. Run it by hand:\n${settingCommand(values)}`);
}

/**
 * Takes the values of the selected azd environment into the variables of this process, for a command that a person runs by
 * hand. Variables that are set already stay as they are. Without azd or an environment nothing is taken.
 */
export async function takeAzdEnvironment(): Promise<void> {
  const { stdout } = await runAzd(['env', 'get-values', '--output', 'json', '--no-prompt']);
  for (const [name, value] of Object.entries(readObject(stdout))) {
    if (optional(name) === '' && typeof value === 'string') process.env[name] = value;
  }
}

/** No shell reads the command. On Windows `azd` is an ordinary program, and no batch file as `az` is. */
function runAzd(args: readonly string[]): Promise<{ stdout: string; failed: boolean }> {
  return new Promise((resolve) => {
    execFile('azd', [...args], { timeout: ANSWER_MS, windowsHide: true }, (error, stdout) =>
      resolve({ stdout, failed: error !== null }),
    );
  });
}
