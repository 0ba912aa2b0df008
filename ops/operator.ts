import type { Stored } from '../shared/account/account.ts';
import type { Stead } from '../shared/stead.ts';
import type { Who } from './commandLine.ts';

/** What the verbs use of the application, and their output. */
export type Operator = Stead['operators'] & {
  /** Prints one line of the result. Wait for it, because the reader of the output may be slow. */
  print: (line: string) => Promise<void>;
  /** Prints one line for the operator on the error output, such as why something was not done. */
  tell: (line: string) => void;
};

/** How many users a verb processes at the same time. */
export const AT_ONCE = 16;

/** Finds an account. For a log id it reads all accounts. @throws {UnavailableError} */
export async function findAccount(operator: Operator, who: Who): Promise<Stored | undefined> {
  if ('userId' in who) return operator.show(who.userId);
  for await (const account of operator.list()) {
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
export async function warnOfKept({ keepsRemovedForDays, tell }: Operator): Promise<void> {
  const days = await keepsRemovedForDays();
  if (days === undefined) return;
  tell(
    days === 'not-allowed'
      ? 'Whether the storage account keeps what is erased is not known: to see its properties you need the role Reader on it. docs/runbook.md, "What keeps erased secrets", says how to look.'
      : `Soft delete is on: the storage account keeps every erased token cache for ${days} days. docs/runbook.md, "What keeps erased secrets", says how to turn it off.`,
  );
}
