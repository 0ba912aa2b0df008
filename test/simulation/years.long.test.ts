import { expect, it } from 'vitest';
import { FORMS } from './forms.ts';
import { GUIDED_YEARS } from './guidedCrowds.ts';
import { search } from './search.ts';
import { simulateYears } from './simulateYears.ts';

const SEED = 11_2026;

it('no year of many users breaks a promise', { timeout: 900_000 }, async () => {
  const { found, userYears } = await search(FORMS.years, { seeds: 6, seed: SEED });
  expect(found && [...found.lines.slice(-2_000), found.violation].join('\n')).toBeUndefined();
  expect(userYears).toBeGreaterThan(20);
});

it('no guided year breaks a promise, and they meet the second page of the audit and the ceiling', {
  timeout: 300_000,
}, async () => {
  const met = new Set<string>();
  for (const history of Object.values(GUIDED_YEARS)) {
    const { violation, lines, events } = await simulateYears(history, { tells: true });
    expect(violation && lines.slice(-2_000).join('\n')).toBeUndefined();
    for (const event of events.keys()) met.add(event);
  }
  expect([...met]).toEqual(expect.arrayContaining(['index.repaired', 'sweep.retirement-stopped']));
});
