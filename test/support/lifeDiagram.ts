import { readFileSync } from 'node:fs';

/** The section of docs/architecture.md about the life of an account. */
export const lifeSection = (): string =>
  /^## The life of an account\n([\s\S]*?)^## /m.exec(
    readFileSync(new URL('../../docs/architecture.md', import.meta.url), 'utf8'),
  )?.[1] ?? '';

/** The edges of its diagram: `from --> to: name`. An edge of a composite state is one of each state in it. */
export function lifeEdges(section: string): string[] {
  const [, diagram = ''] = /^```mermaid\n([\s\S]*?)^```/m.exec(section) ?? [];
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
