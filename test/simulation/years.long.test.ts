import { expect, it } from 'vitest';
import { FORMS } from './forms.ts';
import { GUIDED_YEARS } from './guidedMoments.ts';
import { search } from './search.ts';
import { simulateYears } from './simulateYears.ts';

const SEED = 11_2026;

it('no year of many users breaks a promise', { timeout: 900_000 }, async () => {
  const { found, userYears } = await search(FORMS.years, { seeds: 6, seed: SEED });
  expect(found && [...found.lines.slice(-2_000), found.violation].join('\n')).toBeUndefined();
  expect(userYears).toBeGreaterThan(20);
});

it.each(Object.entries(GUIDED_YEARS))(
  'breaks no promise: %s',
  { timeout: 300_000 },
  async (_name, history) => {
    const { violation, lines, events } = await simulateYears(history, { tells: true });
    expect(violation && lines.slice(-2_000).join('\n')).toBeUndefined();
    expect([...events.keys()]).toEqual(
      expect.arrayContaining(['index.repaired', 'sweep.retirement-stopped']),
    );
  },
);
