import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { rounded, spreadOf } from '../spread.ts';
import type { FromServices, FromSweep, Progress, ToServices, ToSweep } from './messages.ts';
import type { Latencies } from './startServices.ts';

export type SweepRun = { users: number; concurrency: number; latencies: Latencies };
export type MeasuredSweep = Awaited<ReturnType<typeof measureSweep>>;

type Ended = Extract<FromSweep, { say: 'ended' }>;
type Report = Extract<FromServices, { say: 'report' }>;

/**
 * One run of the worker over fresh services, each in a process of its own.
 * @throws Error when not every user was served, or anything was amiss: that is no measurement.
 */
export async function measureSweep(run: SweepRun, tell: (line: string) => void) {
  const services = start('./servicesProcess.ts');
  const sweep = start('./sweepProcess.ts');
  try {
    const { latencies, users, concurrency } = run;
    services.say<ToServices>({ say: 'start', latencies, users });
    const ready = await services.hear<FromServices, 'ready'>('ready');
    const tenths: Progress[] = [];
    sweep.child.on('message', (message: FromSweep) => {
      if (message.say !== 'progress') return;
      const { ended, ms, rssMb } = message;
      tenths.push({ ended, ms, rssMb });
      tell(`  ${ended} of ${users} after ${Math.round(ms / 1_000)} s, ${Math.round(rssMb)} MB`);
    });
    sweep.say<ToSweep>({ settings: ready.settings, concurrency, users });
    const ended = await sweep.hear<FromSweep, 'ended'>('ended');
    services.say<ToServices>({ say: 'report' });
    const report = await services.hear<FromServices, 'report'>('report');
    check(run, ended, report);
    return summarize(run, ended, report, tenths);
  } finally {
    services.child.disconnect();
    if (sweep.child.connected) sweep.child.disconnect();
  }
}

function start(module: string) {
  const child = fork(fileURLToPath(new URL(module, import.meta.url)));
  const gone = once(child, 'exit').then(([code]) => {
    throw new Error(`${module} ended with code ${code} before it was done.`);
  });
  // It also ends when all is over.
  gone.catch(() => {});
  return {
    child,
    say: <M extends ToServices | ToSweep>(message: M) => void child.send(message),
    hear: <M extends { say: string }, S extends M['say']>(what: S) =>
      Promise.race([heard<M, S>(child, what), gone]),
  };
}

const heard = <M extends { say: string }, S extends M['say']>(child: ChildProcess, what: S) =>
  new Promise<Extract<M, { say: S }>>((resolve) => {
    child.on('message', (message: M) => {
      if (message.say === what) resolve(message as Extract<M, { say: S }>);
    });
  });

function check({ users }: SweepRun, { refreshed, trouble }: Ended, { served, calls }: Report): void {
  const amiss = [
    ...(refreshed === users ? [] : [`${refreshed} of ${users} users were refreshed`]),
    ...(served === users ? [] : [`${served} of ${users} users are served and stand in time once`]),
    ...(calls.unknown === undefined ? [] : [`${calls.unknown.count} calls were not understood`]),
    ...Object.entries(trouble).map(([event, count]) => `${event} was logged ${count} times`),
  ];
  if (amiss.length > 0) throw new Error(`This run is no measurement: ${amiss.join(', ')}.`);
}

function summarize(run: SweepRun, ended: Ended, { calls, served, cpuMs }: Report, tenths: Progress[]) {
  const { users, concurrency, latencies } = run;
  const count = (name: keyof typeof calls) => calls[name]?.count ?? 0;
  const storageCalls = count('rowRead') + count('transaction') + count('cacheRead') + count('cacheWrite');
  const tokenCalls = count('token');
  const waitMs = (storageCalls * latencies.storageMs + tokenCalls * latencies.tokenMs) / users;
  const usersPerSecond = (users * 1_000) / ended.ms;
  const ideal = (concurrency * 1_000) / waitMs;
  const rates = tenths.map(({ ended, ms }, index) => {
    const last = tenths[index - 1] ?? { ended: 0, ms: 0 };
    return ((ended - last.ended) * 1_000) / (ms - last.ms);
  });
  return {
    users,
    served,
    concurrency,
    seconds: rounded(ended.ms / 1_000),
    usersPerSecond: rounded(usersPerSecond),
    /** Of the ten tenths of the run. */
    usersPerSecondByTenths: spreadOf(rates),
    /** What one user needs in sequence, and how long a call took in the mean until it was answered. */
    callsPerUser: { storage: storageCalls / users, token: tokenCalls / users },
    calls: Object.fromEntries(
      Object.entries(calls).map(([name, call]) => [name, { ...call, meanMs: rounded(call.meanMs) }]),
    ),
    idealUsersPerSecond: rounded(ideal),
    share: rounded(usersPerSecond / ideal),
    cpuMsPerUser: rounded(ended.cpuMs / users),
    servicesCpuMsPerUser: rounded(cpuMs / users),
    eventLoopBusy: rounded(ended.busy),
    rssMb: {
      before: rounded(ended.rssMb.before),
      peak: rounded(ended.rssMb.peak),
      byTenths: tenths.map(({ rssMb }) => rounded(rssMb)),
    },
  };
}
