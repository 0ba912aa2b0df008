import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { rounded, spreadOf } from '../rounds.ts';
import { startUpstreams } from '../upstreams/startUpstreams.ts';
import type { Counts } from '../upstreams/upstreamsProcess.ts';
import type { Progress, SweepRun, Swept } from './runSweep.ts';
import type { FromSweep } from './sweepProcess.ts';

export type MeasuredSweep = Awaited<ReturnType<typeof measureSweep>>;

const SWEEP = fileURLToPath(new URL('./sweepProcess.ts', import.meta.url));

/**
 * One run of the worker in a process of its own, over a token endpoint in another one.
 * @throws Error when not every user was served, or anything was amiss: that is no measurement.
 */
export async function measureSweep(run: SweepRun, tell: (line: string) => void) {
  const upstreams = await startUpstreams();
  try {
    const tenths: Progress[] = [];
    const swept = await sweepElsewhere(run, upstreams.origin, (progress) => {
      tenths.push(progress);
      const { ended, ms, rssMb } = progress;
      tell(`  ${ended} of ${run.users} after ${Math.round(ms / 1_000)} s, ${Math.round(rssMb)} MB`);
    });
    const counts = await upstreams.counts();
    check(run, swept, counts);
    return summarize(run, swept, counts, tenths);
  } finally {
    upstreams.stop();
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

function check({ users }: SweepRun, { refreshed, served, trouble }: Swept, { givenOne }: Counts): void {
  const amiss = [
    ...(refreshed === users ? [] : [`${refreshed} of ${users} users were refreshed`]),
    ...(served === users ? [] : [`${served} of ${users} users have a new cache and are due once`]),
    ...(givenOne === users ? [] : [`${givenOne} of ${users} users were given one token`]),
    ...Object.entries(trouble).map(([event, count]) => `${event} was logged ${count} times`),
  ];
  if (amiss.length > 0) throw new Error(`This run is no measurement: ${amiss.join(', ')}.`);
}

function summarize(
  { users, concurrency }: SweepRun,
  swept: Swept,
  { token }: Counts,
  tenths: readonly Progress[],
) {
  const rates = tenths.map(({ ended, ms }, index) => {
    const last = tenths[index - 1] ?? { ended: 0, ms: 0 };
    return ((ended - last.ended) * 1_000) / (ms - last.ms);
  });
  return {
    users,
    served: swept.served,
    concurrency,
    seconds: rounded(swept.ms / 1_000),
    usersPerSecond: rounded((users * 1_000) / swept.ms),
    /** Of the ten tenths of the run. */
    usersPerSecondByTenths: spreadOf(rates),
    callsPerUser: { ...perUser(swept.calls, users), token: token / users },
    cpuMsPerUser: rounded(swept.cpuMs / users),
    eventLoopBusy: rounded(swept.busy),
    rssMb: {
      before: rounded(swept.rssMb.before),
      peak: rounded(swept.rssMb.peak),
      byTenths: tenths.map(({ rssMb }) => rounded(rssMb)),
    },
  };
}

const perUser = (calls: Record<string, number>, users: number): Record<string, number> =>
  Object.fromEntries(Object.entries(calls).map(([name, count]) => [name, rounded(count / users)]));
