/** `npm run bench -- NAME [options] [--json]`: measures, and says on what machine. Nothing here is a test. */
import { arch, availableParallelism, cpus, platform, totalmem } from 'node:os';
import { UsageError } from '../ops/cli/errors.ts';
import { runCommand } from '../ops/cli/runCommand.ts';
import type { Benchmark } from './benchmark.ts';
import { sealBenchmark } from './seal/sealBenchmark.ts';
import { workerBenchmark } from './worker/workerBenchmark.ts';

const BENCHMARKS: Record<string, Benchmark> = { seal: sealBenchmark, worker: workerBenchmark };

const USAGE = `Usage: npm run bench -- NAME [options]

Measures on this machine, and says on which one.

${Object.entries(BENCHMARKS)
  .map(([name, { about, options }]) => `  ${name.padEnd(8)} ${about}\n           ${options}`)
  .join('\n')}

  --json   prints one JSON document; --silent of npm adds nothing to it
  --help   shows this text
`;

await runCommand(USAGE, async (args) => {
  const json = args.includes('--json');
  const [name = '', ...rest] = args.filter((arg) => arg !== '--json');
  const machine = environment();
  const { results, lines } = await find(name).run(rest, (line) => process.stderr.write(`${line}\n`));
  const { node, cpu, cores } = machine;
  const text = json
    ? JSON.stringify({ benchmark: name, environment: machine, ...results }, undefined, 2)
    : [`${name}: Node ${node}, ${cores} × ${cpu}`, '', ...lines].join('\n');
  process.stdout.write(`${text}\n`);
  return 0;
});

/** @throws {UsageError} there is none of that name. */
function find(name: string): Benchmark {
  const found = Object.hasOwn(BENCHMARKS, name) ? BENCHMARKS[name] : undefined;
  if (found !== undefined) return found;
  throw new UsageError(
    name === '' ? 'Which benchmark? Give its name.' : `There is no benchmark ${JSON.stringify(name)}.`,
  );
}

/** Where the figures come from; figures of two machines are not to be compared. */
function environment() {
  return {
    node: process.version,
    platform: `${platform()}-${arch()}`,
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    memoryMb: Math.round(totalmem() / 2 ** 20),
  };
}
