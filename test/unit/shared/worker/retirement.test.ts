/** A ceiling for what a wrong clock or a wrong setting can do: no run retires more accounts than it, until an operator confirms it. */
import { describe, expect, it } from 'vitest';
import { isConnected } from '../../../../shared/account/account.ts';
import { changeAccount } from '../../../../shared/account/changeAccount.ts';
import { seen } from '../../../../shared/account/transitions.ts';
import { UnavailableError } from '../../../../shared/errors.ts';
import { createOperators } from '../../../../shared/operators/operators.ts';
import type { LastRun } from '../../../../shared/sharedState.ts';
import { retireAtMost, retiredToday, retiredWith } from '../../../../shared/worker/retirement.ts';
import {
  ago,
  DAY,
  dueAccount,
  MINUTE,
  NOW,
  overdueAccount,
  type WorkerOverTwins,
  workerOverTwins,
} from './workerOverTwins.ts';

const HOUR = 60 * MINUTE;
const inAnHour = new Date(NOW.getTime() + HOUR);

/** A worker for so many accounts that are to be retired. */
async function overdue(count: number): Promise<WorkerOverTwins> {
  const worker = workerOverTwins();
  for (let n = 0; n < count; n += 1) await worker.create(overdueAccount());
  return worker;
}

async function countOf({ accounts }: WorkerOverTwins, state: string): Promise<number> {
  return (await Array.fromAsync(accounts.list())).filter((account) => account.state === state).length;
}

const lastPass = (connected: number): LastRun => ({
  audit: { accounts: 60, connected: 7, lastPass: { accounts: 1, connected, endedAt: ago(HOUR) } },
});

describe('retireAtMost', () => {
  it.each<[what: string, last: LastRun, atMost: number]>([
    ['before the first audit has ended', { audit: { accounts: 60, connected: 100_000 } }, 20],
    ['for no account', lastPass(0), 20],
    ['for 400 accounts', lastPass(400), 20],
    ['for 439 accounts', lastPass(439), 21],
    ['for 1,000 accounts', lastPass(1_000), 50],
    ['after a run was stopped', { ...lastPass(1_000), retirement: { order: 'stopped', at: NOW } }, 0],
    [
      'while a confirmation lasts',
      { ...lastPass(1_000), retirement: { order: 'confirmed', until: new Date(NOW.getTime() + 1) } },
      Number.MAX_SAFE_INTEGER,
    ],
    ['after 45 in this day', { ...lastPass(1_000), retired: { count: 45, since: ago(DAY - 1) } }, 5],
    ['after 90 in this day', { ...lastPass(1_000), retired: { count: 90, since: ago(HOUR) } }, 0],
    ['after 45 in the day before', { ...lastPass(1_000), retired: { count: 45, since: ago(DAY) } }, 50],
    [
      'during a confirmation that lasts far longer than a day',
      { ...lastPass(1_000), retirement: { order: 'confirmed', until: new Date(NOW.getTime() + 100 * DAY) } },
      50,
    ],
    ['after a confirmation', { ...lastPass(1_000), retirement: { order: 'confirmed', until: NOW } }, 50],
  ])('%s', (_what, last, atMost) => {
    expect(retireAtMost(last, NOW)).toBe(atMost);
  });
});

describe('retiredWith', () => {
  const earlier = { count: 7, since: ago(HOUR) };
  it('adds what a run has retired to what was retired in the day', () => {
    expect(retiredWith({ retireAtMost: 20, retired: earlier }, 3, NOW)).toEqual({
      count: 10,
      since: ago(HOUR),
    });
  });

  it('begins a day if nobody was retired in it', () => {
    expect(retiredWith({ retireAtMost: 20, retired: undefined }, 3, NOW)).toEqual({ count: 3, since: NOW });
  });

  it('says nothing of a run that retired nobody', () => {
    expect(retiredWith({ retireAtMost: 20, retired: earlier }, 0, NOW)).toBeUndefined();
  });

  it('does not count what an operator has confirmed', () => {
    const retired = retiredWith({ retireAtMost: Number.MAX_SAFE_INTEGER, retired: undefined }, 500, NOW);
    expect(retired).toEqual({ count: 0, since: NOW });
  });
});

describe('retiredToday', () => {
  const retired = { count: 7, since: ago(HOUR) };
  it.each<[what: string, retirement: LastRun['retirement'], expected: typeof retired | undefined]>([
    ['counts on', undefined, retired],
    ['counts on after a stop', { order: 'stopped', at: NOW }, retired],
    ['counts anew after an operator resumed it', { order: 'resumed', at: ago(MINUTE) }, undefined],
    ['counts on what was retired after that', { order: 'resumed', at: ago(2 * HOUR) }, retired],
  ])('%s', (_what, retirement, expected) => {
    expect(retiredToday({ ...lastPass(1), retired, ...(retirement && { retirement }) }, NOW)).toEqual(
      expected,
    );
  });
});

it('a day that begins far ahead is none', () => {
  expect(retiredToday({ ...lastPass(1), retired: { count: 7, since: ago(-2 * DAY) } }, NOW)).toBeUndefined();
});

it('a day ends after 24 hours', () => {
  const at = (ms: number) => retiredToday({ ...lastPass(1), retired: { count: 7, since: ago(ms) } }, NOW);
  expect([at(DAY - 1)?.count, at(DAY)?.count]).toEqual([7, undefined]);
});

it('a run counts those whose cache it could not delete, so the next run meets the ceiling', async () => {
  const worker = await overdue(15);
  // The check of an account that has ended is broken off.
  worker.tokenCache.read = () => Promise.reject(new UnavailableError('token-cache'));
  expect(await worker.run()).toMatchObject({ retired: 0, brokenOff: 15 });
  expect(await countOf(worker, 'retired')).toBe(15);
  worker.later(HOUR);
  for (let n = 0; n < 15; n += 1) await worker.create(overdueAccount());
  await worker.run();
  expect(await countOf(worker, 'retired')).toBe(20);
});

describe('a stop that an operator ends', () => {
  it('is not ordered again by a run that began before', async () => {
    const worker = await overdue(25);
    const { update } = worker.accounts;
    worker.accounts.update = async (...args) => {
      worker.accounts.update = update;
      await createOperators(worker.app()).resumeRetirement();
      return update(...args);
    };
    expect(await worker.run()).toMatchObject({ retired: 20 });
    expect(await worker.sharedState.lastRun()).toMatchObject({ retirement: { order: 'resumed' } });
  });

  it('lets the worker retire up to the ceiling again', async () => {
    const worker = await overdue(45);
    expect(await worker.run()).toMatchObject({ retired: 20 });
    await createOperators(worker.app()).resumeRetirement();
    worker.later(HOUR);
    expect(await worker.run()).toMatchObject({ retired: 20 });
    worker.later(HOUR);
    expect(await worker.run()).toMatchObject({ retired: 0 });
    const [first, , third] = worker.eventsOf('sweep.retirement-stopped');
    expect(first).toMatchObject({ remedy: expect.stringMatching(/^More accounts than usual/) });
    expect(third).toMatchObject({ remedy: expect.stringMatching(/^Since an earlier run/) });
  });
});

describe('a run that meets 25 accounts to retire', () => {
  it('retires 20, says so once, and checks the others as usual, within an hour again', async () => {
    const worker = await overdue(25);
    expect(await worker.run()).toMatchObject({ claimed: 25, retired: 20, waiting: 5, stoppedBy: 'done' });
    expect(worker.eventsOf('sweep.retirement-stopped')).toMatchObject([{ retired: 20 }]);
    const all = await Array.fromAsync(worker.accounts.list());
    const others = all.filter(({ state }) => state === 'needs-user');
    expect(others).toHaveLength(5);
    for (const other of others) {
      expect(other.nextCheckAt).toEqual(inAnHour);
      expect(other).not.toHaveProperty('lease');
    }
    const reasons = worker
      .eventsOf('user.check-ended')
      .map((event) => ('reason' in event ? event.reason : undefined));
    expect(reasons.filter((reason) => reason === 'needs-user')).toHaveLength(5);
    expect(await worker.sharedState.lastRun()).toMatchObject({ retirement: { order: 'stopped', at: NOW } });
  });

  it('is the last one that retires anybody, even after a restart, until an operator confirms it', async () => {
    const worker = await overdue(25);
    await worker.run();
    worker.later(MINUTE);
    expect(await worker.run()).toMatchObject({ due: 0 });
    for (let hours = 0; hours < 3; hours += 1) {
      worker.restart();
      worker.later(HOUR);
      expect(await worker.run()).toMatchObject({ retired: 0 });
      expect(await countOf(worker, 'retired')).toBe(20);
      expect(worker.eventsOf('sweep.retirement-stopped').at(-1)).toMatchObject({ retired: 0 });
    }
    // The time since when nobody is retired stays.
    expect(await worker.sharedState.lastRun()).toMatchObject({ retirement: { order: 'stopped', at: NOW } });
    const until = await createOperators(worker.app()).confirmRetirement();
    expect(until.getTime()).toBe(worker.now().getTime() + DAY);
    worker.later(HOUR);
    expect(await worker.run()).toMatchObject({ retired: 5 });
    expect(await countOf(worker, 'retired')).toBe(25);
    expect(worker.eventsOf('sweep.retirement-stopped')).toHaveLength(4);
  });

  it('retires all of them while a confirmation lasts, and meets the ceiling again after it', async () => {
    const worker = await overdue(25);
    await createOperators(worker.app()).confirmRetirement();
    expect(await worker.run()).toMatchObject({ retired: 25 });
    worker.later(DAY);
    for (let n = 0; n < 25; n += 1) await worker.create(overdueAccount());
    expect(await worker.run()).toMatchObject({ retired: 20 });
    expect(await countOf(worker, 'needs-user')).toBe(5);
  });

  it('retires and loses nobody if it cannot read what is ordered', async () => {
    const worker = await overdue(25);
    const { beginPlan } = worker.sharedState;
    worker.sharedState.beginPlan = () => Promise.reject(new TypeError('the store has an outage'));
    expect(await worker.run()).toMatchObject({ claimed: 25, retired: 0, waiting: 25, stoppedBy: 'done' });
    expect(await countOf(worker, 'needs-user')).toBe(25);
    expect(worker.eventsOf('sweep.retirement-stopped')).toEqual([]);

    worker.sharedState.beginPlan = beginPlan;
    worker.later(HOUR);
    expect(await worker.run()).toMatchObject({ retired: 20, waiting: 5 });
  });

  it('does not undo the confirmation that an operator gives during the run', async () => {
    const worker = await overdue(25);
    const { update } = worker.accounts;
    worker.accounts.update = async (...args) => {
      worker.accounts.update = update;
      await createOperators(worker.app()).confirmRetirement();
      return update(...args);
    };
    expect(await worker.run()).toMatchObject({ retired: 20, waiting: 5 });
    expect(await worker.sharedState.lastRun()).toMatchObject({ retirement: { order: 'confirmed' } });
    worker.later(HOUR);
    expect(await worker.run()).toMatchObject({ retired: 5 });
    expect(worker.eventsOf('sweep.retirement-stopped')).toEqual([]);
  });

  it('meets the ceiling in the next run again if it cannot record that it was stopped', async () => {
    const worker = await overdue(45);
    const { orderRetirement } = worker.sharedState;
    worker.sharedState.orderRetirement = () => Promise.reject(new TypeError('the store has an outage'));
    expect(await worker.run()).toMatchObject({ retired: 20, waiting: 25 });
    expect(worker.eventsOf('sweep.not-recorded')).toEqual([
      { event: 'sweep.not-recorded', error: 'TypeError' },
    ]);
    worker.sharedState.orderRetirement = orderRetirement;
    worker.later(HOUR);
    expect(await worker.run()).toMatchObject({ retired: 0 });
    expect(await worker.sharedState.lastRun()).toMatchObject({ retirement: { order: 'stopped' } });
    expect(await countOf(worker, 'needs-user')).toBe(25);
  });
});

describe('the ceiling', () => {
  it('holds over the runs of a day, if the accounts become due one after the other', async () => {
    const worker = workerOverTwins();
    let retired = 0;
    for (let minute = 0; minute < 30; minute += 1) {
      await worker.create(overdueAccount());
      retired += (await worker.run()).retired;
      worker.later(MINUTE);
    }
    expect(retired).toBe(20);
    expect(worker.eventsOf('sweep.retirement-stopped')[0]).toMatchObject({ retired: 0 });
  });

  it('is 5 % of the accounts of the last audit', async () => {
    const worker = await overdue(55);
    const { audit } = lastPass(1_000);
    const summary = await workerOverTwins().run();
    await worker.sharedState.runEnded(summary, { audit });
    expect(await worker.run()).toMatchObject({ retired: 50, waiting: 5 });
  });

  it('counts nobody who comes back before they are retired', async () => {
    const worker = await overdue(21);
    const { accounts } = worker;
    const { update } = accounts;
    accounts.update = async (from, to, signal) => {
      accounts.update = update;
      await changeAccount(worker.app(), from.userId, (now) =>
        now !== undefined && isConnected(now) ? seen(now, NOW) : 'keep',
      );
      return accounts.update(from, to, signal);
    };
    const told = { claimed: 21, retired: 20, waiting: 1 };
    expect(await worker.run({ concurrency: 1 })).toMatchObject(told);
    expect(worker.eventsOf('sweep.retirement-stopped')).toEqual([]);
  });

  it('limits what a clock does that is 100 days ahead, over a store that cannot tell', async () => {
    const worker = workerOverTwins();
    delete worker.accounts.clockAheadMs;
    for (let n = 0; n < 30; n += 1) await worker.create(dueAccount());
    worker.later(100 * DAY);
    expect(await worker.run()).toMatchObject({ claimed: 30, retired: 20, erased: 0, refreshed: 10 });
    worker.restart();
    worker.later(HOUR);
    expect(await worker.run()).toMatchObject({ retired: 0, erased: 0 });
    expect(await countOf(worker, 'active')).toBe(10);
  });
});
