import type { Benchmark } from '../benchmark.ts';
export const workerBenchmark: Benchmark = {
  about: 'a refresh run',
  run: async () => ({ results: {}, lines: [] }),
};
