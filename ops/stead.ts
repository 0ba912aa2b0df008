/** `npm run stead -- <verb>`: the operators' command. */
import { once } from 'node:events';
import { readConfig } from '../shared/config.ts';
import { UnavailableError } from '../shared/errors.ts';
import { createStead } from '../shared/stead.ts';
import { auditAccounts } from './auditAccounts.ts';
import { PlainError } from './cli/errors.ts';
import { runCommand } from './cli/runCommand.ts';
import { type Command, readCommandLine } from './commandLine.ts';
import { eraseAccounts } from './eraseAccounts.ts';
import { listAccounts } from './listAccounts.ts';
import { listTenants } from './listTenants.ts';
import type { Operator } from './operator.ts';
import { orphans } from './orphans.ts';
import { retireAccounts } from './retireAccounts.ts';
import { retryAccounts } from './retryAccounts.ts';
import { readSettings } from './settings.ts';
import { showAccount } from './showAccount.ts';
import { USAGE } from './usage.ts';

/** Resolves when the output can take more lines. All callers of `print` wait for the same promise. */
let drained: Promise<void> | undefined;

process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  // The reader has closed the output, as `head` does.
  if (error.code === 'EPIPE') process.exit();
  throw error;
});

await runCommand(USAGE, async (args) => {
  const command = readCommandLine(args);
  if (command.verb === 'help') {
    process.stdout.write(USAGE);
    return 0;
  }
  const config = readConfig(await readSettings(process.cwd(), process.env));
  try {
    return await run({ ...createStead(config).operators, print, tell }, command);
  } catch (error) {
    if (!(error instanceof UnavailableError)) throw error;
    const cause = error.cause instanceof Error ? error.cause.message : 'no answer';
    throw new PlainError(
      `The storage account cannot be reached (${error.dependency}: ${cause}). Start Azurite, or check TokenStore and the firewall of its storage account.`,
    );
  }
});

function run(operator: Operator, command: Exclude<Command, { verb: 'help' }>): Promise<number> {
  switch (command.verb) {
    case 'accounts list':
      return listAccounts(operator, command);
    case 'accounts show':
      return showAccount(operator, command);
    case 'accounts retry':
      return retryAccounts(operator, command);
    case 'accounts erase':
      return eraseAccounts(operator, command);
    case 'accounts retire':
      return retireAccounts(operator, command);
    case 'accounts audit':
      return auditAccounts(operator);
    case 'tenants':
      return listTenants(operator, command);
    case 'orphans':
      return orphans(operator, command);
    default:
      return command satisfies never;
  }
}

async function print(line: string): Promise<void> {
  if (!process.stdout.write(`${line}\n`)) {
    drained ??= once(process.stdout, 'drain').then(() => {
      drained = undefined;
    });
  }
  await drained;
}

function tell(line: string): void {
  process.stderr.write(`${line}\n`);
}
