/** `npm run stead -- <verb>`: the operators' command. */
import { once } from 'node:events';
import type { Config } from '../shared/config.ts';
import { StoreCredentialError, UnavailableError } from '../shared/errors.ts';
import { createStead, type SteadOptions } from '../shared/stead.ts';
import { azureStores } from '../shared/stores/azure.ts';
import { auditAccounts } from './auditAccounts.ts';
import { createAzureCliCredential } from './azureCli.ts';
import { PlainError } from './cli/errors.ts';
import { runCommand } from './cli/runCommand.ts';
import { tell } from './cli/terminal.ts';
import { type Command, readCommandLine } from './commandLine.ts';
import { eraseAccounts } from './eraseAccounts.ts';
import { exportAccount } from './exportAccount.ts';
import { listAccounts } from './listAccounts.ts';
import { listTenants } from './listTenants.ts';
import type { Operator } from './operator.ts';
import { orphans } from './orphans.ts';
import { replayEnded } from './replayEnded.ts';
import { retireAccounts } from './retireAccounts.ts';
import { retryAccounts } from './retryAccounts.ts';
import { readOperatorConfig, readSettings } from './settings.ts';
import { showAccount } from './showAccount.ts';
import { readQueues, showQueue } from './showQueue.ts';
import { USAGE } from './usage.ts';

/** Resolves when the output can take more lines. All callers of `print` wait for the same promise. */
let drained: Promise<void> | undefined;

await runCommand(USAGE, async (args) => {
  const command = readCommandLine(args);
  if (command.verb === 'help') {
    process.stdout.write(USAGE);
    return 0;
  }
  const settings = await readSettings(process.cwd(), process.env);
  const config = readOperatorConfig(settings);
  try {
    const credential = await credentialFor(config);
    if (command.verb === 'queue') {
      return await showQueue(
        { print, tell },
        command,
        await readQueues(settings, credential.storageCredential),
      );
    }
    const { operators } = createStead(config, { stores: azureStores, ...credential });
    return await run({ ...operators, print, tell }, command);
  } catch (error) {
    if (error instanceof StoreCredentialError) {
      throw new PlainError(`There is no token for the storage account (${error.code}). ${error.remedy}`);
    }
    if (!(error instanceof UnavailableError)) throw error;
    const cause = error.cause instanceof Error ? error.cause.message : 'no answer';
    const remedy =
      error.remedy ?? 'Start Azurite, or check TokenStore and the firewall of its storage account.';
    throw new PlainError(`The storage account cannot be reached (${error.dependency}: ${cause}). ${remedy}`);
  }
});

/**
 * The operator's own sign-in, if the settings name neither a key nor an identity. It gets the first token now, because
 * `az` may take longer than an operation of a store may.
 */
async function credentialFor({ storage }: Config): Promise<SteadOptions> {
  if ('connectionString' in storage || storage.managedIdentity !== undefined) return {};
  const storageCredential = createAzureCliCredential();
  await storageCredential.getToken([]);
  return { storageCredential };
}

function run(operator: Operator, command: Exclude<Command, { verb: 'help' | 'queue' }>): Promise<number> {
  switch (command.verb) {
    case 'accounts list':
      return listAccounts(operator, command);
    case 'accounts show':
      return showAccount(operator, command);
    case 'accounts export':
      return exportAccount(operator, command);
    case 'accounts retry':
      return retryAccounts(operator, command);
    case 'accounts erase':
      return eraseAccounts(operator, command);
    case 'accounts retire':
      return retireAccounts(operator, command);
    case 'accounts replay-ended':
      return replayEnded(operator, command);
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
