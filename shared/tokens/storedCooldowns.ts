import type { Failure } from '../errors.ts';
import { type Log, nameOfError } from '../log.ts';
import type { TenantStore } from '../ports.ts';
import type { UserId } from '../userId.ts';
import type { Cooldowns } from './cooldowns.ts';

export type CooldownDeps = { cooldowns: Cooldowns; tenants: TenantStore; log: Log; now: () => Date };

/** Takes over what other processes noted. Not to know it costs each tenant a request or two. */
export async function readCooldowns(deps: CooldownDeps, signal?: AbortSignal): Promise<void> {
  const begunAt = deps.now();
  try {
    deps.cooldowns.load(await deps.tenants.cooling(begunAt, signal), begunAt);
  } catch (error) {
    deps.log({ event: 'tenants.not-read', error: nameOfError(error) });
  }
}

/** Heeds a failure here, and tells other processes if it concerns more than this user. */
export async function heedFailure(
  deps: CooldownDeps,
  userId: UserId,
  failure: Failure,
  signal?: AbortSignal,
): Promise<void> {
  for (const cooldown of deps.cooldowns.note(userId, failure)) {
    const { kind, code } = failure;
    const { api, until } = cooldown;
    const whose = cooldown.tenant === '*' ? 'everybody' : 'tenant';
    const event = { event: 'tenant.cooling', api, whose, kind, code, until: until.toISOString() } as const;
    try {
      await deps.tenants.cool(cooldown, signal);
      deps.log(event);
    } catch (error) {
      // This process leaves it alone all the same; others find out again.
      deps.log({ ...event, error: nameOfError(error) });
    }
  }
}
