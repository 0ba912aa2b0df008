import { describe, expect, it } from 'vitest';
import { FOUND_HISTORIES } from './foundHistories.ts';
import { simulate } from './simulate.ts';

describe('a history that was found once', () => {
  it.each(Object.entries(FOUND_HISTORIES))('breaks no promise any more: %s', async (_name, history) => {
    const { violation, lines } = await simulate(history, { tells: true });
    expect(violation && [...lines, violation].join('\n')).toBeUndefined();
  });
});
