import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { seedOf } from './findPlanted.ts';
import { changed } from './plant.ts';
import { PLANTED_FAULTS } from './plantedFaults.ts';

const ROW = /^\| (?<name>[^|]+) \| (?<seed>\d+|guided) \| \d+ \| \d+ \| (?<says>[^|]+) \|$/;

it('docs/simulation.md has a row for each planted fault, with its seed and what is said of it', () => {
  const document = readFileSync(new URL('../../docs/simulation.md', import.meta.url), 'utf8');
  const rows = document
    .split('\n')
    .map((line) => ROW.exec(line)?.groups)
    .filter((groups) => groups !== undefined);
  const named = rows.map(({ name, seed }) => [name, seed]);
  expect(named).toEqual(Object.entries(PLANTED_FAULTS).map(([name, fault]) => [name, seedOf(fault)]));
  for (const { name = '', says } of rows) expect(says).toMatch(PLANTED_FAULTS[name]?.found ?? /nothing/);
});

it.each(
  Object.entries(PLANTED_FAULTS),
)('the source has the place of the planted fault: %s', (_name, fault) => {
  const source = readFileSync(new URL(`../../${fault.file}`, import.meta.url), 'utf8');
  expect(changed(fault, source)).not.toBe(source);
});
