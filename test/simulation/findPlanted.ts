import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { PLANTED_FAULTS, type PlantedFault } from './plantedFaults.ts';
import type { Report } from './search.ts';

const MAIN = fileURLToPath(new URL('./main.ts', import.meta.url));
/** How many histories may be tried until a fault is found, if the one that is known to find it no longer does. */
const SEEDS = { interleavings: 3_000, 'short-years': 100, years: 10 };

/** The report of a process with the fault in it. */
export async function findPlanted(name: string): Promise<Report<unknown>> {
  const { form = 'interleavings', seed, history } = PLANTED_FAULTS[name] as PlantedFault;
  // To make a history of years shorter takes many minutes.
  const plant = ['--form', form, '--plant', name, ...(form === 'years' ? ['--first'] : [])];
  const report = await reportOf(...plant, '--replay', `${seed}:${history}`);
  return report.found === undefined
    ? reportOf(...plant, '--seed', String(seed), '--seeds', String(SEEDS[form]))
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
  const history = Number(found?.replay.split(':')[1]);
  const needs = found === undefined ? ['not found', '', ''] : [history + 1, found.steps, found.violation];
  return `| ${[name, PLANTED_FAULTS[name]?.seed, ...needs].join(' | ')} |`;
}
