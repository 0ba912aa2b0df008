/** Each run reads one page of all accounts, so that an account is found even if nothing in the index leads to it. */
import { describe, expect, it } from 'vitest';
import type { AccountStore, AuditPage, Finding } from '../../../../shared/accountStore.ts';
import { UnavailableError } from '../../../../shared/errors.ts';
import { someUser } from '../../../support/sampleAccount.ts';
import { dueAccount, MINUTE, workerOverTwins } from './workerOverTwins.ts';

type AuditRequest = Parameters<AccountStore['audit']>[0];

/** A worker whose audits read these pages, one after the other and then from the beginning. */
function auditing(pages: readonly AuditPage[]) {
  const worker = workerOverTwins();
  const asked: Pick<AuditRequest, 'from' | 'atMost'>[] = [];
  let page = 0;
  worker.accounts.audit = async ({ from, atMost }) => {
    asked.push({ from, atMost });
    page += 1;
    return pages[(page - 1) % pages.length] ?? Promise.reject(new Error('not expected'));
  };
  return {
    worker,
    asked,
    async run() {
      worker.later(MINUTE);
      return worker.run();
    },
    progress: async () => (await worker.sharedState.lastRun()).audit,
  };
}

/** A page of connected accounts. */
const pageOf = (accounts: number, next?: string): AuditPage => ({
  accounts,
  connected: accounts,
  damaged: 0,
  late: [],
  next,
});

describe('the audit', () => {
  it('goes on where the last run stopped, also in another process, and begins anew after the last page', async () => {
    const { worker, asked, run, progress } = auditing([pageOf(250, 'p2'), pageOf(240, 'p3'), pageOf(10)]);
    await run();
    expect(await progress()).toEqual({ next: 'p2', accounts: 250, connected: 250 });
    worker.restart();
    await run();
    expect(await progress()).toEqual({ next: 'p3', accounts: 490, connected: 490 });
    await run();
    const lastPass = { accounts: 500, connected: 500, endedAt: worker.now() };
    expect(await progress()).toEqual({ accounts: 0, connected: 0, lastPass });
    await run();
    expect(await progress()).toEqual({ next: 'p2', accounts: 250, connected: 250, lastPass });
    expect(asked.map(({ from }) => from)).toEqual([undefined, 'p2', 'p3', undefined]);
  });

  it.each([
    [0, 20],
    [14_000, 20],
    [100_000, 139],
    [720_000, 1_000],
    [2_000_000, 1_000],
  ])('after a pass over %d accounts reads at most %d a run', async (connected, atMost) => {
    const { asked, run } = auditing([pageOf(connected), pageOf(1, 'p2')]);
    await run();
    await run();
    expect(asked).toEqual([
      { from: undefined, atMost: 500 },
      { from: undefined, atMost },
    ]);
  });

  it('stays where it is if a page cannot be read, and says so once a run', async () => {
    const { worker, asked, run, progress } = auditing([pageOf(250, 'p2'), pageOf(1)]);
    await run();
    const { audit } = worker.accounts;
    worker.accounts.audit = () => Promise.reject(new UnavailableError('accounts'));
    expect(await run()).toMatchObject({ shardsFailed: 0, brokenOff: 0, stoppedBy: 'done' });
    expect(worker.eventsOf('sweep.not-audited')).toEqual([
      { event: 'sweep.not-audited', error: 'UnavailableError' },
    ]);
    expect(await progress()).toEqual({ next: 'p2', accounts: 250, connected: 250 });

    worker.accounts.audit = audit;
    await run();
    expect(await progress()).toMatchObject({ accounts: 0, connected: 0, lastPass: { connected: 251 } });
    expect(asked.map(({ from }) => from)).toEqual([undefined, 'p2']);
  });

  it('stays where it is if the run is aborted, and says so', async () => {
    const { worker, run, progress } = auditing([pageOf(250, 'p2')]);
    await run();
    const ending = new AbortController();
    worker.accounts.audit = async ({ signal }) => {
      ending.abort();
      throw new UnavailableError('accounts', { cause: signal?.reason });
    };
    worker.later(MINUTE);
    expect(await worker.run({}, ending.signal)).toMatchObject({ stoppedBy: 'deadline' });
    expect(worker.eventsOf('sweep.not-audited')).toEqual([
      { event: 'sweep.not-audited', error: 'UnavailableError<AbortError' },
    ]);
    expect(await progress()).toEqual({ next: 'p2', accounts: 250, connected: 250 });
  });

  it('does not fail the run if its progress cannot be stored: the page is read again', async () => {
    const { worker, asked, run } = auditing([pageOf(250, 'p2')]);
    const { runEnded } = worker.sharedState;
    worker.sharedState.runEnded = () => Promise.reject(new UnavailableError('accounts'));
    expect(await run()).toMatchObject({ stoppedBy: 'done' });
    expect(worker.eventsOf('sweep.not-recorded')).toHaveLength(1);
    worker.sharedState.runEnded = runEnded;
    await run();
    expect(asked.map(({ from }) => from)).toEqual([undefined, undefined]);
  });

  it('is done by one of two runs at the same time', async () => {
    const { worker, asked } = auditing([pageOf(250, 'p2')]);
    await Promise.all([worker.run(), worker.run()]);
    expect(asked).toHaveLength(1);
    worker.later(30_000);
    await worker.run();
    expect(asked).toHaveLength(1);
    worker.later(30_000);
    await worker.run();
    expect(asked.map(({ from }) => from)).toEqual([undefined, 'p2']);
  });

  it('runs beside the checks, and does not wait for them', async () => {
    const { worker, run } = auditing([pageOf(1)]);
    let audited = () => {};
    const audit = new Promise<void>((resolve) => {
      audited = resolve;
    });
    const { accounts } = worker;
    const read = accounts.audit;
    accounts.audit = async (request) => {
      audited();
      return read(request);
    };
    const { claimDue } = accounts;
    accounts.claimDue = async function* (request) {
      await audit;
      yield* claimDue(request);
    };
    await worker.create(dueAccount());
    expect(await run()).toMatchObject({ claimed: 1, refreshed: 1 });
  });

  it.each<[Finding['found'], string[]]>([
    ['repaired', ['index.repaired']],
    ['damaged', ['account.damaged']],
    ['taken', []],
    ['nobody', []],
  ])('logs what it finds: %s', async (found, events) => {
    const worker = workerOverTwins();
    const userId = someUser();
    worker.accounts.audit = async ({ onFound }) => {
      onFound?.({ userId, found });
      return pageOf(1);
    };
    await worker.run();
    const user = worker.app().logId(userId);
    expect(worker.events.filter(({ event }) => event !== 'sweep.ended')).toEqual(
      events.map((event) => ({ event, user })),
    );
  });

  it('counts the connected accounts of a pass, and not those that have ended', async () => {
    const worker = workerOverTwins();
    for (let n = 0; n < 3; n += 1) await worker.create(dueAccount());
    const { userId, nextCheckAt } = dueAccount();
    await worker.create({ state: 'disconnected', userId, since: nextCheckAt, nextCheckAt });
    await worker.run();
    const { audit } = await worker.sharedState.lastRun();
    const lastPass = { accounts: 4, connected: 3, endedAt: worker.now() };
    expect(audit).toEqual({ accounts: 0, connected: 0, lastPass });
  });
});
