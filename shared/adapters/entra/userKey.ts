import { hkdfSync } from 'node:crypto';
import type { UserId } from '../../userId.ts';

const KEY_BYTES = 32;
/** Says what the key is for. If keys are ever derived in another way, this label changes, and so must the `kid` of the caches. */
const LABEL = 'stead/token-cache/v1/';

/**
 * Derives a user's own key with HKDF-SHA-256 (RFC 5869). There is no salt, because the master key is random. `info` is the
 * label and the user id; the label has a fixed length, so no two users have the same `info`.
 * @param masterKey 32 random bytes
 */
export function deriveUserKey(masterKey: Uint8Array, userId: UserId): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', masterKey, '', `${LABEL}${userId}`, KEY_BYTES));
}
