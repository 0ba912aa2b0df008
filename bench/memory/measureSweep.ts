import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { rounded, spreadOf } from '../rounds.ts';
import type { Calls } from './dueUsers.ts';
import type { Progress, SweepRun, Swept } from './runSweep.ts';
import type { FromSweep } from './sweepProcess.ts';
import { startTokenEndpoint, type TokenEndpoint } from './tokenEndpoint.ts';

export type MeasuredSweep = Awaited<ReturnType<typeof measureSweep>>;

const SWEEP = fileURLToPath(new URL('./sweepProcess.ts', import.meta.url));

/**
 * One run of the worker in a process of its own, over a fresh token endpoint in this one.
 * @throws Error when not every user was served, or anything was amiss: that is no measurement.
 */
export async function measureSweep(run: SweepRun, tell: (line: string) => void) {
  const endpoint = await startTokenEndpoint(run.latencies.tokenMs);
  try {
    const cpu = process.cpuUsage();
    const tenths: Progress[] = [];
    const swept = await sweepElsewhere(run, endpoint.origin, (progress) => {
      tenths.push(progress);
      const { ended, ms, rssMb } = progress;
      tell(`  ${ended} of ${run.users} after ${Math.round(ms / 1_000)} s, ${Math.round(rssMb)} MB`);
    });
    const { user, system } = process.cpuUsage(cpu);
    check(run, swept, endpoint);
    return summarize(run, swept, { ...swept.calls, token: endpoint.calls }, tenths, (user + system) / 1_000);
  } finally {
    endpoint.stop();
  }
}

/** @throws Error when the process ends before the sweep has. */
async function sweepElsewhere(
  run: SweepRun,
  origin: string,
  onProgress: (progress: Progress) => void,
): Promise<Swept> {
  const child = fork(SWEEP);
  let swept: Swept | undefined;
  child.on('message', (message: FromSweep) => {
    if ('swept' in message) swept = message.swept;
    else onProgress(message.progress);
  });
  child.send({ run, origin });
  const [code] = await once(child, 'exit');
  if (swept === undefined) throw new Error(`The sweep's process ended with code ${code} before it was done.`);
  return swept;
}

function check({ users }: SweepRun, { refreshed, served, trouble }: Swept, endpoint: TokenEndpoint): void {
  const givenOne = endpoint.givenOne();
  const amiss = [
    ...(refreshed === users ? [] : [`${refreshed} of ${users} users were refreshed`]),
    ...(served === users ? [] : [`${served} of ${users} users have a new cache and are due once`]),
    ...(givenOne === users ? [] : [`${givenOne} of ${users} users were given one token`]),
    ...Object.entries(trouble).map(([event, count]) => `${event} was logged ${count} times`),
  ];
  if (amiss.length > 0) throw new Error(`This run is no measurement: ${amiss.join(', ')}.`);
}

function summarize(
  { users, concurrency, latencies }: SweepRun,
  swept: Swept,
  calls: Record<string, Calls>,
  tenths: readonly Progress[],
  tokenCpuMs: number,
) {
  const storage = together(calls, ['rowRead', 'transaction', 'cacheRead', 'cacheWrite']);
  const token = together(calls, ['token']);
  const waitMs = (storage.count * latencies.storageMs + token.count * latencies.tokenMs) / users;
  const usersPerSecond = (users * 1_000) / swept.ms;
  const ideal = (concurrency * 1_000) / waitMs;
  const rates = tenths.map(({ ended, ms }, index) => {
    const last = tenths[index - 1] ?? { ended: 0, ms: 0 };
    return ((ended - last.ended) * 1_000) / (ms - last.ms);
  });
  return {
    users,
    served: swept.served,
    concurrency,
    seconds: rounded(swept.ms / 1_000),
    usersPerSecond: rounded(usersPerSecond),
    /** Of the ten tenths of the run. */
    usersPerSecondByTenths: spreadOf(rates),
    callsPerUser: { storage: storage.count / users, token: token.count / users },
    /** What one user waits for in sequence: as injected, and as it was measured. */
    waitMsPerUser: { injected: rounded(waitMs), measured: rounded((storage.ms + token.ms) / users) },
    calls: Object.fromEntries(
      Object.entries(calls).map(([name, { count, ms }]) => [name, { count, meanMs: rounded(ms / count) }]),
    ),
    idealUsersPerSecond: rounded(ideal),
    share: rounded(usersPerSecond / ideal),
    cpuMsPerUser: rounded(swept.cpuMs / users),
    tokenCpuMsPerUser: rounded(tokenCpuMs / users),
    eventLoopBusy: rounded(swept.busy),
    rssMb: {
      before: rounded(swept.rssMb.before),
      peak: rounded(swept.rssMb.peak),
      byTenths: tenths.map(({ rssMb }) => rounded(rssMb)),
    },
  };
}

function together(calls: Record<string, Calls>, names: readonly string[]): Calls {
  const all = names.map((name) => calls[name] ?? { count: 0, ms: 0 });
  return {
    count: all.reduce((total, { count }) => total + count, 0),
    ms: all.reduce((total, { ms }) => total + ms, 0),
  };
}
