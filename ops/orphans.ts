import { createSlots, forEachAtOnce } from '../shared/forEachAtOnce.ts';
import type { Command } from './commandLine.ts';
import { AT_ONCE, type Operator, warnOfKept } from './operator.ts';

/** `orphans` */
export async function orphans(
  operator: Operator,
  { json, erase, yes }: Extract<Command, { verb: 'orphans' }>,
): Promise<number> {
  const { logId, print } = operator;
  await warnOfKept(operator);
  let count = 0;
  await forEachAtOnce(operator.listCaches(), createSlots(AT_ONCE), async (userId) => {
    const account = await operator.show(userId);
    if (!operator.isOrphaned(account)) return;
    const why = account === undefined ? 'no account' : account.state;
    // `removeCache` reads the account again, so a user who came back in the meantime keeps their cache.
    const erased = erase && yes && (await operator.removeCache(userId));
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
