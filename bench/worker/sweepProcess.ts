/** The process of one run of the refresh worker over a storage account, so that its CPU time is the worker's alone. */
import { createHash, randomUUID } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { Session } from 'node:inspector/promises';
import { join } from 'node:path';
import { createSealer } from '../../shared/adapters/entra/seal.ts';
import { readConfig } from '../../shared/config.ts';
import { createSlots, forEachAtOnce } from '../../shared/forEachAtOnce.ts';
import { createLog, type LogEvent } from '../../shared/log.ts';
import { createStead } from '../../shared/stead.ts';
import { azureStores } from '../../shared/stores/azure.ts';
import { dueAccount, dueCache } from '../dueAccount.ts';
import { bareFloorOf, type Comparison, floorOf, usualWayOf } from './comparisons.ts';

export type SweepSubject = 'bareFloor' | 'floor' | 'stead' | 'usualWay';
export type SweepOrder = {
  subject: SweepSubject;
  settings: Record<string, string>;
  users: number;
  concurrency: number;
  /** Whether all users are in one shard, a unit of work. Default: they are spread over all of them. */
  inOneShard?: boolean;
  /** A folder for the CPU profile of the run alone. */
  profileTo?: string | undefined;
};
export type Swept = {
  ms: number;
  cpuMs: number;
  /** Share of the time in which the event loop was at work. */
  busy: number;
  refreshed: number;
  /** Warnings and errors that were logged, by event. There should be none. */
  trouble: Record<string, number>;
};

/** Prepares a run, and then does it. */
type Sweep = { seed(): Promise<void>; run(): Promise<Pick<Swept, 'refreshed' | 'trouble'>> };

const LONG_MS = 3_600_000;
const SEEDED_AT_ONCE = 32;

async function forEachOf(oids: readonly string[], atOnce: number, act: (oid: string) => Promise<void>) {
  const each = async function* () {
    yield* oids;
  };
  await forEachAtOnce(each(), createSlots(atOnce), act);
}

function steadSweep({ settings, concurrency }: SweepOrder, oids: readonly string[]): Sweep {
  const config = readConfig(settings);
  const { worker, services } = createStead(config, { stores: azureStores });
  const sealer = createSealer(config.cacheKeys);
  const trouble: Record<string, number> = {};
  const note = (line: string) => {
    const { event } = JSON.parse(line) as LogEvent;
    trouble[event] = (trouble[event] ?? 0) + 1;
  };
  // Every line is made as in production, and goes nowhere.
  const log = createLog({ info: () => {}, warn: note, error: note });
  return {
    seed: () =>
      forEachOf(oids, SEEDED_AT_ONCE, async (oid) => {
        const owner = ownerOf(settings, oid);
        const account = dueAccount(owner);
        const { userId, generation } = account;
        await services.accounts.create(account);
        const sealed = await sealer.seal(userId, dueCache(owner, account), generation);
        await services.tokenCache.write(userId, sealed, undefined);
      }),
    async run() {
      const limits = {
        concurrency,
        runForMs: LONG_MS,
        leaseForMs: 300_000,
        noticeForMs: 10_000,
        endAfterMs: LONG_MS,
      };
      const { refreshed } = await worker.run({ log }, limits);
      return { refreshed, trouble };
    },
  };
}

function comparedSweep(
  { concurrency, settings }: SweepOrder,
  oids: readonly string[],
  of: Comparison,
): Sweep {
  return {
    seed: () =>
      forEachOf(oids, SEEDED_AT_ONCE, async (oid) => {
        const owner = ownerOf(settings, oid);
        await of.seed(oid, dueCache(owner, dueAccount(owner)));
      }),
    async run() {
      await forEachOf(oids, concurrency, of.refresh);
      return { refreshed: oids.length, trouble: {} };
    },
  };
}

const ownerOf = (
  { ENTRA_TENANT_ID = '', ENTRA_CLIENT_ID = '', ENTRA_AUTHORITY = '' }: SweepOrder['settings'],
  oid: string,
) => ({
  tid: ENTRA_TENANT_ID,
  oid,
  clientId: ENTRA_CLIENT_ID,
  environment: new URL(ENTRA_AUTHORITY).host,
});

/** The first hexadecimal digit of the hash of a user's id is their shard: `docs/architecture.md`. */
const isInFirstShard = (tid: string, oid: string): boolean =>
  createHash('sha256').update(dueAccount({ tid, oid }).userId).digest('hex').startsWith('0');

function oidFor({ settings: { ENTRA_TENANT_ID: tid = '' }, inOneShard = false }: SweepOrder): string {
  for (;;) {
    const oid = randomUUID();
    if (!inOneShard || isInFirstShard(tid, oid)) return oid;
  }
}

function sweepOf(order: SweepOrder): Sweep {
  const oids = Array.from({ length: order.users }, () => oidFor(order));
  switch (order.subject) {
    case 'stead':
      return steadSweep(order, oids);
    case 'bareFloor':
      return comparedSweep(order, oids, bareFloorOf(order.settings));
    case 'floor':
      return comparedSweep(order, oids, floorOf(order.settings));
    case 'usualWay':
      return comparedSweep(order, oids, usualWayOf(order.settings));
    default:
      return order.subject satisfies never;
  }
}

/** Writes a profile in which nothing but the run is. */
async function profiled<T>({ subject, profileTo = '' }: SweepOrder, run: () => Promise<T>): Promise<T> {
  const session = new Session();
  session.connect();
  await session.post('Profiler.enable');
  await session.post('Profiler.start');
  const result = await run();
  const { profile } = await session.post('Profiler.stop');
  await mkdir(join(profileTo, subject), { recursive: true });
  await writeFile(join(profileTo, subject, 'run.cpuprofile'), JSON.stringify(profile));
  return result;
}

async function measure(sweep: Sweep): Promise<Swept> {
  const cpu = process.cpuUsage();
  const loop = performance.eventLoopUtilization();
  const begun = performance.now();
  const done = await sweep.run();
  const ms = performance.now() - begun;
  const { user, system } = process.cpuUsage(cpu);
  const busy = performance.eventLoopUtilization(loop).utilization;
  return { ms, cpuMs: (user + system) / 1_000, busy, ...done };
}

let order: SweepOrder | undefined;
let sweep: Sweep | undefined;
process.once('disconnect', () => process.exit());
process.on('message', async (message: SweepOrder | 'sweep') => {
  if (message !== 'sweep') {
    order = message;
    sweep = sweepOf(message);
    await sweep.seed();
    process.send?.('seeded');
  } else if (sweep !== undefined && order !== undefined) {
    const ready = sweep;
    const run = () => measure(ready);
    process.send?.({ swept: await (order.profileTo === undefined ? run() : profiled(order, run)) });
  }
});
