import type { Stored } from '../shared/account/account.ts';
import { ConflictError } from '../shared/errors.ts';
import { createSlots, forEachAtOnce } from '../shared/forEachAtOnce.ts';
import type { UserId } from '../shared/userId.ts';
import { timeText } from './accountView.ts';
import type { Command, Who } from './commandLine.ts';
import { AT_ONCE, findAccount, type Operator, tellNotFound, warnOfKept } from './operator.ts';

/** `accounts erase` */
export async function eraseAccounts(
  operator: Operator,
  { of, yes }: Extract<Command, { verb: 'accounts erase' }>,
): Promise<number> {
  await warnOfKept(operator);
  return 'who' in of ? eraseOne(operator, of.who, yes) : eraseTenant(operator, of.tid, yes);
}

async function eraseOne(operator: Operator, who: Who, yes: boolean): Promise<number> {
  const account = await findAccount(operator, who);
  // A user id may have a cache without an account.
  const userId = 'userId' in who ? who.userId : account?.userId;
  if (userId === undefined) {
    tellNotFound(operator, who);
    return 1;
  }
  const user = operator.logId(userId);
  if (yes) {
    const erased = await operator.retire(userId);
    await operator.print(erased ? `${user} is erased.` : `There is nothing to erase for ${user}.`);
  } else {
    const found = await whatIsKept(operator, userId, account);
    if (found === undefined) await operator.print(`There is nothing to erase for ${user}.`);
    else await operator.print(`${user} would be erased (${found}). Nothing was done: add --yes.`);
  }
  return 0;
}

async function eraseTenant(operator: Operator, tid: string, yes: boolean): Promise<number> {
  const { logId, print } = operator;
  let users = 0;
  let caches = 0;
  let failed = 0;

  /** A conflict of one user does not stop the erasure of others. */
  async function attempt(userId: UserId, erase: () => Promise<void>): Promise<void> {
    try {
      await erase();
    } catch (error) {
      if (!(error instanceof ConflictError)) throw error;
      failed += 1;
      operator.tell(`${logId(userId)} is not erased: it changed on every try. Try again.`);
    }
  }

  await forEachAtOnce(operator.list(tid), createSlots(AT_ONCE), (account) =>
    attempt(account.userId, async () => {
      const { userId } = account;
      const found = yes ? undefined : await whatIsKept(operator, userId, account);
      if (yes ? !(await operator.retire(userId)) : found === undefined) return;
      users += 1;
      await print(yes ? `${logId(userId)} is erased.` : `${logId(userId)} would be erased (${found}).`);
    }),
  );
  await forEachAtOnce(operator.listCaches(tid), createSlots(AT_ONCE), (userId) =>
    attempt(userId, async () => {
      const erased = yes ? await operator.removeCache(userId) : (await operator.show(userId)) === undefined;
      if (!erased) return;
      caches += 1;
      await print(`${logId(userId)} ${yes ? 'had' : 'has'} a token cache and no account.`);
    }),
  );
  const counts = `users ${users}, token caches without an account ${caches}`;
  await print(yes ? `Erased: ${counts}.` : `Would be erased: ${counts}. Nothing was done: add --yes.`);
  return failed === 0 ? 0 : 1;
}

/** Describes what would be erased of a user; undefined if there is nothing. */
async function whatIsKept(
  { hasCache }: Operator,
  userId: UserId,
  account: Stored | undefined,
): Promise<string | undefined> {
  const cached = await hasCache(userId);
  if (account === undefined || account.state === 'retired') return cached ? 'a token cache' : undefined;
  if (account.state === 'disconnected') return 'the record of their disconnection';
  const kept = cached ? 'with a token cache' : 'without a token cache';
  if (account.state === 'damaged') return `damaged, ${kept}`;
  return `${account.state}, last activity ${timeText(account.lastActivity)}, ${kept}`;
}
