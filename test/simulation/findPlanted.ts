import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { PLANTED_FAULTS } from './plantedFaults.ts';
import type { Report } from './search.ts';

const MAIN = fileURLToPath(new URL('./main.ts', import.meta.url));
/** How many histories may be tried until a fault is found. */
const SEEDS = 3_000;

/** The report of a process with the fault in it. */
export function findPlanted(name: string): Promise<Report<unknown>> {
  const seed = String(PLANTED_FAULTS[name]?.seed);
  const args = [MAIN, '--plant', name, '--seed', seed, '--seeds', String(SEEDS), '--json'];
  return new Promise((resolve, reject) => {
    // It ends with code 1, because something is found.
    execFile(process.execPath, args, { maxBuffer: 1e9 }, (error, stdout, stderr) => {
      if (stdout === '') reject(new Error(stderr, { cause: error }));
      else resolve(JSON.parse(stdout));
    });
  });
}

/** A row of the table in `docs/simulation.md`: how many histories the fault needs, and the steps of the shortest one. */
export function plantedRow(name: string, { found }: Report<unknown>): string {
  const needs =
    found === undefined ? ['not found', '', ''] : [found.seedsBefore, found.steps, found.violation];
  return `| ${[name, PLANTED_FAULTS[name]?.seed, ...needs].join(' | ')} |`;
}
