import type { Clock } from '../../shared/clock.ts';

/** One incarnation of a process. A crash ends it for ever; the one that is started after it has another `number`. */
export type ProcessLife = {
  readonly name: string;
  readonly number: number;
  /** How far its clock is ahead. */
  skewMs: number;
  alive: boolean;
  /** A stopped process gets no answer, and its timers do not act, until it goes on. */
  stopped: boolean;
};

/** What a service does with one request. */
export type Request<T> = {
  /** For the printed history, such as `table: read u1`. */
  what: () => string;
  /** What happens at the service when the request arrives. It returns the answer, or throws the refusal. */
  effect: () => T;
  /** True if the effect changes something at the service, so it matters even if nobody hears of it. */
  changes: boolean;
  /** Ways in which it may go wrong, by name. Each one gets the effect, and returns or throws what the caller sees. */
  faults: Readonly<Record<string, (effect: () => T) => T>>;
  /** What the caller gets as soon as its signal aborts. */
  aborted: () => unknown;
  signal: AbortSignal | undefined;
};

export type Step = {
  process: ProcessLife;
  // What the effect returns is what the one who asked gets, so the type is known there alone.
  request: Request<unknown>;
  /** False once nobody waits for the answer. The effect may still come. */
  awaited: boolean;
  askedAt: number;
  /** Until when it may, if nobody waits. */
  lateUntil: number;
  /** True if it waits until nothing else can happen. */
  held: boolean;
  resolve: (answer: never) => void;
  reject: (error: unknown) => void;
};

type Timer = { at: number; process: ProcessLife; act: () => void };

/** What was violated, in one sentence. The history ends there. */
export class Violation extends Error {
  override readonly name = 'Violation';
}

const STEP_MS = 10;
/** A request that nobody waits for does not stay on its way for longer. */
const LATE_MS = 60_000;
/** No interleaving is nearly so long. */
const MOST_STEPS = 6_000;
const ORDERS = 2 ** 46;

export type WorldOptions = {
  startAt: Date;
  seed: number;
  /** Whether the history is written down. */
  tells: boolean;
  /** Given, every step is taken at once, in the order in which processes ask. It returns the `fault` of the next one. */
  atOnce?: (() => number) | undefined;
  /** A history with more steps has a loop. */
  mostSteps?: number;
};

export type World = ReturnType<typeof createWorld>;

/**
 * The time, and the one thing that happens next. Every request to a service and every timer waits here until the scheduler
 * chooses it. Between two of them, only microtasks run, in the order that V8 gives them.
 */
export function createWorld({ startAt, seed, tells, atOnce, mostSteps = MOST_STEPS }: WorldOptions) {
  let now = startAt.getTime();
  let current: ProcessLife | undefined;
  let steps: Step[] = [];
  let taken = 0;
  const faults: number[] = [];
  let askedAt = now;
  let onDisturbed: (what: string, process: ProcessLife) => void = () => undefined;
  /** A number for the order in which the steps of processes were taken. */
  let order = 17;
  let idsGiven = 0;
  const timers = new Set<Timer>();
  const lines: string[] = [];
  const random = randomFrom(seed);
  let violation: Violation | undefined;

  /** Writes a line of the history, if somebody is going to read it. */
  function tell(what: () => string, process?: ProcessLife): void {
    if (!tells) return;
    const name = process === undefined ? '--' : `${process.name}.${process.number}`;
    lines.push(`${timeText(now)}  ${name.padEnd(5)} ${what()}`);
  }

  function violated(what: string): void {
    if (violation !== undefined) return;
    tell(() => `!! ${what}`);
    violation = new Violation(what);
  }

  /** Runs what a process does until it waits again. */
  async function letRun(process: ProcessLife | undefined, act: () => void): Promise<void> {
    current = process;
    act();
    await turn();
    current = undefined;
  }

  function ask<T>(process: ProcessLife, request: Request<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      if (!process.alive) return;
      const { signal } = request;
      if (signal?.aborted) {
        reject(request.aborted());
        return;
      }
      const step: Step = {
        process,
        request: request as Request<unknown>,
        awaited: true,
        askedAt: now,
        lateUntil: 0,
        held: false,
        resolve,
        reject,
      };
      steps.push(step);
      if (atOnce !== undefined) return happen(step, atOnce());
      signal?.addEventListener('abort', () => {
        if (!step.awaited || !steps.includes(step)) return;
        abandon(step);
        reject(request.aborted());
      });
    });
  }

  /** Nobody hears of the step any more. If it would change something, it may still do so later. */
  function abandon(step: Step): void {
    step.awaited = false;
    onDisturbed(step.request.what(), step.process);
    step.lateUntil = now + LATE_MS;
    if (!step.request.changes) steps = steps.filter((one) => one !== step);
  }

  async function take(step: Step, fault: number): Promise<void> {
    await letRun(step.process, () => happen(step, fault));
  }

  /** The request arrives. Whoever waits for the answer gets it, and goes on as soon as the caller of this has ended. */
  function happen(step: Step, fault: number): void {
    taken += 1;
    if (taken > mostSteps) {
      violated(`there is no end after ${mostSteps} steps`);
      return;
    }
    now += STEP_MS;
    order = (order * 31 + step.process.number * 8 + fault + steps.indexOf(step) * 64) % ORDERS;
    steps = steps.filter((one) => one !== step && (one.awaited || one.lateUntil > now));
    const { process, request } = step;
    const names = Object.keys(request.faults);
    const name = fault === 0 || !step.awaited ? undefined : names[(fault - 1) % names.length];
    askedAt = step.askedAt;
    if (name !== undefined) faults.push(now);
    if (name !== undefined || !step.awaited) onDisturbed(request.what(), process);
    let answered: () => string;
    let answer: () => void;
    try {
      const { effect } = request;
      const value = name === undefined ? effect() : request.faults[name]?.(effect);
      answered = () => textOf(value);
      answer = () => step.resolve(value as never);
    } catch (error) {
      if (error instanceof LateEffect) {
        steps.push({ ...step, awaited: false, lateUntil: now + LATE_MS });
      }
      const seen = error instanceof LateEffect ? error.seen : error;
      answered = () => `refused: ${seen instanceof Error ? seen.message : seen}`;
      answer = () => step.reject(seen);
    }
    tell(() => {
      const how = name === undefined ? '' : ` [${name}]`;
      return `${request.what()}${how}${step.awaited ? '' : ' [late]'} -> ${answered()}`;
    }, process);
    if (step.awaited && process.alive) answer();
  }

  async function fire(timer: Timer): Promise<void> {
    timers.delete(timer);
    now = Math.max(now, timer.at);
    await letRun(timer.process, timer.act);
  }

  const nextTimer = (until = Number.POSITIVE_INFINITY): Timer | undefined => {
    let next: Timer | undefined;
    for (const timer of timers) {
      if (timer.process.stopped || timer.at > until) continue;
      if (next === undefined || timer.at < next.at) next = timer;
    }
    return next;
  };

  return {
    /** The true time in milliseconds. */
    now: () => now,
    /** The time that the process sees whose code is running. */
    seenNow: () => now + (current?.skewMs ?? 0),
    current: () => current,
    random,
    lines,
    tell,
    violated,
    violation: () => violation,
    stepsTaken: () => taken,
    order: () => order,
    /** When the request was asked for whose effect is happening. */
    askedAt: () => askedAt,
    /** Calls `watch` with each request that goes wrong, and that nobody waits for any more, and whose it is. */
    watchDisturbed(watch: (what: string, process: ProcessLife) => void): void {
      onDisturbed = watch;
    },
    /** Whether a request went wrong by chance in that time. */
    wasFaulty: (from: number, to: number): boolean => faults.some((at) => at >= from && at <= to),
    ask,
    letRun,

    /** The steps that somebody waits for, the oldest first, and those that may still happen though nobody does. */
    pending: () => steps.filter(({ awaited, process }) => awaited && !process.stopped),
    late: () => steps.filter(({ awaited, lateUntil }) => !awaited && lateUntil > now),
    hasTimer: () => nextTimer() !== undefined,
    take,
    async fireNextTimer(): Promise<void> {
      const timer = nextTimer();
      if (timer !== undefined) await fire(timer);
    },

    /** Lets time pass. Timers act at their times; requests that wait go on waiting. */
    async pass(ms: number): Promise<void> {
      const end = now + ms;
      for (let timer = nextTimer(end); timer !== undefined; timer = nextTimer(end)) await fire(timer);
      now = Math.max(now, end);
    },

    /** The process ends between two of its steps. What it had asked for may still happen. */
    crash(process: ProcessLife): void {
      process.alive = false;
      for (const step of steps.filter((one) => one.process === process && one.awaited)) abandon(step);
      for (const timer of timers) if (timer.process === process) timers.delete(timer);
    },

    clockOf(process: ProcessLife): Clock {
      const after = (ms: number, act: () => void) => {
        const timer = { at: now + Math.max(ms, 0), process, act };
        timers.add(timer);
        return () => void timers.delete(timer);
      };
      return {
        now: () => new Date(now + process.skewMs),
        elapsed: () => now,
        after,
        timeout(ms) {
          const ending = new AbortController();
          after(ms, () => ending.abort(new DOMException('It took too long.', 'TimeoutError')));
          return ending.signal;
        },
        newId() {
          idsGiven += 1;
          const [process4, id12] = [hex(process.number, 4), hex(idsGiven, 12)];
          return `00000000-${process4}-4000-8000-${id12}`;
        },
        random,
      };
    },
  };
}

/** The number of the process whose clock made an id. */
export const makerOf = (id: string): number => Number.parseInt(id.slice(9, 13), 16);

/** The effect comes later, if at all; the caller is told now that there was no answer. */
export class LateEffect extends Error {
  readonly seen: unknown;

  constructor(seen: unknown) {
    super('The effect comes later.');
    this.seen = seen;
  }
}

/** One turn of the event loop. All microtasks have run when it is over. */
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Numbers in [0, 1), always the same for one seed (mulberry32). */
export function randomFrom(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

const hex = (value: number, digits: number): string => value.toString(16).padStart(digits, '0');
const timeText = (at: number): string => new Date(at).toISOString().slice(0, 23);

/** What an answer says of itself in the history. */
function textOf(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (value instanceof Response) return String(value.status);
  if (typeof value === 'object' && value !== null && 'told' in value && typeof value.told === 'function') {
    return value.told();
  }
  return 'done';
}
