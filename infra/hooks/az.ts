import { PlainError } from '../../ops/cli/errors.ts';
import { AZ_TIMEOUT_MS, isAzMissing, runAz } from '../../ops/cli/runAz.ts';
import { optional } from './readOutput.ts';

/** Azure refused a call of `az`. What it said is not in the message, because it names persons. */
export class AzRefused extends PlainError {
  /** The code in Azure's answer, such as `Forbidden`; undefined if it gave none. */
  readonly reason: string | undefined;

  constructor(command: string, reason: string | undefined) {
    super(
      `az ${command} failed${reason === undefined ? '' : ` (${reason})`}. Run it by hand to see what Azure says; az login, if nobody is signed in.`,
    );
    this.reason = reason;
  }
}

/**
 * Runs `az` in the subscription of the azd environment.
 * @returns what it printed
 * @throws {AzRefused} it failed.
 * @throws {PlainError} it is not there, or gave no answer.
 */
export async function az(command: string, args: readonly string[]): Promise<string> {
  const subscription = optional('AZURE_SUBSCRIPTION_ID');
  const own = subscription === '' ? [] : ['--subscription', subscription];
  const result = await runAz([...command.split(' '), ...args, ...own]);
  if (result.failed === undefined) return result.stdout;
  if (isAzMissing(result)) {
    throw new PlainError(
      'The Azure CLI (az) is not on the PATH. Install it (https://aka.ms/azure-cli), and run az login.',
    );
  }
  if (result.failed.killed)
    throw new PlainError(`az ${command} gave no answer within ${AZ_TIMEOUT_MS / 1_000} s.`);
  throw new AzRefused(
    command,
    /^(?:ERROR: )?\((\w+)\)|^Code: (\w+)/m.exec(result.stderr)?.slice(1).find(Boolean),
  );
}
