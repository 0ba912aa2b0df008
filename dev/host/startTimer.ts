import { setTimeout as delay } from 'node:timers/promises';
import { writeLog } from './hostLog.ts';
import { invoke } from './invoke.ts';
import type { RegisteredFunction } from './registry.ts';
import type { Schedule } from './schedule.ts';
import { NEVER, type ScheduleStatus, type TimerStatusStore } from './timerStatusStore.ts';

export type Outcome = 'succeeded' | 'failed';

export type RunningTimer = {
  /** Runs the function now, or after the current run. It does not change the schedule. Never rejects. */
  run(): Promise<Outcome>;
  /** Starts no further run. The current run ends by itself. */
  stop(): void;
};

/** Node treats a longer delay as 1 ms. */
const MAX_DELAY_MS = 2 ** 31 - 1;

type Occurrence = 'scheduled' | 'past due' | 'start-up';

/**
 * Runs a timer function on its schedule, one run at a time: an occurrence that falls into a run follows at once
 * after it. An occurrence missed while the host was down runs at start with `isPastDue`.
 * @param options.isSilent true for a timer that never comes by itself, as after some deployments in Azure
 * Source: TimerListener in azure-webjobs-sdk-extensions.
 */
export function startTimer(
  fn: RegisteredFunction,
  schedule: Schedule,
  store: TimerStatusStore,
  { isSilent = false } = {},
): RunningTimer {
  const stopping = new AbortController();
  const monitored = schedule.monitored && fn.trigger.useMonitor !== false;
  let status: ScheduleStatus | undefined = monitored
    ? unchangedStatus(store.read(fn.name), schedule)
    : undefined;
  const isPastDue = status !== undefined && new Date(status.Next) < new Date();
  let next = status ? new Date(status.Next) : schedule.next(new Date());
  if (!status && next) save(NEVER, next, new Date());

  let lastRun: Promise<unknown> = Promise.resolve();
  function runAfterLast(pastDue: boolean): Promise<Outcome> {
    const outcome = lastRun.then(() =>
      runOnce(fn, timerInput(monitored ? status : undefined, pastDue), stopping.signal),
    );
    lastRun = outcome;
    return outcome;
  }

  function save(last: string, nextAt: Date, updated: Date): void {
    status = { Last: last, Next: nextAt.toISOString(), LastUpdated: updated.toISOString() };
    if (monitored) store.write(fn.name, status);
  }

  async function occur(kind: Occurrence): Promise<void> {
    let startedAt = new Date();
    await runAfterLast(kind === 'past due');
    // A timer can fire a little early. Counted from that instant, the same occurrence would come again.
    if (kind === 'scheduled' && next && next > startedAt) startedAt = next;
    next = schedule.next(startedAt);
    if (next) save(startedAt.toISOString(), next, startedAt);
  }

  async function keepSchedule(): Promise<void> {
    if (isPastDue) await occur('past due');
    else if (fn.trigger.runOnStartup) await occur('start-up');
    while (next && !stopping.signal.aborted) {
      await sleepUntil(next, stopping.signal);
      await occur('scheduled');
    }
  }
  if (isSilent) return { run: () => runAfterLast(false), stop: () => stopping.abort() };
  keepSchedule().catch((error) => {
    if (!stopping.signal.aborted) writeLog('error', fn.name, `The timer stopped: ${error}`);
  });

  return { run: () => runAfterLast(false), stop: () => stopping.abort() };
}

/** The stored status. If the schedule has changed since, it does not count, and nothing is past due. */
function unchangedStatus(stored: ScheduleStatus | undefined, schedule: Schedule): ScheduleStatus | undefined {
  if (!stored) return undefined;
  const from = stored.Last === NEVER ? stored.LastUpdated : stored.Last;
  return schedule.next(new Date(from))?.toISOString() === stored.Next ? stored : undefined;
}

function timerInput(status: ScheduleStatus | undefined, isPastDue: boolean): { json: string } {
  const timer = { Schedule: { AdjustForDST: true }, ScheduleStatus: status ?? null, IsPastDue: isPastDue };
  return { json: JSON.stringify(timer) };
}

async function runOnce(
  fn: RegisteredFunction,
  data: { json: string },
  signal: AbortSignal,
): Promise<Outcome> {
  if (signal.aborted) return 'failed';
  // The log already has the failure.
  return invoke(fn, data).then(
    () => 'succeeded',
    () => 'failed',
  );
}

/**
 * Resolves at `at`, however far away that is, and at once if it is in the past.
 * @throws AbortError when `signal` aborts first.
 */
async function sleepUntil(at: Date, signal: AbortSignal): Promise<void> {
  for (;;) {
    const leftMs = at.getTime() - Date.now();
    await delay(Math.min(Math.max(leftMs, 0), MAX_DELAY_MS), undefined, { signal });
    if (leftMs <= MAX_DELAY_MS) return;
  }
}
