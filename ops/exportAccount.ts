import type { Command } from './commandLine.ts';
import { findAccount, type Operator, tellNotFound } from './operator.ts';

/** `accounts export` */
export async function exportAccount(
  operator: Operator,
  { who }: Extract<Command, { verb: 'accounts export' }>,
): Promise<number> {
  // A user id may have a cache without an account.
  const userId = 'userId' in who ? who.userId : (await findAccount(operator, who))?.userId;
  const kept = userId && (await operator.export(userId));
  if (kept === undefined) {
    tellNotFound(operator, who);
    return 1;
  }
  await operator.print(JSON.stringify(kept, undefined, 2));
  return 0;
}
