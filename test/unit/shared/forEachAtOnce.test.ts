import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { createSlots, forEachAtOnce } from '../../../shared/forEachAtOnce.ts';

async function* numbers(count: number) {
  for (let n = 0; n < count; n += 1) yield n;
}

describe('forEachAtOnce', () => {
  it('takes each item once, so many at a time', async () => {
    const taken: number[] = [];
    let atOnce = 0;
    let most = 0;
    await forEachAtOnce(numbers(50), createSlots(16), async (n) => {
      atOnce += 1;
      most = Math.max(most, atOnce);
      await turn();
      taken.push(n);
      atOnce -= 1;
    });
    expect(taken.sort((a, b) => a - b)).toEqual(Array.from({ length: 50 }, (_, n) => n));
    expect(most).toBe(16);
  });

  it('takes no more after an error, and ends with it when those begun are done', async () => {
    let begun = 0;
    let done = 0;
    const failed = forEachAtOnce(numbers(50), createSlots(16), async (n) => {
      begun += 1;
      await turn();
      if (n === 5) throw new Error('the sixth');
      done += 1;
    });
    await expect(failed).rejects.toThrow('the sixth');
    expect(begun).toBeLessThan(48);
    expect(done).toBe(begun - 1);
  });

  it('ends with the error of the items themselves', async () => {
    async function* broken() {
      yield 1;
      throw new Error('no next page');
    }
    await expect(forEachAtOnce(broken(), createSlots(16), async () => {})).rejects.toThrow('no next page');
  });
});
