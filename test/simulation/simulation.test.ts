import { describe, expect, it } from 'vitest';
import { FORMS } from './forms.ts';
import { type Form, search } from './search.ts';

/** Every change is tried with the same histories. `npm run sim` tries others. */
const SEED = 2_026;

async function violationIn<H>(form: Form<H>, seeds: number) {
  const { found } = await search(form, { seeds, seed: SEED });
  return found && [...found.lines, found.violation, JSON.stringify(found.history)].join('\n');
}

describe('the simulation', () => {
  it('finds no short history in which a promise is broken', { timeout: 120_000 }, async () => {
    expect(await violationIn(FORMS.interleavings, 170)).toBeUndefined();
  });

  it('finds no month in which a promise is broken', { timeout: 120_000 }, async () => {
    expect(await violationIn(FORMS['short-years'], 10)).toBeUndefined();
  });
});
