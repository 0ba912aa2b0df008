import { describe, expect, it } from 'vitest';
import { endOf } from '../../../../shared/clock.ts';
import { UnavailableError } from '../../../../shared/errors.ts';
import type { RunPart } from '../../../../shared/ports.ts';
import { arePartsLost, mayRetire, readPart } from '../../../../shared/worker/parts.ts';
import { RUN_LIMITS } from '../../../../shared/worker/run.ts';
import { sweepOrSplit, sweepPart } from '../../../../shared/worker/splitRun.ts';
import { someUserOf } from '../../../support/sampleAccount.ts';
import { ago, DAY, dueAccount, MINUTE, NOW, overdueAccount, workerOverTwins } from './workerOverTwins.ts';

const RUN_ID = 'abcdef01-2345-4678-89ab-cdef01234567';
/** Its first eight digits name the shard that may retire: 0xabcdef01 leaves 1 of 16. */
const RETIRING_SHARD = '1';

const partOf = (different: Partial<Record<keyof RunPart, unknown>> = {}) => ({
  v: 1,
  runId: RUN_ID,
  shard: '5',
  deadline: new Date(NOW.getTime() + 30_000).toISOString(),
  share: 3,
  ...different,
});

async function setUp(due: string[], splitAbove: number) {
  const worker = workerOverTwins({ splitAbove: String(splitAbove) });
  for (const shard of due) await worker.create(dueAccount({ userId: someUserOf(shard) }));
  const operation = { log: (event: (typeof worker.events)[number]) => void worker.events.push(event) };
  const handed: RunPart[][] = [];
  return {
    worker,
    handed,
    async run() {
      const planned = await worker.plan();
      return sweepOrSplit(worker.app(), operation, [], planned, {
        limits: RUN_LIMITS,
        handOver: (parts) => void handed.push([...parts]),
      });
    },
    sweepPart: (message: unknown, limits = RUN_LIMITS) =>
      sweepPart(worker.app(), operation, [], message, limits),
  };
}

describe('a run with more due accounts than one process shall sweep', () => {
  it('hands each shard over, the longest wait first, and sweeps nothing itself', async () => {
    const { worker, run, handed } = await setUp(['3', '3', 'a'], 2);
    await worker.create(dueAccount({ userId: someUserOf('7'), nextCheckAt: ago(10 * MINUTE) }));
    expect(await run()).toMatchObject({ due: 0, claimed: 0, lagMs: 10 * MINUTE });
    const [parts = []] = handed;
    expect(parts.map(({ shard }) => shard)).toEqual(['7', '3', 'a']);
    const { runId } = parts[0] as RunPart;
    for (const part of parts) {
      const deadline = new Date(NOW.getTime() + 50_000).toISOString();
      expect(part).toEqual({ v: 1, runId, shard: part.shard, deadline, share: 3 });
      expect(JSON.parse(JSON.stringify(part))).toEqual(part);
    }
    const split = { event: 'sweep.split', runId, parts: 3, due: 4, areLost: false };
    expect(worker.eventsOf('sweep.split')).toEqual([split]);
    expect(worker.eventsOf('sweep.ended')).toHaveLength(1);
  });

  it('goes on with the audit and records that it ended', async () => {
    const { worker, run } = await setUp(['3', 'a'], 1);
    await run();
    const { audit, ended } = await worker.sharedState.lastRun();
    expect(audit.lastPass).toMatchObject({ accounts: 2 });
    expect(ended?.at).toEqual(NOW);
  });

  it('ends in time for its messages, however long the audit would take', async () => {
    const { worker, run, handed } = await setUp(['3', 'a'], 1);
    worker.accounts.audit = ({ signal = new AbortController().signal }) => endOf(signal);
    const waits: number[] = [];
    const after = (ms: number, act: () => void) => {
      waits.push(ms);
      queueMicrotask(act);
      return () => undefined;
    };
    const app = worker.app();
    Object.assign(app, { clock: { ...app.clock, after } });
    await run();
    expect(waits).toEqual([10_000]);
    expect(worker.eventsOf('sweep.not-audited')).toHaveLength(1);
    expect(handed).toHaveLength(1);
    expect((await worker.sharedState.lastRun()).unansweredRuns).toBe(1);
  });

  it.each([
    [0, 9],
    [3, 3],
  ])('is one run with the setting %d for %d accounts', async (splitAbove, accounts) => {
    const { run, handed, worker } = await setUp(Array(accounts).fill('3'), splitAbove);
    expect(await run()).toMatchObject({ claimed: accounts });
    expect(handed).toEqual([]);
    expect(worker.eventsOf('sweep.split')).toEqual([]);
  });

  it('is one run if there is nobody to hand its parts to, or the store cannot count', async () => {
    const { worker } = await setUp(['3', '3'], 1);
    expect(await worker.run()).toMatchObject({ claimed: 2 });
    const other = await setUp(['3', '3'], 1);
    delete other.worker.accounts.dueIn;
    expect(await other.run()).toMatchObject({ claimed: 2 });
    expect(other.handed).toEqual([]);
  });

  it('sweeps its shards itself, too, once three runs in a row had no part that was swept', async () => {
    const { worker, run, handed, sweepPart: sweepOne } = await setUp(['3', 'a'], 1);
    for (let times = 0; times < 3; times += 1) {
      expect(await run()).toMatchObject({ claimed: 0 });
      worker.later(MINUTE);
    }
    expect(await run()).toMatchObject({ claimed: 2 });
    expect(worker.eventsOf('sweep.split').map((event) => 'areLost' in event && event.areLost)).toEqual([
      false,
      false,
      false,
      true,
    ]);
    // These parts are sent when the run has ended. So they have a whole run more.
    expect(handed.at(-1)?.[0]?.deadline).toBe(new Date(worker.now().getTime() + 100_000).toISOString());

    await sweepOne(handed.at(-1)?.[0]);
    for (const shard of ['3', 'a']) await worker.create(dueAccount({ userId: someUserOf(shard) }));
    worker.later(MINUTE);
    expect(await run()).toMatchObject({ claimed: 0 });
  });
});

it('a part that ends while a run sweeps all shards itself ends that', async () => {
  const { worker, run, handed, sweepPart: sweepOne } = await setUp(['3', 'a'], 1);
  for (let times = 0; times < 3; times += 1) await run();
  const { claimDue } = worker.accounts;
  worker.accounts.claimDue = (request) => {
    worker.accounts.claimDue = claimDue;
    const part = sweepOne(handed.at(-1)?.[0]);
    return (async function* () {
      await part;
      yield* claimDue(request);
    })();
  };
  await run();
  for (const shard of ['3', 'a']) await worker.create(dueAccount({ userId: someUserOf(shard) }));
  await run();
  const areLost = worker.eventsOf('sweep.split').map((event) => 'areLost' in event && event.areLost);
  expect(areLost).toEqual([false, false, false, true, false]);
});

it('a whole run ends the count of split runs whose parts were lost', async () => {
  const { worker, run } = await setUp(['3', 'a'], 1);
  for (let times = 0; times < 4; times += 1) await run();
  expect((await worker.sharedState.lastRun()).unansweredRuns).toBe(3);
  await run();
  expect((await worker.sharedState.lastRun()).unansweredRuns).toBe(0);
  for (const shard of ['3', 'a']) await worker.create(dueAccount({ userId: someUserOf(shard) }));
  expect(await run()).toMatchObject({ claimed: 0 });
});

describe('a part of a run', () => {
  it('checks the due accounts of its shard alone, under a lease of its own', async () => {
    const { worker, sweepPart: sweepOne } = await setUp(['5', '5', '6'], 1);
    const swept = await sweepOne(partOf());
    expect(swept).toMatchObject({ part: RUN_ID, claimed: 2, refreshed: 2, stoppedBy: 'done' });
    expect(swept?.runId).not.toBe(RUN_ID);
    expect(worker.eventsOf('sweep.ended')).toEqual([{ event: 'sweep.ended', ...swept }]);
  });

  it('is harmless if it comes twice, at the same time and later', async () => {
    const { sweepPart: sweepOne } = await setUp(['5', '5', '5'], 1);
    const swept = await Promise.all([sweepOne(partOf()), sweepOne(partOf())]);
    expect(swept.reduce((sum, one) => sum + (one?.refreshed ?? 0), 0)).toBe(3);
    expect(await sweepOne(partOf())).toMatchObject({ claimed: 0 });
  });

  it('ends without any call after its deadline', async () => {
    const { worker, sweepPart: sweepOne } = await setUp(['5'], 1);
    worker.later(30_000);
    for (const store of [worker.app().accounts, worker.app().sharedState]) {
      for (const name of Object.keys(store)) {
        if (name !== 'shards') Object.assign(store, { [name]: () => expect.fail(`${name} was called`) });
      }
    }
    expect(await sweepOne(partOf())).toBeUndefined();
    expect(worker.events).toEqual([{ event: 'part.late', runId: RUN_ID, shard: '5', ms: 0 }]);
  });

  it('leases nothing after its deadline, although a run may go on for longer', async () => {
    const { worker, sweepPart: sweepOne } = await setUp(['5', '5', '5'], 1);
    const { claimDue } = worker.accounts;
    worker.accounts.claimDue = async function* (request) {
      for await (const leased of claimDue(request)) {
        yield leased;
        worker.later(15_000);
      }
    };
    const limits = { ...RUN_LIMITS, concurrency: 1 };
    expect(await sweepOne(partOf(), limits)).toMatchObject({ stoppedBy: 'deadline', refreshed: 2 });
  });

  it.each<[string, unknown]>([
    ['nothing', undefined],
    ['a text', 'run'],
    ['a later version', partOf({ v: 2 })],
    ['a shard of another store', partOf({ shard: '10' })],
    ['no deadline', partOf({ deadline: undefined })],
    ['a deadline that is no time', partOf({ deadline: 'soon' })],
    ['no share', partOf({ share: 0 })],
    ['a share that no run has', partOf({ share: 17 })],
    ['a run with a text', partOf({ runId: 'adele@harbour.example' })],
  ])('is not what a message says with %s: it does nothing, and does not come back', async (_, message) => {
    const { worker, sweepPart: sweepOne } = await setUp(['5'], 1);
    expect(await sweepOne(message)).toBeUndefined();
    expect(worker.events).toEqual([{ event: 'part.unknown' }]);
  });

  it('may have more fields, which a later release has added', () => {
    expect(readPart({ ...partOf(), more: 1 }, worker16())).toEqual(partOf());
  });

  it('retires accounts if it is the one of its run that may', async () => {
    const { worker, sweepPart: sweepOne } = await setUp([], 1);
    for (const shard of [RETIRING_SHARD, '5']) {
      await worker.create({ ...overdueAccount(), userId: someUserOf(shard) });
    }
    expect(await sweepOne(partOf())).toMatchObject({ claimed: 1, retired: 0, waiting: 1 });
    expect(await sweepOne(partOf({ shard: RETIRING_SHARD }))).toMatchObject({ claimed: 1, retired: 1 });
    expect((await worker.sharedState.lastRun()).retired).toEqual({ count: 1, since: NOW });
    expect(worker.eventsOf('sweep.retirement-stopped')).toEqual([]);
  });

  it.each([2, 3])('retires no more than the ceiling although it comes %d times at once', async (times) => {
    const { worker, sweepPart: sweepOne } = await setUp([], 1);
    for (let count = 0; count < 70; count += 1) {
      await worker.create({ ...overdueAccount(), userId: someUserOf(RETIRING_SHARD) });
    }
    const part = partOf({ shard: RETIRING_SHARD });
    const swept = await Promise.all(Array.from({ length: times }, () => sweepOne(part)));
    expect(swept.reduce((sum, one) => sum + (one?.retired ?? 0), 0)).toBe(20);
    expect((await worker.sharedState.lastRun()).retired).toEqual({ count: 20, since: NOW });
  });

  it('retires accounts again when the part before it has ended for certain', async () => {
    const { worker, sweepPart: sweepOne } = await setUp([], 1);
    const retiredLater = async (ms: number) => {
      worker.later(ms);
      await worker.create({ ...overdueAccount(), userId: someUserOf(RETIRING_SHARD) });
      const deadline = new Date(worker.now().getTime() + 30_000).toISOString();
      return (await sweepOne(partOf({ shard: RETIRING_SHARD, deadline })))?.retired;
    };
    expect(await retiredLater(0)).toBe(1);
    expect(await retiredLater(2 * RUN_LIMITS.endAfterMs - 1)).toBe(0);
    expect(await retiredLater(1)).toBe(1);
    expect((await worker.sharedState.lastRun()).retired?.count).toBe(2);
  });

  it('leaves who is to be retired to a part that may, which meets them within some hours', async () => {
    const { worker, sweepPart: sweepOne } = await setUp([], 1);
    const overdue = dueAccount({ userId: someUserOf('5'), lastActivity: ago(100 * DAY) });
    await worker.create(overdue);
    const isConnected = async () => (await worker.read(overdue.userId))?.state === 'active';
    for (let runs = 0; runs < 24 * 60 && (await isConnected()); runs += 1) {
      const deadline = new Date(worker.now().getTime() + 30_000).toISOString();
      // Where every run is split, each of them chooses another shard.
      const runId = `${(runs % 16).toString(16).padStart(8, '0')}${RUN_ID.slice(8)}`;
      expect(await sweepOne(partOf({ runId, deadline }))).toMatchObject({ refreshed: 0, fromCache: 0 });
      worker.later(MINUTE);
    }
    expect((await worker.read(overdue.userId))?.state).toBe('retired');
  });

  it('retires whoever is to be retired, whichever part it is, while an operator has lifted the ceiling', async () => {
    const { worker, sweepPart: sweepOne } = await setUp([], 1);
    await worker.sharedState.orderRetirement({ order: 'confirmed', until: new Date(NOW.getTime() + DAY) });
    for (const shard of ['5', '6']) {
      await worker.create({ ...overdueAccount(), userId: someUserOf(shard) });
      expect(await sweepOne(partOf({ shard }))).toMatchObject({ claimed: 1, retired: 1 });
    }
    expect((await worker.sharedState.lastRun()).retired?.count).toBe(0);
  });

  it('checks as usual who is to be retired while no run retires anybody', async () => {
    const { worker, sweepPart: sweepOne } = await setUp([], 1);
    await worker.sharedState.orderRetirement({ order: 'stopped', at: NOW });
    await worker.create(dueAccount({ userId: someUserOf('5'), lastActivity: ago(100 * DAY) }));
    expect(await sweepOne(partOf())).toMatchObject({ claimed: 1, retired: 0, refreshed: 1 });
  });

  it.each([
    RETIRING_SHARD,
    '5',
  ])('retires nobody of shard %s if it cannot read what is ordered', async (shard) => {
    const { worker, sweepPart: sweepOne } = await setUp([], 1);
    await worker.create(dueAccount({ userId: someUserOf(shard), lastActivity: ago(100 * DAY) }));
    worker.sharedState.beginRetiring = () => Promise.reject(new UnavailableError('accounts'));
    worker.sharedState.lastRun = () => Promise.reject(new UnavailableError('accounts'));
    expect(await sweepOne(partOf({ shard }))).toMatchObject({ retired: 0, refreshed: 1 });
  });
});

const worker16 = () => workerOverTwins().accounts.shards;

describe('the part that may retire', () => {
  it('is exactly one of a run, and each shard is it in some run', () => {
    const shards = worker16();
    const seen = new Set<string>();
    for (let run = 0; run < 500; run += 1) {
      const runId = crypto.randomUUID();
      const may = shards.filter((shard) => mayRetire({ ...partOf({ runId, shard }) } as RunPart, shards));
      expect(may).toHaveLength(1);
      seen.add(String(may[0]));
    }
    expect(seen.size).toBe(shards.length);
  });
});

it('parts count as lost after three runs, and not before the first one', () => {
  const lost = [undefined, 0, 2, 3, 4].map((unansweredRuns) => arePartsLost({ unansweredRuns }));
  expect(lost).toEqual([false, false, false, true, true]);
});
