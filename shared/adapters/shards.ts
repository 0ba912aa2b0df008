import { createHash } from 'node:crypto';
import type { UserId } from '../userId.ts';

/** The 16 shards. A user's shard is the first hex digit of SHA-256(user id). */
export const SHARDS: readonly string[] = [...'0123456789abcdef'];

export function shardOf(user: UserId): string {
  return createHash('sha256').update(user).digest('hex').slice(0, 1);
}
