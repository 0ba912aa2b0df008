import { createHash } from 'node:crypto';

/** Uniform in [0, 1), the same course for the same seed. */
export function seededRandom(seed: string): () => number {
  let drawn = 0;
  return () => {
    drawn += 1;
    return createHash('sha256').update(`${seed} ${drawn}`).digest().readUInt32BE() / 2 ** 32;
  };
}

/** One of them; `draw` is uniform in [0, 1). */
export function pickOne<T>(from: readonly T[], draw: number): T {
  const picked = from[Math.floor(draw * from.length)];
  if (picked === undefined) throw new RangeError('there is nothing to pick from');
  return picked;
}
