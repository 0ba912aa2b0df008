/** `npm run bench -- NAME [options] [--json]`: measures, and says on what machine. Nothing here is a test. */
import { asksForHelp, UsageError } from '../dev/readArguments.ts';
import type { Benchmark } from './benchmark.ts';
import { environment } from './environment.ts';
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

process.exitCode = await main(process.argv.slice(2));

async function main(args: readonly string[]): Promise<number> {
  if (asksForHelp(args)) {
    process.stdout.write(USAGE);
    return 0;
  }
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
    process.stderr.write(`${error.message}\n\n${USAGE}`);
    return 2;
  }
}

/** @throws {UsageError} there is none of that name. */
function find(name: string): Benchmark {
  const found = Object.hasOwn(BENCHMARKS, name) ? BENCHMARKS[name] : undefined;
  if (found !== undefined) return found;
  throw new UsageError(
    name === '' ? 'Which benchmark? Give its name.' : `There is no benchmark ${JSON.stringify(name)}.`,
  );
}

function print(lines: readonly string[]): void {
  process.stdout.write(`${lines.join('\n')}\n`);
}
