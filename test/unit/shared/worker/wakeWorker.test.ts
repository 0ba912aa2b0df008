import { describe, expect, it } from 'vitest';
import {
  ForbiddenError,
  TokenInvalidError,
  TooManyRequestsError,
  UnavailableError,
} from '../../../../shared/errors.ts';
import type { CallingApp } from '../../../../shared/ports.ts';
import { toUserId } from '../../../../shared/userId.ts';
import { RUN_LIMITS } from '../../../../shared/worker/run.ts';
import { wakeWorker } from '../../../../shared/worker/wakeWorker.ts';
import { someUserOf } from '../../../support/sampleAccount.ts';
import { SUMMARY } from '../../../support/sharedStateContract.ts';
import { dueAccount, MINUTE, workerOverTwins } from './workerOverTwins.ts';

const SECOND = 1_000;
const GUID = '11111111-2222-4333-8444-555555555555';
const CALLER: CallingApp = { principalId: toUserId({ tid: GUID, oid: GUID }), clientId: GUID };

function setUp({ splitAbove = '0' } = {}) {
  const worker = workerOverTwins({
    splitAbove,
    verifyAppToken: async (token) => {
      if (token === 'good') return CALLER;
      throw new ForbiddenError('role', 'none');
    },
  });
  const log = (event: (typeof worker.events)[number]) => void worker.events.push(event);
  const ask = (token = 'good') =>
    wakeWorker(worker.app(), { log }, { accessToken: token }, [], { limits: RUN_LIMITS });
  const askWith = (ticket: string) =>
    wakeWorker(worker.app(), { log }, { ticket }, [], { limits: RUN_LIMITS });
  return { worker, log, ask, askWith, sweeps: () => worker.eventsOf('sweep.ended').length };
}

describe('wake', () => {
  it('does one run, says in the log who asked for it, and answers counts alone', async () => {
    const { worker, ask } = setUp();
    await worker.create(dueAccount());
    expect(await ask()).toEqual({
      ran: true,
      due: 1,
      refreshed: 1,
      fromCache: 0,
      failed: 0,
      brokenOff: 0,
      shardsFailed: 0,
      stoppedBy: 'done',
      ms: 0,
    });
    expect(worker.eventsOf('worker.woken')).toEqual([
      { event: 'worker.woken', by: 'application', client: GUID },
    ]);
    expect(worker.eventsOf('sweep.ended')).toHaveLength(1);
  });

  it('does nothing within a minute of the last run that it began', async () => {
    const { worker, ask, sweeps } = setUp();
    await ask();
    worker.later(MINUTE - SECOND);
    worker.restart();
    expect(await ask()).toEqual({ ran: false });
    expect(sweeps()).toBe(1);
    worker.later(SECOND);
    expect(await ask()).toMatchObject({ ran: true });
    expect(sweeps()).toBe(2);
  });

  it('does nothing while the timer works', async () => {
    const { worker, ask } = setUp();
    for (let minute = 0; minute < 5; minute += 1) {
      await worker.run();
      worker.later(30 * SECOND);
      expect(await ask()).toEqual({ ran: false });
      worker.later(30 * SECOND);
    }
    expect(worker.eventsOf('worker.woken')).toEqual([]);
  });

  it('begins one run for many that ask at the same time', async () => {
    const { ask, sweeps } = setUp();
    const answers = await Promise.all([ask(), ask(), ask(), ask()]);
    expect(answers.filter(({ ran }) => ran)).toHaveLength(1);
    expect(sweeps()).toBe(1);
  });

  it('holds up no run of the timer, which may come at the same time', async () => {
    const { worker, ask } = setUp();
    await worker.create(dueAccount());
    await ask();
    await worker.create(dueAccount());
    expect(await worker.run()).toMatchObject({ claimed: 1, refreshed: 1 });
  });

  it('goes on with the audit, as the first run of its minute does', async () => {
    const { worker, ask } = setUp();
    await worker.create(dueAccount());
    await ask();
    expect((await worker.sharedState.lastRun()).audit.lastPass).toMatchObject({ accounts: 1 });
  });

  it.each([
    ['nobody sweeps them here', 0, { due: 3, refreshed: 0, stoppedBy: 'done', parts: 3 }],
    ['the parts of the last runs are lost', 3, { due: 3, refreshed: 3, stoppedBy: 'done', parts: 3 }],
  ])('answers into how many parts it has split its run, and how many are due: %s', async (_, lost, answer) => {
    const { worker, log } = setUp({ splitAbove: '2' });
    for (const shard of ['1', '2', '3']) await worker.create(dueAccount({ userId: someUserOf(shard) }));
    await worker.sharedState.runEnded(SUMMARY, { unansweredRuns: lost });
    const handed: number[] = [];
    const how = {
      limits: RUN_LIMITS,
      handOver: (parts: readonly unknown[]) => void handed.push(parts.length),
    };
    expect(await wakeWorker(worker.app(), { log }, { accessToken: 'good' }, [], how)).toMatchObject(answer);
    expect(handed).toEqual([3]);
  });

  it('does nothing for a caller who may not', async () => {
    const { worker, ask } = setUp();
    await expect(ask('other')).rejects.toThrow(ForbiddenError);
    expect(await ask()).toMatchObject({ ran: true });
    expect(worker.eventsOf('worker.woken')).toHaveLength(1);
  });

  it('refuses an application that asks without end', async () => {
    const { worker, ask } = setUp();
    for (let times = 0; times < 10; times += 1) await ask();
    await expect(ask()).rejects.toThrow(TooManyRequestsError);
    worker.later(10 * SECOND);
    expect(await ask()).toEqual({ ran: false });
  });

  describe('by the ticket of a visit', () => {
    const ticketOf = ({ worker }: ReturnType<typeof setUp>, aheadMs = 2 * MINUTE, purpose = 'run' as const) =>
      worker.app().linkSealer.seal(purpose, { until: worker.now().getTime() + aheadMs });

    it('does one run, and says in the log that it was a visit', async () => {
      const stage = setUp();
      await stage.worker.create(dueAccount());
      expect(await stage.askWith(await ticketOf(stage))).toMatchObject({ ran: true, refreshed: 1 });
      expect(stage.worker.eventsOf('worker.woken')).toEqual([{ event: 'worker.woken', by: 'visit' }]);
    });

    it('does one run for the visits of all instances, and none for a ticket that is used again', async () => {
      const stage = setUp();
      const tickets = await Promise.all([ticketOf(stage), ticketOf(stage), ticketOf(stage)]);
      const answers = await Promise.all(tickets.map(stage.askWith));
      expect(answers.filter(({ ran }) => ran)).toHaveLength(1);
      stage.worker.later(MINUTE - SECOND);
      expect(await stage.askWith(tickets[0] ?? '')).toEqual({ ran: false });
    });

    it.each<[string, (stage: ReturnType<typeof setUp>) => Promise<string>]>([
      ['no ticket at all', async () => 'good'],
      ['one that is too old', (stage) => ticketOf(stage, -SECOND)],
      ['one that a wrong clock has sealed', (stage) => ticketOf(stage, 60 * MINUTE)],
      ['the ticket of a link', (stage) => ticketOf(stage, MINUTE, 'ticket' as 'run')],
    ])('refuses %s, and asks storage nothing', async (_, make) => {
      const stage = setUp();
      const ticket = await make(stage);
      stage.worker.sharedState.beginPlan = () => Promise.reject(new Error('not expected'));
      await expect(stage.askWith(ticket)).rejects.toThrow(TokenInvalidError);
      expect(stage.sweeps()).toBe(0);
    });
  });

  it('is an outage if storage does not say whether a run has begun', async () => {
    const { worker, ask, sweeps } = setUp();
    worker.sharedState.beginPlan = () => Promise.reject(new UnavailableError('accounts'));
    await expect(ask()).rejects.toThrow(UnavailableError);
    expect(sweeps()).toBe(0);
  });
});
