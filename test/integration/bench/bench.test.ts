/** The benchmarks measure what they say they do. What they measure on this machine is nobody's test. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { alternate, spreadOf } from '../../../bench/rounds.ts';
import { countServed } from '../../../bench/worker/countServed.ts';
import { seedUsers } from '../../../bench/worker/seedUsers.ts';
import { type Settings, settingsFor } from '../../../bench/worker/settings.ts';
import { type Services, startServices } from '../../../bench/worker/startServices.ts';
import { createTableAccounts } from '../../../shared/adapters/azureStorage/tableAccounts.ts';
import { createSealer } from '../../../shared/adapters/entra/seal.ts';
import { readConfig } from '../../../shared/config.ts';
import { ConflictError } from '../../../shared/errors.ts';
import type { Account } from '../../../shared/ports.ts';
import { createStead, type Stead } from '../../../shared/stead.ts';
import { SHARDS, type UserId } from '../../../shared/userId.ts';
import { collect } from '../../support/collect.ts';

const RUN = fileURLToPath(new URL('../../../bench/run.ts', import.meta.url));

function runBench(...args: string[]) {
  return new Promise<{ exitCode: number | null; stdout: string; stderr: string }>((resolve) => {
    const child = execFile(process.execPath, [RUN, ...args], (_, stdout, stderr) =>
      resolve({ exitCode: child.exitCode, stdout, stderr }),
    );
  });
}

const positive = expect.toSatisfy((value: number) => value > 0);
const spread = { median: positive, p10: positive, p90: positive };

describe('the command', () => {
  it('lists the benchmarks when it is given a name that is none', async () => {
    const { exitCode, stdout, stderr } = await runBench('speed', '--json');
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
    expect(stderr).toMatch(/^There is no benchmark "speed"\.\n\nUsage:[\s\S]*\bseal\b[\s\S]*\bworker\b/);
  });

  it('says what an option should be', async () => {
    const { exitCode, stdout, stderr } = await runBench('worker', '--sizes', 'many');
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
    expect(stderr).toContain('--sizes: "many" is not a whole number');
  });

  it('prints one JSON document about the seal, and the machine', async () => {
    const { exitCode, stdout } = await runBench('seal', '--rounds', '2', '--json');
    const operation = {
      sealer: spread,
      raw: spread,
      ratio: spread,
      parts: { envelope: spread, base64url: spread, webCrypto: spread },
    };
    expect(exitCode).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      benchmark: 'seal',
      environment: { node: process.version, cpu: expect.any(String), cores: positive },
      unit: 'µs',
      rounds: 2,
      caches: [
        { name: '6 kB', bytes: expect.toSatisfy(near(6_000)), seal: operation, open: operation },
        { name: '60 kB', bytes: expect.toSatisfy(near(60_000)), seal: operation, open: operation },
      ],
    });
  });

  it('prints one JSON document about the worker, with the calls that the services counted', async () => {
    const { exitCode, stdout } = await runBench('worker', '--sizes', '30', '--rounds', '1', '--json');
    const run = {
      users: 30,
      served: 30,
      usersPerSecond: positive,
      usersPerSecondByTenths: spread,
      callsPerUser: { storage: 5, token: 1 },
      waitMsPerUser: { injected: 75, measured: positive },
      calls: {
        // The two kinds of cooldown are read at the beginning, and again to remove those that are over.
        query: { count: SHARDS.length + 4 },
        rowRead: { count: 30 },
        transaction: { count: 60 },
        cacheRead: { count: 30 },
        token: { count: 30 },
        cacheWrite: { count: 30 },
      },
      share: positive,
      cpuMsPerUser: positive,
      rssMb: { before: positive, peak: positive },
    };
    expect(exitCode).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      benchmark: 'worker',
      environment: { node: process.version },
      latencies: { storageMs: 5, tokenMs: 50 },
      runs: [{ ...run, concurrency: 16, idealUsersPerSecond: 213.3 }],
      sequentialRuns: [{ ...run, concurrency: 1, idealUsersPerSecond: 13.33 }],
      comparison: { users: 30, rounds: 1, sweep: spread, sequential: spread, ratio: spread },
      peakRssRatio: null,
    });
  });
});

describe('the services of the worker benchmark', () => {
  let services: Services;
  let settings: Settings;
  let stead: Stead;
  let app: Stead['services'];
  let users: [UserId, ...UserId[]];

  beforeEach(async () => {
    services = await startServices({ storageMs: 0, tokenMs: 0 });
    settings = settingsFor(services.origin);
    stead = createStead(readConfig(settings));
    app = stead.services;
    const [first, ...others] = await seedUsers(services, settings, 30);
    if (first === undefined) throw new TypeError('nobody was seeded');
    users = [first, ...others];
  });
  afterEach(() => services.stop());

  it('serve a sweep of the real adapters, and every user ends refreshed and due once', async () => {
    const begun = new Date();
    expect(countServed(services, users, begun)).toBe(0);
    const limits = { concurrency: 4, runForMs: 60_000, leaseForMs: 300_000, endAfterMs: 120_000 };
    const summary = await stead.worker.run({ log: () => {} }, limits);

    expect(summary).toMatchObject({ due: 30, claimed: 30, refreshed: 30, failed: {}, stoppedBy: 'done' });
    expect(countServed(services, users, begun)).toBe(30);
    for (const user of users) {
      const { history, ...account } = await accountOf(user);
      expect(account).toMatchObject({ state: 'active', runId: undefined, attempts: 0 });
      expect(history.at(-1)).toEqual({ at: account.lastRefreshed, outcome: 'refreshed' });
    }
  });

  it('give MSAL caches in which it finds everything again: a refresh replaces, and adds nothing', async () => {
    const [user] = users;
    const before = await cacheOf(user);
    const { homeAccountId, generation } = await accountOf(user);
    const request = { userId: user, homeAccountId, generation, forceRefresh: true };
    await stead.services.userTokens.silent({ log: () => {} }, request);
    const after = await cacheOf(user);
    for (const section of ['Account', 'IdToken', 'AccessToken', 'RefreshToken'] as const) {
      expect(Object.keys(after[section])).toEqual(Object.keys(before[section]));
      expect(Object.keys(after[section])).toHaveLength(1);
    }
    expect(after.RefreshToken).not.toEqual(before.RefreshToken);
  });

  it('give the due rows page by page', async () => {
    const accounts = createTableAccounts({ connectionString: settings.TokenStore, pageSize: 2 });
    const before = services.calls().query?.count ?? 0;
    const due = await Promise.all(SHARDS.map((shard) => collect(accounts.due(shard, new Date()))));
    expect(
      due
        .flat()
        .map(({ userId }) => userId)
        .sort(),
    ).toEqual([...users].sort());
    expect((services.calls().query?.count ?? 0) - before).toBeGreaterThan(SHARDS.length);
  });

  it('refuse a version that is not the stored one, of a row as of a cache, and change nothing', async () => {
    const [user] = users;
    const account = await accountOf(user);
    const cache = await app.tokenCache.read(user);
    const later = { ...account, dueAt: new Date(Date.now() + 3_600_000) };
    await app.accounts.move(account, later);
    await app.tokenCache.write(user, 'newer', cache?.etag);

    await expect(app.accounts.move(account, { ...account, attempts: 1 })).rejects.toThrow(ConflictError);
    await expect(app.tokenCache.write(user, 'older', cache?.etag)).rejects.toThrow(ConflictError);
    expect(await app.accounts.read(user)).toMatchObject({ attempts: 0 });
    expect(await app.tokenCache.read(user)).toMatchObject({ sealed: 'newer' });
  });

  type Cache = Record<'Account' | 'IdToken' | 'AccessToken' | 'RefreshToken', Record<string, object>>;

  async function accountOf(user: UserId): Promise<Account> {
    const account = await app.accounts.read(user);
    if (account === undefined) throw new TypeError('the user is not there');
    return account;
  }

  async function cacheOf(user: UserId): Promise<Cache> {
    const stored = await app.tokenCache.read(user);
    const opened = await createSealer(readConfig(settings).cacheKeys).open(user, stored?.sealed ?? '');
    if (!opened.ok) throw new TypeError(opened.reason);
    return JSON.parse(opened.cache) as Cache;
  }
});

const near = (bytes: number) => (value: number) => value > bytes * 0.9 && value < bytes * 1.1;

describe('what the figures are made of', () => {
  it('is a median with the tenth and the ninetieth percentile, between two values where need be', () => {
    expect(spreadOf([5])).toEqual({ median: 5, p10: 5, p90: 5 });
    expect(spreadOf([10, 0, 4, 2, 8, 6])).toEqual({ median: 5, p10: 1, p90: 9 });
  });

  it('is measured in turn: every round does everything, and begins with another', async () => {
    const done: string[] = [];
    const measured = await alternate(
      { a: () => done.push('a'), b: () => done.push('b') },
      { rounds: 3, times: 2 },
    );
    expect(measured).toEqual({ a: [positive, positive, positive], b: [positive, positive, positive] });
    expect(done.join('').slice(-12)).toBe('bbaaaabbbbaa');
  });
});
