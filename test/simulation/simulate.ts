import type { History } from './history.ts';
import { replaceDate } from './simulatedDate.ts';
import { createStage, type Running, type Stage } from './stage.ts';
import { createWishes, takeAction, type Wishes } from './takeAction.ts';
import { type Choice, NEXT_TIMER } from './world.ts';

export type Outcome = {
  /** What was violated; undefined if nothing was. */
  violation: string | undefined;
  lines: readonly string[];
  steps: number;
  /** A number for the order in which its steps were taken. */
  order: number;
  edges: ReadonlySet<string>;
  events: ReadonlyMap<string, number>;
};

const START = new Date('2026-11-20T09:00:00Z');
const IN_ORDER: Choice = { pick: 0, fault: 0 };
const MINUTE = 60_000;
/** The quiet end lasts this long: every token ends in it that lasts as long as Entra's usually do. */
const QUIET_MS = 3 * 60 * MINUTE;
const MOST_ROUNDS = 40;

/**
 * Runs one history from its beginning to a quiet end.
 * @param options.tells whether the outcome has the lines; default: it does not, which is faster
 */
export async function simulate(history: History, { tells = false } = {}): Promise<Outcome> {
  const { users, processes, known, rules, everyRun, seed, actions, choices } = history;
  const stage = createStage({ startAt: START, seed, users, rules, everyRun, tells });
  const { world, invariants } = stage;
  const wishes = createWishes();
  const putBack = replaceDate(world.seenNow);
  try {
    for (let index = 0; index < processes; index += 1) stage.start(index, ['k1'], 0);
    for (let user = 0; user < Math.min(known, users); user += 1) {
      await inOrder(stage, () => takeAction(stage, wishes, { do: 'visit', user, process: 0, fresh: true }));
    }
    if (known > 0) await world.pass(2 * MINUTE);
    world.tell(() => '-- from here on in any order');
    await play(stage, wishes, actions, choices);
    world.tell(() => '-- quiet from here on');
    if (world.violation() === undefined) await quieten(stage, wishes);
  } finally {
    putBack();
  }
  return {
    violation: world.violation()?.message,
    lines: world.lines,
    steps: world.stepsTaken(),
    order: world.order(),
    edges: invariants.edges,
    events: invariants.events,
  };
}

async function play(
  stage: Stage,
  wishes: Wishes,
  actions: History['actions'],
  choices: readonly Choice[],
): Promise<void> {
  const { world, open } = stage;
  const waiting = [...actions];
  for (let index = 0; world.violation() === undefined; index += 1) {
    const { pick, fault } = choices[index] ?? IN_ORDER;
    if (pick === NEXT_TIMER && open.size > 0 && world.hasTimer()) {
      await world.fireNextTimer();
      continue;
    }
    const [next] = waiting;
    const late = index < choices.length ? world.late() : [];
    const options = [...world.pending(), ...(next === undefined ? [] : [next]), ...late];
    const chosen = options[pick % options.length];
    if (chosen === undefined) {
      const isOver = [...open.values()].every(({ stopped }) => stopped);
      if (isOver) return;
      if (!world.hasTimer()) return world.violated('an operation waits for nothing, for ever');
      await world.fireNextTimer();
    } else if ('do' in chosen) {
      waiting.shift();
      await takeAction(stage, wishes, chosen);
    } else {
      await world.take(chosen, fault);
    }
  }
}

async function inOrder(stage: Stage, act: () => Promise<void>): Promise<void> {
  await act();
  await play(stage, createWishes(), [], []);
}

/** All services are well, one new process has the right clock and all keys, and time passes. Then nothing may be left over. */
async function quieten(stage: Stage, wishes: Wishes): Promise<void> {
  const { world, entra, invariants, people } = stage;
  entra.troubles.length = 0;
  const kids = stage.processes().flatMap((running) => running.kids);
  for (const running of stage.processes()) stage.crash(running);
  const allKeys = [...new Set(['k1', ...kids])] as Running['kids'];
  stage.start(0, allKeys, 0);
  const begun = world.now();
  await inOrder(stage, () => takeAction(stage, wishes, { do: 'audit', process: 0 }));
  for (let round = 0; round < MOST_ROUNDS && world.violation() === undefined; round += 1) {
    const due = people.map((person) => invariants.dueAt(person) ?? Number.POSITIVE_INFINITY);
    const next = Math.max(Math.min(...due), world.now());
    if (next > begun + QUIET_MS) break;
    await world.pass(next - world.now() + MINUTE);
    await inOrder(stage, () => takeAction(stage, wishes, { do: 'run', process: 0 }));
  }
  if (world.violation() === undefined) invariants.whenQuiet(world.now() - MINUTE);
}
