/** Users who let their tasks rest: the worker goes on to keep their token. */
import { describe, expect, it } from 'vitest';
import type { Account } from '../../../../shared/account/account.ts';
import { paused, resumed } from '../../../../shared/account/transitions.ts';
import type { TaskDefinition } from '../../../../shared/worker/defineTask.ts';
import { taskOf } from './tasksOverTwins.ts';
import { DAY, dueAccount, MINUTE, NOW, tokenOf, workerOverTwins } from './workerOverTwins.ts';

const HOUR = 60 * MINUTE;
const from = (ms: number) => new Date(NOW.getTime() + ms);

async function bench(
  account: Account,
  more: Partial<TaskDefinition> = {},
  during: () => Promise<unknown> = async () => undefined,
) {
  const ran: Date[] = [];
  const task = taskOf(
    'counting',
    async () => {
      ran.push(worker.now());
      await during();
      return { summary: `Run ${ran.length}`, state: ran.length };
    },
    more,
  );
  const worker = workerOverTwins({
    tasks: [task],
    silent: async () => tokenOf({ source: 'network', expiresOn: new Date(worker.now().getTime() + HOUR) }),
  });
  const { userId } = await worker.create(account);
  const row = async () => {
    const now = await worker.read(userId);
    if (now === undefined || !('history' in now)) throw new Error('it is not connected');
    return now;
  };
  return {
    worker,
    ran,
    row,
    change: async (to: (now: Awaited<ReturnType<typeof row>>) => Account) => {
      const now = await row();
      await worker.accounts.update(now, to(now));
    },
    /** Does the next check of the user. */
    async check() {
      const dueInMs = (await row()).nextCheckAt.getTime() - worker.now().getTime();
      worker.later(Math.max(0, dueInMs));
      return worker.run();
    },
  };
}

describe('a pause', () => {
  it('lets the tasks rest, and keeps the token', async () => {
    const { check, ran, row, worker } = await bench(dueAccount({ tasksPausedUntil: from(DAY) }));
    expect(await check()).toMatchObject({ claimed: 1, refreshed: 1, tasks: { done: 0, failed: 0 } });
    expect(ran).toEqual([]);
    const after = await row();
    expect(after).toMatchObject({ state: 'active', tasksPausedUntil: from(DAY), lastRefreshed: NOW });
    expect(after.history).toEqual([{ at: NOW, outcome: 'refreshed' }]);
    expect(after.nextCheckAt.getTime()).toBeLessThan(NOW.getTime() + HOUR);
    expect(worker.eventsOf('task.ended')).toEqual([]);
  });

  it('ends by itself: each task runs once at the next check, whatever it has missed, and the pause is forgotten', async () => {
    const { check, ran, row } = await bench(dueAccount({ tasksPausedUntil: from(DAY) }));
    let checks = 0;
    while (ran.length === 0) {
      await check();
      checks += 1;
    }
    expect(checks).toBeGreaterThan(20);
    expect(ran).toHaveLength(1);
    expect(ran[0]?.getTime()).toBeGreaterThanOrEqual(from(DAY).getTime());
    expect(ran[0]?.getTime()).toBeLessThan(from(DAY + HOUR).getTime());
    expect(await row()).not.toHaveProperty('tasksPausedUntil');
  });

  it('has no effect on the check that comes at its very end', async () => {
    const { check, ran } = await bench(dueAccount({ tasksPausedUntil: NOW }));
    await check();
    expect(ran).toHaveLength(1);
  });

  it('ends when the user resumes', async () => {
    const { check, change, ran } = await bench(dueAccount({ tasksPausedUntil: from(DAY) }));
    await check();
    await change(resumed);
    await check();
    expect(ran).toHaveLength(1);
  });

  it('leaves a task its own rhythm', async () => {
    const { check, change, ran } = await bench(dueAccount(), { every: { days: 1 } });
    await check();
    await change((now) => paused(now, from(2 * HOUR)));
    const last = async () => {
      await check();
      return ran.length;
    };
    let checks = 0;
    while ((await last()) < 2) checks += 1;
    const [first = NOW, second = NOW] = ran;
    expect(second.getTime() - first.getTime()).toBeGreaterThanOrEqual(DAY);
    expect(second.getTime() - first.getTime()).toBeLessThan(DAY + HOUR);
    expect(checks).toBeGreaterThan(20);
  });

  it('takes nothing from what tasks remember and have told', async () => {
    const { check, change, ran, row } = await bench(dueAccount());
    await check();
    const before = (await row()).memory;
    await change((now) => paused(now, new Date(now.nextCheckAt.getTime() + HOUR)));
    await check();
    expect(ran).toHaveLength(1);
    expect((await row()).memory).toBeDefined();
    expect(before).toBeDefined();
    expect((await row()).checks).toHaveLength(1);
  });

  it('that is ordered while tasks run is kept, and they end', async () => {
    const world: { pause?: () => Promise<void> } = {};
    const { check, change, ran, row } = await bench(dueAccount(), {}, async () => world.pause?.());
    world.pause = () => change((now) => paused(now, from(DAY)));
    await check();
    delete world.pause;
    expect(ran).toHaveLength(1);
    expect(await row()).toMatchObject({
      tasksPausedUntil: from(DAY),
      history: [{}, { outcome: 'task-done' }],
    });
    await check();
    expect(ran).toHaveLength(1);
  });

  it('does not wake a user who must sign in, and does not keep their account longer', async () => {
    const needsUser = {
      ...dueAccount({ tasksPausedUntil: from(DAY) }),
      state: 'needs-user',
      failure: { kind: 'needs-user', code: 'AADSTS50173', at: NOW },
    } as const;
    const { worker, ran, row } = await bench(needsUser);
    expect(await worker.run()).toMatchObject({ waiting: 1 });
    expect(await row()).toMatchObject({ state: 'needs-user', tasksPausedUntil: from(DAY) });
    expect(ran).toEqual([]);
  });
});
