import { UsageError } from '../../ops/cli/errors.ts';
import { tableLines } from '../../ops/cli/printTable.ts';
import { readArguments } from '../../ops/cli/readArguments.ts';
import { type Benchmark, readCount } from '../benchmark.ts';
import { rounded, spreadOf } from '../rounds.ts';
import { type MeasuredSweep, measureSweep } from './measureSweep.ts';

/** As the timer runs it. */
const CONCURRENCY = 16;
const SIZES = '10000,100000';

/**
 * The refresh worker with the real MSAL over stores in memory, which make a user when the run comes to them. What grows with
 * the number of users is then the worker's.
 */
export const memoryBenchmark: Benchmark = {
  about: 'the memory of a refresh run over few and over many due users',
  options: `[--sizes ${SIZES}]`,

  async run(args, tell) {
    const { values } = readArguments(args, { sizes: { type: 'string', default: SIZES } });
    const runs: MeasuredSweep[] = [];
    for (const users of readSizes(values.sizes)) {
      tell(`${users} users`);
      runs.push(await measureSweep({ users, concurrency: CONCURRENCY }, tell));
    }
    const [least, ...larger] = runs;
    const ratio = (larger.at(-1)?.rssMb.peak ?? Number.NaN) / (least?.rssMb.peak ?? Number.NaN);
    const results = {
      concurrency: CONCURRENCY,
      runs,
      reach: [
        {
          what: `peak RSS at ${larger.at(-1)?.users} users of that at ${least?.users}`,
          ratio: spreadOf([rounded(ratio)]),
          most: 1.2,
        },
      ],
    };
    const rows = runs.map(({ users, cpuMsPerUser, rssMb }) => [
      String(users),
      String(cpuMsPerUser),
      String(rssMb.before),
      String(rssMb.peak),
    ]);
    return { results, lines: tableLines(['users', 'CPU ms/user', 'RSS before MB', 'peak RSS MB'], rows) };
  },
};

/** @throws {UsageError} */
function readSizes(text: string): number[] {
  const sizes = text
    .split(',')
    .map((size) => readCount('--sizes', size.trim()))
    .sort((a, b) => a - b);
  if (sizes.length < 2) throw new UsageError('--sizes needs two sizes, to compare them.');
  return sizes;
}
