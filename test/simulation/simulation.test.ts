import { afterEach, describe, expect, it } from 'vitest';
import { FORMS } from './forms.ts';
import { type Form, search } from './search.ts';

/** Every change is tried with the same histories. `npm run sim` tries others. */
const SEED = 2_026;

let running: Promise<unknown> = Promise.resolve();

async function violationIn<H>(form: Form<H>, seeds: number, signal: AbortSignal) {
  const searching = search(form, { seeds, seed: SEED, signal });
  running = searching;
  const { found } = await searching;
  return found && [...found.lines, found.violation, JSON.stringify(found.history)].join('\n');
}

describe('the simulation', () => {
  // A search whose test has timed out still runs, and two of them would share the `Date` that they replace.
  afterEach(() => running.then(() => undefined), 60_000);

  it('finds no short history in which a promise is broken', { timeout: 300_000 }, async ({ signal }) => {
    expect(await violationIn(FORMS.interleavings, 170, signal)).toBeUndefined();
  });

  it('finds no month in which a promise is broken', { timeout: 300_000 }, async ({ signal }) => {
    expect(await violationIn(FORMS['short-years'], 10, signal)).toBeUndefined();
  });
});
