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
  const { users, processes, known, knownForMs, rules, everyRun, seed, actions, deviations } = history;
  const stage = createStage({ startAt: START, seed, users, rules, everyRun, tells });
  const { world } = stage;
  const wishes = createWishes();
  const putBack = replaceDate(world.seenNow);
  try {
    for (let index = 0; index < processes; index += 1) stage.start(index, ['k1'], 0);
    for (let user = 0; user < Math.min(known, users); user += 1) {
      await inOrder(stage, () =>
        takeAction(stage, wishes, { do: 'visit', user, process: 0, fresh: true, pausesAfter: 0 }),
      );
    }
    if (known > 0) await world.pass(knownForMs);
    world.tell(() => '-- from here on in any order');
    await play(stage, wishes, actions, deviations);
    world.tell(() => '-- quiet from here on');
    if (world.violation() === undefined) await quieten(stage, wishes);
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
  const { world, open } = stage;
  const waiting = [...actions];
  const deviating = [...deviations];
  let ordinary = 0;
  /** After how many more steps a process is paused. */
  const pauses = new Map<ProcessLife, number>();

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
  }

  async function take(step: Step, fault: number): Promise<void> {
    const { process } = step;
    await world.take(step, fault);
    const left = (pauses.get(process) ?? 0) - 1;
    pauses.set(process, left);
    if (left === 0) for (const one of world.pending()) if (one.process === process) one.held = true;
  }

  while (world.violation() === undefined) {
    const { pick, fault } = decision();
    const [action] = waiting;
    const [late] = world.late();
    const steps = world.pending();
    const stopped = [...open.values()].find((process) => process.stopped);
    const free = steps.filter(({ held }) => !held);
    if (pick === 'hold') for (const one of free.splice(0, 1)) one.held = true;
    const step = pick === 'newest' ? free.at(-1) : free[0];
    if (pick === 'timer' && open.size > 0 && world.hasTimer()) await world.fireNextTimer();
    else if (pick === 'late' && late !== undefined) await take(late, 0);
    else if (action !== undefined && (pick === 'outside' || step === undefined)) await begin(action);
    else if (step !== undefined) await take(step, fault);
    else if (steps[0] !== undefined) steps[0].held = false;
    else if (stopped !== undefined) {
      world.tell(() => 'goes on', stopped);
      stopped.stopped = false;
    } else if (open.size === 0) return;
    else if (world.hasTimer()) await world.fireNextTimer();
    else world.violated('an operation waits for nothing, for ever');
  }
}

async function inOrder(stage: Stage, act: () => Promise<void>): Promise<void> {
  await act();
  await play(stage, createWishes(), [], []);
}

/** All services are well, one new process has the right clock and all keys, and time passes. Then nothing may be left over. */
export async function quieten(stage: Stage, wishes: Wishes): Promise<void> {
  const { world, entra, invariants, people } = stage;
  entra.troubles.length = 0;
  const kids = stage.processes().flatMap((running) => running.kids);
  for (const running of stage.processes()) stage.crash(running);
  const allKeys = [...new Set(['k1', ...kids])] as Running['kids'];
  stage.start(0, allKeys, 0);
  const begun = world.now();
  await inOrder(stage, () => takeAction(stage, wishes, { do: 'audit', process: 0, pausesAfter: 0 }));
  for (let round = 0; round < MOST_ROUNDS && world.violation() === undefined; round += 1) {
    const due = people.map((person) => invariants.dueAt(person) ?? Number.POSITIVE_INFINITY);
    const next = Math.max(Math.min(...due), world.now());
    if (next > begun + QUIET_MS) break;
    await world.pass(next - world.now() + MINUTE);
    await inOrder(stage, () => takeAction(stage, wishes, { do: 'run', process: 0, pausesAfter: 0 }));
  }
  if (world.violation() === undefined) invariants.whenQuiet(world.now() - MINUTE, wishes.disconnected);
}
