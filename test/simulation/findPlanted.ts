import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { PLANTED_FAULTS, type PlantedFault } from './plantedFaults.ts';
import type { Report } from './search.ts';

const MAIN = fileURLToPath(new URL('./main.ts', import.meta.url));
/** How many histories may be tried until a fault is found, if the one that is known to find it no longer does. */
const SEEDS = { interleavings: 3_000, split: 300, 'short-years': 100, years: 10 };

/** The report of a process with the fault in it. */
export async function findPlanted(name: string): Promise<Report<unknown>> {
  const fault = PLANTED_FAULTS[name] as PlantedFault;
  if ('guided' in fault) return reportOf('--plant', name, '--guided', fault.guided);
  const { form = 'interleavings', seed, history } = fault;
  // To make a history of years shorter takes many minutes.
  const [shorter, first] = form === 'years' ? [[], ['--first']] : [['--shorter'], []];
  const plant = ['--form', form, '--plant', name];
  const report = await reportOf(...plant, ...shorter, '--replay', `${seed}:${history}`);
  return report.found === undefined
    ? reportOf(...plant, ...first, '--seed', String(seed), '--seeds', String(SEEDS[form]))
    : report;
}

function reportOf(...options: string[]): Promise<Report<unknown>> {
  return new Promise((resolve, reject) => {
    // It ends with code 1, because something is found.
    execFile(process.execPath, [MAIN, ...options, '--json'], { maxBuffer: 1e9 }, (error, stdout, stderr) => {
      if (stdout === '') reject(new Error(stderr, { cause: error }));
      else resolve(JSON.parse(stdout));
    });
  });
}

/** A row of the table in `docs/simulation.md`: which history finds the fault, and the steps of the shortest one. */
export function plantedRow(name: string, { found }: Report<unknown>): string {
  const fault = PLANTED_FAULTS[name] as PlantedFault;
  const seed = seedOf(fault);
  if (found === undefined) return `| ${name} | ${seed} | not found | | |`;
  const histories = 'guided' in fault ? 1 : Number(found.replay.split(':')[1]) + 1;
  return `| ${[name, seed, histories, found.steps, found.violation].join(' | ')} |`;
}

/** What the table says of where the histories begin. */
export const seedOf = (fault: PlantedFault): string => ('guided' in fault ? 'guided' : String(fault.seed));
