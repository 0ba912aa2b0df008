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
