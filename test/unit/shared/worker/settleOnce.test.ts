/** A check settles its account once, after the tasks, while the run still has the lease. */
import { describe, expect, it } from 'vitest';
import { type Connected, isConnected, type Stored } from '../../../../shared/account/account.ts';
import { changeAccount } from '../../../../shared/account/changeAccount.ts';
import { connectAccount } from '../../../../shared/account/connectAccount.ts';
import { endAccount } from '../../../../shared/account/endAccount.ts';
import { nextCheckAfterSuccess } from '../../../../shared/account/schedule.ts';
import { leased, seen } from '../../../../shared/account/transitions.ts';
import { ConflictError, UnavailableError } from '../../../../shared/errors.ts';
import { defineApi } from '../../../../shared/tokens/defineApi.ts';
import { partsOf } from '../../../../shared/userId.ts';
import { taskOf, tasksOverTwins } from './tasksOverTwins.ts';
import { dueAccount, MINUTE, NOW, SCHEDULE, tokenOf, workerOverTwins } from './workerOverTwins.ts';

type Bench = Awaited<ReturnType<typeof tasksOverTwins>>;

const ORDERS = defineApi({ name: 'orders', resource: 'api://orders', baseUrl: 'https://orders.example' });
const OTHER_API = { api: ORDERS, scopes: ['api://orders/orders.read'] };
const done = async () => undefined;

/** A check with one task. `meanwhile` happens while the task runs. */
async function checkWith(meanwhile: (bench: Bench) => Promise<unknown>) {
  const bench: Bench = await tasksOverTwins([taskOf('meanwhile', async () => void (await meanwhile(bench)))]);
  return { bench, check: await bench.check() };
}

/** A check whose task's token is stored although `meanwhile` happens first. */
async function checkWithToken(meanwhile: (bench: Bench) => Promise<unknown>) {
  const bench: Bench = await tasksOverTwins(
    [taskOf('meanwhile', done, OTHER_API)],
    async (_operation, { userId }) => {
      await meanwhile(bench);
      const stored = await bench.tokenCache.read(userId);
      return tokenOf({ written: await bench.tokenCache.write(userId, 'stored by the task', stored?.etag) });
    },
  );
  return { bench, check: await bench.check() };
}

/** Changes the connected account of the check. */
async function change(
  { accounts, clock, account: { userId } }: Bench,
  transition: (now: Connected) => Connected,
) {
  await changeAccount({ accounts, clock }, userId, (now) =>
    now !== undefined && isConnected(now) ? transition(now) : 'keep',
  );
}

const visit = (bench: Bench) => change(bench, (now) => seen(now, NOW));

const disconnect = (bench: Bench) => endAccount(bench, bench.account.userId, 'disconnected');

async function reconnect(bench: Bench) {
  const { userId } = bench.account;
  const caller = {
    userId,
    ...partsOf(userId),
    userPrincipalName: undefined,
    expiresOn: NOW,
    assertion: 'an access token',
  };
  await disconnect(bench);
  await connectAccount(bench, caller, { reconnect: true });
}

/** What the store must have after a check that succeeded with one task. */
const SETTLED = [{ outcome: 'refreshed' }, { outcome: 'task-done', task: 'meanwhile' }];

describe('a check of an account whose last lease was abandoned', () => {
  it('runs no tasks, because one of them may have ended the process, and the next check runs them', async () => {
    const ran: string[] = [];
    const worker = workerOverTwins({ tasks: [taskOf('first', async () => void ran.push('first'))] });
    const lease = { runId: 'a run that died', until: new Date(NOW.getTime() - MINUTE) };
    const { userId } = await worker.create(dueAccount({ lease }));
    expect(await worker.run()).toMatchObject({ refreshed: 1, tasks: { done: 0, failed: 0 } });
    expect(ran).toEqual([]);
    worker.later(((await worker.read(userId))?.nextCheckAt.getTime() ?? 0) - worker.now().getTime());
    expect(await worker.run()).toMatchObject({ claimed: 1, tasks: { done: 1 } });
    expect(ran).toEqual(['first']);
  });
});

describe('a check with tasks', () => {
  it('writes its account once between the lease and the next check', async () => {
    const worker = workerOverTwins({ tasks: [taskOf('first', done), taskOf('second', done)] });
    const { accounts } = worker;
    const { userId } = await worker.create(dueAccount());
    const calls: string[] = [];
    for (const name of ['read', 'create', 'update', 'erase'] as const) {
      const call = accounts[name] as (...args: unknown[]) => Promise<unknown>;
      Object.assign(accounts, {
        [name]: (...args: unknown[]) => {
          calls.push(name);
          return call(...args);
        },
      });
    }
    expect(await worker.run()).toMatchObject({ claimed: 1, refreshed: 1, tasks: { done: 2, failed: 0 } });
    // A store leases with calls of its own.
    expect(calls).toEqual(['update']);
    expect(await accounts.read(userId)).toMatchObject({
      history: [{ outcome: 'refreshed' }, { task: 'first' }, { task: 'second' }],
    });
  });

  it('holds the lease while the tasks run', async () => {
    let during: Stored | undefined;
    const { bench } = await checkWith(async (bench) => {
      during = await bench.row();
    });
    expect(during).toMatchObject({ lease: { runId: bench.summary.runId }, history: [] });
    expect(await bench.row()).not.toHaveProperty('lease');
  });

  it('settles with the token, the tasks and the next check', async () => {
    const { bench, check } = await checkWith(done);
    expect(check).toMatchObject({ outcome: 'refreshed', got: { token: bench.profileToken } });
    const { expiresOn, homeAccountId } = bench.profileToken;
    const row = await bench.row();
    expect(row).toMatchObject({
      state: 'active',
      homeAccountId,
      expiresOn,
      lastRefreshed: NOW,
      lastActivity: bench.account.lastActivity,
      history: SETTLED,
    });
    const next = nextCheckAfterSuccess({ ...bench.account, expiresOn }, NOW, SCHEDULE, 0);
    expect(row?.nextCheckAt).toEqual(next);
  });

  it('settles also if the run ends during a task', async () => {
    const { bench, check } = await checkWith(async (bench) => {
      const { update } = bench.accounts;
      bench.accounts.update = (from, to, signal) =>
        signal?.aborted ? Promise.reject(new UnavailableError('accounts')) : update(from, to, signal);
      bench.end();
      await new Promise(() => undefined);
    });
    expect(check).toMatchObject({ outcome: 'refreshed' });
    const row = await bench.row();
    expect(row).not.toHaveProperty('lease');
    expect(row).toMatchObject({
      history: [{ outcome: 'refreshed' }, { outcome: 'task-failed', code: 'run-ended' }],
    });
    expect(bench.summary.tasks).toEqual({ done: 0, failed: 1 });
  });

  it('runs no task, and settles, if the run ended while the token was requested', async () => {
    const worker = workerOverTwins({
      tasks: [taskOf('never', async () => expect.fail('not expected'))],
      silent: async () => {
        worker.later(51_000);
        return tokenOf();
      },
    });
    const { userId } = await worker.create(dueAccount());
    const told = { refreshed: 1, tasks: { done: 0, failed: 0 }, stoppedBy: 'deadline' };
    expect(await worker.run()).toMatchObject(told);
    const row = await worker.read(userId);
    expect(row).toMatchObject({ history: [{ outcome: 'refreshed' }] });
    expect(row).not.toHaveProperty('lease');
  });
});

describe('while the tasks run', () => {
  it('a visit is kept, and the check still settles', async () => {
    const { bench, check } = await checkWith(visit);
    expect(check).toMatchObject({ outcome: 'refreshed', reason: 'settled-again' });
    const row = await bench.row();
    expect(row).toMatchObject({ state: 'active', lastActivity: NOW, history: SETTLED });
    expect(row).not.toHaveProperty('lease');
  });

  it('a disconnection wins: nothing is settled, and the cache that a task stored is deleted', async () => {
    const { bench, check } = await checkWithToken(disconnect);
    expect(check).toMatchObject({ outcome: 'superseded', got: { tasks: { done: 1 } } });
    expect(await bench.row()).toMatchObject({ state: 'disconnected', since: NOW });
    expect(await bench.tokenCache.read(bench.account.userId)).toBeUndefined();
    expect(bench.summary.tasks).toEqual({ done: 1, failed: 0 });
  });

  it('a reconnection wins: nothing is settled, and the cache that a task stored is deleted', async () => {
    const { bench, check } = await checkWithToken(reconnect);
    expect(check).toMatchObject({ outcome: 'superseded' });
    const row = await bench.row();
    expect(row).toMatchObject({ state: 'pending', history: [] });
    expect(row).not.toMatchObject({ generation: bench.account.generation });
    expect(await bench.tokenCache.read(bench.account.userId)).toBeUndefined();
  });

  it('a reconnection keeps the cache that the user stored after it', async () => {
    const bench: Bench = await tasksOverTwins(
      [taskOf('meanwhile', done, OTHER_API)],
      async (_operation, { userId }) => {
        const written = await bench.tokenCache.write(userId, 'stored by the task', undefined);
        await reconnect(bench);
        await bench.tokenCache.write(userId, 'stored by the user', undefined);
        return tokenOf({ written });
      },
    );
    expect(await bench.check()).toMatchObject({ outcome: 'superseded' });
    expect(await bench.tokenCache.read(bench.account.userId)).toMatchObject({ sealed: 'stored by the user' });
  });

  it('a new connection stays as it is, even if the same run has leased it', async () => {
    const until = new Date(NOW.getTime() + 600_000);
    const { bench, check } = await checkWith(async (bench) => {
      await reconnect(bench);
      await change(bench, (now) => leased(now, bench.summary.runId, until));
    });
    expect(check).toMatchObject({ outcome: 'superseded' });
    expect(await bench.row()).toMatchObject({ state: 'pending', lease: { until }, history: [] });
  });

  it('a visit that learns another home account id wins with it', async () => {
    const { bench } = await checkWith((bench) =>
      change(bench, (now) => ({ ...now, homeAccountId: 'from the visit' })),
    );
    expect(await bench.row()).toMatchObject({ homeAccountId: 'from the visit', history: SETTLED });
  });

  it('a disconnection wins also over the cache that the check itself stored', async () => {
    const bench: Bench = await tasksOverTwins(
      [taskOf('meanwhile', async () => void (await disconnectBefore()))],
      undefined,
      tokenOf({ written: '"1"' }),
    );
    // As if the check had stored it after the disconnection had deleted the cache.
    const disconnectBefore = async () => {
      await disconnect(bench);
      expect(await bench.tokenCache.write(bench.account.userId, 'stored by the check', undefined)).toBe(
        '"1"',
      );
    };
    expect(await bench.check()).toMatchObject({ outcome: 'superseded' });
    expect(await bench.tokenCache.read(bench.account.userId)).toBeUndefined();
  });

  it('an erased account stays erased', async () => {
    const { bench, check } = await checkWithToken(async (bench) => {
      const row = await bench.row();
      if (row !== undefined) await bench.accounts.erase(row);
    });
    expect(check).toMatchObject({ outcome: 'superseded' });
    expect(await bench.row()).toBeUndefined();
    expect(await bench.tokenCache.read(bench.account.userId)).toBeUndefined();
  });

  it('another run that takes the lease wins, and the cache stays', async () => {
    const until = new Date(NOW.getTime() + 600_000);
    const takeLease = (now: Connected) => leased(now, 'another run', until);
    const { bench, check } = await checkWithToken((bench) => change(bench, takeLease));
    expect(check).toMatchObject({ outcome: 'superseded' });
    expect(await bench.row()).toMatchObject({ lease: { runId: 'another run', until }, history: [] });
    expect(await bench.tokenCache.read(bench.account.userId)).toMatchObject({ sealed: 'stored by the task' });
  });

  it('an account that somebody damages keeps its cache', async () => {
    const { bench, check } = await checkWithToken(async (bench) => {
      const { userId, nextCheckAt } = bench.account;
      const row = await bench.row();
      bench.accounts.update = () => Promise.reject(new ConflictError('changed'));
      const damaged = {
        state: 'damaged',
        userId,
        nextCheckAt,
        was: 'connected',
        etag: 'later',
      } as const;
      bench.accounts.read = async () => (row === undefined ? undefined : damaged);
    });
    expect(check).toMatchObject({ outcome: 'superseded' });
    expect(await bench.tokenCache.read(bench.account.userId)).toMatchObject({ sealed: 'stored by the task' });
  });
});

describe('a check that cannot settle after its tasks', () => {
  it.each([
    ['cannot be reached', new UnavailableError('accounts'), { brokenOff: 1, superseded: 0 }],
    ['changes on every try', new ConflictError('changed'), { brokenOff: 0, superseded: 1 }],
  ])('because the account %s counts the tasks and leaves the lease to its end', async (_how, error, told) => {
    const worker = workerOverTwins({
      tasks: [
        taskOf('first', async () => {
          worker.accounts.update = () => Promise.reject(error);
        }),
      ],
    });
    const { userId } = await worker.create(dueAccount());
    expect(await worker.run()).toMatchObject({ refreshed: 0, tasks: { done: 1, failed: 0 }, ...told });
    expect(await worker.read(userId)).toHaveProperty('lease');

    worker.later(6 * MINUTE);
    expect(await worker.plan()).toMatchObject({ shards: [{}] });
  });
});
