/** The benchmarks measure what they say they do. What they measure on this machine is nobody's test. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createDueUsers, type DueUsers } from '../../../bench/memory/dueUsers.ts';
import { runSweep, settingsFor } from '../../../bench/memory/runSweep.ts';
import { alternate, spreadOf } from '../../../bench/rounds.ts';
import { startUpstreams, type Upstreams } from '../../../bench/upstreams/startUpstreams.ts';
import { isConnected } from '../../../shared/account/account.ts';
import { released } from '../../../shared/account/transitions.ts';
import { createSealer } from '../../../shared/adapters/entra/seal.ts';
import { SHARDS } from '../../../shared/adapters/shards.ts';
import { type Config, readConfig } from '../../../shared/config.ts';
import { createStead } from '../../../shared/stead.ts';
import type { UserId } from '../../../shared/userId.ts';

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

describe('the command', { timeout: 120_000 }, () => {
  it('lists the benchmarks when it is given a name that is none', async () => {
    const { exitCode, stdout, stderr } = await runBench('speed', '--json');
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
    expect(stderr).toMatch(
      /^There is no benchmark "speed"\.\n\nUsage:[\s\S]*\bprofile-warm\b[\s\S]*\bworker\b[\s\S]*\bseal\b/,
    );
  });

  it('says what an option should be', async () => {
    const { exitCode, stdout, stderr } = await runBench('worker-memory', '--sizes', 'many');
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
    expect(stderr).toContain('--sizes: "many" is not a whole number');
  });

  it('refuses an option for all of them before it measures anything', async () => {
    const { exitCode, stdout, stderr } = await runBench('all', '--rounds', '1');
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
    expect(stderr).toMatch(/^"all" measures with the defaults, and takes no "--rounds"\.\n\nUsage:/);
  });

  it('prints one JSON document about the seal, and the machine', async () => {
    const { exitCode, stdout } = await runBench('seal', '--rounds', '2', '--json');
    const operation = {
      sealer: spread,
      raw: spread,
      ratio: spread,
      masterKey: spread,
      ratioToMasterKey: spread,
      parts: { userKey: spread, envelope: spread, base64url: spread, webCrypto: spread },
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

  it('prints one JSON document about the memory of the worker, with every call that was counted', async () => {
    const { exitCode, stdout } = await runBench('worker-memory', '--sizes', '20,30', '--json');
    const run = {
      users: 30,
      served: 30,
      // One run has 34 queries: two a shard, and two of the cooldowns, at the beginning and at the end.
      callsPerUser: { query: 1.133, rowRead: 1, transaction: 2, cacheRead: 1, cacheWrite: 1, token: 1 },
      cpuMsPerUser: positive,
      rssMb: { before: positive, peak: positive },
    };
    expect(exitCode).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      benchmark: 'worker-memory',
      environment: { node: process.version, commit: expect.stringMatching(/^[0-9a-f]{7,}\+?$/) },
      runs: [{ users: 20 }, run],
      reach: [{ ratio: spread, most: 1.2 }],
    });
  });

  it('prints one JSON document about the worker over storage, beside a floor and the usual way', async () => {
    const { exitCode, stdout } = await runBench('worker', '--users', '30', '--rounds', '1', '--json');
    expect(exitCode).toBe(0);
    const measured = { cpuMs: spread, usersPerSecond: spread, eventLoopBusy: spread };
    expect(JSON.parse(stdout)).toMatchObject({
      benchmark: 'worker',
      idealUsersPerSecond: 246.2,
      subjects: [
        // What the plan and the end of the run cost is not in it.
        { subject: 'bareFloor', ...measured, callsPerUser: { storage: 3, token: 1 } },
        { subject: 'floor', ...measured, callsPerUser: { storage: 3, token: 1 } },
        { subject: 'stead', ...measured, callsPerUser: { token: 1 } },
        { subject: 'usualWay', ...measured, callsPerUser: { token: 1 } },
      ],
    });
  });

  it('prints one JSON document about warm requests, and what was to be reached', async () => {
    const { exitCode, stdout } = await runBench('profile-warm', '--rounds', '1', '--json');
    expect(exitCode).toBe(0);
    const subjects = ['bareFloor', 'mandatedFloor', 'stead', 'usualWay'];
    // The usual way reads its token from a blob, in two calls, and would look bad if it had to ask for one each time.
    const storage = { bareFloor: 0, mandatedFloor: 0, stead: 0, usualWay: 2 };
    expect(JSON.parse(stdout)).toMatchObject({
      benchmark: 'profile-warm',
      subjects: subjects.map((subject) => ({
        subject,
        cpuMs: spread,
        requestsPerSecond: positive,
        callsPerRequest: { storage: storage[subject as keyof typeof storage], token: 0 },
      })),
      reach: [
        { ratio: spread, most: 1.1 },
        { ratio: spread, most: 1.5 },
        { ratio: spread, least: 3 },
      ],
    });
  });
});

describe('a run of the worker benchmark', () => {
  let upstreams: Upstreams;
  let config: Config;

  beforeEach(async () => {
    upstreams = await startUpstreams();
    config = readConfig(settingsFor(upstreams.origin));
  });
  afterEach(() => upstreams.stop());

  it('is a sweep with the real MSAL, and every user ends refreshed and due once', async () => {
    const progress: number[] = [];
    const run = { users: 30, concurrency: 4 };
    const swept = await runSweep(run, upstreams.origin, ({ ended }) => progress.push(ended));
    expect(swept).toMatchObject({ refreshed: 30, served: 30, trouble: {} });
    expect(await upstreams.counts()).toMatchObject({ users: 30, givenOne: 30, token: 30 });
    expect(progress).toEqual([3, 6, 9, 12, 15, 18, 21, 24, 27, 30]);
  });

  it('begins with MSAL caches in which MSAL finds everything: a refresh replaces, and adds nothing', async () => {
    const { adapters } = createDueUsers(config, SHARDS.length);
    const { account } = await claimFirst(adapters);
    const { userId, homeAccountId, generation } = account;
    const before = await cacheOf(adapters, userId);
    const { userTokens, graph: api } = createStead(config, { adapters }).services;
    await userTokens.silent(operation, { userId, homeAccountId, generation, api, forceRefresh: true });
    const after = await cacheOf(adapters, userId);
    for (const section of ['Account', 'IdToken', 'AccessToken', 'RefreshToken'] as const) {
      expect(Object.keys(after[section])).toEqual(Object.keys(before[section]));
      expect(Object.keys(after[section])).toHaveLength(1);
    }
    expect(after.RefreshToken).not.toEqual(before.RefreshToken);
  });

  it('does not count whoever is settled with the cache that they came with', async () => {
    const { adapters, served } = createDueUsers(config, SHARDS.length);
    const { account } = await claimFirst(adapters);
    await adapters.accounts.update(account, { ...released(account), nextCheckAt: later() });
    expect(served()).toBe(0);
    expect(await adapters.accounts.read(account.userId)).toBeUndefined();
    expect(await adapters.tokenCache.read(account.userId)).toBeUndefined();
  });

  it('does not count whoever stays due', async () => {
    const { adapters, served } = createDueUsers(config, SHARDS.length);
    const { account } = await claimFirst(adapters);
    const cache = await adapters.tokenCache.read(account.userId);
    await adapters.tokenCache.write(account.userId, 'new', cache?.etag);
    await adapters.accounts.update(account, released(account));
    expect(served()).toBe(0);
  });

  it('reads the index page by page, and waits for each page', async () => {
    const { adapters, calls } = createDueUsers(config, 251 * SHARDS.length);
    const claims = await Array.fromAsync(claimFirstShard(adapters));
    expect(new Set(claims.map(({ account }) => account.userId)).size).toBe(251);
    expect(calls.query).toBe(2);
  });

  const operation = { log: () => {} };
  const [FIRST = ''] = SHARDS;
  const later = () => new Date(Date.now() + 3_600_000);

  async function claimFirst({ accounts }: Pick<DueUsers['adapters'], 'accounts'>) {
    for await (const { account } of claimFirstShard({ accounts })) {
      if (isConnected(account)) return { account };
    }
    throw new TypeError('nobody is due');
  }

  const claimFirstShard = ({ accounts }: Pick<DueUsers['adapters'], 'accounts'>) =>
    accounts.claimDue({ shard: FIRST, runId: 'run', leaseMs: 300_000 });

  type Cache = Record<'Account' | 'IdToken' | 'AccessToken' | 'RefreshToken', Record<string, object>>;

  async function cacheOf({ tokenCache }: DueUsers['adapters'], user: UserId): Promise<Cache> {
    const stored = await tokenCache.read(user);
    const opened = await createSealer(config.cacheKeys).open(user, stored?.sealed ?? '');
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
