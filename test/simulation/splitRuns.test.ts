import { afterEach, describe, expect, it } from 'vitest';
import { GUIDED_SPLIT } from './guidedCrowds.ts';
import { oneAtATime } from './oneAtATime.ts';
import { search } from './search.ts';
import { SPLIT } from './splitHistories.ts';

const searches = oneAtATime();

describe('the simulation of split runs', () => {
  afterEach(searches.ended, 60_000);

  it('finds no history in which parts that are lost, doubled or late break a promise', {
    timeout: 300_000,
  }, async ({ signal }) => {
    const { found, events } = await searches.begin(search(SPLIT, { seeds: 40, seed: 2_026, signal }));
    expect(
      found && [...found.lines, found.violation, JSON.stringify(found.history)].join('\n'),
    ).toBeUndefined();
    // It has seen what it is about.
    for (const event of ['sweep.split', 'part.late', 'sweep.ended', 'lease.abandoned', 'sweep.no-turn']) {
      expect(events[event] ?? 0, event).toBeGreaterThan(0);
    }
  });

  it.each(Object.entries(GUIDED_SPLIT))('breaks no promise, in two orders: %s', async (_name, history) => {
    for (let more = 0; more < 2; more += 1) {
      const seed = history.seed + more;
      const { violation, lines, events } = await SPLIT.run({ ...history, seed }, { tells: true });
      expect(violation && lines.slice(-2_000).join('\n')).toBeUndefined();
      expect([...events.keys()]).toContain(
        history.users > 20 ? 'sweep.retirement-stopped' : 'cooldown.began',
      );
    }
  });
});
