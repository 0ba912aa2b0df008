/** Histories in which runs are split, and their parts are lost, doubled, late, or with a process that dies. */
import fc from 'fast-check';
import { SHARDS } from '../../shared/adapters/shards.ts';
import type { RunPart } from '../../shared/ports.ts';
import { RUN_LIMITS } from '../../shared/worker/run.ts';
import { SIMPLE } from './foundHistories.ts';
import type { Action } from './history.ts';
import type { PartOfRun } from './operations.ts';
import type { Form } from './search.ts';
import { outcomeOf, quieten, START } from './simulate.ts';
import { replaceDate } from './simulatedDate.ts';
import { createStage, type Running, type Stage } from './stage.ts';
import { createWishes, takeAction } from './takeAction.ts';
import { randomFrom } from './world.ts';

const MINUTE = 60_000;

/** `which` is an index into the messages that are there. */
export type Move =
  | { do: 'plan'; process: number }
  /** A process gets a message. `keeps`: it stays in the queue, too, and comes again. */
  | { do: 'part'; process: number; which: number; keeps: boolean }
  | { do: 'lose'; which: number }
  | { do: 'other'; action: Action };

export type SplitHistory = {
  users: number;
  processes: number;
  seed: number;
  isLimited: boolean;
  moves: readonly Move[];
  /** Whose index entry is lost in the end, so that only the audit of the runs finds them. */
  loses?: number | undefined;
  /** Whether all users share one shard. */
  together?: boolean;
};

/** Token requests a second: with the first a run has a turn for one user of a tenant, with the second for three. */
const RATES = [0.01, 0.05];

const index = fc.nat({ max: 3 });
const on = { process: index, pausesAfter: fc.constant(0) };
const action: fc.Arbitrary<Action> = fc.oneof(
  fc.record({ do: fc.constant('visit' as const), user: index, fresh: fc.boolean(), ...on }),
  fc.record({ do: fc.constantFrom('disconnect' as const, 'reconnect' as const), user: index, ...on }),
  fc.record({ do: fc.constant('run' as const), ...on }),
  fc.record({ do: fc.constant('crash' as const), process: index }),
);
const wait: fc.Arbitrary<Action> = fc.record({
  do: fc.constant('wait' as const),
  ms: fc.constantFrom(MINUTE, 6 * MINUTE, 51 * MINUTE, 80 * MINUTE),
});
const move: fc.Arbitrary<Move> = fc.oneof(
  { arbitrary: fc.record({ do: fc.constant('plan' as const), process: index }), weight: 3 },
  {
    arbitrary: fc.record({
      do: fc.constant('part' as const),
      process: index,
      which: index,
      keeps: fc.boolean(),
    }),
    weight: 6,
  },
  { arbitrary: fc.record({ do: fc.constant('lose' as const), which: index }), weight: 1 },
  { arbitrary: fc.record({ do: fc.constant('other' as const), action: wait }), weight: 3 },
  { arbitrary: fc.record({ do: fc.constant('other' as const), action }), weight: 4 },
);

export const SPLIT: Form<SplitHistory> = {
  history: fc.record({
    users: fc.integer({ min: 2, max: 4 }),
    processes: fc.integer({ min: 1, max: 4 }),
    seed: fc.nat({ max: 1_000_000 }),
    moves: fc.array(move, { minLength: 3, maxLength: 24 }),
    // What follows comes last, so that the histories of a seed are those that they were before it.
    isLimited: fc.boolean(),
    // A whole pass of the audit is many runs, so most histories lose nothing.
    loses: fc.oneof({ arbitrary: fc.constant(undefined), weight: 9 }, { arbitrary: index, weight: 1 }),
  }),
  run: runSplit,
};

async function runSplit(history: SplitHistory, { tells = false } = {}) {
  const { users, processes, seed, isLimited, moves, loses, together = false } = history;
  const stage = createStage({
    ...SIMPLE,
    startAt: START,
    seed,
    tells,
    notesEveryMs: 60 * MINUTE,
    users,
    together,
    splitAbove: 1,
    tokenRequestsPerSecond: isLimited ? (RATES[seed % RATES.length] ?? 0) : 0,
  });
  const { world } = stage;
  const wishes = createWishes();
  const random = randomFrom(seed);
  const queue: RunPart[] = [];
  /** Into how many parts each run was split, whatever its messages say. */
  const shares = new Map<string, number>();
  const take = (which: number, keeps: boolean) =>
    queue.length === 0
      ? undefined
      : keeps
        ? queue[which % queue.length]
        : queue.splice(which % queue.length, 1)[0];

  async function begin(next: Move): Promise<void> {
    switch (next.do) {
      case 'plan':
        return sweepIn(stage, next.process, 'run that may be split', (running, limits, operation) =>
          running.stead.worker.run(operation, limits, (parts) => {
            for (const { runId } of parts) shares.set(runId, parts.length);
            queue.push(...structuredClone([...parts]));
          }),
        );
      case 'part': {
        // A process that is busy takes no message.
        if (stage.process(next.process).isSweeping) return;
        const part = take(next.which, next.keeps);
        if (part === undefined) return;
        const { runId, shard } = part;
        const of = { share: shares.get(runId) ?? 1, place: SHARDS.indexOf(shard) / SHARDS.length };
        const sweep: Swept = async (running, limits, operation) => {
          const isLate = Date.parse(part.deadline) < world.now();
          const swept = await running.stead.worker.sweepPart(operation, part, limits);
          if (isLate && swept !== undefined) world.violated('a part of a run was swept after its deadline');
          return swept;
        };
        return sweepIn(stage, next.process, `part ${shard}`, sweep, of);
      }
      case 'lose':
        take(next.which, false);
        return;
      case 'other':
        return takeAction(stage, wishes, next.action);
      default:
        return next satisfies never;
    }
  }

  const putBack = replaceDate(world.seenNow);
  try {
    for (let n = 0; n < processes; n += 1) stage.start(n, ['k1'], 0);
    for (let user = 0; user < users; user += 1) {
      await takeAction(stage, wishes, { do: 'visit', user, process: 0, fresh: true, pausesAfter: 0 });
      await drain(stage, [], begin, () => 1);
    }
    await world.pass(2 * MINUTE);
    world.tell(() => '-- from here on in any order');
    await drain(stage, moves, begin, random);
    await loseEverything(stage, queue, begin);
    if (!isLimited && world.violation() === undefined) {
      await deliverEverything(stage, queue, begin, RUNS_WITH_PARTS);
      if (loses !== undefined) {
        await takeAction(stage, wishes, { do: 'damage', user: loses, how: 'entry-deleted' });
        await deliverEverything(stage, queue, begin, RUNS_WITH_AUDIT);
      }
    }
    world.tell(() => '-- quiet from here on');
    if (world.violation() === undefined) await quieten(stage, wishes, 'new');
  } finally {
    putBack();
  }
  return outcomeOf(stage, users);
}

/**
 * Nobody gets the messages of so many runs: the queue is gone, or nobody reads it. Then a run sweeps everything itself, so whoever
 * was due before the first of them was checked.
 */
const RUNS_WITHOUT_PARTS = 5;

async function loseEverything(
  stage: Stage,
  queue: RunPart[],
  begin: (move: Move) => Promise<void>,
): Promise<void> {
  const { world, people, invariants } = stage;
  // The leases of runs that have died end before.
  await world.pass(6 * MINUTE);
  const since = world.now();
  for (let turn = 0; turn < RUNS_WITHOUT_PARTS && world.violation() === undefined; turn += 1) {
    await drain(stage, [{ do: 'plan', process: 0 }], begin, () => 1);
    queue.length = 0;
    await world.pass(MINUTE);
  }
  for (const person of people) {
    if ((invariants.dueAt(person) ?? Number.POSITIVE_INFINITY) > since) continue;
    world.violated(`nobody gets the parts of runs, and ${person.name} was not checked`);
  }
}

/** In the last of so many runs nothing is amiss any more, so its parts are all that sweeps anybody. */
const RUNS_WITH_PARTS = 3;
/** Each run audits one page, and a shard has at least one. The run after them checks whom the audit has found. */
const RUNS_WITH_AUDIT = SHARDS.length + 2;

/** Everybody gets each message of so many runs once, and in time. Then whoever was due before the last run was checked by a part of it. */
async function deliverEverything(
  stage: Stage,
  queue: RunPart[],
  begin: (move: Move) => Promise<void>,
  runs: number,
): Promise<void> {
  const { world, people, invariants } = stage;
  let since = world.now();
  for (let turn = 0; turn < runs && world.violation() === undefined; turn += 1) {
    await world.pass(80 * MINUTE);
    since = world.now();
    await drain(stage, [{ do: 'plan', process: 0 }], begin, () => 1);
    while (queue.length > 0 && world.violation() === undefined)
      await drain(stage, [{ do: 'part', process: 0, which: 0, keeps: false }], begin, () => 1);
  }
  for (const person of people) {
    if ((invariants.dueAt(person) ?? Number.POSITIVE_INFINITY) > since) continue;
    world.violated(
      runs === RUNS_WITH_AUDIT
        ? `the runs were split, and their audit has not found ${person.name}`
        : `every part of a run was swept, and ${person.name} was not checked`,
    );
  }
}

type Swept = (
  running: Running,
  limits: typeof RUN_LIMITS,
  operation: Parameters<Running['stead']['worker']['run']>[0],
) => Promise<unknown>;

/** A process sweeps one thing at a time, as with `batchSize` 1. */
async function sweepIn(
  stage: Stage,
  process: number,
  what: string,
  sweep: Swept,
  part?: PartOfRun,
): Promise<void> {
  const running = stage.process(process);
  if (running.isSweeping) return;
  running.isSweeping = true;
  await stage.begin(running, { kind: 'run', what, ...(part && { part }) }, async (operation) => {
    try {
      const swept = await sweep(running, { ...RUN_LIMITS, concurrency: stage.checksAtOnce }, operation);
      return swept === undefined ? 'nothing' : 'done';
    } finally {
      running.isSweeping = false;
    }
  });
}

/** Begins the moves one after the other, and lets the steps of all processes happen in an order of chance. */
async function drain(
  { world, operations }: Stage,
  moves: readonly Move[],
  begin: (move: Move) => Promise<void>,
  random: () => number,
): Promise<void> {
  const waiting = [...moves];
  while (world.violation() === undefined) {
    const steps = world.pending();
    const [next] = waiting;
    if (next !== undefined && (steps.length === 0 || random() < 0.1)) {
      waiting.shift();
      await begin(next);
    } else if (steps.length > 0) {
      const step = steps[Math.floor(random() * steps.length) % steps.length];
      // Seldom, the service does what it is asked, and its answer is lost.
      if (step !== undefined) await world.take(step, random() < 0.02 ? 1 : 0);
    } else if (operations.isIdle()) return;
    else if (world.hasTimer()) await world.fireNextTimer();
    else world.violated('an operation waits for nothing, for ever');
  }
}
