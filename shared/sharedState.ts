import type { Throttle } from './errors.ts';
import type { SweepSummary } from './log.ts';

/** A time during which an API is not called for the users of one tenant, or for all users. */
export type Cooldown = {
  /** A tenant id, or `*` for every tenant. */
  tenant: string;
  api: Throttle['api'];
  until: Date;
  /** The reason: too many requests, or the tenant does not have this application. Earlier releases did not store it. */
  kind: 'throttled' | 'tenant' | undefined;
};

/** How far the audit has come. An audit reads all accounts page by page, one page a run. */
export type AuditProgress = {
  /** Where the next page begins; absent at the beginning of a pass. */
  next?: string;
  /** How many accounts this pass has seen, and how many of them are connected. */
  accounts: number;
  connected: number;
  /** The last pass that ended, and what it saw. */
  lastPass?: { accounts: number; connected: number; endedAt: Date };
};

/**
 * Whether runs may retire accounts. `stopped`: a run reached the ceiling, so no run retires anybody. `confirmed`: an
 * operator confirmed it, so there is no ceiling until that time. `resumed`: an operator removed the reason of a stop, so the
 * ceiling counts anew from that time.
 */
export type Retirement =
  | { order: 'stopped'; at: Date }
  | { order: 'confirmed'; until: Date }
  | { order: 'resumed'; at: Date };

/** How many accounts were retired within a day that began at `since`. */
export type RetiredToday = { count: number; since: Date };

/** What the runs of all instances know of one another. */
export type LastRun = {
  /** The last run that ended; absent before the first one. */
  ended?: { at: Date; summary: SweepSummary };
  audit: AuditProgress;
  /** Absent before the first one is retired. */
  retired?: RetiredToday;
  /** Absent if nothing was ordered. */
  retirement?: Retirement;
  /** How many runs in a row were split, without one part that was swept since and without a whole run. Absent if none was split. */
  unansweredRuns?: number;
};

/** What a run records beside its summary. What is absent stays as it is. */
export type RunRecord = {
  audit?: AuditProgress | undefined;
  retired?: RetiredToday | undefined;
  unansweredRuns?: number | undefined;
};

/** Whether a caller may begin a plan, and what the runs had recorded by then. */
export type BegunPlan = { begun: boolean; last: LastRun };

/**
 * What all instances share, in the same store as the accounts. A previous release knows only the cooldowns.
 * All methods throw {@link UnavailableError} if the store cannot be reached.
 */
export interface SharedState {
  /** Stores a cooldown. It replaces an earlier one of the same tenant and API. */
  cool(cooldown: Cooldown, signal?: AbortSignal | undefined): Promise<void>;
  /** The cooldowns that have not ended. */
  cooling(signal?: AbortSignal | undefined): Promise<Cooldown[]>;
  /**
   * Tells one caller of all instances to begin a plan.
   * @returns `begun` is true if nobody was told so within the last `everyMs`. Of several callers at the same time one gets true.
   */
  beginPlan(everyMs: number, signal?: AbortSignal | undefined): Promise<BegunPlan>;
  /**
   * Like `beginPlan`, but tells one part of all split runs that it may retire accounts. What it answers is as of then, so the
   * part before has recorded whom it retired if it has ended by then.
   */
  beginRetiring(everyMs: number, signal?: AbortSignal | undefined): Promise<BegunPlan>;
  /** Records a run that ended. What `more` leaves out stays as it is. Deletes the cooldowns that have ended. */
  runEnded(summary: SweepSummary, more?: RunRecord, signal?: AbortSignal | undefined): Promise<void>;
  /** What the runs have recorded, and the latest order about retiring. */
  lastRun(signal?: AbortSignal | undefined): Promise<LastRun>;
  /**
   * Since when no run has ended, as far as anybody has written down: the end of the last run, or else when one began. If neither
   * can be read, the first caller of all writes the time of its call, and the others then get the same time.
   */
  silentSince(signal?: AbortSignal | undefined): Promise<Date>;
  /** Stores an order about retiring. It replaces the earlier one. */
  orderRetirement(retirement: Retirement, signal?: AbortSignal | undefined): Promise<void>;
}
