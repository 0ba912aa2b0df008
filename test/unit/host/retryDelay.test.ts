import { describe, expect, it } from 'vitest';
import { retryDelayMs } from '../../../dev/host/retryDelay.ts';

describe('retryDelayMs', () => {
  it('is the same each time with fixedDelay', () => {
    const options = { retryStrategy: 'fixedDelay', maxRetryCount: 3, delayInterval: { seconds: 4 } } as const;
    expect([0, 1, 2].map((retry) => retryDelayMs(options, retry))).toEqual([4000, 4000, 4000]);
  });
  it('doubles up to the maximum with exponentialBackoff', () => {
    const options = {
      retryStrategy: 'exponentialBackoff',
      maxRetryCount: -1,
      minimumInterval: { seconds: 4 },
      maximumInterval: { seconds: 30 },
    } as const;
    expect([0, 1, 2, 3, 2000].map((retry) => retryDelayMs(options, retry))).toEqual([
      4000, 8000, 16_000, 30_000, 30_000,
    ]);
  });
});
