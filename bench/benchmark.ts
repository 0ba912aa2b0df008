import { UsageError } from '../ops/cli/errors.ts';
import { type Spread, spreadText } from './rounds.ts';

/** What is to be reached: a ratio that is to be at most, or at least, so much. Without either it is only reported. */
export type Reach = { what: string; ratio: Spread; most?: number; least?: number };

/** What a benchmark found: once for programs, and the same in a few lines for people. */
export type Findings = { results: Record<string, unknown> & { reach?: readonly Reach[] }; lines: string[] };

export type Benchmark = {
  /** One line, for the list of benchmarks. */
  about: string;
  /** The options with their defaults, as one line. */
  options: string;
  /**
   * @param args the command line without the benchmark's name and `--json`
   * @param tell gets one line about the progress at a time
   * @throws {UsageError}
   */
  run: (args: readonly string[], tell: (line: string) => void) => Promise<Findings>;
};

export const isReached = ({ ratio: { median }, most, least }: Reach): boolean =>
  (most === undefined || median <= most) && (least === undefined || median >= least);

/** What was to be reached, and whether it was. */
export function reachLines({ reach = [] }: Findings['results']): string[] {
  const lines = reach.map((one) => {
    const { what, ratio, most, least } = one;
    const wanted =
      most === undefined ? (least === undefined ? '' : `, at least ${least}`) : `, at most ${most}`;
    const verdict = wanted === '' ? '' : isReached(one) ? ': reached' : ': not reached';
    return `${what}: ${spreadText(ratio)}${wanted}${verdict}`;
  });
  return lines.length === 0 ? [] : ['', ...lines, ''];
}

/** An option's whole number. @throws {UsageError} */
export function readCount(option: string, value: string): number {
  if (!/^[1-9]\d{0,6}$/.test(value)) {
    throw new UsageError(`${option}: ${JSON.stringify(value)} is not a whole number from 1 to 9999999.`);
  }
  return Number(value);
}
