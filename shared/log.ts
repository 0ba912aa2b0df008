import type { FailureKind, Throttle, UpstreamReference } from './errors.ts';

/**
 * Every event that Stead logs, with all fields that it may have. `user` is a log id. No field can hold a token, a claim
 * value, a name or a UPN. Times are ISO 8601, UTC; `ms` is in milliseconds.
 */
export type LogEvent =
  | {
      event: 'request.answered';
      status: number;
      ms: number;
      code?: string;
      user?: string;
      source?: string;
      /** By which function a token was used, and for which API. Then there is no `token.used`. */
      by?: string;
      api?: string;
      error?: string;
    }
  | { event: 'request.failed'; status: number; ms: number; code: string; error: string }
  /** Entra or Graph refused a call. These are their ids of the call; the line's own `correlationId` is Stead's. */
  | {
      event: 'upstream.refused';
      user: string;
      service: string;
      code: string;
      upstreamCorrelationId?: string;
      traceId?: string;
      requestId?: string;
      timestamp?: string;
    }
  | { event: 'account.seen-first'; user: string }
  | { event: 'account.healed'; user: string }
  /** The user was at Entra's page, and the connection has a grant of its own. */
  | { event: 'account.linked'; user: string }
  | { event: 'account.not-recorded'; user: string; error: string }
  | { event: 'cache.not-read'; user: string; why: string; kid?: string }
  | { event: 'cache.not-written'; user: string; why: string }
  /** What the user's tasks remember was not used, because nobody could open it or it is of an earlier connection. They begin anew. */
  | { event: 'memory.not-read'; user: string; why: string; kid?: string }
  | { event: 'cache.foreign-entry'; user: string }
  | { event: 'cache.former-home-dropped'; user: string }
  /** Entra refused one of the user's two grants, and the worker goes on with the other. `dropped`: it is over for good. */
  | { event: 'grant.refused'; user: string; grant: 'code' | 'exchange'; dropped: boolean }
  | {
      event: 'user.check-ended';
      user: string;
      outcome: UserOutcome;
      ms: number;
      source?: 'cache' | 'network';
      kind?: FailureKind;
      code?: string;
      reason?: string;
    }
  | { event: 'user.failed-unexpectedly'; user: string; error: string }
  | { event: 'lease.abandoned'; user: string; runId: string }
  /** The row of an account cannot be believed, so the worker leaves the account alone until the user visits. */
  | { event: 'account.damaged'; user: string }
  /** An account was due later than any right clock can have written. It is due now. */
  | { event: 'account.rescheduled'; user: string }
  /** An account's index entry was missing, so no run would have found the account. It is there again. */
  | { event: 'index.repaired'; user: string }
  /** A valid access token that Entra does not exchange, because this API's registration has its own signing key. */
  | { event: 'token.custom-key'; remedy: string }
  /** A request met a refusal of this API's own credential. In a run it is `sweep.misconfigured`. */
  | { event: 'credential.refused'; code: string; remedy: string }
  /** A question for readiness could not be answered: Entra, or the identity endpoint, has an outage or throttles. */
  | { event: 'credential.unreachable'; code: string }
  /**
   * A token was used on behalf of the user: by which function or task, and for which API. If a request ends well after its
   * first use, `request.answered` says it.
   */
  | { event: 'token.used'; user: string; by: string; api: string; source: 'cache' | 'network' | 'memory' }
  | {
      event: 'task.ended';
      user: string;
      task: string;
      outcome: 'done' | 'failed' | 'waiting';
      ms: number;
      error?: string;
    }
  | { event: 'task.note'; user: string; task: string; note: string }
  /** The user's application was told. `attempts` are the tries that failed before. */
  | { event: 'notice.delivered'; user: string; notice: NoticeKind; attempts: number }
  /** It is tried again. `attempts` are the tries that have failed, this one included. */
  | {
      event: 'notice.not-delivered';
      user: string;
      notice: NoticeKind;
      attempts: number;
      error: string;
      nextTryAt: string;
    }
  /** The receiver will never take it, or three days have passed. The application does not hear of it. */
  | { event: 'notice.given-up'; user: string; notice: NoticeKind; attempts: number; error: string }
  /** An account is due now, because somebody asked for a check at once. */
  | { event: 'account.woken'; user: string }
  | { event: 'account.ended'; user: string; as: 'disconnected' }
  | { event: 'account.reconnected'; user: string }
  | {
      event: 'cooldown.began';
      api: Throttle['api'];
      whose: 'tenant' | 'everybody';
      kind: FailureKind;
      code: string;
      until: string;
      error?: string;
    }
  | { event: 'cooldowns.not-read'; error: string }
  | { event: 'sweep.misconfigured'; code: string; remedy: string; stops: boolean; count?: number }
  /** How far the store's clock is ahead of this machine's, in milliseconds. Nothing is retired or erased. */
  | { event: 'sweep.clock-differs'; aheadMs: number; remedy: string }
  | { event: 'sweep.shard-failed'; shard: string; error: string }
  /** The store asks for fewer requests, so the run leases accounts more slowly. */
  | { event: 'sweep.storage-busy' }
  /** So many checks were left to later runs, because `TOKEN_REQUESTS_PER_SECOND` gave their tenants no turn in this one. */
  | { event: 'sweep.no-turn'; count: number }
  /** More accounts than the ceiling were to be retired. No run retires anybody until an operator confirms it. */
  | { event: 'sweep.retirement-stopped'; retired: number; remedy: string }
  | { event: 'sweep.not-audited'; error: string }
  | { event: 'sweep.last-run-not-read'; error: string }
  | { event: 'sweep.not-recorded'; error: string }
  | { event: 'sweep.failed'; error: string }
  | ({ event: 'sweep.ended' } & SweepSummary)
  /** A run handed its shards over. `areLost`: nobody swept the parts of the last runs, so it sweeps all shards itself, too. */
  | { event: 'sweep.split'; runId: string; parts: number; due: number; areLost: boolean }
  /** A part of a run came so many milliseconds after its deadline. Nothing was done for it. */
  | { event: 'part.late'; runId: string; shard: string; ms: number }
  /** A part of a run comes once more, because the try before it failed or died. The host gives up after five tries. */
  | { event: 'part.repeated'; tries: number }
  /** A message that is no part of a run, or one of another release. Nothing was done for it. */
  | { event: 'part.unknown' }
  /** A run began by HTTP: the timer has begun none for a minute. `client` is the client id of an application that asked. */
  | { event: 'worker.woken'; by: 'application' | 'visit'; client?: string }
  /** A visit found that no run has ended for so many milliseconds, and calls for one. `error`: what became of the call before. */
  | { event: 'worker.silent'; ms: number; error?: string }
  /** A visit found the worker silent, and cannot call for a run. A process says it once. */
  | { event: 'worker.no-address'; remedy: string }
  | { event: 'storage.unreachable'; setting: 'TokenStore'; remedy: string; error: string }
  | { event: 'storage.ready' };

/** As in `account/account.ts`. */
type NoticeKind = 'needs-user' | 'expiring' | 'recovered';

/** How one check ended. */
export type UserOutcome =
  | 'refreshed'
  | 'from-cache'
  | 'failed'
  | 'waiting'
  | 'retired'
  | 'erased'
  | 'released'
  | 'superseded';

/** The result of one run. The counts are of accounts, unless a comment says something else. */
export type SweepSummary = {
  runId: string;
  /** The run of which this is a part. Absent for a whole run. */
  part?: string;
  /** Entries of due accounts that the run met. */
  due: number;
  /** Accounts that this run leased. */
  claimed: number;
  refreshed: number;
  fromCache: number;
  failed: Partial<Record<FailureKind, number>>;
  /** There was nothing to do yet: the user was active recently, must sign in again, or has a cooldown. */
  waiting: number;
  retired: number;
  erased: number;
  /** The lease was given back and the user not marked: the run was ending, or the failure is `misconfigured`. */
  released: number;
  /** Another operation changed the account in the meantime. */
  superseded: number;
  tasks: { done: number; failed: number };
  /** Caches that were sealed with a key that is no longer the first. */
  oldKey: number;
  /** Checks that ended with an error, because storage could not be reached or because of a bug. */
  brokenOff: number;
  /** Shards that could not be read, for the same reasons. */
  shardsFailed: number;
  /** The longest time that an account which the run read had been due when the run began, in milliseconds. */
  lagMs: number;
  stoppedBy: 'done' | 'deadline' | 'misconfigured';
  ms: number;
};

/** Writes one event. The log adds the `correlationId` with which it was created. */
export type Log = (event: LogEvent) => void;

type Level = 'info' | 'warn' | 'error';

const LEVELS: Partial<Record<LogEvent['event'], Level>> = {
  'request.failed': 'error',
  'account.not-recorded': 'warn',
  'cache.not-read': 'warn',
  'memory.not-read': 'warn',
  'cache.not-written': 'warn',
  'cache.foreign-entry': 'error',
  'cache.former-home-dropped': 'warn',
  'grant.refused': 'warn',
  'token.custom-key': 'error',
  'credential.refused': 'error',
  'credential.unreachable': 'warn',
  'user.failed-unexpectedly': 'error',
  'lease.abandoned': 'warn',
  'index.repaired': 'warn',
  'account.damaged': 'error',
  'account.rescheduled': 'warn',
  'cooldown.began': 'warn',
  'cooldowns.not-read': 'warn',
  'notice.not-delivered': 'warn',
  'notice.given-up': 'error',
  'sweep.misconfigured': 'error',
  'sweep.clock-differs': 'error',
  'sweep.shard-failed': 'error',
  'sweep.storage-busy': 'warn',
  'sweep.retirement-stopped': 'error',
  'sweep.not-audited': 'warn',
  'sweep.last-run-not-read': 'warn',
  'sweep.not-recorded': 'warn',
  'sweep.failed': 'error',
  'part.late': 'warn',
  'part.repeated': 'warn',
  'part.unknown': 'warn',
  'worker.woken': 'warn',
  'worker.silent': 'warn',
  'worker.no-address': 'warn',
  'storage.unreachable': 'error',
};

/**
 * Creates a log that writes one JSON line for each event.
 * @param sink gets each line at the event's level
 * @param correlationId added to every line; the functions give the invocation id
 */
export function createLog(sink: Record<Level, (line: string) => void>, correlationId?: string): Log {
  return (event) => {
    const line = correlationId === undefined ? event : { ...event, correlationId };
    sink[LEVELS[event.event] ?? 'info'](JSON.stringify(line));
  };
}

/**
 * The event for a call on behalf of a user that Entra or Graph refused.
 * @param user the user's log id
 */
export function upstreamRefused(reference: UpstreamReference, user: string): LogEvent {
  const { service, code, correlationId, ...ids } = reference;
  const theirs = correlationId === undefined ? {} : { upstreamCorrelationId: correlationId };
  return { event: 'upstream.refused', user, service, code, ...theirs, ...ids };
}

/** What is logged of an error that throws when it is read. An adopter's code can throw anything. */
const UNREADABLE = 'unreadable';

/** The error, or another one in the place of one that throws when it is read, such as a revoked proxy. */
export const readable = (error: unknown): unknown =>
  nameOfError(error) === UNREADABLE ? Object.assign(new Error(), { name: UNREADABLE }) : error;

/**
 * What may be logged of an unexpected error: its class, code and status, and those of its causes. The message is left
 * out, because messages of other libraries may hold URLs and user ids. It does not throw.
 */
export function nameOfError(error: unknown): string {
  try {
    return nameOf(error, 0);
  } catch {
    return UNREADABLE;
  }
}

function nameOf(error: unknown, depth: number): string {
  if (!(error instanceof Error)) return typeof error;
  // The depth is limited because an error may be its own cause.
  const cause = error.cause instanceof Error && depth < 4 ? `<${nameOf(error.cause, depth + 1)}` : '';
  const code = 'code' in error && typeof error.code === 'string' ? `:${error.code}` : '';
  const status = 'statusCode' in error && typeof error.statusCode === 'number' ? `:${error.statusCode}` : '';
  return `${error.name}${code}${status}${cause}`;
}
