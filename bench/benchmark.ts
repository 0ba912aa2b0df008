import { UsageError } from '../ops/cli/errors.ts';

/** What a benchmark found: once for programs, and the same in a few lines for people. */
export type Findings = { results: Record<string, unknown>; lines: string[] };

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

/** An option's whole number. @throws {UsageError} */
export function readCount(option: string, value: string): number {
  if (!/^[1-9]\d{0,6}$/.test(value)) {
    throw new UsageError(`${option}: ${JSON.stringify(value)} is not a whole number from 1 to 9999999.`);
  }
  return Number(value);
}
