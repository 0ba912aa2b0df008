import { afterEach, describe, expect, it } from 'vitest';
import { FORMS } from './forms.ts';
import { oneAtATime } from './oneAtATime.ts';
import { type Form, search } from './search.ts';

/** Every change is tried with the same histories. `npm run sim` tries others. */
const SEED = 2_026;

const searches = oneAtATime();

async function violationIn<H>(form: Form<H>, seeds: number, signal: AbortSignal) {
  const { found } = await searches.begin(search(form, { seeds, seed: SEED, signal }));
  return found && [...found.lines, found.violation, JSON.stringify(found.history)].join('\n');
}

describe('the simulation', () => {
  afterEach(searches.ended, 60_000);

  it('finds no short history in which a promise is broken', { timeout: 300_000 }, async ({ signal }) => {
    expect(await violationIn(FORMS.interleavings, 170, signal)).toBeUndefined();
  });

  it('finds no month in which a promise is broken', { timeout: 300_000 }, async ({ signal }) => {
    expect(await violationIn(FORMS['short-years'], 10, signal)).toBeUndefined();
  });
});
