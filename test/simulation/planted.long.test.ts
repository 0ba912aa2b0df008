import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { PLANTED_FAULTS } from './plantedFaults.ts';
import type { Report } from './search.ts';

const MAIN = fileURLToPath(new URL('./main.ts', import.meta.url));
/** How many histories may be tried until a fault is found. */
const SEEDS = 3_000;

/** The report of a process with the fault in it. */
function find(name: string, seed: number): Promise<Report<unknown>> {
  const args = [MAIN, '--plant', name, '--seed', String(seed), '--seeds', String(SEEDS), '--json'];
  return new Promise((resolve, reject) => {
    // It ends with code 1, because something is found.
    execFile(process.execPath, args, { maxBuffer: 1e9 }, (error, stdout, stderr) => {
      if (stdout === '') reject(new Error(stderr, { cause: error }));
      else resolve(JSON.parse(stdout));
    });
  });
}

describe('a planted fault', { timeout: 300_000 }, () => {
  it.each(Object.entries(PLANTED_FAULTS))('is found: %s', async (name, { seed, found: says }) => {
    const { found } = await find(name, seed);
    expect(found?.violation).toMatch(says);
  });
});
