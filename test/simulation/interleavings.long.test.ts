import { expect, it } from 'vitest';
import { drawnEdges } from '../support/lifeDiagram.ts';
import { FORMS } from './forms.ts';
import { GUIDED_HISTORIES } from './guidedHistories.ts';
import { GUIDED } from './guidedMoments.ts';
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
  const taken = new Set(edges);
  const met = new Set(Object.keys(events));
  for (const history of [...Object.values(GUIDED_HISTORIES), ...Object.values(GUIDED)]) {
    const outcome = await simulate(history);
    for (const edge of outcome.edges) taken.add(edge);
    for (const event of outcome.events.keys()) met.add(event);
  }
  const within = ['paused', 'resumed', 'told', 'woken'].map((change) => `change.${change}`);
  expect([...met]).toEqual(expect.arrayContaining([...within, 'account.linked', 'grant.refused']));
  expect(drawnEdges().filter((edge) => !taken.has(edge))).toEqual([]);
});
