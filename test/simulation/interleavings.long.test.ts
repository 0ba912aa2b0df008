import { expect, it } from 'vitest';
import { drawnEdges } from '../support/lifeDiagram.ts';
import { FORMS } from './forms.ts';
import { GUIDED_HISTORIES } from './guidedHistories.ts';
import { search } from './search.ts';
import { simulate } from './simulate.ts';

const SEED = 112_026;
const SEEDS = 2_000;

it('no short history of 2,000 breaks a promise, and with the guided ones they take every edge of the state diagram', {
  timeout: 600_000,
}, async () => {
  const { found, edges, events } = await search(FORMS.interleavings, { seeds: SEEDS, seed: SEED });
  expect(
    found && [...found.lines, found.violation, JSON.stringify(found.history)].join('\n'),
  ).toBeUndefined();
  const within = ['paused', 'resumed', 'told', 'woken'].map((change) => `change.${change}`);
  expect(Object.keys(events)).toEqual(expect.arrayContaining(within));
  const taken = new Set(edges);
  for (const history of Object.values(GUIDED_HISTORIES)) {
    for (const edge of (await simulate(history)).edges) taken.add(edge);
  }
  expect(drawnEdges().filter((edge) => !taken.has(edge))).toEqual([]);
});
