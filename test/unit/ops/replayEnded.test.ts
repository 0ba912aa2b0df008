import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { PlainError } from '../../../ops/cli/errors.ts';
import { replayEnded } from '../../../ops/replayEnded.ts';
import { createMemoryAccountStore } from '../../../shared/adapters/memory/memoryAccountStore.ts';
import type { UserId } from '../../../shared/userId.ts';
import { see } from '../../support/accountStoreUnderTest.ts';
import { sampleActive, sampleTombstone, someUser } from '../../support/sampleAccount.ts';
import { meddledAccounts, NOW, operatorOverTwins } from './operatorOverTwins.ts';

const MINUTE = 60_000;
const folder = mkdtempSync(join(tmpdir(), 'stead-replay-'));
afterAll(() => rmSync(folder, { recursive: true }));
const from = join(folder, 'ended.jsonl');

const ago = (minutes: number): Date => new Date(NOW.getTime() - minutes * MINUTE);
const text = (time: Date): string => time.toISOString().replace('.000Z', 'Z');

/** An event of the log: what happened, how many minutes ago. */
type Logged = [event: object, minutesAgo: number];
const ended = { event: 'account.ended', as: 'disconnected' };
const erased = { event: 'user.check-ended', outcome: 'waiting', reason: 'retired', ms: 1 };
const reconnected = { event: 'account.reconnected' };
const other = { event: 'account.healed' };

function setUp(stores: Parameters<typeof operatorOverTwins>[0] = {}) {
  const bench = operatorOverTwins(stores);
  const { accounts, tokenCache, logId } = bench;
  const lines: string[] = [];
  return {
    ...bench,
    log(userId: UserId, ...events: Logged[]): string {
      const user = logId(userId);
      for (const [event, minutes] of events) {
        lines.push(JSON.stringify({ timestamp: ago(minutes), message: JSON.stringify({ ...event, user }) }));
      }
      return user;
    },
    async connect(minutesAgo = 120): Promise<UserId> {
      const at = ago(minutesAgo);
      const { userId } = await accounts.create(
        sampleActive({ connectedAt: at, lastActivity: at, history: [] }),
      );
      await tokenCache.write(userId, 'sealed', undefined);
      return userId;
    },
    async replay(yes = true): Promise<number> {
      writeFileSync(from, lines.join('\n'));
      bench.printed.length = 0;
      return replayEnded(bench.operator, { verb: 'accounts replay-ended', from: [from], yes });
    },
    async stored(userId: UserId) {
      return {
        state: (await accounts.read(userId))?.state,
        cache: (await tokenCache.read(userId)) !== undefined,
      };
    },
  };
}

const GONE = (state: string) => ({ state, cache: false });
const KEPT = { state: 'active', cache: true };

describe('accounts replay-ended', () => {
  it('ends whom the log says ended, each in their way, and nobody else', async () => {
    const bench = setUp();
    const { connect, log, replay, stored, printed, told } = bench;
    const [left, removed, back, bystander] = [
      await connect(),
      await connect(),
      await connect(),
      await connect(),
    ];
    const leftLog = log(left, [ended, 60]);
    const removedLog = log(removed, [ended, 90], [erased, 60], [other, 1]);
    // The order of the lines says nothing.
    log(back, [reconnected, 30], [ended, 60]);
    expect(await replay()).toBe(0);
    expect(await stored(left)).toEqual(GONE('disconnected'));
    expect(await stored(removed)).toEqual(GONE('retired'));
    expect(await stored(back)).toEqual(KEPT);
    expect(await stored(bystander)).toEqual(KEPT);
    expect(await bench.accounts.read(left)).toMatchObject({ since: ago(60) });
    expect([printed[0], ...printed.slice(1, 3).sort(), printed[3]]).toEqual([
      `5 events of 3 users, from ${text(ago(90))} to ${text(ago(30))}. Left out: 1 other events, 0 other lines or rows.`,
      ...[
        `${leftLog} is disconnected again (active, last activity ${text(ago(120))}).`,
        `${removedLog} is erased again (active, last activity ${text(ago(120))}).`,
      ].sort(),
      'Ended again: disconnected 1, erased 1. Already ended 0, came back since 0, connected in the log 1, without an account here 0.',
    ]);
    expect(told).toEqual([]);
  });

  it('does nothing unless it is told yes, and says the same', async () => {
    const { connect, log, replay, stored, printed } = setUp();
    const users = [await connect(), await connect()];
    for (const user of users) log(user, [ended, 60]);
    expect(await replay(false)).toBe(0);
    for (const user of users) expect(await stored(user)).toEqual(KEPT);
    const said = printed.slice(1);
    expect(said.at(-1)).toContain('Nothing was done: add --yes.');
    await replay();
    const normal = (line: string) => line.replace('would be', 'is').replace('Would be ended', 'Ended');
    expect(said.map((line) => normal(line).replace(' Nothing was done: add --yes.', '')).sort()).toEqual(
      printed.slice(1).sort(),
    );
  });

  it('changes nothing the second time', async () => {
    const { accounts, connect, log, replay, printed } = setUp();
    const user = await connect();
    log(user, [ended, 60]);
    await replay();
    const after = await accounts.read(user);
    expect(await replay()).toBe(0);
    expect(await accounts.read(user)).toEqual(after);
    expect(printed.at(-1)).toMatch(/^Ended again: disconnected 0, erased 0\. Already ended 1,/);
  });

  it('deletes the cache that a tombstone still has', async () => {
    const { accounts, tokenCache, log, replay, printed, stored } = setUp();
    const { userId } = await accounts.create(sampleTombstone({ state: 'disconnected', since: ago(60) }));
    await tokenCache.write(userId, 'sealed', undefined);
    log(userId, [ended, 60]);
    await replay(false);
    expect(printed.at(-1)).toContain('disconnected 1');
    await replay();
    expect(printed.at(-1)).toContain('disconnected 1');
    expect(await stored(userId)).toEqual(GONE('disconnected'));
  });

  it('leaves alone who came back since, and says so', async () => {
    const { connect, log, replay, stored, printed } = setUp();
    const user = await connect(10);
    const name = log(user, [ended, 60]);
    expect(await replay()).toBe(0);
    expect(await stored(user)).toEqual(KEPT);
    expect(printed.slice(1)).toEqual([
      `${name} is left alone: it ended at ${text(ago(60))}, and came back since (active, last activity ${text(ago(10))}).`,
      expect.stringContaining('came back since 1'),
    ]);
  });

  it('counts what it cannot repair', async () => {
    const { accounts, connect, log, replay, printed } = setUp();
    log(await connect(), [ended, 60]);
    const { userId } = await accounts.create(sampleTombstone({ state: 'disconnected', since: ago(60) }));
    const returned = log(userId, [reconnected, 30]);
    const [gone, removed, fresh] = [someUser(), someUser(), someUser()];
    const goneLog = log(gone, [ended, 60]);
    log(removed, [erased, 60]);
    log(fresh, [{ event: 'account.seen-first' }, 60]);
    expect(await replay()).toBe(0);
    expect(await accounts.read(userId)).toMatchObject({ state: 'disconnected', since: ago(60) });
    expect(printed).toContain(
      `${returned} connected again, and this store does not know it: they must do it anew.`,
    );
    expect(printed.filter((line) => line.includes('their next visit connects them'))).toEqual([
      expect.stringContaining(goneLog),
    ]);
    expect(printed.at(-1)).toContain('connected in the log 1, without an account here 3.');
  });

  it('goes on with the others when one changes on every try', async () => {
    const accounts = createMemoryAccountStore();
    let restless: UserId | undefined;
    const busy = meddledAccounts(
      accounts,
      async () => restless && see(accounts, restless, ago(100)),
      Infinity,
    );
    const { connect, log, replay, told, stored } = setUp({
      accounts: {
        ...busy,
        update: (before, to) =>
          before.userId === restless ? busy.update(before, to) : accounts.update(before, to),
      },
    });
    const [one, other] = [await connect(), await connect()];
    restless = one;
    const name = log(one, [ended, 60]);
    log(other, [ended, 60]);
    expect(await replay()).toBe(1);
    expect(told).toEqual([`${name} has not ended: it changed on every try. Try again.`]);
    expect(await stored(other)).toEqual(GONE('disconnected'));
  });

  it('reads all files before it decides', async () => {
    const { connect, logId, operator, stored, printed } = setUp();
    const [back, gone] = [await connect(), await connect()];
    const files = ['one', 'two'].map((name) => join(folder, `${name}.jsonl`)) as [string, string];
    const line = (userId: UserId, event: object, minutes: number) =>
      `${JSON.stringify({ ...event, user: logId(userId), timestamp: ago(minutes) })}\n`;
    writeFileSync(files[0], line(back, ended, 60) + line(gone, ended, 60));
    writeFileSync(files[1], line(back, reconnected, 30));
    await replayEnded(operator, { verb: 'accounts replay-ended', from: files, yes: true });
    expect(await stored(back)).toEqual(KEPT);
    expect(await stored(gone)).toEqual(GONE('disconnected'));
    expect(printed[0]).toMatch(/^3 events of 2 users, /);
  });

  it('says that the export may be of another deployment', async () => {
    const { connect, log, replay, told, stored } = setUp();
    const user = await connect();
    log(someUser(), [ended, 60]);
    expect(await replay()).toBe(1);
    expect(told).toEqual([
      expect.stringContaining('Are TokenStore and LOG_HASH_KEY those of the deployment?'),
    ]);
    expect(await stored(user)).toEqual(KEPT);
  });

  it('refuses an export that says of nobody that they ended', async () => {
    const { log, replay } = setUp();
    log(someUser(), [other, 60]);
    await expect(replay()).rejects.toThrow(PlainError);
    await expect(replay()).rejects.toThrow(
      'no event that says that somebody was connected or ended, only 1 other events',
    );
  });

  it('does nothing at all if an event has no time, because the order decides', async () => {
    const { connect, log, logId, operator, stored } = setUp();
    const user = await connect();
    log(user, [ended, 60]);
    const dated = JSON.stringify({ ...ended, user: logId(user), timestamp: ago(60) });
    writeFileSync(from, `${dated}\n${JSON.stringify({ ...reconnected, user: logId(user) })}\n`);
    const replay = replayEnded(operator, { verb: 'accounts replay-ended', from: [from], yes: true });
    await expect(replay).rejects.toThrow('The event in line 2 has no time');
    expect(await stored(user)).toEqual(KEPT);
  });
});
