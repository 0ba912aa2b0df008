/** The process of one run of the refresh worker, so that its CPU time and its memory are the worker's alone. */

import { readConfig } from '../../shared/config.ts';
import { createLog, type LogEvent } from '../../shared/log.ts';
import { createStead } from '../../shared/stead.ts';
import type { FromSweep, ToSweep } from './messages.ts';

/** As in production, save for the time that a run may take. */
const LEASE_FOR_MS = 300_000;
const RUN_FOR_MS = 3_600_000;

const say = (message: FromSweep) => process.send?.(message);
const rssMb = (): number => process.memoryUsage.rss() / 2 ** 20;

process.once('disconnect', () => process.exit());
process.once('message', (message: ToSweep) => {
  run(message).then(() => process.disconnect());
});

async function run({ settings, concurrency, users }: ToSweep): Promise<void> {
  const { worker } = createStead(readConfig(settings));
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
      say({ say: 'progress', ended, ms: performance.now() - begun, rssMb: rssMb() });
    }
  };
  const limits = { concurrency, runForMs: RUN_FOR_MS, leaseForMs: LEASE_FOR_MS, endAfterMs: RUN_FOR_MS };
  const before = rssMb();
  const cpu = process.cpuUsage();
  const loop = performance.eventLoopUtilization();
  const begun = performance.now();
  const { refreshed } = await worker.run({ log }, limits);
  const ms = performance.now() - begun;
  const { user, system } = process.cpuUsage(cpu);
  say({
    say: 'ended',
    ms,
    cpuMs: (user + system) / 1_000,
    busy: performance.eventLoopUtilization(loop).utilization,
    rssMb: { before, peak: process.resourceUsage().maxRSS / 1_024 },
    refreshed,
    trouble,
  });
}
