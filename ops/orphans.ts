import { removeCache } from '../shared/account/endAccount.ts';
import { isTombstone } from '../shared/account/schedule.ts';
import { createSlots, forEachAtOnce } from '../shared/forEachAtOnce.ts';
import type { Command } from './commandLine.ts';
import { AT_ONCE, type Operator, warnOfKept } from './operator.ts';

/** `orphans` */
export async function orphans(
  operator: Operator,
  { json, erase, yes }: Extract<Command, { verb: 'orphans' }>,
): Promise<number> {
  const { accounts, tokenCache, logId, print } = operator;
  await warnOfKept(operator);
  let count = 0;
  await forEachAtOnce(tokenCache.list(), createSlots(AT_ONCE), async (userId) => {
    const account = await accounts.read(userId);
    if (account !== undefined && !isTombstone(account.state)) return;
    const why = account === undefined ? 'no account' : account.state;
    // `removeCache` reads the account again, so a user who came back in the meantime keeps their cache.
    const erased = erase && yes && (await removeCache(operator, userId));
    if (erase && yes && !erased) return;
    count += 1;
    const user = logId(userId);
    await print(json ? JSON.stringify({ user, why, erased }) : `${user}  ${why}${erased ? '  erased' : ''}`);
  });
  if (!json) {
    const done = erase && yes ? 'Erased' : erase ? 'Would be erased' : 'Found';
    const hint = erase && !yes ? ' Nothing was done: add --yes.' : '';
    await print(`${done}: token caches without an account ${count}.${hint}`);
  }
  return 0;
}
