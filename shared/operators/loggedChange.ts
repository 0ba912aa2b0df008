import type { Tombstone } from '../account/account.ts';
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
 * Gives the one of two changes of a user that counts: the later one. At the same time an end counts, because a wish to be
 * disconnected must not be lost.
 */
export function laterChange(one: LoggedChange | undefined, other: LoggedChange): LoggedChange {
  if (one === undefined || other.at > one.at) return other;
  return other.at < one.at || RANK[other.to] <= RANK[one.to] ? one : other;
}

const RANK: Record<LoggedChange['to'], number> = { connected: 0, retired: 1, disconnected: 2 };
