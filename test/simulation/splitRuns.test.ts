import { describe, expect, it } from 'vitest';
import { search } from './search.ts';
import { SPLIT } from './splitHistories.ts';

describe('the simulation of split runs', () => {
  it('finds no history in which parts that are lost, doubled or late break a promise', {
    timeout: 120_000,
  }, async () => {
    const { found, events } = await search(SPLIT, { seeds: 40, seed: 2_026 });
    expect(
      found && [...found.lines, found.violation, JSON.stringify(found.history)].join('\n'),
    ).toBeUndefined();
    // It has seen what it is about.
    for (const event of ['sweep.split', 'part.late', 'sweep.ended', 'lease.abandoned', 'sweep.no-turn']) {
      expect(events[event] ?? 0, event).toBeGreaterThan(0);
    }
  });
});
