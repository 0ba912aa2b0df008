import type { Account, Services } from '../shared/ports.ts';
import { SHARDS } from '../shared/userId.ts';
import type { Who } from './commandLine.ts';

/** The ports that the verbs use, and their output. */
export type Operator = Pick<
  Services,
  'accounts' | 'tokenCache' | 'tenants' | 'logId' | 'schedule' | 'clock'
> & {
  /** Prints one line of the result. Wait for it, because the reader of the output may be slow. */
  print: (line: string) => Promise<void>;
  /** Prints one line for the operator on the error output, such as why something was not done. */
  tell: (line: string) => void;
};

/** How many users a verb processes at the same time. */
export const AT_ONCE = 16;

/** Reads all accounts, or those of one tenant. Pages are read on demand. @throws {UnavailableError} */
export async function* everyAccount({ accounts }: Operator, tid?: string): AsyncGenerator<Account> {
  for (const shard of SHARDS) yield* accounts.list(shard, tid);
}

/** Finds an account. For a log id it reads all accounts. @throws {UnavailableError} */
export async function findAccount(operator: Operator, who: Who): Promise<Account | undefined> {
  if ('userId' in who) return operator.accounts.read(who.userId);
  for await (const account of everyAccount(operator)) {
    if (operator.logId(account.userId) === who.logId) return account;
  }
  return undefined;
}

/** Prints that there is no such account, and a possible reason. */
export function tellNotFound({ tell }: Operator, who: Who): void {
  tell(
    'userId' in who
      ? 'That user has no account. Is TokenStore that of the deployment?'
      : `No account has the log id ${who.logId}. Are TokenStore and LOG_HASH_KEY those of the deployment?`,
  );
}

/** Warns if the storage account keeps what was deleted, because then an erased cache still exists for some days. */
export async function warnOfKept({ tokenCache, tell }: Operator): Promise<void> {
  const days = await tokenCache.keepsRemovedForDays();
  if (days === undefined) return;
  tell(
    `Soft delete is on: the storage account keeps every erased token cache for ${days} days. docs/runbook.md, "What keeps erased secrets", says how to turn it off.`,
  );
}
