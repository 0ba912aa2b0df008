import type { TableClient } from '@azure/data-tables';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Azurite, startAzurite } from '../../../dev/azurite.ts';
import { createTableAccounts } from '../../../shared/adapters/tableAccounts.ts';
import { ConflictError } from '../../../shared/errors.ts';
import type { Account, AccountStore, DueRow } from '../../../shared/ports.ts';
import {
  dueRowKey,
  dueUpperBound,
  partsOf,
  shardOf,
  type UserId,
  userRowKey,
} from '../../../shared/userId.ts';
import { openAzuriteAccounts } from '../../support/azuriteAccounts.ts';
import { busy, expectOutage, FORBIDDEN, until } from '../../support/azuriteFaults.ts';
import { type AzuriteProxy, type SeenRequest, startAzuriteProxy } from '../../support/azuriteProxy.ts';
import { sampleAccount, someUser } from '../../support/sampleAccount.ts';

const DUE = new Date('2026-11-20T09:00:00Z');
const LATER = new Date('2026-11-20T10:00:00Z');
const LEASE = { runId: 'run-1', until: LATER };

const any = () => true;
const isBatch = ({ url }: SeenRequest) => url.pathname.endsWith('/$batch');
const isQuery = ({ url }: SeenRequest) => url.pathname.endsWith('()');
const makesTable = ({ method, url }: SeenRequest) => method === 'POST' && url.pathname.endsWith('/Tables');

describe('The account table', () => {
  let azurite: Azurite;
  let proxy: AzuriteProxy;
  let table: TableClient;
  let dueRowKeys: () => Promise<string[]>;
  let store: AccountStore;
  beforeAll(async () => {
    azurite = await startAzurite();
  });
  afterAll(() => azurite.stop());
  beforeEach(async () => {
    proxy = await startAzuriteProxy(azurite, 'table');
    const opened = openAzuriteAccounts(azurite);
    ({ table, dueRowKeys } = opened);
    const { connectionString } = proxy;
    store = createTableAccounts({ connectionString, tableName: opened.tableName, pageSize: 2 });
  });
  afterEach(() => proxy.close());

  const rowOf = (userId: UserId) => table.getEntity(shardOf(userId), userRowKey(userId));

  async function dueRowsOf(shard: string): Promise<DueRow[]> {
    const rows: DueRow[] = [];
    for await (const row of store.due(shard, LATER)) rows.push(row);
    return rows;
  }
  const dueRowOf = async ({ userId }: Account) => (await dueRowsOf(shardOf(userId)))[0] as DueRow;

  describe('rows', () => {
    it('has the columns of the design', async () => {
      const account = await store.create(sampleAccount({ state: 'needs-user' }));
      const { userId } = account;
      const { tid, oid } = partsOf(userId);
      expect(await rowOf(userId)).toMatchObject({
        partitionKey: shardOf(userId),
        rowKey: `user|${tid}_${oid}`,
        accountCacheKey: userId,
        accountIdentifier: account.homeAccountId,
        accountObjectId: oid,
        accountTenantId: tid,
        userPrincipalName: account.userPrincipalName,
        lastActivity: account.lastActivity,
        failedToAcquireToken: true,
        state: 'needs-user',
        dueAt: account.dueAt,
        runId: account.runId,
        attempts: 3,
        lastRefreshed: account.lastRefreshed,
        expiresOn: account.expiresOn,
        refreshTokenExpiresOn: account.refreshTokenExpiresOn,
      });
    });

    it('derives from the state whether a token could not be had', async () => {
      const account = await store.create(sampleAccount({ state: 'needs-user' }));
      await store.move(account, { ...account, state: 'active' });
      expect(await rowOf(account.userId)).toMatchObject({ failedToAcquireToken: false });
    });

    it('has nothing personal left in a tombstone', async () => {
      const account = await store.create(sampleAccount());
      await store.move(account, { ...account, state: 'disconnected' });
      const { 'odata.metadata': _, ...row } = await rowOf(account.userId);
      expect(Object.keys(row).sort()).toEqual(
        ['dueAt', 'etag', 'lastActivity', 'partitionKey', 'rowKey', 'runId', 'state', 'timestamp'].sort(),
      );
    });

    it('keeps the columns of a later version in a move', async () => {
      const account = await store.create(sampleAccount());
      const partitionKey = shardOf(account.userId);
      await table.updateEntity({ partitionKey, rowKey: userRowKey(account.userId), later: 'kept' }, 'Merge');
      const current = (await store.read(account.userId)) as Account;
      await store.move(current, { ...current, dueAt: LATER });
      expect(await rowOf(account.userId)).toMatchObject({ later: 'kept' });
    });

    it('reads and claims a row whose columns make no sense', async () => {
      const account = await store.create(sampleAccount({ dueAt: DUE }));
      await table.updateEntity(
        {
          partitionKey: shardOf(account.userId),
          rowKey: userRowKey(account.userId),
          state: 'of-a-later-version',
          lastActivity: 'yesterday',
          expiresOn: 42,
          attempts: 'many',
          failure: '{"kind":"unheard-of"',
          history:
            '[null,{"at":"never","outcome":"refreshed"},{"at":"2026-11-20T07:00:00Z","outcome":"from-cache"}]',
        },
        'Merge',
      );
      const claimed = await store.claim(await dueRowOf(account), LEASE);
      expect(claimed).toMatchObject({
        state: 'needs-user',
        lastActivity: new Date(0),
        expiresOn: undefined,
        attempts: 0,
        failure: undefined,
        history: [{ at: new Date('2026-11-20T07:00:00Z'), outcome: 'from-cache' }],
      });
    });
  });

  describe('moves', () => {
    it('makes the table once, when it is first missed', async () => {
      expect(await store.read(someUser())).toBeUndefined();
      expect(await dueRowsOf('0')).toEqual([]);
      expect(proxy.seen.filter(makesTable)).toHaveLength(0);
      await store.create(sampleAccount());
      await store.create(sampleAccount());
      expect(proxy.seen.filter(makesTable)).toHaveLength(1);
    });

    it('does not remember that the table could not be made', async () => {
      const account = sampleAccount();
      proxy.next(makesTable, FORBIDDEN);
      await expectOutage(store.create(account), account.userId, 'AuthorizationFailure');
      await Promise.all(Array.from({ length: 5 }, () => store.create(sampleAccount())));
      expect(await dueRowKeys()).toHaveLength(5);
    });

    it('moves a user whose due row is missing', async () => {
      const account = await store.create(sampleAccount({ dueAt: DUE }));
      await table.deleteEntity(shardOf(account.userId), dueRowKey(DUE, account.userId));
      const moved = await store.move(account, { ...account, dueAt: LATER });
      expect(await store.read(account.userId)).toEqual(moved);
      expect(await dueRowKeys()).toEqual([dueRowKey(LATER, account.userId)]);
    });

    it('does not move on a stale read because the due row is missing', async () => {
      const stale = await store.create(sampleAccount({ dueAt: DUE }));
      await table.deleteEntity(shardOf(stale.userId), dueRowKey(DUE, stale.userId));
      await store.touch(stale.userId, LATER);
      const current = await store.read(stale.userId);
      await expect(store.move(stale, { ...stale, dueAt: LATER })).rejects.toThrow(ConflictError);
      expect(await store.read(stale.userId)).toEqual(current);
      expect(await dueRowKeys()).toEqual([]);
    });

    it('tries again when the service is busy', async () => {
      proxy.next(isBatch, busy());
      proxy.next(isBatch, busy());
      const account = await store.create(sampleAccount());
      proxy.next(any, busy());
      expect(await store.read(account.userId)).toEqual(account);
    });
  });

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

    it('knows its own claim, even of a user who has come back since', async () => {
      const account = await store.create(sampleAccount({ dueAt: DUE, runId: undefined }));
      const due = await dueRowOf(account);
      proxy.next(isBatch, 'lost');
      proxy.next(isBatch, busy(200));
      const claiming = store.claim(due, LEASE);
      await until(async () => (await store.read(account.userId))?.runId === LEASE.runId);
      await store.touch(account.userId, LATER);
      const claimed = await claiming;
      expect(claimed).toMatchObject({ runId: LEASE.runId, lastActivity: LATER });
      expect(await store.read(account.userId)).toEqual(claimed);
    });

    it('does not take the claim of another run for its own', async () => {
      const account = await store.create(sampleAccount({ dueAt: DUE }));
      const due = await dueRowOf(account);
      proxy.seen.length = 0;
      proxy.next(isBatch, busy(200));
      const claiming = store.claim(due, LEASE);
      await until(() => proxy.seen.some(isBatch));
      const won = await store.claim(due, { runId: 'run-2', until: LATER });
      expect(won?.runId).toBe('run-2');
      expect(await claiming).toBeUndefined();
      expect(await store.read(account.userId)).toEqual(won);
    });
  });

  describe('what is due', () => {
    it('asks for one partition and a range of row keys, and for nothing else', async () => {
      const now = new Date('2026-11-20T09:30:00.500Z');
      const { userId } = await store.create(sampleAccount({ dueAt: DUE }));
      const others = Array.from({ length: 60 }, () => sampleAccount({ dueAt: DUE }));
      for (const other of others.filter((one) => shardOf(one.userId) === shardOf(userId)))
        await store.create(other);
      proxy.seen.length = 0;
      for await (const _ of store.due(shardOf(userId), now));
      expect(proxy.seen.length).toBeGreaterThan(0);
      expect(proxy.seen.every(isQuery)).toBe(true);
      for (const { url } of proxy.seen) {
        expect(url.searchParams.get('$top')).toBe('2');
        expect(url.searchParams.get('$filter')).toBe(
          `PartitionKey eq '${shardOf(userId)}' and RowKey ge 'due|' and RowKey lt '${dueUpperBound(now)}'`,
        );
      }
    });

    it('reads on after an empty page that is not the last', async () => {
      const account = await store.create(sampleAccount({ dueAt: DUE }));
      const shard = shardOf(account.userId);
      proxy.next(isQuery, {
        status: 200,
        headers: {
          'content-type': 'application/json;odata=minimalmetadata',
          'x-ms-continuation-NextPartitionKey': shard,
          'x-ms-continuation-NextRowKey': 'due|',
        },
        body: '{"value":[]}',
      });
      expect((await dueRowsOf(shard)).map(({ userId }) => userId)).toEqual([account.userId]);
    });

    it('reads a page only when the one before it is used up', async () => {
      const first = sampleAccount({ dueAt: DUE });
      await store.create(first);
      const shard = shardOf(first.userId);
      const rows = Array.from({ length: 5 }, (_, n) => `due|2026-11-20T09:00:0${n}Z|${'0'.repeat(n + 1)}`);
      for (const rowKey of rows) await table.createEntity({ partitionKey: shard, rowKey });
      proxy.seen.length = 0;
      for await (const _ of store.due(shard, LATER)) break;
      expect(proxy.seen.filter(isQuery)).toHaveLength(1);
    });
  });

  describe('outages', () => {
    const account = { ...sampleAccount(), etag: `W/"datetime'2026-11-20T08%3A00%3A00.0000000Z'"` };
    const { userId } = account;
    const shard = shardOf(userId);
    const due = { userId, shard, rowKey: dueRowKey(DUE, userId), etag: account.etag };
    const methods: [string, (signal?: AbortSignal) => Promise<unknown>][] = [
      ['read', (signal) => store.read(userId, signal)],
      ['create', (signal) => store.create(account, signal)],
      ['move', (signal) => store.move(account, { ...account, dueAt: LATER }, signal)],
      ['touch', (signal) => store.touch(userId, LATER, signal)],
      ['erase', (signal) => store.erase(account, signal)],
      ['list', (signal) => store.due(shard, LATER, signal)[Symbol.asyncIterator]().next()],
      ['claim', (signal) => store.claim(due, LEASE, signal)],
    ];

    it.each(methods)('says that access is refused when it cannot %s, and not for whom', async (_, method) => {
      proxy.next(any, FORBIDDEN);
      await expectOutage(method(), userId, '403');
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
