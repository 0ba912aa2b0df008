/** Tasks that keep a state, a rhythm and a summary, over stores in memory. */
import { describe, expect, it } from 'vitest';
import { type Connected, isConnected } from '../../../../shared/account/account.ts';
import { changeAccount } from '../../../../shared/account/changeAccount.ts';
import { endAccount } from '../../../../shared/account/endAccount.ts';
import { EMPTY_MEMORY, openMemory, sealMemory, toldIn } from '../../../../shared/account/taskMemory.ts';
import { seen } from '../../../../shared/account/transitions.ts';
import type { Task } from '../../../../shared/worker/defineTask.ts';
import { taskOf } from './tasksOverTwins.ts';
import { ago, DAY, dueAccount, MINUTE, tokenOf, workerOverTwins } from './workerOverTwins.ts';

const HOUR = 60 * MINUTE;

async function bench(tasks: readonly Task[]) {
  const worker = workerOverTwins({
    tasks,
    silent: async () => tokenOf({ expiresOn: new Date(worker.now().getTime() + HOUR) }),
  });
  const { userId } = await worker.create(dueAccount());
  const row = async () => {
    const account = await worker.read(userId);
    if (account === undefined || !('history' in account)) throw new Error('it is not connected');
    return account;
  };
  return {
    worker,
    userId,
    row,
    /** Does the user's next check. */
    async check() {
      const dueInMs = (await row()).nextCheckAt.getTime() - worker.now().getTime();
      worker.later(Math.max(0, dueInMs));
      expect(await worker.run()).toMatchObject({ claimed: 1 });
    },
    remembered: async () => openMemory(worker.app(), () => undefined, await row()),
  };
}

/** A task that counts its runs in its state. `seen` is what it was given. */
function counting(seen: unknown[], fails: (run: number) => boolean = () => false): Task {
  return taskOf('counting', async ({ state }) => {
    seen.push(state);
    if (fails(seen.length)) throw new Error('no');
    return { state: { runs: seen.length }, count: seen.length, summary: `Run ${seen.length}` };
  });
}

describe('the state of a task', () => {
  it('is given to its next run', async () => {
    const seen: unknown[] = [];
    const { check } = await bench([counting(seen)]);
    await check();
    await check();
    expect(seen).toEqual([undefined, { runs: 1 }]);
  });

  it('is not that of a run that failed', async () => {
    const seen: unknown[] = [];
    const { check, remembered } = await bench([counting(seen, (run) => run === 2)]);
    for (let n = 0; n < 3; n += 1) await check();
    expect(seen).toEqual([undefined, { runs: 1 }, { runs: 1 }]);
    expect((await remembered()).told.map(({ summary }) => summary)).toEqual(['Run 1', 'Run 3']);
  });

  it('is not that of a run that changed it and then failed', async () => {
    const seen: unknown[] = [];
    const task = taskOf('changing', async ({ state }) => {
      seen.push(structuredClone(state));
      if (seen.length === 2) {
        (state as { list: number[] }).list.push(2);
        throw new Error('no');
      }
      return { state: { list: [1] } };
    });
    const { check } = await bench([task]);
    for (let n = 0; n < 3; n += 1) await check();
    expect(seen).toEqual([undefined, { list: [1] }, { list: [1] }]);
  });

  it('stays if a run returns none, and ends if it returns null', async () => {
    const returns = [{ state: 1 }, undefined, { state: null }, undefined];
    const seen: unknown[] = [];
    const { check, row } = await bench([
      taskOf('some', async ({ state }) => {
        seen.push(state);
        return returns[seen.length - 1];
      }),
    ]);
    for (let n = 0; n < 4; n += 1) await check();
    expect(seen).toEqual([undefined, 1, 1, undefined]);
    expect(await row()).not.toHaveProperty('memory');
  });

  it('is that of a task whose name every object has', async () => {
    const seen: unknown[] = [];
    const task = taskOf('constructor', async ({ state }) => {
      seen.push(state);
      return { state: seen.length };
    });
    const { check, remembered } = await bench([{ ...task, everyMs: MINUTE }]);
    await check();
    await check();
    expect(seen).toEqual([undefined, 1]);
    expect((await remembered()).tasks).toMatchObject({ constructor: { state: 2 } });
  });

  it('is each task’s own', async () => {
    const seen: unknown[] = [];
    const own = (name: string) =>
      taskOf(name, async ({ state }) => {
        seen.push(state);
        return { state: name };
      });
    const { check } = await bench([own('first'), own('second')]);
    await check();
    await check();
    expect(seen).toEqual([undefined, undefined, 'first', 'second']);
  });

  it('is sealed, and so is what the task told', async () => {
    const { check, row, worker } = await bench([
      taskOf('telling', async () => ({ summary: 'Tell-tale', state: 'hidden-cursor', count: 424_242 })),
    ]);
    await check();
    expect((await row()).memory).toMatch(/^eyJ/);
    expect(`${JSON.stringify(await row())} ${JSON.stringify(worker.events)}`).not.toMatch(
      /Tell-tale|hidden-cursor|424242/,
    );
  });

  it('that does not fit beside those of the other tasks makes its task fail', async () => {
    const large = (n: number) => taskOf(`large-${n}`, async () => ({ state: 'x'.repeat(4_000) }));
    const { check, row, remembered } = await bench([1, 2, 3, 4, 5, 6].map(large));
    await check();
    expect(Object.keys((await remembered()).tasks)).toHaveLength(5);
    expect((await row()).history.at(-1)).toMatchObject({ task: 'large-6', code: 'memory-full' });
  });

  it('is lost if nobody can open it, and nothing else is', async () => {
    const seen: unknown[] = [];
    const { check, row, worker } = await bench([counting(seen)]);
    await check();
    await worker.accounts.update(await row(), { ...(await row()), memory: 'nonsense' });
    await check();
    expect(seen).toEqual([undefined, undefined]);
    expect(worker.eventsOf('memory.not-read')).toMatchObject([{ why: 'corrupt' }]);
    expect(await row()).toMatchObject({ state: 'active', history: { length: 4 } });
    await check();
    expect(seen.at(-1)).toEqual({ runs: 2 });
  });

  it('is written anew at each check, also at one that runs no task', async () => {
    const { check, row, worker } = await bench([{ ...counting([]), everyMs: DAY }]);
    await check();
    const { memory } = await row();
    await check();
    expect((await row()).memory).not.toBe(memory);
    expect(worker.eventsOf('task.ended')).toHaveLength(1);
  });

  it.each(['disconnected', 'retired'] as const)('is erased when the account is %s', async (as) => {
    const { check, worker, userId } = await bench([counting([])]);
    await check();
    await endAccount(worker.app(), userId, as);
    expect(await worker.read(userId)).not.toHaveProperty('memory');
  });

  it('is not kept if the user disconnects during the check', async () => {
    const { check, worker, userId } = await bench([
      taskOf('leaving', async () => {
        await endAccount(worker.app(), userId, 'disconnected');
        return { state: 'too late' };
      }),
    ]);
    await check();
    expect(await worker.read(userId)).toMatchObject({ state: 'disconnected' });
    expect(await worker.read(userId)).not.toHaveProperty('memory');
  });

  it('stays while checks fail, and for a user who must sign in again', async () => {
    let fails = false;
    const { worker, check, row, remembered } = await (async () => {
      const made = await bench([counting([])]);
      const { userTokens } = made.worker.app();
      const { silent } = userTokens;
      userTokens.silent = (...request) => (fails ? Promise.reject(new Error('no')) : silent(...request));
      return made;
    })();
    await check();
    const before = await remembered();
    fails = true;
    await check();
    expect(worker.eventsOf('user.failed-unexpectedly')).toHaveLength(1);
    expect((await row()).history.at(-1)).toMatchObject({ outcome: 'failed' });
    expect(await remembered()).toEqual(before);
    expect(before).not.toEqual(EMPTY_MEMORY);
  });
});

describe('a task with a rhythm of its own', () => {
  async function runsOf(everyMs: number, fails: (run: number) => boolean = () => false) {
    const at: number[] = [];
    const made = await bench([
      {
        ...taskOf('rhythmic', async () => {
          at.push(made.worker.now().getTime());
          if (fails(at.length)) throw new Error('no');
        }),
        everyMs,
      },
    ]);
    for (let n = 0; n < 12; n += 1) await made.check();
    return { at, made };
  }

  it('runs in the first check after that time, and in no other', async () => {
    const { at, made } = await runsOf(5 * HOUR);
    const between = at.slice(1).map((time, n) => (time - (at[n] ?? 0)) / HOUR);
    expect(at.length).toBeGreaterThan(1);
    for (const hours of between) {
      expect(hours).toBeGreaterThanOrEqual(5);
      expect(hours).toBeLessThan(6.5);
    }
    expect((await made.row()).history.filter(({ task }) => task !== undefined)).toHaveLength(at.length);
  });

  it('runs again in the next check after it failed', async () => {
    const { at } = await runsOf(90 * HOUR, (run) => run < 4);
    expect(at).toHaveLength(4);
  });

  it('runs at once if it was last run in the future, as a wrong clock had it', async () => {
    const ran: string[] = [];
    const { check, row, worker } = await bench([
      { ...taskOf('rhythmic', async () => void ran.push('once')), everyMs: 90 * HOUR },
    ]);
    const tasks = { rhythmic: { at: ago(-9 * DAY) } };
    const memory = (await sealMemory(worker.app(), await row(), { tasks, told: [] })) ?? '';
    await worker.accounts.update(await row(), { ...(await row()), memory });
    await check();
    expect(ran).toEqual(['once']);
    await check();
    expect(ran).toEqual(['once']);
  });
});

describe('what a task told', () => {
  /** A link keeps the connection from now on. */
  const linked = (now: Connected, at: Date) => ({
    ...now,
    grant: 'code' as const,
    refreshTokenExpiresOn: new Date(at.getTime() + 90 * DAY),
  });

  it.each([
    ['visits', seen],
    ['links', linked],
  ])('is in the entry of its check also if the user %s meanwhile', async (_what, changed) => {
    let runs = 0;
    const meanwhile = taskOf('meanwhile', async () => {
      runs += 1;
      if (runs === 3) await change();
      return { count: runs, summary: `Run ${runs}` };
    });
    const { worker, userId, check, row, remembered } = await bench([meanwhile]);
    const change = () =>
      changeAccount(worker.app(), userId, (now) =>
        now !== undefined && isConnected(now) ? changed(now, worker.now()) : 'keep',
      );
    for (let n = 0; n < 3; n += 1) await check();
    const { checks = [] } = await row();
    expect(checks).toMatchObject([{ times: 2 }, { times: 1 }]);
    expect(toldIn(checks, (await remembered()).told)).toEqual([
      { at: checks[0]?.first, task: 'meanwhile', count: 1 + 2, summary: 'Run 2' },
      { at: checks[1]?.first, task: 'meanwhile', count: 3, summary: 'Run 3' },
    ]);
  });
});
