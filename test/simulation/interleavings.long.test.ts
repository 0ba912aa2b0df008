import { expect, it } from 'vitest';
import { lifeEdges, lifeSection } from '../support/lifeDiagram.ts';
import { FORMS } from './forms.ts';
import { search } from './search.ts';

const SEED = 11_2026;

it('no short history of thousands breaks a promise, and together they take every edge of the state diagram', {
  timeout: 600_000,
}, async () => {
  const { found, edges } = await search(FORMS.interleavings, { seeds: 3_000, seed: SEED });
  expect(
    found && [...found.lines, found.violation, JSON.stringify(found.history)].join('\n'),
  ).toBeUndefined();
  const drawn = new Set(lifeEdges(lifeSection()).map((edge) => edge.replace(/: \w+$/, '')));
  expect([...drawn].filter((edge) => !edges.includes(edge))).toEqual([]);
});
