import type { Failure } from '../errors.ts';
import { nameOfError } from '../log.ts';
import type { Operation } from '../ports.ts';
import type { UserId } from '../userId.ts';
import type { App } from './app.ts';

/** Reads the cooldowns that other processes stored. An error is logged: without them, each tenant costs a few requests. */
export async function readCooldowns(
  { cooldowns, sharedState, clock }: App,
  { log, signal }: Operation,
): Promise<void> {
  const begunAt = clock.now();
  try {
    cooldowns.load(await sharedState.cooling(signal), begunAt);
  } catch (error) {
    log({ event: 'cooldowns.not-read', error: nameOfError(error) });
  }
}

/** Begins the cooldown that a failure asks for, and stores it for other processes if it concerns more than this user. */
export async function heedFailure(
  { cooldowns, sharedState }: App,
  { log, signal }: Operation,
  userId: UserId,
  failure: Failure,
): Promise<void> {
  for (const cooldown of cooldowns.note(userId, failure)) {
    const { kind, code } = failure;
    const { api, until } = cooldown;
    const whose = cooldown.tenant === '*' ? 'everybody' : 'tenant';
    const event = { event: 'cooldown.began', api, whose, kind, code, until: until.toISOString() } as const;
    try {
      await sharedState.cool(cooldown, signal);
      log(event);
    } catch (error) {
      cooldowns.notStored(cooldown);
      // This process obeys the cooldown all the same. Other processes learn of it from their own failures.
      log({ ...event, error: nameOfError(error) });
    }
  }
}
