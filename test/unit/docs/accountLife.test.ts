import { describe, expect, it } from 'vitest';
import { decideTombstone } from '../../../shared/account/schedule.ts';
import * as transitions from '../../../shared/account/transitions.ts';
import { lifeEdges, lifeSection } from '../../support/lifeDiagram.ts';
import { TOMBSTONES } from '../shared/account/accounts.ts';
import { type Before, STEPS } from '../shared/account/everyTransition.ts';
import { DAY, from, SETTINGS } from '../shared/account/scheduleTimes.ts';

const NONE = '[*]';
const section = lifeSection();

/** The rows of the table: `state: name`. */
const keptIn = (text: string): string[] =>
  [...text.matchAll(/^\| `([\w-]+)` \| (.+) \|$/gm)].flatMap(([, state, names = '']) =>
    names.split(' ').map((name) => `${state}: ${name.replaceAll('`', '')}`),
  );

const stateOf = (account: Before) => account?.state ?? NONE;
const sorted = (lines: Iterable<string>) => [...new Set(lines)].sort();
const steps = Object.entries(STEPS).flatMap(([name, all]) =>
  all.map(({ before, after }) => ({ name, before: stateOf(before), after: stateOf(after) })),
);

describe('the life of an account in docs/architecture.md', () => {
  it('covers every transition', () => {
    const covered = Object.entries(STEPS).filter(([, all]) => all.length > 0);
    expect(sorted(covered.map(([name]) => name))).toEqual(sorted(Object.keys(transitions)));
  });

  it('draws the edges that the transitions lead along, and no other', () => {
    const erased = TOMBSTONES.flatMap((tombstone) =>
      decideTombstone(tombstone, from(90 * DAY), SETTINGS).action === 'erase'
        ? [`${tombstone.state} --> ${NONE}: erased`]
        : [],
    );
    const edges = steps
      .filter(({ before, after }) => before !== after)
      .map(({ name, before, after }) => `${before} --> ${after}: ${name}`);
    expect(sorted(lifeEdges(section))).toEqual(sorted([...edges, ...erased]));
  });

  it('lists the transitions that keep a state, and no other', () => {
    const kept = steps
      .filter(({ before, after }) => before === after)
      .map(({ name, before }) => `${before}: ${name}`);
    expect(sorted(keptIn(section))).toEqual(sorted(kept));
  });
});
