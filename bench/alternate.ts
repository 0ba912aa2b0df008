/** How often something is done in one round, and how many rounds there are. */
export type Rounds = { rounds: number; times: number };

/** Before anything is measured: the compiler has seen it all by then. */
const WARM_UP_ROUNDS = 5;

/**
 * Measures several things side by side: each round does every one of them, beginning with another one each time, so
 * that a machine that gets slower for a while gets slower for all.
 * @returns µs for doing it once, for each thing one value a round
 */
export async function alternate<N extends string>(
  subjects: Record<N, () => unknown>,
  { rounds, times }: Rounds,
): Promise<Record<N, number[]>> {
  const names = Object.keys(subjects) as N[];
  const measured = Object.fromEntries(names.map((name) => [name, []])) as unknown as Record<N, number[]>;
  for (let round = -WARM_UP_ROUNDS; round < rounds; round += 1) {
    const first = (round + WARM_UP_ROUNDS) % names.length;
    for (const name of [...names.slice(first), ...names.slice(0, first)]) {
      const subject = subjects[name];
      const begun = performance.now();
      for (let time = 0; time < times; time += 1) await subject();
      const ms = performance.now() - begun;
      if (round >= 0) measured[name].push((ms * 1_000) / times);
    }
  }
  return measured;
}
