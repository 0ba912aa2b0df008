/** `npm run bench -- NAME|all [options] [--json]`: measures, and says on what machine. Nothing here is a test. */
import { execFileSync } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { arch, availableParallelism, cpus, loadavg, platform, totalmem } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { UsageError } from '../ops/cli/errors.ts';
import { runCommand } from '../ops/cli/runCommand.ts';
import { type Benchmark, type Findings, reachLines } from './benchmark.ts';
import { memoryBenchmark } from './memory/memoryBenchmark.ts';
import { coldStartBenchmark } from './profile/coldStartBenchmark.ts';
import { slowBenchmark } from './profile/slowBenchmark.ts';
import { stormBenchmark } from './profile/stormBenchmark.ts';
import { warmBenchmark } from './profile/warmBenchmark.ts';
import { sealBenchmark } from './seal/sealBenchmark.ts';
import { unitBenchmark } from './worker/unitBenchmark.ts';
import { workerBenchmark } from './worker/workerBenchmark.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const RESULTS = join(ROOT, 'bench/results');

const BENCHMARKS: Record<string, Benchmark> = {
  'profile-warm': warmBenchmark,
  'profile-slow': slowBenchmark,
  'profile-storm': stormBenchmark,
  'cold-start': coldStartBenchmark,
  worker: workerBenchmark,
  'worker-memory': memoryBenchmark,
  seal: sealBenchmark,
  unit: unitBenchmark,
};

const USAGE = `Usage: npm run bench -- NAME|all [options]

Measures on this machine, and says on which one. Compare ratios alone: other
processes of the machine slow down everything that is measured.

${Object.entries(BENCHMARKS)
  .map(([name, { about, options }]) => `  ${name.padEnd(13)} ${about}\n                ${options}`)
  .join('\n')}
  all           all of them, with their defaults

  --json   prints one JSON document; --silent of npm adds nothing to it
  --keep   also writes each result to bench/results/NAME.json
  --help   shows this text
`;

await runCommand(USAGE, async (args) => {
  const [json, keep] = [args.includes('--json'), args.includes('--keep')];
  const [name = '', ...rest] = args.filter((arg) => arg !== '--json' && arg !== '--keep');
  const tell = (line: string) => process.stderr.write(`${line}\n`);
  const names = name === 'all' ? Object.keys(BENCHMARKS) : [name];
  // A benchmark that has no such option would otherwise refuse it after the others were measured.
  if (name === 'all' && rest.length > 0) {
    throw new UsageError(`"all" measures with the defaults, and takes no ${JSON.stringify(rest[0])}.`);
  }
  const benchmarks = names.map((one) => [one, find(one)] as const);
  const found: unknown[] = [];
  for (const [one, benchmark] of benchmarks) {
    if (names.length > 1) tell(one);
    const { results, lines } = await benchmark.run(rest, tell);
    const result = { benchmark: one, environment: await environment(), ...results };
    found.push(result);
    if (keep) await keepResult(one, result);
    if (!json) print([...headingOf(one, result), ...lines, ...reachLines(results)]);
  }
  if (json) print([JSON.stringify(found.length === 1 ? found[0] : found, undefined, 2)]);
  return 0;
});

function print(lines: readonly string[]): void {
  process.stdout.write(`${lines.join('\n')}\n`);
}

function headingOf(name: string, { environment }: { environment: Environment }): string[] {
  const { node, cores, cpu, load } = environment;
  return [`${name}: Node ${node}, ${cores} × ${cpu}, load ${load}`, ''];
}

/** @throws {UsageError} there is none of that name. */
function find(name: string): Benchmark {
  const found = Object.hasOwn(BENCHMARKS, name) ? BENCHMARKS[name] : undefined;
  if (found !== undefined) return found;
  throw new UsageError(
    name === '' ? 'Which benchmark? Give its name.' : `There is no benchmark ${JSON.stringify(name)}.`,
  );
}

async function keepResult(name: string, result: Findings['results']): Promise<void> {
  await mkdir(RESULTS, { recursive: true });
  await writeFile(join(RESULTS, `${name}.json`), `${JSON.stringify(result, undefined, 2)}\n`);
}

type Environment = Awaited<ReturnType<typeof environment>>;

/** Where the figures come from; figures of two machines are not to be compared. */
async function environment() {
  const packages = [
    '@azure/functions',
    '@azure/msal-node',
    '@azure/data-tables',
    '@azure/storage-blob',
    'jose',
  ];
  const versions = await Promise.all(packages.map(async (name) => [name, await versionOf(name)] as const));
  return {
    commit: commit(),
    node: process.version,
    platform: `${platform()}-${arch()}`,
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    memoryMb: Math.round(totalmem() / 2 ** 20),
    /** How many processes wanted a core in the last minute: more than there are cores, and times are not to be believed. */
    load: Number((loadavg()[0] ?? 0).toFixed(1)),
    versions: Object.fromEntries(versions),
  };
}

async function versionOf(name: string): Promise<string> {
  const text = await readFile(join(ROOT, 'node_modules', name, 'package.json'), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}

/** With a plus behind it if files differ from it. */
function commit(): string {
  try {
    const git = (...args: string[]) => execFileSync('git', args, { cwd: ROOT, encoding: 'utf8' }).trim();
    return `${git('rev-parse', '--short', 'HEAD')}${git('status', '--porcelain', '--', 'shared', 'functions', 'dev', 'bench/**/*.ts') === '' ? '' : '+'}`;
  } catch {
    return 'unknown';
  }
}
