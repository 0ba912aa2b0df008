import { expect, it } from 'vitest';
import { FORMS } from './forms.ts';
import { search } from './search.ts';

const SEED = 11_2026;

it('no year of many users breaks a promise', { timeout: 900_000 }, async () => {
  const { found, userYears } = await search(FORMS.years, { seeds: 6, seed: SEED });
  expect(found && [...found.lines.slice(-2_000), found.violation].join('\n')).toBeUndefined();
  expect(userYears).toBeGreaterThan(20);
});
