/** What tasks remember and tell, over Table Storage: who can read it, and when it ends. */
import { TableClient } from '@azure/data-tables';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Azurite, startAzurite } from '../../../../dev/azurite.ts';
import { type Entra, startEntra } from '../../../../dev/entra/startEntra.ts';
import { exportAccount } from '../../../../ops/exportAccount.ts';
import { listAccounts } from '../../../../ops/listAccounts.ts';
import type { Operator } from '../../../../ops/operator.ts';
import { showAccount } from '../../../../ops/showAccount.ts';
import { isConnected } from '../../../../shared/account/account.ts';
import type { AccountStore } from '../../../../shared/accountStore.ts';
import { createTableAccounts } from '../../../../shared/adapters/azureStorage/tableAccounts.ts';
import { createMemorySealer } from '../../../../shared/adapters/entra/seal.ts';
import { graph } from '../../../../shared/adapters/graph/graphApi.ts';
import { createMemoryAccountStore } from '../../../../shared/adapters/memory/memoryAccountStore.ts';
import { createLocalApp, type LocalApp } from '../../../../shared/testing/localApp.ts';
import { createShiftedClock } from '../../../../shared/testing/testClock.ts';
import type { UserId } from '../../../../shared/userId.ts';
import { defineTask } from '../../../../shared/worker/defineTask.ts';
import { uniqueName } from '../../../support/azuriteAccounts.ts';
import { SPA_ORIGIN, signIn } from '../../../support/entraClients.ts';

const MINUTE = 60_000;
const SECRETS = /Tell-tale|hidden-cursor|424242/;

let entra: Entra;
let azurite: Azurite;
beforeAll(async () => {
  [entra, azurite] = await Promise.all([
    startEntra({ port: 0, spaOrigins: [SPA_ORIGIN], lifetimes: { accessToken: 299 } }),
    startAzurite(),
  ]);
});
afterAll(() => Promise.all([entra?.close(), azurite?.stop()]));

/** A task that tells its user and remembers. `seen` has the states that it was given. */
const tellTale = (seen: unknown[] = []) =>
  defineTask({
    name: 'tell-tale',
    title: 'A tale of yours',
    api: graph,
    scopes: ['User.Read'],
    async run({ state }) {
      seen.push(state);
      return { summary: `Tell-tale ${seen.length}`, count: 424_242, state: `hidden-cursor ${seen.length}` };
    },
  });

type Stage = { app: LocalApp; user: UserId; seen: unknown[]; stored: () => Promise<string> };

async function stageOver(
  accounts: AccountStore,
  clock: ReturnType<typeof createShiftedClock>,
  stored: () => Promise<string>,
): Promise<Stage> {
  const seen: unknown[] = [];
  const app = createLocalApp(entra, { tasks: [tellTale(seen)], accounts, clock });
  const user = await app.visit('adele');
  app.clock.aheadMs += 2 * MINUTE;
  expect(await app.sweep()).toMatchObject({ tasks: { done: 1, failed: 0 } });
  return { app, user, seen, stored };
}

function overTable(): Promise<Stage> {
  const { connectionString } = azurite;
  const tableName = uniqueName();
  const clock = createShiftedClock();
  const accounts = createTableAccounts({ connectionString, tableName, clock });
  return stageOver(accounts, clock, async () => {
    const table = TableClient.fromConnectionString(connectionString, tableName, {
      allowInsecureConnection: true,
    });
    const rows = [];
    for await (const row of table.listEntities()) rows.push(row);
    return JSON.stringify(rows);
  });
}

function overMemory(): Promise<Stage> {
  const clock = createShiftedClock();
  const accounts = createMemoryAccountStore({ clock });
  return stageOver(accounts, clock, async () => {
    const rows = [];
    for await (const row of accounts.list()) rows.push(row);
    return JSON.stringify(rows);
  });
}

const tokenOf = async (name: string) => (await signIn(entra, name)).accessToken;

describe.each([
  ['Table Storage', overTable],
  ['memory', overMemory],
])('what a task tells and remembers, over %s', (_name, open) => {
  it('is read by its user alone', async () => {
    const { app, user, stored } = await open();
    const { connection } = await app.connection.get(await tokenOf('adele'));
    const told = { title: 'A tale of yours', count: 424_242, summary: 'Tell-tale 1' };
    expect(connection.checks).toMatchObject([
      { outcome: 'refreshed', times: 1, tasks: [{ task: 'tell-tale', outcome: 'done', times: 1, ...told }] },
    ]);
    expect(JSON.stringify(connection)).not.toContain('hidden-cursor');

    await app.visit('bruno');
    expect(JSON.stringify(await app.connection.get(await tokenOf('bruno')))).not.toMatch(SECRETS);
    expect(await stored()).toContain('"memory":"eyJ');
    expect(await stored()).not.toMatch(SECRETS);
    expect(JSON.stringify(app.events)).not.toMatch(SECRETS);

    const printed: string[] = [];
    const operator = {
      ...app.stead.operators,
      print: (line: string) => void printed.push(line),
    } as unknown as Operator;
    const who = { userId: user };
    expect(await showAccount(operator, { verb: 'accounts show', who, json: true })).toBe(0);
    expect(await showAccount(operator, { verb: 'accounts show', who, json: false })).toBe(0);
    expect(await exportAccount(operator, { verb: 'accounts export', who })).toBe(0);
    expect(
      await listAccounts(operator, {
        verb: 'accounts list',
        state: undefined,
        tid: undefined,
        json: true,
      }),
    ).toBe(0);
    expect(printed.length).toBeGreaterThan(20);
    expect(printed.join('\n')).not.toMatch(SECRETS);
    const account = await app.accounts.read(user);
    const memory = account !== undefined && isConnected(account) ? account.memory : undefined;
    expect(memory).toMatch(/^eyJ/);
    expect(printed.join('\n')).not.toContain(memory);
  });

  it('does not open in the row of another user', async () => {
    const { app, user } = await open();
    const other = await app.visit('bruno');
    const [theirs, own] = await Promise.all([app.accounts.read(user), app.accounts.read(other)]);
    if (!theirs || !own || !isConnected(theirs) || !isConnected(own) || !theirs.memory) return expect.fail();
    await app.accounts.update(own, { ...own, memory: theirs.memory, checks: theirs.checks ?? [] });
    const { connection } = await app.connection.get(await tokenOf('bruno'));
    expect(connection.checks).toMatchObject([{ tasks: [{ task: 'tell-tale' }] }]);
    expect(JSON.stringify(connection)).not.toMatch(SECRETS);
    expect(app.events.at(-1)).toEqual({ event: 'memory.not-read', user: app.logId(other), why: 'corrupt' });
  });

  it('is there in the next check, and is erased with the connection', async () => {
    const { app, user, seen, stored } = await open();
    app.clock.aheadMs += 10 * MINUTE;
    await app.sweep();
    expect(seen).toEqual([undefined, 'hidden-cursor 1']);

    const token = await tokenOf('adele');
    const { checks } = (await app.connection.get(token)).connection;
    const told = { times: 2, count: 848_484, summary: 'Tell-tale 2' };
    expect(checks).toMatchObject([{ outcome: 'refreshed', times: 2, tasks: [told] }]);
    await app.connection.delete(token);
    expect(await stored()).not.toContain('"memory"');
    await app.connection.put(token);
    await app.visit('adele');
    const account = await app.accounts.read(user);
    expect(account).not.toHaveProperty('memory');
    app.clock.aheadMs += 2 * MINUTE;
    await app.sweep();
    expect(seen).toEqual([undefined, 'hidden-cursor 1', undefined]);
  });

  it('of an earlier connection does not come back, even if the row does', async () => {
    const { app, user, seen } = await open();
    const before = await app.accounts.read(user);
    const token = await tokenOf('adele');
    await app.connection.delete(token);
    await app.connection.put(token);
    await app.visit('adele');
    const after = await app.accounts.read(user);
    if (!before || !after || !isConnected(before) || !isConnected(after) || !before.memory)
      return expect.fail();
    await app.accounts.update(after, { ...after, memory: before.memory });
    app.clock.aheadMs += 2 * MINUTE;
    await app.sweep();
    expect(seen.at(-1)).toBeUndefined();
    expect(app.events).toContainEqual({
      event: 'memory.not-read',
      user: app.logId(user),
      why: 'superseded',
    });
  });
});

describe('a rotation of the keys', () => {
  it('is followed by the next check, after which the old key may go', async () => {
    const key = (kid: string, byte: number) => ({ kid, secret: new Uint8Array(32).fill(byte) });
    const [OLD, NEW] = [key('old', 1), key('new', 2)];
    const seen: unknown[] = [];
    const clock = createShiftedClock();
    const tasks = [tellTale(seen)];
    const first = createLocalApp(entra, { tasks, clock, memorySealer: createMemorySealer([OLD]) });
    const user = await first.visit('adele');
    const { accounts, tokenCache, sharedState } = first;
    const again = (...keys: [typeof OLD, ...(typeof OLD)[]]) =>
      createLocalApp(entra, {
        tasks,
        clock,
        accounts,
        tokenCache,
        sharedState,
        memorySealer: createMemorySealer(keys),
      });
    for (const app of [first, again(NEW, OLD), again(NEW)]) {
      clock.aheadMs += 10 * MINUTE;
      expect(await app.sweep()).toMatchObject({ tasks: { done: 1 } });
    }
    expect(seen).toEqual([undefined, 'hidden-cursor 1', 'hidden-cursor 2']);

    const late = again(OLD);
    clock.aheadMs += 10 * MINUTE;
    expect(await late.sweep()).toMatchObject({ refreshed: 1, tasks: { done: 1, failed: 0 } });
    expect(seen.at(-1)).toBeUndefined();
    expect(late.events).toContainEqual({
      event: 'memory.not-read',
      user: late.logId(user),
      why: 'unknown-key',
      kid: 'new',
    });
  });
});
