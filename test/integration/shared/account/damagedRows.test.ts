/** What somebody edited, and a clock that is wrong: neither may end a user's connection. */
import type { TableClient } from '@azure/data-tables';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Azurite, startAzurite } from '../../../../dev/azurite.ts';
import { type Entra, startEntra } from '../../../../dev/entra/startEntra.ts';
import { listAccounts } from '../../../../ops/listAccounts.ts';
import { dueAt } from '../../../../shared/account/account.ts';
import { userRowKey } from '../../../../shared/adapters/azureStorage/rowKeys.ts';
import { createTableSharedState } from '../../../../shared/adapters/azureStorage/tableSharedState.ts';
import { shardOf } from '../../../../shared/adapters/shards.ts';
import { createLocalApp, type LocalApp } from '../../../../shared/testing/localApp.ts';
import { createShiftedClock } from '../../../../shared/testing/testClock.ts';
import type { UserId } from '../../../../shared/userId.ts';
import { accountOf } from '../../../support/accountOf.ts';
import { openAzuriteAccounts } from '../../../support/azuriteAccounts.ts';
import { SPA_ORIGIN, signIn } from '../../../support/entraClients.ts';

const MINUTE = 60_000;
const DAY = 86_400_000;
const DAMAGE: unknown[] = [
  '',
  'yesterday',
  7,
  '2026-13-01T00:00:00Z',
  // A Date reads each of these texts as a time of long ago.
  '1',
  'abc 5',
  '2021-02-31T00:00:00Z',
  '2020',
  // The earliest time that a table has, and times that no row of Stead has.
  new Date('1601-01-01T00:00:00Z'),
  new Date('9999-12-31T00:00:00Z'),
];

let azurite: Azurite;
let entra: Entra;
beforeAll(async () => {
  [azurite, entra] = await Promise.all([startAzurite(), startEntra({ port: 0, spaOrigins: [SPA_ORIGIN] })]);
});
afterAll(async () => {
  await Promise.all([entra.close(), azurite.stop()]);
});

/** An app over a new table. */
function openApp() {
  const clock = createShiftedClock();
  const { store: accounts, table, tableName, index } = openAzuriteAccounts(azurite, { clock });
  const { connectionString } = azurite;
  const sharedState = createTableSharedState({ connectionString, tableName, clock });
  return { app: createLocalApp(entra, { clock, accounts, sharedState }), table, index };
}

async function damage(table: TableClient, userId: UserId, lastActivity: unknown): Promise<void> {
  const keys = { partitionKey: shardOf(userId), rowKey: userRowKey(userId) };
  await table.updateEntity({ ...keys, lastActivity }, 'Merge');
}

/** What `accounts list --state damaged` prints. */
async function listedAsDamaged({ stead }: LocalApp): Promise<unknown[]> {
  const printed: unknown[] = [];
  const operator = {
    ...stead.operators,
    print: async (line: string) => void printed.push(JSON.parse(line)),
    tell: () => undefined,
  };
  await listAccounts(operator, { verb: 'accounts list', state: 'damaged', tid: undefined, json: true });
  return printed;
}

/** More than enough runs for a whole audit. */
async function auditAll(app: LocalApp) {
  for (let run = 0; run < 20; run += 1) {
    app.clock.aheadMs += MINUTE;
    await app.sweep();
  }
}

const eventsOf = ({ events }: LocalApp, name: string) => events.filter(({ event }) => event === name);

describe('an account whose last activity is no time', () => {
  it.each(DAMAGE)('%j is never erased, is reported once, and ends with a visit', async (lastActivity) => {
    const { app, table } = openApp();
    const userId = await app.visit('adele');
    const user = app.logId(userId);
    await damage(table, userId, lastActivity);
    app.clock.aheadMs = 20 * MINUTE;
    const before = await app.tokenCache.read(userId);
    expect(await app.sweep()).toMatchObject({ due: 1, claimed: 0, retired: 0, erased: 0, brokenOff: 0 });
    expect(await app.sweep()).toMatchObject({ due: 0 });
    app.clock.aheadMs = 200 * DAY;
    await auditAll(app);
    expect(eventsOf(app, 'account.damaged')).toEqual([{ event: 'account.damaged', user }]);
    expect(eventsOf(app, 'index.repaired')).toEqual([]);
    expect(await app.accounts.read(userId)).toMatchObject({ state: 'damaged' });
    expect(await app.tokenCache.read(userId)).toEqual(before);
    expect(await listedAsDamaged(app)).toMatchObject([
      { user, state: 'damaged', lastActivity: null, nextCheckAt: null },
    ]);

    app.clock.aheadMs = 30 * MINUTE;
    await app.visit('adele');
    expect(await app.accounts.read(userId)).toMatchObject({ state: 'active' });
    expect(await listedAsDamaged(app)).toEqual([]);
    app.clock.aheadMs += 5 * MINUTE;
    expect(await app.sweep()).toMatchObject({ due: 1, claimed: 1 });
  });

  it('keeps nobody else from being served', async () => {
    const { app, table } = openApp();
    const damaged = await app.visit('adele');
    const whole = await app.visit('bruno');
    await damage(table, damaged, 'yesterday');
    app.clock.aheadMs = 20 * MINUTE;
    expect(await app.sweep()).toMatchObject({ due: 2, claimed: 1, fromCache: 1, shardsFailed: 0 });
    expect(await app.accounts.read(whole)).toMatchObject({ state: 'active', history: [{}] });
  });
});

describe('a user who has disconnected, and whose row has no time of it', () => {
  it.each([
    '1',
    new Date('1601-01-01T00:00:00Z'),
  ])('%j is not forgotten: no visit connects them', async (time) => {
    const { app, table } = openApp();
    const userId = await app.visit('adele');
    await app.connection.delete((await signIn(entra, 'adele')).accessToken);
    await damage(table, userId, time);
    app.clock.aheadMs = 20 * MINUTE;
    expect(await app.sweep()).toMatchObject({ erased: 0 });
    await app.visit('adele');
    expect(await app.accounts.read(userId)).toMatchObject({ state: 'disconnected' });
  });
});

describe('an account that is due in the year 2126', () => {
  it('is found by an audit, once, and served by the next run', async () => {
    const { app, table } = openApp();
    const userId = await app.visit('adele');
    const keys = { partitionKey: shardOf(userId), rowKey: userRowKey(userId) };
    await table.updateEntity({ ...keys, dueAt: new Date('2126-01-01T00:00:00Z') }, 'Merge');
    app.clock.aheadMs = 20 * MINUTE;
    await auditAll(app);
    const user = app.logId(userId);
    expect(eventsOf(app, 'account.rescheduled')).toEqual([{ event: 'account.rescheduled', user }]);
    const [first] = (await accountOf(app, userId))?.history ?? [];
    expect(first).toMatchObject({ outcome: 'from-cache' });
  });
});

describe('an account that a machine with a wrong clock has leased', () => {
  it('is found by an audit, or by an operator at once', async () => {
    for (const how of ['audit', 'retry'] as const) {
      const { app, index } = openApp();
      const userId = await app.visit('adele');
      app.clock.aheadMs = 100 * DAY;
      const [shard] = [shardOf(userId)];
      const claims = app.accounts.claimDue({ shard, runId: 'dies', leaseMs: 5 * MINUTE });
      await claims[Symbol.asyncIterator]().next();
      app.clock.aheadMs = 20 * MINUTE;
      if (how === 'audit') await auditAll(app);
      else expect(await app.stead.operators.retry(userId, false)).toEqual({ retried: true });
      // A time is stored in whole seconds, so the account is due in the second that follows.
      app.clock.aheadMs += 1_000;
      await app.sweep();
      const [first] = (await accountOf(app, userId))?.history ?? [];
      expect(first).toMatchObject({ outcome: 'from-cache' });
      expect(await index.entries()).toHaveLength(1);
    }
  });
});

describe('an account whose entry somebody deleted', () => {
  it('is found by an audit, once, and served by the next run', async () => {
    const { app, index } = openApp();
    const userId = await app.visit('adele');
    const account = await app.accounts.read(userId);
    if (account === undefined) throw new Error('The user has no account.');
    await index.drop(userId, dueAt(account));
    app.clock.aheadMs = 2 * MINUTE;
    expect(await app.sweep()).toMatchObject({ due: 0 });
    await auditAll(app);
    expect(eventsOf(app, 'index.repaired')).toEqual([{ event: 'index.repaired', user: app.logId(userId) }]);
    expect(await app.accounts.read(userId)).toMatchObject({ history: [{ outcome: 'from-cache' }] });
    expect(await app.sharedState.lastRun()).toMatchObject({ audit: { lastPass: { connected: 1 } } });
  });
});

describe('a clock that is 100 days ahead', () => {
  it('retires and erases nobody, says so once a run, and loses nothing', async () => {
    const { app } = openApp();
    // The store compares its answers with the clock of the platform, which no test moves.
    const { clockAheadMs } = app.accounts;
    app.accounts.clockAheadMs = () => (clockAheadMs?.() ?? Number.NaN) - app.clock.aheadMs;
    const users = [await app.visit('adele'), await app.visit('bruno'), await app.visit('chiara')];
    const token = await app.tokenCache.read(users[0] as UserId);
    await app.stead.operators.retire(users[2] as UserId);
    app.clock.aheadMs = 100 * DAY;
    for (let run = 1; run <= 2; run += 1) {
      // By the time of the store, nobody is to be checked yet.
      expect(await app.sweep()).toMatchObject({ claimed: 3, waiting: 3, retired: 0, erased: 0 });
      expect(eventsOf(app, 'sweep.clock-differs')).toHaveLength(run);
    }
    const states = [];
    for (const user of users) states.push((await app.accounts.read(user))?.state);
    expect(states).toEqual(['active', 'active', 'retired']);
    expect(await app.tokenCache.read(users[0] as UserId)).toEqual(token);

    app.clock.aheadMs = 2 * MINUTE;
    expect(await app.sweep()).toMatchObject({ claimed: 2, fromCache: 2 });
  });
});
