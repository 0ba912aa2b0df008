import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { SweepSummary } from '../../shared/log.ts';
import type { AuditProgress, Cooldown, Retirement, SharedState } from '../../shared/sharedState.ts';
import type { TestClock } from '../../shared/testing/testClock.ts';
import { minutesFrom, NOW } from './accountStoreUnderTest.ts';

const SOON = minutesFrom(15);
const LATER = minutesFrom(60);
const EVERY_MS = 45_000;

/** Opens a shared state with nothing in it, whose clock begins at {@link NOW}. */
export type OpenSharedState = () => { state: SharedState; clock: TestClock };

export const SUMMARY: SweepSummary = {
  runId: 'run-1',
  due: 9,
  claimed: 8,
  refreshed: 3,
  fromCache: 1,
  failed: { transient: 1 },
  waiting: 1,
  retired: 1,
  erased: 1,
  released: 0,
  superseded: 0,
  tasks: { done: 3, failed: 1 },
  oldKey: 0,
  brokenOff: 0,
  shardsFailed: 0,
  lagMs: 1_234,
  stoppedBy: 'done',
  ms: 567,
};

const cooldown = (until: Date, more: Partial<Cooldown> = {}): Cooldown => ({
  tenant: randomUUID(),
  api: 'token',
  until,
  kind: 'throttled',
  ...more,
});
const inAnyOrder = (cooldowns: readonly Cooldown[]) => new Set(cooldowns.map((one) => JSON.stringify(one)));

/** What every shared state must do. */
export function sharedStateContract(name: string, open: OpenSharedState): void {
  describe(`${name} as a store of cooldowns`, () => {
    it('has none at first', async () => {
      expect(await open().state.cooling()).toEqual([]);
    });

    it('tells for whom each one is, until when and why', async () => {
      const { state } = open();
      const tenant = randomUUID();
      const all = [
        cooldown(SOON, { tenant }),
        cooldown(LATER, { tenant, api: 'graph' }),
        cooldown(LATER, { kind: 'tenant' }),
        cooldown(SOON, { kind: undefined }),
        cooldown(SOON, { tenant: '*', api: 'graph' }),
      ];
      for (const one of all) await state.cool(one);
      expect(inAnyOrder(await state.cooling())).toEqual(inAnyOrder(all));
    });

    it.each([
      ['longer', SOON, LATER],
      ['shorter', LATER, SOON],
    ])('replaces one by a %s one', async (_, first, latest) => {
      const { state } = open();
      const one = cooldown(first);
      await state.cool(one);
      await state.cool({ ...one, until: latest });
      expect(await state.cooling()).toEqual([{ ...one, until: latest }]);
    });

    it('rounds the end up to a whole second', async () => {
      const { state } = open();
      const one = cooldown(new Date(NOW.getTime() + 1));
      await state.cool(one);
      expect(await state.cooling()).toEqual([{ ...one, until: new Date(NOW.getTime() + 1_000) }]);
    });

    it.each(['token', 'graph'] as const)('has it until its end, to the millisecond (%s)', async (api) => {
      const { state, clock } = open();
      const one = cooldown(SOON, { api });
      await state.cool(one);
      clock.advance(SOON.getTime() - NOW.getTime() - 1);
      expect(await state.cooling()).toEqual([one]);
      clock.advance(1);
      expect(await state.cooling()).toEqual([]);
    });

    it.each([
      'token',
      'graph',
    ] as const)('deletes at the end of a run what has ended, and nothing else (%s)', async (api) => {
      const { state, clock } = open();
      const [ended, cooling] = [cooldown(SOON, { api }), cooldown(LATER, { api })];
      await state.cool(ended);
      await state.cool(cooling);
      clock.advance(SOON.getTime() - NOW.getTime());
      await state.runEnded(SUMMARY);
      clock.advance(NOW.getTime() - SOON.getTime());
      expect(await state.cooling()).toEqual([cooling]);
      await state.cool(ended);
      expect(inAnyOrder(await state.cooling())).toEqual(inAnyOrder([ended, cooling]));
    });
  });

  describe(`${name} as a record of the runs`, () => {
    it('has no run at first', async () => {
      expect(await open().state.lastRun()).toEqual({ audit: { accounts: 0, connected: 0 } });
    });

    it.each([
      ['plan', 'beginPlan'],
      ['retire', 'beginRetiring'],
    ] as const)('tells one of many callers to begin to %s, once within the time', async (_, method) => {
      const { state, clock } = open();
      const begin = () => state[method](EVERY_MS);
      const told = async () =>
        (await Promise.all([begin(), begin(), begin(), begin()])).filter(({ begun }) => begun).length;
      expect(await told()).toBe(1);
      clock.advance(EVERY_MS - 1);
      expect(await told()).toBe(0);
      clock.advance(1);
      expect(await told()).toBe(1);
      expect(await told()).toBe(0);
    });

    it('lets somebody retire whatever plans have begun', async () => {
      const { state } = open();
      await state.runEnded(SUMMARY, { retired: { count: 3, since: SOON } });
      expect(await state.beginPlan(EVERY_MS)).toMatchObject({ begun: true });
      const last = await state.lastRun();
      expect(await state.beginRetiring(EVERY_MS)).toEqual({ begun: true, last });
      expect(await state.beginRetiring(EVERY_MS)).toEqual({ begun: false, last });
    });

    it('lets somebody begin although a wrong clock has left a time that is far ahead', async () => {
      const { state, clock } = open();
      clock.advance(86_400_000);
      expect(await state.beginPlan(EVERY_MS)).toMatchObject({ begun: true });
      clock.advance(-86_400_000);
      expect(await state.beginPlan(EVERY_MS)).toMatchObject({ begun: true });
      expect(await state.beginPlan(EVERY_MS)).toMatchObject({ begun: false });
    });

    it('tells who asks to begin what the runs have recorded, whatever the answer is', async () => {
      const { state } = open();
      const audit = { next: 'b', accounts: 60, connected: 3 };
      await state.runEnded(SUMMARY, { audit });
      await state.orderRetirement({ order: 'stopped', at: SOON });
      const last = await state.lastRun();
      expect(last).toMatchObject({ ended: { at: NOW, summary: SUMMARY }, audit });
      expect(await state.beginPlan(EVERY_MS)).toEqual({ begun: true, last });
      expect(await state.beginPlan(EVERY_MS)).toEqual({ begun: false, last });
    });

    it('keeps the summary of the last run', async () => {
      const { state, clock } = open();
      await state.beginPlan(EVERY_MS);
      expect(await state.lastRun()).toEqual({ audit: { accounts: 0, connected: 0 } });
      await state.runEnded(SUMMARY);
      expect((await state.lastRun()).ended).toEqual({ at: NOW, summary: SUMMARY });
      clock.advance(60_000);
      const next: SweepSummary = { ...SUMMARY, runId: 'run-2', failed: {}, stoppedBy: 'deadline' };
      await state.runEnded(next);
      expect((await state.lastRun()).ended).toEqual({ at: minutesFrom(1), summary: next });
    });

    it.each<[string, AuditProgress]>([
      ['in its first pass', { next: "7 it's there", accounts: 60, connected: 12 }],
      [
        'between two passes',
        { accounts: 0, connected: 0, lastPass: { accounts: 60, connected: 40, endedAt: SOON } },
      ],
      [
        'in a later pass',
        { next: 'a', accounts: 60, connected: 0, lastPass: { accounts: 60, connected: 0, endedAt: SOON } },
      ],
    ])('keeps how far the audit has come %s, until a run goes on with it', async (_, audit) => {
      const { state } = open();
      const before = {
        next: 'before',
        accounts: 60,
        connected: 1,
        lastPass: { accounts: 60, connected: 2, endedAt: LATER },
      };
      await state.runEnded(SUMMARY, { audit: before });
      await state.runEnded(SUMMARY, { audit });
      expect((await state.lastRun()).audit).toEqual(audit);
      await state.runEnded({ ...SUMMARY, runId: 'run-2' });
      await state.beginPlan(EVERY_MS);
      expect((await state.lastRun()).audit).toEqual(audit);
    });

    it('keeps how many accounts were retired, until a run says so anew', async () => {
      const { state } = open();
      await state.runEnded(SUMMARY, { retired: { count: 3, since: SOON } });
      await state.runEnded(SUMMARY, { audit: { accounts: 60, connected: 1 } });
      expect((await state.lastRun()).retired).toEqual({ count: 3, since: SOON });
      await state.runEnded(SUMMARY, { retired: { count: 0, since: LATER } });
      expect((await state.lastRun()).retired).toEqual({ count: 0, since: LATER });
    });

    it('keeps how many runs were split in vain, until a run says so anew', async () => {
      const { state } = open();
      await state.runEnded(SUMMARY, { unansweredRuns: 3 });
      await state.runEnded(SUMMARY, {});
      expect((await state.lastRun()).unansweredRuns).toBe(3);
      await state.runEnded(SUMMARY, { unansweredRuns: 0 });
      expect((await state.lastRun()).unansweredRuns).toBe(0);
    });

    it('tells since when no run has ended: the last end, and before it a beginning', async () => {
      const { state, clock } = open();
      await state.beginPlan(EVERY_MS);
      clock.advance(60_000);
      expect(await state.silentSince()).toEqual(NOW);
      await state.runEnded(SUMMARY);
      clock.advance(60_000);
      await state.beginPlan(EVERY_MS);
      expect(await state.silentSince()).toEqual(minutesFrom(1));
    });

    it('tells all callers when the first of them asked, if nothing was recorded', async () => {
      const { state, clock } = open();
      const asked = await Promise.all([state.silentSince(), state.silentSince(), state.silentSince()]);
      expect(asked).toEqual([NOW, NOW, NOW]);
      clock.advance(60_000);
      expect(await state.silentSince()).toEqual(NOW);
      expect(await state.lastRun()).toEqual({ audit: { accounts: 0, connected: 0 } });
      expect(await state.beginPlan(EVERY_MS)).toMatchObject({ begun: true });
    });

    it('keeps the latest order about retiring, whatever runs do', async () => {
      const { state } = open();
      const orders: Retirement[] = [
        { order: 'stopped', at: SOON },
        { order: 'confirmed', until: LATER },
        { order: 'stopped', at: LATER },
      ];
      for (const order of orders) {
        await state.orderRetirement(order);
        await state.beginPlan(0);
        await state.runEnded(SUMMARY, { audit: { accounts: 60, connected: 3, next: 'b' } });
        expect(await state.lastRun()).toEqual({
          ended: { at: NOW, summary: SUMMARY },
          audit: { accounts: 60, connected: 3, next: 'b' },
          retirement: order,
        });
      }
    });
  });
}
