/** An account that no entry of the index leads to is found by the audit, or by whoever changes it, and is then served. */
import { describe, expect, it } from 'vitest';
import { dueAt } from '../../../../shared/account/account.ts';
import type { Finding } from '../../../../shared/accountStore.ts';
import { createOperators } from '../../../../shared/operators/operators.ts';
import { ago, dueAccount, MINUTE, NOW, workerOverTwins } from './workerOverTwins.ts';

/** A worker with one account whose entry is missing. */
async function lost(different: Parameters<typeof dueAccount>[0] = {}) {
  const worker = workerOverTwins();
  const account = await worker.create(dueAccount(different));
  worker.index.drop(account.userId, dueAt(account));
  return { worker, account, user: worker.app().logId(account.userId) };
}

describe('an account whose entry is missing', () => {
  it('is found by the audit of one run and served by the next', async () => {
    const { worker, account, user } = await lost();
    expect(await worker.run()).toMatchObject({ due: 0, claimed: 0 });
    expect(worker.eventsOf('index.repaired')).toEqual([{ event: 'index.repaired', user }]);
    expect(worker.index.entries()).toEqual([{ userId: account.userId, at: account.nextCheckAt }]);

    worker.later(MINUTE);
    expect(await worker.run()).toMatchObject({ due: 1, claimed: 1, refreshed: 1 });
    worker.later(MINUTE);
    await worker.run();
    expect(worker.eventsOf('index.repaired')).toHaveLength(1);
  });

  it('is found although a run that died holds its lease, and is served when the lease has ended', async () => {
    const until = new Date(NOW.getTime() + 5 * MINUTE);
    const { worker } = await lost({ lease: { runId: 'a run that died', until } });
    await worker.run();
    expect(worker.eventsOf('index.repaired')).toHaveLength(1);
    worker.later(MINUTE);
    expect(await worker.run()).toMatchObject({ due: 0 });
    worker.later(5 * MINUTE);
    expect(await worker.run()).toMatchObject({ claimed: 1, refreshed: 1 });
    expect(worker.eventsOf('lease.abandoned')).toMatchObject([{ runId: 'a run that died' }]);
  });

  it('is repaired by a run that meets an old entry of it', async () => {
    const { worker, account, user } = await lost();
    worker.accounts.audit = async () => ({
      accounts: 0,
      connected: 0,
      damaged: 0,
      late: [],
      next: undefined,
    });
    worker.index.put(account.userId, ago(10 * MINUTE));
    expect(await worker.run()).toMatchObject({ due: 1, claimed: 0 });
    expect(worker.eventsOf('index.repaired')).toEqual([{ event: 'index.repaired', user }]);
    worker.later(MINUTE);
    expect(await worker.run()).toMatchObject({ claimed: 1, refreshed: 1 });
  });

  it.each([
    ['is due already', ago(MINUTE)],
    ['is due later', new Date(NOW.getTime() + 30 * MINUTE)],
  ])('and that %s is due for the next run after a retry by an operator', async (_what, nextCheckAt) => {
    const { worker, account } = await lost({ nextCheckAt });
    const operators = createOperators(worker.app());
    expect(await operators.retry(account.userId, false)).toEqual({ retried: true });
    expect(await worker.run()).toMatchObject({ claimed: 1, refreshed: 1 });
    expect(worker.eventsOf('index.repaired')).toEqual([]);
  });

  it('is repaired at once by an audit of an operator', async () => {
    const { worker, account } = await lost();
    const findings: Finding[] = [];
    const counts = await createOperators(worker.app()).audit((finding) => findings.push(finding));
    expect(counts).toEqual({ connected: 1, damaged: 0, rescheduled: [] });
    expect(findings).toEqual([{ userId: account.userId, found: 'repaired' }]);
    expect(await worker.run()).toMatchObject({ claimed: 1, refreshed: 1 });
  });
});

describe('an entry', () => {
  it('of a time that the account has left is no repair', async () => {
    const worker = workerOverTwins();
    const { userId } = await worker.create(dueAccount());
    worker.index.put(userId, ago(10 * MINUTE));
    expect(await worker.run()).toMatchObject({ due: 2, claimed: 1, refreshed: 1 });
    expect(worker.eventsOf('index.repaired')).toEqual([]);
    expect(worker.index.entries()).toHaveLength(1);
  });

  it('of nobody is deleted', async () => {
    const worker = workerOverTwins();
    const { userId } = dueAccount();
    worker.index.put(userId, ago(MINUTE));
    expect(await worker.run()).toMatchObject({ due: 1, claimed: 0 });
    expect(worker.index.entries()).toEqual([]);
    expect(worker.eventsOf('index.repaired')).toEqual([]);
  });
});
