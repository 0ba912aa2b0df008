import { UsageError } from '../../ops/cli/errors.ts';
import { tableLines } from '../../ops/cli/printTable.ts';
import { readArguments } from '../../ops/cli/readArguments.ts';
import { type Benchmark, readCount } from '../benchmark.ts';
import { rounded, spreadOf, spreadText } from '../rounds.ts';
import { type MeasuredSweep, measureSweep } from './measureSweep.ts';

/** As the timer runs it. */
const CONCURRENCY = 16;
const LATENCIES = { storageMs: 5, tokenMs: 50 };
const SIZES = '1000,10000,100000';

/**
 * The refresh worker with the real MSAL, over the memory stores and a token endpoint of fixed latencies. What the
 * clients of the storage services cost is not in it.
 */
export const workerBenchmark: Benchmark = {
  about: 'a refresh run over so many due users',
  options: `[--sizes ${SIZES}] [--rounds 3]`,

  async run(args, tell) {
    const { values } = readArguments(args, {
      sizes: { type: 'string', default: SIZES },
      rounds: { type: 'string', default: '3' },
    });
    const rounds = readCount('--rounds', values.rounds);
    const [least, ...larger] = readSizes(values.sizes);
    const sweepOf = (users: number, concurrency: number) => {
      tell(`${users} users, ${concurrency} at a time`);
      return measureSweep({ users, concurrency, latencies: LATENCIES }, tell);
    };

    const atOnce: MeasuredSweep[] = [];
    const oneByOne: MeasuredSweep[] = [];
    for (let round = 0; round < rounds; round += 1) {
      atOnce.push(await sweepOf(least, CONCURRENCY));
      oneByOne.push(await sweepOf(least, 1));
    }
    const rest: MeasuredSweep[] = [];
    for (const users of larger) rest.push(await sweepOf(users, CONCURRENCY));

    const runs = [...atOnce, ...rest];
    const comparison = {
      users: least,
      rounds,
      sweep: spreadOf(atOnce.map(({ usersPerSecond }) => usersPerSecond)),
      sequential: spreadOf(oneByOne.map(({ usersPerSecond }) => usersPerSecond)),
      ratio: spreadOf(
        atOnce.map(({ usersPerSecond }, round) => usersPerSecond / (oneByOne[round]?.usersPerSecond ?? 0)),
      ),
    };
    const results = {
      latencies: LATENCIES,
      runs,
      sequentialRuns: oneByOne,
      comparison,
      peakRssRatio: peakRssRatio(runs),
    };
    return { results, lines: linesOf(runs, oneByOne, comparison.ratio) };
  },
};

/** Of the two largest sizes: a short run has not filled its heap yet. Null with one size. */
function peakRssRatio(runs: readonly MeasuredSweep[]): number | null {
  const [last, before] = runs.toReversed();
  if (last === undefined || before === undefined || last.users === before.users) return null;
  return rounded(last.rssMb.peak / before.rssMb.peak);
}

/** @throws {UsageError} */
function readSizes(text: string): [number, ...number[]] {
  const [least, ...larger] = text
    .split(',')
    .map((size) => readCount('--sizes', size.trim()))
    .sort((a, b) => a - b);
  if (least === undefined) throw new UsageError('--sizes is empty.');
  return [least, ...larger];
}

function linesOf(
  runs: readonly MeasuredSweep[],
  sequential: readonly MeasuredSweep[],
  ratio: MeasuredSweep['usersPerSecondByTenths'],
): string[] {
  const rows = [...runs, ...sequential].map((run) => [
    String(run.users),
    String(run.concurrency),
    `${run.usersPerSecond} (${run.usersPerSecondByTenths.p10}–${run.usersPerSecondByTenths.p90})`,
    String(run.idealUsersPerSecond),
    String(run.share),
    String(run.cpuMsPerUser),
    String(run.eventLoopBusy),
    String(run.rssMb.peak),
  ]);
  const heading = ['users', 'at a time', 'users/s', 'ideal', 'share', 'CPU ms/user', 'busy', 'peak RSS MB'];
  return [
    ...tableLines(heading, rows),
    '',
    `Against one user at a time: ${spreadText(ratio)} times as many users a second.`,
    'users/s: the whole run (10th–90th percentile of its tenths). ideal: with no cost but the injected latencies.',
    "CPU: of the sweep's process. It makes its users itself, and has no client of a storage service.",
  ];
}
