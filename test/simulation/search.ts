import fc from 'fast-check';
import type { Outcome } from './simulate.ts';

/** A kind of history: how histories are chosen, and how one is run. */
export type Form<H> = {
  history: fc.Arbitrary<H>;
  run: (history: H, options?: { tells?: boolean }) => Promise<Outcome>;
};

export type Found<H> = {
  violation: string;
  /** `seed:path`: it finds the same history again, as long as nobody changes what histories may be. */
  replay: string;
  /** The shortest history that was found. It stays the same, whatever is changed. */
  history: H;
  lines: readonly string[];
  steps: number;
  /** How many histories were run before the first that failed, and how many times it was made shorter. */
  seedsBefore: number;
  shrinks: number;
};

export type Report<H> = {
  /** Where they began. */
  seed: number;
  seeds: number;
  ms: number;
  steps: number;
  /** The simulated time of all users together. */
  userYears: number;
  distinctOrders: number;
  edges: string[];
  events: Record<string, number>;
  found: Found<H> | undefined;
};

export type SearchOptions = {
  seeds: number;
  seed: number;
  /** What follows the seed in `replay`: this history is run, and made shorter. */
  path?: string | undefined;
  /** Whether the history that fails is told as it is. Default: it is made shorter. */
  isFirstEnough?: boolean;
  /** Once it has aborted, no other history is run. */
  signal?: AbortSignal;
};

/**
 * Runs many histories, until one violates an invariant. That one is then made as short as possible.
 */
export async function search<H>(
  { history, run }: Form<H>,
  { seeds, seed, path, isFirstEnough = false, signal }: SearchOptions,
): Promise<Report<H>> {
  const begun = performance.now();
  const edges = new Set<string>();
  const orders = new Set<number>();
  const events: Record<string, number> = {};
  let [steps, ran, userMs] = [0, 0, 0];
  const property = fc.asyncProperty(history, async (one) => {
    // If the history of a path does not fail, fast-check goes on with its neighbours. They were not asked for.
    if (path !== undefined && isFirstEnough && ran > 0) return;
    if (signal?.aborted) return;
    const outcome = await run(one);
    ran += 1;
    steps += outcome.steps;
    userMs += outcome.userMs;
    orders.add(outcome.order);
    for (const edge of outcome.edges) edges.add(edge);
    for (const [event, count] of outcome.events) events[event] = (events[event] ?? 0) + count;
    if (outcome.violation !== undefined) throw new Error(outcome.violation);
  });
  const { counterexample, counterexamplePath, numShrinks, numRuns } = await fc.check(property, {
    seed,
    numRuns: seeds,
    endOnFailure: isFirstEnough,
    ...(path !== undefined && { path }),
  });
  const ms = performance.now() - begun;
  const figures = { ms, steps, userYears: userMs / YEAR_MS, distinctOrders: orders.size };
  const report = { seed, ...figures, seeds: ran, edges: [...edges].sort(), events };
  if (counterexample === null) return { ...report, found: undefined };
  const [shortest] = counterexample;
  const told = await run(shortest, { tells: true });
  return {
    ...report,
    found: {
      violation: told.violation ?? 'The history did not fail again. The simulation is not deterministic.',
      replay: `${seed}:${counterexamplePath}`,
      history: shortest,
      lines: told.lines,
      steps: told.steps,
      seedsBefore: numRuns,
      shrinks: numShrinks,
    },
  };
}

const YEAR_MS = 365.25 * 86_400_000;
