import { rounded, spreadOf } from '../rounds.ts';
import type { CallName } from './call.ts';
import type { FromServices, FromSweep, Progress, ToServices, ToSweep } from './messages.ts';
import { runProcess } from './runProcess.ts';
import type { CallCount, Latencies } from './startServices.ts';

export type SweepRun = { users: number; concurrency: number; latencies: Latencies };
export type MeasuredSweep = Awaited<ReturnType<typeof measureSweep>>;

type Ended = Extract<FromSweep, { say: 'ended' }>;
type Report = Extract<FromServices, { say: 'report' }>;

/**
 * One run of the worker over fresh services, each in a process of its own.
 * @throws Error when not every user was served, or anything was amiss: that is no measurement.
 */
export async function measureSweep(run: SweepRun, tell: (line: string) => void) {
  const { users, concurrency, latencies } = run;
  const services = runProcess<ToServices, FromServices>('./servicesProcess.ts');
  const sweep = runProcess<ToSweep, FromSweep>('./sweepProcess.ts');
  try {
    services.say({ say: 'start', latencies, users });
    const { settings } = await services.hear('ready');
    const tenths: Progress[] = [];
    sweep.listen('progress', ({ ended, ms, rssMb }) => {
      tenths.push({ ended, ms, rssMb });
      tell(`  ${ended} of ${users} after ${Math.round(ms / 1_000)} s, ${Math.round(rssMb)} MB`);
    });
    sweep.say({ settings, concurrency, users });
    const ended = await sweep.hear('ended');
    services.say({ say: 'report' });
    const report = await services.hear('report');
    check(run, ended, report);
    return summarize(run, ended, report, tenths);
  } finally {
    services.stop();
    sweep.stop();
  }
}

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
  const storage = together(calls, ['rowRead', 'transaction', 'cacheRead', 'cacheWrite']);
  const token = together(calls, ['token']);
  const waitMs = (storage.count * latencies.storageMs + token.count * latencies.tokenMs) / users;
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
    callsPerUser: { storage: storage.count / users, token: token.count / users },
    /** What one user waits for in sequence: as injected, and as the services saw it. */
    waitMsPerUser: { injected: rounded(waitMs), measured: rounded((storage.ms + token.ms) / users) },
    calls: Object.fromEntries(
      Object.entries(calls).map(([name, { count, ms }]) => [name, { count, meanMs: rounded(ms / count) }]),
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

function together(calls: Report['calls'], names: readonly CallName[]): CallCount {
  const all = names.map((name) => calls[name] ?? { count: 0, ms: 0 });
  return {
    count: all.reduce((total, { count }) => total + count, 0),
    ms: all.reduce((total, { ms }) => total + ms, 0),
  };
}
