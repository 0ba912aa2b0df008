import { connectedSince, type Stored, type Tombstone } from '../account/account.ts';
import { MAX_CLOCK_DIFFERENCE_MS } from '../account/clocksDiffer.ts';
import { endAccount } from '../account/endAccount.ts';
import type { Services } from '../ports.ts';
import type { UserId } from '../userId.ts';

/** The end of an account that the log has and the store may have lost. */
export type LoggedEnd = { as: Tombstone['state']; at: Date };

/** `end`: the store has lost the end. `ended`: it has it. `newer`: what the store has is newer than the end. */
export type ReplayDecision = 'end' | 'ended' | 'newer';

/**
 * Decides whether an account must be ended again: `docs/decisions/0012-what-the-log-says-ended.md`. Clocks of two machines may
 * differ, so a time counts as later than the end only if it is five minutes later.
 */
export function decideReplay(account: Stored, { as, at }: LoggedEnd): ReplayDecision {
  const isNewer = (time: Date) => time.getTime() > at.getTime() + MAX_CLOCK_DIFFERENCE_MS;
  switch (account.state) {
    case 'damaged':
      return 'end';
    case 'retired':
      // The next visit would connect a user who has asked to stay disconnected.
      return as === 'disconnected' ? 'end' : 'ended';
    case 'disconnected':
      if (as === 'disconnected') return 'ended';
      return account.since > at ? 'newer' : 'end';
    case 'pending':
    case 'active':
    case 'needs-user':
      // A visit connects a user who was retired, but not one who has disconnected.
      return isNewer(as === 'disconnected' ? connectedSince(account) : account.lastActivity)
        ? 'newer'
        : 'end';
    default:
      return account satisfies never;
  }
}

/**
 * Ends an account again, as its end in the log says, and deletes its cache. A disconnection is remembered since it was
 * asked for.
 * @returns `end` if there was anything to end
 * @throws {ConflictError} the account or its cache changed on every try.
 * @throws {UnavailableError} a store cannot be reached. A second call continues where the first one stopped.
 */
export async function replayEnd(
  services: Pick<Services, 'accounts' | 'tokenCache' | 'clock'>,
  userId: UserId,
  end: LoggedEnd,
): Promise<ReplayDecision> {
  let decision: ReplayDecision = 'ended';
  const didEnd = await endAccount(services, userId, end.as, {
    ...(end.as === 'disconnected' && { since: end.at }),
    mayEnd(now) {
      decision = decideReplay(now, end);
      return decision === 'end';
    },
  });
  return didEnd ? 'end' : decision;
}
