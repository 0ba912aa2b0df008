/** The end of a run: its leases are given back, and it is recorded. */
import { describe, expect, it } from 'vitest';
import { UnavailableError } from '../../../../shared/errors.ts';
import type { SweepSummary } from '../../../../shared/log.ts';
import { someUserOf } from '../../../support/sampleAccount.ts';
import { dueAccount, NOW, tokenOf, type WorkerOverTwins, workerOverTwins } from './workerOverTwins.ts';

/** Six due accounts of one shard. */
const createSix = (worker: WorkerOverTwins) =>
  Promise.all(Array.from({ length: 6 }, () => worker.create(dueAccount({ userId: someUserOf('3') }))));

describe('a run whose time is over', () => {
  it('gives back what it has leased ahead, and checks no further account', async () => {
    const worker = workerOverTwins({
      silent: async () => {
        worker.later(51_000);
        return tokenOf();
      },
    });
    const due = await createSix(worker);
    const told = { claimed: 1, refreshed: 1, released: 0, stoppedBy: 'deadline' };
    expect(await worker.run({ concurrency: 1 })).toMatchObject(told);
    const after = await Promise.all(due.map(({ userId }) => worker.read(userId)));
    expect(after.filter((account) => account !== undefined && 'lease' in account)).toEqual([]);
    const stillDue = after.filter(
      (account) => account?.nextCheckAt.getTime() === due[0]?.nextCheckAt.getTime(),
    );
    expect(stillDue).toHaveLength(5);
    expect(await worker.plan()).toMatchObject({ shards: [{ shard: '3', dueSince: due[0]?.nextCheckAt }] });
  });

  it('checks each of them in the next run', async () => {
    const worker = workerOverTwins({
      silent: async () => {
        worker.later(30_000);
        return tokenOf();
      },
    });
    await createSix(worker);
    const runs = [];
    for (let run = 0; run < 3; run += 1) runs.push((await worker.run({ concurrency: 1 })).refreshed);
    expect(runs).toEqual([2, 2, 2]);
  });
});

describe('a run that ended', () => {
  it('is recorded with its summary', async () => {
    const worker = workerOverTwins();
    await worker.create(dueAccount());
    const summary = await worker.run();
    expect((await worker.sharedState.lastRun()).ended).toEqual({ at: NOW, summary });
    expect(worker.eventsOf('sweep.ended')).toEqual([{ event: 'sweep.ended', ...summary }]);
  });

  it('is recorded also if it was aborted', async () => {
    const ending = new AbortController();
    const worker = workerOverTwins({
      silent: () => {
        ending.abort();
        return Promise.reject(new UnavailableError('token-cache'));
      },
    });
    const { sharedState } = worker;
    const { runEnded } = sharedState;
    sharedState.runEnded = (summary, more, signal) =>
      signal?.aborted ? Promise.reject(new UnavailableError('accounts')) : runEnded(summary, more, signal);
    const { userId } = await worker.create(dueAccount());
    const summary: SweepSummary = await worker.run({}, ending.signal);
    expect(summary).toMatchObject({ released: 1, stoppedBy: 'deadline' });
    expect((await sharedState.lastRun()).ended).toEqual({ at: NOW, summary });
    expect(await worker.read(userId)).not.toHaveProperty('lease');
  });

  it('is logged although it cannot be recorded', async () => {
    const worker = workerOverTwins();
    worker.sharedState.runEnded = () => Promise.reject(new UnavailableError('accounts'));
    await worker.run();
    expect(worker.events.map(({ event }) => event)).toEqual(['sweep.not-recorded', 'sweep.ended']);
  });
});
