import { describe, expect, it } from 'vitest';
import { SHARDS, shardOf } from '../../../../shared/adapters/shards.ts';
import { toUserId } from '../../../../shared/userId.ts';

const TID = 'a0000000-0000-4000-8000-00000000000a';

describe('shardOf', () => {
  it('spreads users evenly over sixteen shards', () => {
    const users = Array.from({ length: 16_000 }, (_, index) =>
      toUserId({ tid: TID, oid: `c0000000-0000-4000-8000-${index.toString(16).padStart(12, '0')}` }),
    );
    const sizes = SHARDS.map((shard) => users.filter((user) => shardOf(user) === shard).length);
    expect(SHARDS).toHaveLength(16);
    expect(sizes.reduce((sum, size) => sum + size)).toBe(16_000);
    // Six standard deviations around 1,000.
    expect(Math.min(...sizes)).toBeGreaterThan(800);
    expect(Math.max(...sizes)).toBeLessThan(1_200);
  });
});
