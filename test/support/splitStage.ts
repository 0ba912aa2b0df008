/** Hosts that split their runs, each behind a proxy of its own, and a few users whom a drill makes due again and again. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { TableClient } from '@azure/data-tables';
import { QueueClient } from '@azure/storage-queue';
import { type DemoUser, numberedUsers } from '../../dev/entra/directory.ts';
import { type Host, spawnHost } from '../../dev/host/spawnHost.ts';
import { ROOT } from '../../dev/platform.ts';
import type { Account, Stored } from '../../shared/account/account.ts';
import { shardOf } from '../../shared/adapters/shards.ts';
import type { LogEvent } from '../../shared/log.ts';
import { toUserId } from '../../shared/userId.ts';
import { createDrillApp } from './drillApp.ts';
import { startDrillStage } from './drillStage.ts';
import { control, journal } from './entraClients.ts';
import { type HostProxy, startHostProxy } from './hostProxy.ts';
import { SUMMARY } from './sharedStateContract.ts';

export type SplitHost = Host & { proxy: HostProxy };

const SETTINGS = { REFRESH_IDLE_SECONDS: '1', SPLIT_RUNS_ABOVE: '1' };
const HOUR = 3_600_000;
/** How many users are in each of the shards. The part of the first one has waited longest, so it comes first. */
const SHARES = { '0': 2, '5': 1, a: 1, f: 1 } as const;
export const PARTS = Object.keys(SHARES).length;

function fewPeople() {
  const left = new Map<string, number>(Object.entries(SHARES));
  return numberedUsers(400).filter((user) => {
    const shard = shardOf(toUserId(user));
    const count = left.get(shard) ?? 0;
    left.set(shard, count - 1);
    return count > 0;
  });
}

export async function startSplitStage(people: readonly DemoUser[] = fewPeople()) {
  const folder = await mkdtemp(join(tmpdir(), 'stead-split-'));
  const stage = await startDrillStage(people);
  const queue = new QueueClient(stage.azurite.connectionString, 'run-parts');
  await queue.createIfNotExists();
  const hosts: SplitHost[] = [];
  const { accounts } = stage.app();
  const table = TableClient.fromConnectionString(stage.azurite.connectionString, 'accountActivity', {
    allowInsecureConnection: true,
  });
  const app = createDrillApp({ ...stage.settings, ...SETTINGS }, { aheadMs: 0 });
  for (const user of stage.users) await app.visit(await stage.signIn(user));

  async function stored(): Promise<Stored<Account>[]> {
    const all: Stored<Account>[] = [];
    for await (const account of accounts.list()) if (account.state !== 'damaged') all.push(account);
    return all;
  }

  async function refreshes(): Promise<Map<string, number>> {
    const counts = new Map(stage.users.map(({ name }) => [name, 0]));
    for (const { grant, user = '' } of await journal(stage.entra)) {
      if (grant === 'refresh_token') counts.set(user, (counts.get(user) ?? 0) + 1);
    }
    return counts;
  }

  return {
    ...stage,
    queue,
    hosts,
    refreshes,

    async host(root = ROOT, more: Record<string, string> = {}): Promise<SplitHost> {
      const proxy = await startHostProxy(stage.azurite);
      const { connectionString } = proxy;
      // A host keeps its last thousand lines alone, and a drill counts the events of all its runs.
      const lines: string[] = [];
      const host = await spawnHost({
        root,
        port: 0,
        env: {
          ...stage.settings,
          ...SETTINGS,
          TokenStore: connectionString,
          AzureWebJobsStorage: connectionString,
          ...more,
        },
        settings: false,
        timers: false,
        timerStatus: join(folder, `${hosts.length}.json`),
        onLine: (line) => void lines.push(line),
      });
      const both = { ...host, lines, proxy };
      hosts.push(both);
      return both;
    },

    /** Everybody is due, no run is at work, and nobody remembers what was before. */
    async begin(): Promise<void> {
      await queue.clearMessages();
      const now = Date.now();
      for (const account of await stored()) {
        const { lease: _, ...free } = account;
        const isFirst = shardOf(account.userId) === '0';
        const nextCheckAt = new Date(now - (isFirst ? HOUR : HOUR / 2));
        await accounts.update(account, { ...free, nextCheckAt } as Account);
      }
      const row = { partitionKey: 'runs', rowKey: 'last', unansweredRuns: 0 };
      const longAgo = new Date(now - HOUR);
      const ended = { endedAt: longAgo, summary: JSON.stringify(SUMMARY) };
      await table.upsertEntity({ ...row, ...ended, begunAt: longAgo }, 'Merge');
      await control(stage.entra, 'DELETE', '/requests');
    },

    /** Who is leased, by which run. */
    async leases(): Promise<string[]> {
      return (await stored()).flatMap(({ lease }) => (lease === undefined ? [] : [lease.runId]));
    },

    /** As if five minutes had passed since a process died. */
    async endLeases(): Promise<void> {
      for (const account of await stored()) {
        const { lease } = account;
        if (lease === undefined) continue;
        await accounts.update(account, {
          ...account,
          lease: { ...lease, until: new Date(Date.now() - 1_000) },
        } as Account);
      }
    },

    /** Whether each user was settled, and none is due or leased. */
    async isEverybodyServed(): Promise<boolean> {
      return (await stored()).every(
        ({ state, lease, nextCheckAt }) =>
          state === 'active' && lease === undefined && nextCheckAt.getTime() > Date.now(),
      );
    },

    forgetRefreshes: () => control(stage.entra, 'DELETE', '/requests'),

    messagesToTake: async () => (await queue.peekMessages({ numberOfMessages: 32 })).peekedMessageItems,

    async stop(): Promise<void> {
      await Promise.all(hosts.map((host) => host.stop()));
      await Promise.all(hosts.map(({ proxy }) => proxy.close()));
      await stage.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

export type SplitStage = Awaited<ReturnType<typeof startSplitStage>>;

export const eventsIn = <N extends LogEvent['event']>({ lines }: Host, name: N) =>
  lines.flatMap((line) => {
    const [json] = /\{"event".*\}/.exec(line) ?? [];
    const event = json === undefined ? undefined : (JSON.parse(json) as LogEvent);
    return event?.event === name ? [event as Extract<LogEvent, { event: N }>] : [];
  });

export async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await isSo())) await sleep(50);
}
