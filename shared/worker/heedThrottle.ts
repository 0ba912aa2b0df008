import type { Failure } from '../errors.ts';
import { heedFailure } from '../tokens/storedCooldowns.ts';
import type { UserId } from '../userId.ts';
import type { Run } from './run.ts';

/**
 * Begins the cooldown of a throttle as soon as it is met. Settling the account and telling a notice may take seconds, in which
 * requests and other checks would not know of it.
 */
export async function heedThrottle({ app, operation }: Run, userId: UserId, failure: Failure): Promise<void> {
  if (failure.throttle !== undefined) await heedFailure(app, operation, userId, failure);
}
