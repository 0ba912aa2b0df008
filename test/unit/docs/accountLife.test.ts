import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { decideTombstone } from '../../../shared/account/schedule.ts';
import * as transitions from '../../../shared/account/transitions.ts';
import { TOMBSTONES } from '../shared/account/accounts.ts';
import { type Before, STEPS } from '../shared/account/everyTransition.ts';
import { DAY, from, SETTINGS } from '../shared/account/scheduleTimes.ts';

const NONE = '[*]';
const section = /^## The life of an account\n([\s\S]*?)^## /m.exec(
  readFileSync(new URL('../../../docs/architecture.md', import.meta.url), 'utf8'),
)?.[1];

/** The edges of a Mermaid diagram: `from --> to: name`. An edge of a composite state is one of each state in it. */
function edgesOf(diagram: string): string[] {
  const arrows = (text = '') => [...text.matchAll(/^ *(\S+) --> (\S+?)(?:: (.+))?$/gm)];
  const labels = new Map(
    [...diagram.matchAll(/state "(.+)" as (\w+)$/gm)].map(([, label, id]) => [id, label]),
  );
  const composites = new Map(
    [...diagram.matchAll(/as (\w+) \{([^}]*)\}/g)].map(([, id, inside]) => [
      id,
      arrows(inside).flatMap(([, before, after]) => [before, after]),
    ]),
  );
  const statesIn = (id?: string) => (composites.get(id) ?? [id]).map((state) => labels.get(state) ?? state);
  return arrows(diagram).flatMap(([, from, to, names = '']) =>
    statesIn(from).flatMap((before) =>
      statesIn(to).flatMap((after) => names.split(', ').map((name) => `${before} --> ${after}: ${name}`)),
    ),
  );
}

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
    const [, diagram = ''] = /^```mermaid\n([\s\S]*?)^```/m.exec(section ?? '') ?? [];
    expect(sorted(edgesOf(diagram))).toEqual(sorted([...edges, ...erased]));
  });

  it('lists the transitions that keep a state, and no other', () => {
    const kept = steps
      .filter(({ before, after }) => before === after)
      .map(({ name, before }) => `${before}: ${name}`);
    expect(sorted(keptIn(section ?? ''))).toEqual(sorted(kept));
  });
});
