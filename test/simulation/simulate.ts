import { SHARDS } from '../../shared/adapters/shards.ts';
import type { Action, Deviation, History } from './history.ts';
import { replaceDate } from './simulatedDate.ts';
import { createStage, type Running, type Stage } from './stage.ts';
import { createWishes, takeAction, type Wishes } from './takeAction.ts';
import type { ProcessLife, Step } from './world.ts';

export type Outcome = {
  /** What was violated; undefined if nothing was. */
  violation: string | undefined;
  lines: readonly string[];
  steps: number;
  /** A number for the order in which its steps were taken. */
  order: number;
  /** The simulated time of all users together, in milliseconds. */
  userMs: number;
  edges: ReadonlySet<string>;
  events: ReadonlyMap<string, number>;
};

/** When every history begins. */
export const START = new Date('2026-11-20T09:00:00Z');
const MINUTE = 60_000;
/** The quiet end lasts this long: every token ends in it that lasts as long as Entra's usually do. */
const QUIET_MS = 3 * 60 * MINUTE;
const MOST_ROUNDS = 40;

/**
 * Runs one history from its beginning to a quiet end.
 * @param options.tells whether the outcome has the lines; default: it does not, which is faster
 */
export async function simulate(history: History, { tells = false } = {}): Promise<Outcome> {
  const { users, processes, known, knownForMs, rules, everyRun, notes, checksAtOnce, quietOn } = history;
  const { connect, receiver, seldom, links, seed, actions, deviations } = history;
  const notesEveryMs = 60 * MINUTE;
  const from = { startAt: START, seed, tells };
  const stage = createStage({
    ...from,
    users,
    rules,
    everyRun,
    notes,
    notesEveryMs,
    checksAtOnce,
    connect,
    receiver,
    seldom,
    links,
  });
  const { world } = stage;
  const wishes = createWishes();
  const putBack = replaceDate(world.seenNow);
  try {
    for (let index = 0; index < processes; index += 1) stage.start(index, ['k1'], 0);
    for (let user = 0; user < Math.min(known, users); user += 1) {
      // They were asked, and they wanted it.
      if (connect === 'ask')
        await inOrder(stage, () =>
          takeAction(stage, wishes, { do: 'reconnect', user, process: 0, pausesAfter: 0 }),
        );
      await inOrder(stage, () =>
        takeAction(stage, wishes, { do: 'visit', user, process: 0, fresh: true, pausesAfter: 0 }),
      );
    }
    if (known > 0) await world.pass(knownForMs);
    world.tell(() => '-- from here on in any order');
    await play(stage, wishes, actions, deviations);
    world.tell(() => '-- quiet from here on');
    if (world.violation() === undefined) await quieten(stage, wishes, quietOn);
  } finally {
    putBack();
  }
  return outcomeOf(stage, users);
}

export const outcomeOf = ({ world, invariants }: Stage, users: number): Outcome => ({
  violation: world.violation()?.message,
  lines: world.lines,
  steps: world.stepsTaken(),
  order: world.order(),
  userMs: users * (world.now() - START.getTime()),
  edges: invariants.edges,
  events: invariants.events,
});

/** Lets everything happen: the actions one after the other, and the steps of the processes, in the order that is decided. */
async function play(
  stage: Stage,
  wishes: Wishes,
  actions: readonly Action[],
  deviations: readonly Deviation[],
): Promise<void> {
  const { world, operations } = stage;
  const waiting = [...actions];
  const deviating = [...deviations];
  let ordinary = 0;
  /** After how many more steps a process is paused, and before which request. */
  const pauses = new Map<ProcessLife, number>();
  const pausesBefore = new Map<ProcessLife, string>();
  /** Which request of a process goes wrong. */
  const failsAt = new Map<ProcessLife, string>();

  function decision(): Omit<Deviation, 'after'> {
    const [next] = deviating;
    if (next === undefined || ordinary < next.after) {
      ordinary += 1;
      return { pick: 'next', fault: 0 };
    }
    ordinary = 0;
    deviating.shift();
    return next;
  }

  async function begin(action: Action): Promise<void> {
    waiting.shift();
    await takeAction(stage, wishes, action);
    if ('pausesAfter' in action && action.pausesAfter > 0) {
      pauses.set(stage.process(action.process).life, action.pausesAfter);
    }
    if ('failsAt' in action && action.failsAt !== undefined) {
      failsAt.set(stage.process(action.process).life, action.failsAt);
    }
    if ('pausesBefore' in action && action.pausesBefore !== undefined) {
      pausesBefore.set(stage.process(action.process).life, action.pausesBefore);
    }
  }

  async function take(step: Step, fault: number): Promise<void> {
    const { process } = step;
    const fails = failsAt.get(process);
    const isFailing = fails !== undefined && step.request.what().startsWith(fails);
    if (isFailing) failsAt.delete(process);
    await world.take(step, isFailing ? 1 : fault);
    const left = (pauses.get(process) ?? 0) - 1;
    pauses.set(process, left);
    if (left === 0) hold(process);
  }

  function hold(process: ProcessLife): void {
    for (const one of world.pending()) if (one.process === process) one.held = true;
  }

  function holdBeforeRequests(): void {
    for (const [process, what] of pausesBefore) {
      const isNext = world
        .pending()
        .some((one) => one.process === process && one.request.what().startsWith(what));
      if (!isNext) continue;
      pausesBefore.delete(process);
      hold(process);
    }
  }

  while (world.violation() === undefined) {
    holdBeforeRequests();
    const { pick, fault } = decision();
    const [action] = waiting;
    const [late] = world.late();
    const steps = world.pending();
    const stopped = operations.open().find(({ life }) => life.stopped)?.life;
    const free = steps.filter(({ held }) => !held);
    if (pick === 'hold') for (const one of free.splice(0, 1)) one.held = true;
    const step = pick === 'newest' ? free.at(-1) : free[0];
    if (pick === 'timer' && !operations.isIdle() && world.hasTimer()) await world.fireNextTimer();
    else if (pick === 'late' && late !== undefined) await take(late, 0);
    else if (action !== undefined && (pick === 'outside' || step === undefined)) await begin(action);
    else if (step !== undefined) await take(step, fault);
    else if (steps[0] !== undefined) steps[0].held = false;
    else if (stopped !== undefined) {
      world.tell(() => 'goes on', stopped);
      stopped.stopped = false;
    } else if (operations.isIdle()) return;
    else if (world.hasTimer()) await world.fireNextTimer();
    else world.violated('an operation waits for nothing, for ever');
  }
}

async function inOrder(stage: Stage, act: () => Promise<void>): Promise<void> {
  await act();
  await play(stage, createWishes(), [], []);
}

/**
 * All services are well, every process has the right clock and all keys, and time passes. Then nothing may be left over, and
 * everybody who comes is answered.
 * @param on `new`: one new process, which remembers nothing; `old`: those that there were, as far as they have all keys
 */
export async function quieten(stage: Stage, wishes: Wishes, on: History['quietOn']): Promise<void> {
  const { world, entra, invariants, people } = stage;
  entra.troubles.length = 0;
  for (const running of stage.processes()) await calm(stage, wishes, running, on);
  const processes = on === 'new' ? [0] : [...stage.processes().keys()];
  if (on === 'new') stage.start(0, [...stage.kidsEver] as Running['kids'], 0);
  const begun = world.now();
  const act = (action: Action) => inOrder(stage, () => takeAction(stage, wishes, action));
  const process = (turn: number) => processes[turn % processes.length] ?? 0;
  if (on === 'new') await act({ do: 'audit', process: process(0), pausesAfter: 0 });
  // Otherwise the audit of the runs has to find everybody. Each of them reads one page, and a shard has at least one.
  for (let turn = 0; on === 'old' && invariants.wasDamaged() && turn <= SHARDS.length + 1; turn += 1) {
    await world.pass(MINUTE);
    await act({ do: 'run', process: process(turn), pausesAfter: 0 });
  }
  for (let round = 0; round < MOST_ROUNDS && world.violation() === undefined; round += 1) {
    const due = people.map((person) => invariants.dueAt(person) ?? Number.POSITIVE_INFINITY);
    const next = Math.max(Math.min(...due), world.now());
    if (next > begun + QUIET_MS) break;
    await world.pass(next - world.now() + MINUTE);
    await act({ do: 'run', process: process(round), pausesAfter: 0 });
  }
  if (world.violation() === undefined) invariants.whenQuiet(world.now() - MINUTE, wishes.disconnected);
  await world.pass(Math.max(0, begun + QUIET_MS - world.now()));
  for (const index of processes) {
    for (const user of people.keys()) {
      if (world.violation() !== undefined) return;
      await act({ do: 'visit', user, process: index, fresh: true, pausesAfter: 0 });
    }
  }
}

/** A process that lacks a key, or that is not needed any more, ends. */
async function calm(stage: Stage, wishes: Wishes, running: Running, on: History['quietOn']): Promise<void> {
  const lacksKeys = [...stage.kidsEver].some((kid) => !running.kids.includes(kid));
  if (on === 'new') return stage.crash(running);
  const process = stage.processes().indexOf(running);
  running.life.stopped = false;
  if (lacksKeys) await takeAction(stage, wishes, { do: 'find-keys', process });
  else if (running.life.skewMs !== 0) await takeAction(stage, wishes, { do: 'skew', process, ms: 0 });
}
