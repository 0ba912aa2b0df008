import { randomUUID } from 'node:crypto';
import { readConfig } from '../../shared/config.ts';
import { createLog, type LogEvent } from '../../shared/log.ts';
import { createStead } from '../../shared/stead.ts';
import { createDueUsers } from './dueUsers.ts';

export type SweepRun = {
  users: number;
  /** Users at a time. */
  concurrency: number;
};

/** The run so far: users who were checked, and the process's memory. */
export type Progress = { ended: number; ms: number; rssMb: number };

export type Swept = Awaited<ReturnType<typeof runSweep>>;

/** As in production, save for the time that a run may take. */
const LEASE_FOR_MS = 300_000;
const RUN_FOR_MS = 3_600_000;

const rssMb = (): number => process.memoryUsage.rss() / 2 ** 20;

/**
 * One run of the refresh worker over generated users, with the real MSAL and the real seal.
 * @param origin the token endpoint's
 * @param onProgress is called after each tenth of the users
 */
export async function runSweep(
  { users, concurrency }: SweepRun,
  origin: string,
  onProgress: (progress: Progress) => void = () => {},
) {
  const config = readConfig(settingsFor(origin));
  const dueUsers = createDueUsers(config, users);
  const trouble: Record<string, number> = {};
  let ended = 0;
  // Every line is made as in production, and goes nowhere.
  const note = (line: string) => {
    const { event } = JSON.parse(line) as LogEvent;
    trouble[event] = (trouble[event] ?? 0) + 1;
  };
  const write = createLog({ info: () => {}, warn: note, error: note });
  const log = (event: LogEvent) => {
    write(event);
    if (event.event !== 'user.check-ended') return;
    ended += 1;
    if (ended % Math.ceil(users / 10) === 0) {
      onProgress({ ended, ms: performance.now() - begun, rssMb: rssMb() });
    }
  };
  const { worker } = createStead(config, { adapters: dueUsers.adapters });
  const limits = {
    concurrency,
    runForMs: RUN_FOR_MS,
    leaseForMs: LEASE_FOR_MS,
    endAfterMs: RUN_FOR_MS,
    noticeForMs: 10_000,
  };
  const before = rssMb();
  const cpu = process.cpuUsage();
  const loop = performance.eventLoopUtilization();
  const begun = performance.now();
  const { refreshed } = await worker.run({ log }, limits);
  const ms = performance.now() - begun;
  const { user, system } = process.cpuUsage(cpu);
  return {
    ms,
    cpuMs: (user + system) / 1_000,
    /** Share of the time in which the event loop was at work. */
    busy: performance.eventLoopUtilization(loop).utilization,
    rssMb: { before, peak: process.resourceUsage().maxRSS / 1_024 },
    refreshed,
    served: dueUsers.served(),
    calls: dueUsers.calls,
    /** Warnings and errors that were logged, by event. There should be none. */
    trouble,
  };
}

/** The functions' settings. The storage account is on loopback, so that its keys are made; nobody calls it. */
export const settingsFor = (origin: string) => ({
  ENTRA_TENANT_ID: '5ead0000-0000-4000-8000-0000000000be',
  ENTRA_CLIENT_ID: '5ead0000-0000-4000-8000-0000000000c1',
  ENTRA_CLIENT_SECRET: `bench~${randomUUID()}`,
  ENTRA_AUTHORITY: origin,
  TokenStore: 'UseDevelopmentStorage=true',
});
