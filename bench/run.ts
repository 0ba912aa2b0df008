/** `npm run bench -- NAME [options] [--json]`: measures, and says on what machine. Nothing here is a test. */
import { type Benchmark, UsageError } from './benchmark.ts';
import { environment } from './environment.ts';
import { sealBenchmark } from './seal/sealBenchmark.ts';
import { workerBenchmark } from './worker/workerBenchmark.ts';

const BENCHMARKS: Record<string, Benchmark> = { seal: sealBenchmark, worker: workerBenchmark };

process.exitCode = await main(process.argv.slice(2));

async function main(args: readonly string[]): Promise<number> {
  const json = args.includes('--json');
  const [name = '', ...rest] = args.filter((arg) => arg !== '--json');
  try {
    const machine = environment();
    const { results, lines } = await find(name).run(rest, (line) => process.stderr.write(`${line}\n`));
    const { node, cpu, cores } = machine;
    print(
      json
        ? [JSON.stringify({ benchmark: name, environment: machine, ...results }, undefined, 2)]
        : [`${name}: Node ${node}, ${cores} × ${cpu}`, '', ...lines],
    );
    return 0;
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    process.stderr.write(`${error.message}\n`);
    return 2;
  }
}

/** @throws {UsageError} that lists what there is. */
function find(name: string): Benchmark {
  const found = Object.hasOwn(BENCHMARKS, name) ? BENCHMARKS[name] : undefined;
  if (found !== undefined) return found;
  const list = Object.entries(BENCHMARKS).map(([known, { about }]) => `  ${known.padEnd(8)}${about}`);
  const problem = name === '' ? 'Which benchmark?' : `There is no benchmark "${name}".`;
  throw new UsageError(`${problem} There are:\n${list.join('\n')}`);
}

function print(lines: readonly string[]): void {
  process.stdout.write(`${lines.join('\n')}\n`);
}
