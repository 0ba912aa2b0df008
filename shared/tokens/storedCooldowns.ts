import type { Failure } from '../errors.ts';
import { nameOfError } from '../log.ts';
import type { Operation } from '../ports.ts';
import type { UserId } from '../userId.ts';
import type { App } from './app.ts';

/** Takes over what other processes noted. Not to know it costs each tenant a request or two. */
export async function readCooldowns(
  { cooldowns, tenants, clock }: App,
  { log, signal }: Operation,
): Promise<void> {
  const begunAt = clock.now();
  try {
    cooldowns.load(await tenants.cooling(begunAt, signal), begunAt);
  } catch (error) {
    log({ event: 'cooldowns.not-read', error: nameOfError(error) });
  }
}

/** Heeds a failure here, and tells other processes if it concerns more than this user. */
export async function heedFailure(
  { cooldowns, tenants }: App,
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
      await tenants.cool(cooldown, signal);
      log(event);
    } catch (error) {
      // This process leaves it alone all the same; others find out again.
      log({ ...event, error: nameOfError(error) });
    }
  }
}
