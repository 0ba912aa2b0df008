import type { Tombstone } from '../account/account.ts';
import { MAX_CLOCK_DIFFERENCE_MS } from '../account/clocksDiffer.ts';
import type { LogEvent } from '../log.ts';

/** What an event says of a user's account: it was connected, or it ended. */
export type LoggedChange = { user: string; to: 'connected' | Tombstone['state']; at: Date };

/** The events that say so. A check says so if it retired the account, or if it met the tombstone that another left. */
type Telling = Extract<
  LogEvent,
  {
    event: 'account.ended' | 'account.seen-first' | 'account.reconnected' | 'user.check-ended';
  }
>;

/**
 * Reads an event of the log.
 * @param event the event as JSON has it
 * @returns undefined if it does not say that an account was connected or ended
 */
export function readLoggedChange(event: Record<string, unknown>): Omit<LoggedChange, 'at'> | undefined {
  const { user } = event;
  const to = changeIn(event);
  return to !== undefined && typeof user === 'string' ? { user, to } : undefined;
}

function changeIn(event: Record<string, unknown>): LoggedChange['to'] | undefined {
  const name = event.event as Telling['event'];
  switch (name) {
    case 'account.ended':
      return 'disconnected';
    case 'account.seen-first':
    case 'account.reconnected':
      return 'connected';
    case 'user.check-ended':
      if (event.outcome === 'retired') return 'retired';
      // The check of a tombstone. It may be the only event of this end, because the operators' command logs none.
      return event.outcome === 'waiting' && isTombstoneState(event.reason) ? event.reason : undefined;
    default:
      name satisfies never;
      return undefined;
  }
}

const isTombstoneState = (reason: unknown): reason is Tombstone['state'] =>
  reason === 'disconnected' || reason === 'retired';

/**
 * Gives the one of two changes of a user that counts: the later one. Two instances may have logged them, whose clocks may
 * differ. So a connection counts as later than an end only if it is more than five minutes later, because a wish to be
 * disconnected must not be lost. Of two ends at the same time the disconnection counts.
 */
export function laterChange(one: LoggedChange | undefined, other: LoggedChange): LoggedChange {
  if (one === undefined) return other;
  const ahead = latest(other) - latest(one);
  return ahead > 0 || (ahead === 0 && RANK[other.to] > RANK[one.to]) ? other : one;
}

/** The latest time at which an end may have been. One number for each change, so that their order has no circle. */
const latest = ({ to, at }: LoggedChange): number =>
  at.getTime() + (to === 'connected' ? 0 : MAX_CLOCK_DIFFERENCE_MS);

const RANK: Record<LoggedChange['to'], number> = { connected: 0, retired: 1, disconnected: 2 };
