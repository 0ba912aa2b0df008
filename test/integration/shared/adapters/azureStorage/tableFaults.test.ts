import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Azurite, startAzurite } from '../../../../../dev/azurite.ts';
import { createTableAccounts } from '../../../../../shared/adapters/azureStorage/tableAccounts.ts';
import type { AccountStore, DueRow } from '../../../../../shared/ports.ts';
import { dueRowKey, shardOf } from '../../../../../shared/userId.ts';
import { claimOf, dueRowOf, see } from '../../../../support/accountStoreUnderTest.ts';
import { openAzuriteAccounts } from '../../../../support/azuriteAccounts.ts';
import { BUSY, expectOutage, FORBIDDEN, until } from '../../../../support/azuriteFaults.ts';
import { type AzuriteProxy, type SeenRequest, startAzuriteProxy } from '../../../../support/azuriteProxy.ts';
import { sampleAccount } from '../../../../support/sampleAccount.ts';

const DUE = new Date('2026-11-20T09:00:00Z');
const LATER = new Date('2026-11-20T10:00:00Z');
const LEASE = { runId: 'run-1', until: LATER };

const any = () => true;
const isBatch = ({ url }: SeenRequest) => url.pathname.endsWith('/$batch');

describe('The account table when storage fails', () => {
  let azurite: Azurite;
  let proxy: AzuriteProxy;
  let dueRowKeys: () => Promise<string[]>;
  let store: AccountStore;
  /** The same table, not through the proxy. */
  let direct: AccountStore;
  beforeAll(async () => {
    azurite = await startAzurite();
  });
  afterAll(() => azurite.stop());
  beforeEach(async () => {
    proxy = await startAzuriteProxy(azurite, 'table');
    const opened = openAzuriteAccounts(azurite);
    dueRowKeys = opened.dueRowKeys;
    direct = opened.store;
    store = createTableAccounts({
      connectionString: proxy.connectionString,
      tableName: opened.tableName,
    });
  });
  afterEach(() => proxy.close());

  describe('lost answers', () => {
    it('knows its own create', async () => {
      await store.create(sampleAccount());
      proxy.seen.length = 0;
      proxy.next(isBatch, 'lost');
      const created = await store.create(sampleAccount());
      expect(proxy.seen.filter(isBatch)).toHaveLength(2);
      expect(await store.read(created.userId)).toEqual(created);
    });

    it.each([
      ['to another time', { dueAt: LATER, attempts: 9 }],
      ['without another time', { dueAt: DUE, attempts: 9 }],
      ['to a tombstone', { dueAt: LATER, state: 'retired' as const }],
    ])('knows its own move %s', async (_, change) => {
      const account = await store.create(sampleAccount({ dueAt: DUE }));
      proxy.seen.length = 0;
      proxy.next(isBatch, 'lost');
      const moved = await store.move(account, { ...account, ...change });
      expect(proxy.seen.filter(isBatch)).toHaveLength(2);
      expect(await store.read(account.userId)).toEqual(moved);
      expect(await dueRowKeys()).toEqual([dueRowKey(change.dueAt, account.userId)]);
    });

    it('knows its own lease, even of a user who has come back since', async () => {
      const account = await store.create(sampleAccount({ dueAt: DUE, runId: undefined }));
      const due = (await dueRowOf(store, account.userId)) as DueRow;
      const comeBack = Promise.withResolvers<void>();
      proxy.next(isBatch, 'lost');
      proxy.next(isBatch, BUSY, comeBack.promise);
      const leasing = claimOf(store, due, LEASE);
      await until(async () => (await store.read(account.userId))?.runId === LEASE.runId);
      await see(direct, account.userId, LATER);
      comeBack.resolve();
      const leased = await leasing;
      expect(leased).toMatchObject({
        account: { runId: LEASE.runId, lastActivity: LATER },
        abandonedBy: undefined,
      });
      expect(await store.read(account.userId)).toEqual(leased?.account);
    });

    it('does not take the lease of another run for its own', async () => {
      const account = await store.create(sampleAccount({ dueAt: DUE }));
      const due = (await dueRowOf(store, account.userId)) as DueRow;
      proxy.seen.length = 0;
      const taken = Promise.withResolvers<void>();
      proxy.next(isBatch, BUSY, taken.promise);
      const leasing = claimOf(store, due, LEASE);
      await until(() => proxy.seen.some(isBatch));
      const won = await claimOf(store, due, { runId: 'run-2', until: LATER });
      taken.resolve();
      expect(won?.account.runId).toBe('run-2');
      expect(await leasing).toBeUndefined();
      expect(await store.read(account.userId)).toEqual(won?.account);
    });
  });

  describe('outages', () => {
    const account = { ...sampleAccount(), etag: `W/"datetime'2026-11-20T08%3A00%3A00.0000000Z'"` };
    const { userId } = account;
    const shard = shardOf(userId);
    const due = { userId, shard, rowKey: dueRowKey(DUE, userId), dueSince: DUE, etag: account.etag };
    const methods: [string, (signal?: AbortSignal) => Promise<unknown>][] = [
      ['read', (signal) => store.read(userId, signal)],
      ['create', (signal) => store.create(account, signal)],
      ['move', (signal) => store.move(account, { ...account, dueAt: LATER }, signal)],
      ['erase', (signal) => store.erase(account, signal)],
      ['list', (signal) => store.list(shard, undefined, signal)[Symbol.asyncIterator]().next()],
      ['list due rows', (signal) => store.due(shard, LATER, signal)[Symbol.asyncIterator]().next()],
      ['claim', (signal) => store.claim(due, LEASE, signal)],
      ['remove due rows', (signal) => store.removeDue([due], signal)],
    ];

    it.each(methods)('says that access is refused when it cannot %s, and not for whom', async (_, method) => {
      proxy.next(any, FORBIDDEN);
      await expectOutage(method(), userId, 'AuthorizationFailure 403');
    });

    it.each(methods)('says that nobody is there when it cannot %s', async (_, method) => {
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

    it('does not wait for ever for a service that says nothing', async () => {
      proxy.next(any, 'none');
      await expectOutage(store.read(userId), userId, 'AbortError');
    });
  });
});
