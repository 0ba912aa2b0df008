import { describe, expect, it } from 'vitest';
import { GUIDED_HISTORIES } from './guidedHistories.ts';
import { simulate } from './simulate.ts';

describe('a guided history', () => {
  it.each(
    Object.entries(GUIDED_HISTORIES),
  )('takes its edge and breaks no promise: %s', async (edge, history) => {
    const { violation, edges, lines } = await simulate(history, { tells: true });
    expect(violation && lines.join('\n')).toBeUndefined();
    expect([...edges]).toContain(edge);
  });
});
