import { isConnected, isTombstone, type Stored } from '../shared/account/account.ts';
import { ConflictError } from '../shared/errors.ts';
import { createSlots, forEachAtOnce } from '../shared/forEachAtOnce.ts';
import { timeText } from './accountView.ts';
import { PlainError } from './cli/errors.ts';
import type { Command } from './commandLine.ts';
import { readLogExport } from './logExport.ts';
import { AT_ONCE, type Operator, warnOfKept } from './operator.ts';

type Change = ReturnType<Operator['laterChange']>;
type End = Parameters<Operator['replayEnd']>[1];

/** By log id, what the log says of each user last. */
type LastChanges = Map<string, Change>;

const DONE: Record<End['as'], string> = { disconnected: 'disconnected again', retired: 'erased again' };

/** `accounts replay-ended` */
export async function replayEnded(
  operator: Operator,
  { from, yes }: Extract<Command, { verb: 'accounts replay-ended' }>,
): Promise<number> {
  const { logId, print, tell } = operator;
  const last = await readChanges(operator, from);
  const missing = new Set(last.keys());
  const counts = { disconnected: 0, retired: 0, ended: 0, newer: 0, connected: 0, lost: 0, failed: 0 };
  if (yes) await warnOfKept(operator);

  async function replay(user: string, account: Stored, end: End): Promise<void> {
    const was = describe(account);
    const decision = yes
      ? await operator.replayEnd(account.userId, end)
      : await decide(operator, account, end);
    counts[decision === 'end' ? end.as : decision] += 1;
    if (decision === 'end') await print(`${user} ${yes ? 'is' : 'would be'} ${DONE[end.as]} (${was}).`);
    if (decision === 'newer') {
      await print(`${user} is left alone: it ended at ${timeText(end.at)}, and came back since (${was}).`);
    }
  }

  await forEachAtOnce(operator.list(), createSlots(AT_ONCE), async (account) => {
    const user = logId(account.userId);
    const change = last.get(user);
    if (change === undefined) return;
    missing.delete(user);
    if (change.to === 'connected') {
      const isLost = account.state === 'disconnected' && account.since < change.at;
      counts[isLost ? 'lost' : 'connected'] += 1;
      if (isLost)
        await print(`${user} connected again, and this store does not know it: they must do it anew.`);
      return;
    }
    try {
      await replay(user, account, { as: change.to, at: change.at });
    } catch (error) {
      if (!(error instanceof ConflictError)) throw error;
      counts.failed += 1;
      tell(`${user} has not ended: it changed on every try. Try again.`);
    }
  });

  const unknown = [...missing].map((user) => ({ user, to: last.get(user)?.to }));
  for (const { user, to } of unknown) {
    if (to !== 'disconnected') continue;
    await print(`${user} disconnected and has no account in this store: their next visit connects them.`);
  }
  await print(
    `${yes ? 'Ended' : 'Would be ended'} again: disconnected ${counts.disconnected}, erased ${counts.retired}. Already ended ${counts.ended}, came back since ${counts.newer}, connected in the log ${counts.connected + counts.lost}, without an account here ${unknown.length}.${yes ? '' : ' Nothing was done: add --yes.'}`,
  );
  if (unknown.length === last.size) {
    tell(
      'No user of the export has an account here. Are TokenStore and LOG_HASH_KEY those of the deployment?',
    );
    return 1;
  }
  return counts.failed === 0 ? 0 : 1;
}

/**
 * Reads all files before anything is done, because the last event of a user may be in any of them.
 * @throws {PlainError} they say of nobody that they were connected or ended, or of somebody not when.
 */
async function readChanges(operator: Operator, files: readonly string[]): Promise<LastChanges> {
  const { readLoggedChange, laterChange } = operator;
  const last: LastChanges = new Map();
  const found = { changes: 0, otherEvents: 0, others: 0, first: Infinity, latest: -Infinity };
  for (const file of files) {
    const { events, others } = readLogExport(file);
    found.others += others;
    for (const { where, at, event } of events) {
      const change = readLoggedChange(event);
      if (change === undefined) {
        found.otherEvents += 1;
        continue;
      }
      if (at === undefined) throw timeless(file, where);
      last.set(change.user, laterChange(last.get(change.user), { ...change, at }));
      found.changes += 1;
      found.first = Math.min(found.first, at.getTime());
      found.latest = Math.max(found.latest, at.getTime());
    }
  }
  const rest = `${found.otherEvents} other events, ${found.others} other lines or rows`;
  if (found.changes === 0) {
    throw new PlainError(
      `The export has no event that says that somebody was connected or ended, only ${rest}. Look at the time and the query of the export.`,
    );
  }
  const [first, latest] = [found.first, found.latest].map((ms) => timeText(new Date(ms)));
  await operator.print(
    `${found.changes} events of ${last.size} users, from ${first} to ${latest}. Left out: ${rest}.`,
  );
  return last;
}

const timeless = (file: string, where: string) =>
  new PlainError(
    `${file}: The event in ${where} has no time that can be read. It must look like 2026-11-20T09:15:00.000Z. Nothing was done, because the order of the events decides. Export the log with the query of docs/runbook.md, "Failover to a copy that is behind".`,
  );

/** What `replayEnd` would do. A tombstone may still have the cache that a process which died did not delete. */
async function decide(operator: Operator, account: Stored, end: End) {
  const decision = operator.decideReplay(account, end);
  return decision === 'ended' && (await operator.hasCache(account.userId)) ? 'end' : decision;
}

function describe(account: Stored): string {
  if (isConnected(account)) return `${account.state}, last activity ${timeText(account.lastActivity)}`;
  return isTombstone(account) ? `${account.state} since ${timeText(account.since)}` : account.state;
}
