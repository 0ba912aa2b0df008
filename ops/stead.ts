/** `npm run stead -- <verb>`: the operators' one command. */
import { once } from 'node:events';
import { readConfig } from '../shared/config.ts';
import { ConfigError, UnavailableError } from '../shared/errors.ts';
import { createStead } from '../shared/stead.ts';
import { type Command, readCommandLine, UsageError } from './commandLine.ts';
import { eraseAccounts } from './eraseAccounts.ts';
import { listAccounts } from './listAccounts.ts';
import { listTenants } from './listTenants.ts';
import type { Operator } from './operator.ts';
import { orphans } from './orphans.ts';
import { retryAccounts } from './retryAccounts.ts';
import { readSettings } from './settings.ts';
import { showAccount } from './showAccount.ts';
import { USAGE } from './usage.ts';

/** One for everybody who waits for a slow reader. */
let drained: Promise<void> | undefined;

process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  // Whoever reads has seen enough, as `head` does.
  if (error.code === 'EPIPE') process.exit();
  throw error;
});
process.exitCode = await main();

async function main(): Promise<number> {
  try {
    const command = readCommandLine(process.argv.slice(2));
    if (command.verb === 'help') {
      process.stdout.write(USAGE);
      return 0;
    }
    const config = readConfig(await readSettings(process.cwd(), process.env));
    return await run({ ...createStead(config).services, print, tell }, command);
  } catch (error) {
    tell(explain(error));
    return error instanceof UsageError ? 2 : 1;
  }
}

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
    case 'tenants':
      return listTenants(operator, command);
    case 'orphans':
      return orphans(operator, command);
    default:
      return command satisfies never;
  }
}

/** @throws what is not an operator's to mend. */
function explain(error: unknown): string {
  if (error instanceof UsageError) return `${error.message}\n\n${USAGE.trimEnd()}`;
  if (error instanceof ConfigError) return error.message;
  if (error instanceof UnavailableError) {
    const cause = error.cause instanceof Error ? error.cause.message : 'no answer';
    return `The storage account cannot be reached (${error.dependency}: ${cause}). Start Azurite, or check TokenStore and the firewall of its account.`;
  }
  if (error instanceof Error && error.name === 'HostError') return error.message;
  throw error;
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
