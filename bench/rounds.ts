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

/** A noisy machine's figure: the median, and what nine in ten were above and below. */
export type Spread = { median: number; p10: number; p90: number };

/** Of at least one value. */
export function spreadOf(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number): number => {
    const place = share * (sorted.length - 1);
    const below = sorted[Math.floor(place)] ?? Number.NaN;
    const above = sorted[Math.ceil(place)] ?? Number.NaN;
    return below + (above - below) * (place - Math.floor(place));
  };
  return { median: rounded(at(0.5)), p10: rounded(at(0.1)), p90: rounded(at(0.9)) };
}

/** Four digits are more than any of these measurements can tell. */
export const rounded = (value: number): number => Number(value.toPrecision(4));

export const spreadText = ({ median, p10, p90 }: Spread): string => `${median} (${p10}–${p90})`;

/** The order of a round: each begins with another subject, so that a machine that gets slower gets slower for all. */
export const turnsOf = (subjects: number, round: number): number[] =>
  Array.from({ length: subjects }, (_, turn) => (turn + round) % subjects);

/** The spread of the ratios of two subjects, round by round. */
export const ratioOf = (ours: readonly number[], theirs: readonly number[]): Spread =>
  spreadOf(ours.map((one, round) => one / (theirs[round] ?? Number.NaN)));
