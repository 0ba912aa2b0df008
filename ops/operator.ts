import type { Account, Services } from '../shared/ports.ts';
import { SHARDS } from '../shared/userId.ts';
import type { Who } from './commandLine.ts';

/** What every verb works with. */
export type Operator = Pick<
  Services,
  'accounts' | 'tokenCache' | 'tenants' | 'logId' | 'schedule' | 'clock'
> & {
  /** One line of what was asked for. Wait for it: it is slow when the reader is. */
  print: (line: string) => Promise<void>;
  /** One line for the operator alone, such as why something was not done. */
  tell: (line: string) => void;
};

/** Users who are worked on at a time. */
export const AT_ONCE = 16;

/** Everybody's account, or one tenant's, shard by shard and page by page. @throws {UnavailableError} */
export async function* everyAccount({ accounts }: Operator, tid?: string): AsyncGenerator<Account> {
  for (const shard of SHARDS) yield* accounts.list(shard, tid);
}

/** A log id is looked for among all accounts. @throws {UnavailableError} */
export async function findAccount(operator: Operator, who: Who): Promise<Account | undefined> {
  if ('userId' in who) return operator.accounts.read(who.userId);
  for await (const account of everyAccount(operator)) {
    if (operator.logId(account.userId) === who.logId) return account;
  }
  return undefined;
}

/** Says that nobody was found, and why that may be. */
export function tellNotFound({ tell }: Operator, who: Who): void {
  tell(
    'userId' in who
      ? 'There is no account of that user. Is TokenStore the one of the deployment?'
      : `No account has the log id ${who.logId}. Are TokenStore and LOG_HASH_KEY those of the deployment?`,
  );
}

/** Erased is not gone where the storage account keeps what was deleted. */
export async function warnOfKept({ tokenCache, tell }: Operator): Promise<void> {
  const days = await tokenCache.keepsRemovedForDays();
  if (days === undefined) return;
  tell(
    `Soft delete is on: the storage account keeps every erased token cache for ${days} days. docs/runbook.md, "What keeps erased secrets", says how to turn it off.`,
  );
}
