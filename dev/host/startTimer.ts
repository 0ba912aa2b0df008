import { writeLog } from './hostLog.ts';
import { invoke } from './invoke.ts';
import type { RegisteredFunction } from './registry.ts';
import { retryDelayMs } from './retryDelay.ts';
import type { Schedule } from './schedule.ts';
import { sleepUntil } from './sleepUntil.ts';
import { NEVER, type ScheduleStatus, type TimerStatusStore } from './timerStatusStore.ts';

export type Outcome = 'succeeded' | 'failed';

export type RunningTimer = {
  /** Runs the function now, after a run that is going on. Leaves the schedule alone. Never rejects. */
  run(): Promise<Outcome>;
  /** No occurrence and no retry begins after this; a run that is going on ends by itself. */
  stop(): void;
};

type Occurrence = 'scheduled' | 'past due' | 'start-up';

/**
 * Runs a timer function on its schedule, one run at a time: an occurrence that falls into a run follows at once
 * after it. An occurrence missed while the host was down runs at start with `isPastDue`.
 * Source: TimerListener in azure-webjobs-sdk-extensions.
 */
export function startTimer(
  fn: RegisteredFunction,
  schedule: Schedule,
  store: TimerStatusStore,
): RunningTimer {
  const stopping = new AbortController();
  const monitored = schedule.monitored && fn.trigger.useMonitor !== false;
  let status: ScheduleStatus | undefined = monitored
    ? unchangedStatus(store.read(fn.name), schedule)
    : undefined;
  const isPastDue = status !== undefined && new Date(status.Next) < new Date();
  let next = status ? new Date(status.Next) : schedule.next(new Date());
  if (!status && next) save(NEVER, next, new Date());

  let turn: Promise<unknown> = Promise.resolve();
  function inTurn(pastDue: boolean): Promise<Outcome> {
    const outcome = turn.then(() =>
      runWithRetries(fn, timerInput(monitored ? status : undefined, pastDue), stopping.signal),
    );
    turn = outcome;
    return outcome;
  }

  function save(last: string, nextAt: Date, updated: Date): void {
    status = { Last: last, Next: nextAt.toISOString(), LastUpdated: updated.toISOString() };
    if (monitored) store.write(fn.name, status);
  }

  async function occur(kind: Occurrence): Promise<void> {
    let startedAt = new Date();
    await inTurn(kind === 'past due');
    // A timer can fire a little early: counted from that instant, the same occurrence would come twice.
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
  keepSchedule().catch((error) => {
    if (!stopping.signal.aborted) writeLog('error', fn.name, `The timer stopped: ${error}`);
  });

  return { run: () => inTurn(false), stop: () => stopping.abort() };
}

/** A stored status, unless the schedule was edited since: then nothing is past due. */
function unchangedStatus(stored: ScheduleStatus | undefined, schedule: Schedule): ScheduleStatus | undefined {
  if (!stored) return undefined;
  const from = stored.Last === NEVER ? stored.LastUpdated : stored.Last;
  return schedule.next(new Date(from))?.toISOString() === stored.Next ? stored : undefined;
}

function timerInput(status: ScheduleStatus | undefined, isPastDue: boolean): { json: string } {
  const timer = { Schedule: { AdjustForDST: true }, ScheduleStatus: status ?? null, IsPastDue: isPastDue };
  return { json: JSON.stringify(timer) };
}

async function runWithRetries(
  fn: RegisteredFunction,
  data: { json: string },
  signal: AbortSignal,
): Promise<Outcome> {
  const retry = fn.metadata.retryOptions;
  const maxRetryCount = retry?.maxRetryCount ?? 0;
  if (signal.aborted) return 'failed';
  for (let retryCount = 0; ; retryCount++) {
    try {
      await invoke(fn, { data, ...(retryCount > 0 && { retryContext: { retryCount, maxRetryCount } }) });
      return 'succeeded';
    } catch {
      const more = maxRetryCount === -1 || retryCount < maxRetryCount;
      if (!retry || !more || signal.aborted) return 'failed';
    }
    try {
      await sleepUntil(new Date(Date.now() + retryDelayMs(retry, retryCount)), signal);
    } catch {
      return 'failed';
    }
  }
}
