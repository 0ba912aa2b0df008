import { describe, expect, it } from 'vitest';
import { GUIDED_HISTORIES } from './guidedHistories.ts';
import { GUIDED_LINKS, GUIDED_MOMENTS } from './guidedMoments.ts';
import { simulate } from './simulate.ts';

describe('a guided history', () => {
  it.each(
    Object.entries(GUIDED_HISTORIES),
  )('takes its edge and breaks no promise: %s', async (edge, history) => {
    const { violation, edges, lines } = await simulate(history, { tells: true });
    expect(violation && lines.join('\n')).toBeUndefined();
    expect([...edges]).toContain(edge);
  });

  it.each(
    Object.entries({ ...GUIDED_MOMENTS, ...GUIDED_LINKS }),
  )('breaks no promise: %s', async (_moment, history) => {
    const { violation, lines } = await simulate(history, { tells: true });
    expect(violation && lines.join('\n')).toBeUndefined();
  });
});
