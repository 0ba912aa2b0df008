import { describe, expect, it } from 'vitest';
import { STEPS } from '../../../../spa/src/demo/controls.ts';
import { type Place, placeAfter } from '../../../../spa/src/demo/useTour.ts';

const RETURN = STEPS.indexOf('return');

describe('the place in the tour', () => {
  it('is the next one when somebody who was needed at the sign-in step is needed no more', () => {
    let place: Place = { done: RETURN, wasNeeded: false };
    // The page may not know yet what the worker has found.
    for (const isNeeded of [false, undefined, true, undefined]) place = placeAfter(place, isNeeded);
    expect(place).toEqual({ done: RETURN, wasNeeded: true });
    expect(placeAfter(place, false)).toEqual({ done: RETURN + 1, wasNeeded: false });
  });

  it('stays at every other step', () => {
    for (const done of [...STEPS.keys(), STEPS.length].filter((step) => step !== RETURN))
      for (const isNeeded of [true, false, undefined]) {
        const place = { done, wasNeeded: false };
        expect(placeAfter(place, isNeeded)).toBe(place);
      }
  });
});
