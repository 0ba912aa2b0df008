import { hkdfSync } from 'node:crypto';
import type { UserId } from '../../userId.ts';

const KEY_BYTES = 32;
/** Say what a key is for. If keys are ever derived in another way, the label changes, and so must the `kid` of what they seal. */
export const TOKEN_CACHE_LABEL = 'stead/token-cache/v1/';
export const TASK_MEMORY_LABEL = 'stead/task-memory/v1/';
/** What is sealed with these belongs to no user who is known before it is opened, so no user id follows them. */
export const LINK_TICKET_LABEL = 'stead/link-ticket/v1/';
export const LINK_COOKIE_LABEL = 'stead/link-cookie/v1/';
export const RUN_TICKETS_LABEL = 'stead/run-tickets/v1/';

/**
 * Derives a user's own key with HKDF-SHA-256 (RFC 5869). There is no salt, because the master key is random. `info` is the
 * label and the user id; all labels have the same length, so no two users and no two purposes have the same `info`.
 * @param masterKey 32 random bytes
 */
export function deriveUserKey(masterKey: Uint8Array, userId: UserId, label: string): Uint8Array {
  return deriveKey(masterKey, `${label}${userId}`);
}

/** Derives a key for a purpose that is not one user's. No user's key has the label alone as its `info`. */
export const deriveKey = (masterKey: Uint8Array, info: string): Uint8Array =>
  new Uint8Array(hkdfSync('sha256', masterKey, '', info, KEY_BYTES));
