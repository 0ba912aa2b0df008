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
  run: (args: string[], tell: (line: string) => void) => Promise<Findings>;
};
