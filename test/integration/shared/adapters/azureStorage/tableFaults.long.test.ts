import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Azurite, startAzurite } from '../../../../../dev/azurite.ts';
import { ended } from '../../../../../shared/account/transitions.ts';
import type { AccountStore } from '../../../../../shared/accountStore.ts';
import { createTableAccounts } from '../../../../../shared/adapters/azureStorage/tableAccounts.ts';
import { createTableSharedState } from '../../../../../shared/adapters/azureStorage/tableSharedState.ts';
import { shardOf } from '../../../../../shared/adapters/shards.ts';
import type { SharedState } from '../../../../../shared/sharedState.ts';
import {
  type AccountStoreUnderTest,
  auditAll,
  claimAll,
  entriesOf,
  LEASE_MS,
  minutesFrom,
  NOW,
  see,
} from '../../../../support/accountStoreUnderTest.ts';
import { openAzuriteAccounts } from '../../../../support/azuriteAccounts.ts';
import { BUSY, CONFLICT, expectOutage, FORBIDDEN, until } from '../../../../support/azuriteFaults.ts';
import { type AzuriteProxy, type SeenRequest, startAzuriteProxy } from '../../../../support/azuriteProxy.ts';
import { sampleActive, someUserOf } from '../../../../support/sampleAccount.ts';
import { SUMMARY } from '../../../../support/sharedStateContract.ts';

const EARLIER = minutesFrom(-60);
const LATER = minutesFrom(60);
const PATIENCE_MS = 20_000;

const any = () => true;
const isBatch = ({ url }: SeenRequest) => url.pathname.endsWith('/$batch');

describe('The account table when storage fails', () => {
  let azurite: Azurite;
  let proxy: AzuriteProxy;
  let index: AccountStoreUnderTest['index'];
  let store: AccountStore;
  let state: SharedState;
  /** The same table, not through the proxy. */
  let direct: AccountStore;
  beforeAll(async () => {
    azurite = await startAzurite();
  });
  afterAll(() => azurite.stop());
  beforeEach(async () => {
    proxy = await startAzuriteProxy(azurite, 'table');
    const opened = openAzuriteAccounts(azurite);
    ({ index, store: direct } = opened);
    const { tableName, clock } = opened;
    const { connectionString } = proxy;
    store = createTableAccounts({ connectionString, tableName, clock });
    state = createTableSharedState({ connectionString, tableName, clock });
  });
  afterEach(() => proxy.close());

  async function createDue(count: number) {
    for (let n = 0; n < count; n += 1) {
      await store.create(sampleActive({ userId: someUserOf('0'), nextCheckAt: EARLIER }));
    }
  }

  describe('lost answers', () => {
    it('knows its own create', async () => {
      await store.create(sampleActive());
      proxy.seen.length = 0;
      proxy.next(isBatch, 'lost');
      const created = await store.create(sampleActive());
      expect(proxy.seen.filter(isBatch)).toHaveLength(2);
      expect(await store.read(created.userId)).toEqual(created);
    });

    const sample = sampleActive({ nextCheckAt: NOW });
    it.each([
      ['to another time', { ...sample, nextCheckAt: LATER, trouble: { attempts: 9 } }],
      ['without another time', { ...sample, trouble: { attempts: 9 } }],
      ['to a tombstone', ended(sample.userId, 'retired', NOW)],
    ])('knows its own update %s', async (_, to) => {
      const account = await store.create(sample);
      proxy.seen.length = 0;
      proxy.next(isBatch, 'lost');
      const updated = await store.update(account, to);
      expect(proxy.seen.filter(isBatch)).toHaveLength(2);
      expect(await store.read(account.userId)).toEqual(updated);
      expect(await index.entries()).toEqual(entriesOf([updated]));
    });

    it('knows its own lease, even of a user who has come back since', async () => {
      const { userId } = await store.create(sampleActive({ nextCheckAt: EARLIER }));
      const comeBack = Promise.withResolvers<void>();
      proxy.next(isBatch, 'lost');
      proxy.next(isBatch, BUSY, comeBack.promise);
      const leasing = claimAll(store, { runId: 'run-1' });
      await until(async () => (await direct.read(userId))?.lease?.runId === 'run-1');
      await see(direct, userId, LATER);
      comeBack.resolve();
      const { claimed } = await leasing;
      expect(claimed).toMatchObject([{ account: { lease: { runId: 'run-1' }, lastActivity: LATER } }]);
      expect(claimed[0]).not.toHaveProperty('abandonedBy');
      expect(await store.read(userId)).toEqual(claimed[0]?.account);
    });

    it('knows the leases that it has made together', async () => {
      await createDue(4);
      proxy.seen.length = 0;
      proxy.next(isBatch, 'lost');
      const { claimed, findings } = await claimAll(store, { runId: 'run-1' });
      expect(claimed).toHaveLength(4);
      expect(findings).toEqual([]);
      // Together, the SDK's retry of that, and each for itself.
      expect(proxy.seen.filter(isBatch)).toHaveLength(6);
      for (const { account } of claimed) expect(await direct.read(account.userId)).toEqual(account);
    });

    it('does not take the lease of another run for its own', async () => {
      const { userId } = await store.create(sampleActive({ nextCheckAt: EARLIER }));
      proxy.seen.length = 0;
      const taken = Promise.withResolvers<void>();
      proxy.next(isBatch, BUSY, taken.promise);
      const leasing = claimAll(store, { runId: 'run-1' });
      await until(() => proxy.seen.some(isBatch));
      const won = await claimAll(direct, { runId: 'run-2' });
      taken.resolve();
      expect(won.claimed).toMatchObject([{ account: { lease: { runId: 'run-2' } } }]);
      expect(await leasing).toEqual({ claimed: [], findings: [{ userId, found: 'taken' }] });
      expect(await store.read(userId)).toEqual(won.claimed[0]?.account);
    });

    it('restores a missing entry once', async () => {
      const account = await store.create(sampleActive({ nextCheckAt: LATER }));
      await index.drop(account.userId, LATER);
      proxy.next(isBatch, 'lost');
      await auditAll(store);
      expect(await index.entries()).toEqual(entriesOf([account]));
      expect((await auditAll(store)).findings).toEqual([]);
    });
  });

  describe('leases ahead', () => {
    const startClaiming = (shard: string, signal?: AbortSignal) =>
      store.claimDue({ shard, runId: 'run-1', leaseMs: LEASE_MS, signal })[Symbol.asyncIterator]();
    const leased = async () =>
      (await Array.fromAsync(direct.list())).filter(({ lease }) => lease !== undefined).length;

    it('makes them in one transaction', async () => {
      await createDue(4);
      proxy.seen.length = 0;
      await startClaiming('0').next();
      expect(await leased()).toBe(4);
      expect(proxy.seen.filter(isBatch)).toHaveLength(1);
    });

    it('makes the others if the user of one has come back meanwhile', async () => {
      await createDue(4);
      const [first] = await Array.fromAsync(direct.list());
      const seenAgain = Promise.withResolvers<void>();
      proxy.seen.length = 0;
      proxy.next(isBatch, BUSY, seenAgain.promise);
      const leasing = claimAll(store, { runId: 'run-1' });
      await until(() => proxy.seen.some(isBatch));
      if (first !== undefined) await see(direct, first.userId, LATER);
      seenAgain.resolve();
      const { claimed, findings } = await leasing;
      expect(claimed).toHaveLength(3);
      expect(findings).toEqual([{ userId: first?.userId, found: 'taken' }]);
      expect(await leased()).toBe(3);
    });

    it('makes none if all are refused', async () => {
      await createDue(4);
      proxy.next(isBatch, FORBIDDEN);
      await expect(startClaiming('0').next()).rejects.toMatchObject({ dependency: 'accounts' });
      expect(await leased()).toBe(0);
    });

    it('gives all of them back if one of them fails', async () => {
      await createDue(4);
      proxy.next(isBatch, CONFLICT);
      proxy.next(isBatch, FORBIDDEN);
      await expect(startClaiming('0').next()).rejects.toMatchObject({ dependency: 'accounts' });
      expect(await leased()).toBe(0);
    });

    it('leaves them to end by themselves if they cannot be given back', async () => {
      await createDue(4);
      const claimed = startClaiming('0');
      await claimed.next();
      proxy.next(isBatch, FORBIDDEN);
      await claimed.return?.(undefined);
      expect(await leased()).toBe(2);
    });

    it('gives them back although the signal has aborted, and ends without an error', async () => {
      await createDue(4);
      const abort = new AbortController();
      proxy.seen.length = 0;
      proxy.next(isBatch, CONFLICT);
      proxy.next(isBatch, 'none');
      const pulled = startClaiming('0', abort.signal).next();
      await until(async () => (await leased()) === 3);
      abort.abort();
      expect(await pulled).toEqual({ done: true, value: undefined });
      expect(await leased()).toBe(0);
    });
  });

  describe('outages', () => {
    const account = { ...sampleActive(), etag: `W/"datetime'2026-11-20T08%3A00%3A00.0000000Z'"` };
    const { etag: _, ...sample } = account;
    const { userId } = account;
    const shard = shardOf(userId);
    const methods: [string, (signal?: AbortSignal) => Promise<unknown>][] = [
      ['read', (signal) => store.read(userId, signal)],
      ['create', (signal) => store.create(sample, signal)],
      ['update', (signal) => store.update(account, { ...sample, nextCheckAt: LATER }, signal)],
      ['erase', (signal) => store.erase(account, signal)],
      ['list', (signal) => store.list({}, signal)[Symbol.asyncIterator]().next()],
      ['tell since when something is due', (signal) => store.dueSince(shard, signal)],
      ['audit', (signal) => store.audit({ atMost: 5, signal })],
      ['begin a plan', (signal) => state.beginPlan(1, signal)],
      [
        'record a run',
        (signal) => state.runEnded(SUMMARY, { audit: { next: userId, accounts: 60, connected: 1 } }, signal),
      ],
      ['tell of the last run', (signal) => state.lastRun(signal)],
      ['begin to retire', (signal) => state.beginRetiring(1, signal)],
      ['tell since when no run has ended', (signal) => state.silentSince(signal)],
      ['order', (signal) => state.orderRetirement({ order: 'stopped', at: NOW }, signal)],
      ['tell of the cooldowns', (signal) => state.cooling(signal)],
    ];
    const all: typeof methods = [...methods, ['lease', () => claimAll(store, { shards: [shard] })]];

    it.each(all)('says that access is refused when it cannot %s, and not for whom', async (_, method) => {
      proxy.next(any, FORBIDDEN);
      await expectOutage(method(), userId, 'AuthorizationFailure 403');
    });

    it.each(all)('says that nobody is there when it cannot %s', async (_, method) => {
      await proxy.close();
      await expectOutage(method(), userId, 'ECONNREFUSED');
      proxy = await startAzuriteProxy(azurite, 'table');
    });

    it.each(methods)('stops to %s when its caller has stopped waiting', async (_, method) => {
      const abort = new AbortController();
      proxy.next(any, 'none');
      const operation = method(abort.signal);
      setTimeout(() => abort.abort(), 50);
      await expectOutage(operation, userId, 'AbortError');
    });

    it(
      'does not wait for ever for a service that says nothing',
      async () => {
        proxy.next(any, 'none');
        await expectOutage(store.read(userId), userId, 'AbortError');
      },
      PATIENCE_MS,
    );
  });
});
