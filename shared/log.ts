import type { FailureKind, Throttle, UpstreamReference } from './errors.ts';

/**
 * Every event Stead logs, with the only fields it may carry. A user appears as a log id; there is no field in
 * which a token, a claim value, a name or a UPN could be put.
 */
export type LogEvent =
  | {
      event: 'request.answered';
      status: number;
      ms: number;
      code?: string;
      user?: string;
      source?: string;
      error?: string;
    }
  | { event: 'request.failed'; status: number; ms: number; code: string; error: string }
  /** Entra or Graph refused a call: the ids under which they find it. The line's own `correlationId` is ours. */
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
  | { event: 'account.not-recorded'; user: string; error: string }
  | { event: 'cache.not-read'; user: string; why: string; kid?: string }
  | { event: 'cache.not-written'; user: string; why: string }
  | { event: 'cache.foreign-entry'; user: string }
  | { event: 'cache.former-home-dropped'; user: string }
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
  /** A good access token that Entra will not exchange, because this API's registration signs with a key of its own. */
  | { event: 'token.custom-key'; remedy: string }
  /** A token was used on the user's behalf: by which function or task, and for which API. */
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
  | { event: 'sweep.misconfigured'; code: string; remedy: string; stops: boolean }
  | { event: 'sweep.shard-failed'; shard: string; error: string }
  | { event: 'sweep.not-tidied'; error: string }
  | ({ event: 'sweep.ended' } & SweepSummary)
  | { event: 'storage.unreachable'; setting: 'TokenStore'; remedy: string; error: string }
  | { event: 'storage.ready' };

/** How one user's turn ended. */
export type UserOutcome =
  | 'refreshed'
  | 'from-cache'
  | 'failed'
  | 'waiting'
  | 'retired'
  | 'erased'
  | 'released'
  | 'superseded';

export type SweepSummary = {
  runId: string;
  /** Due rows that were read. */
  due: number;
  claimed: number;
  refreshed: number;
  fromCache: number;
  failed: Partial<Record<FailureKind, number>>;
  /** Due, and for now there was nothing to be done: recently active, needing the user, or their tenant is cooling. */
  waiting: number;
  retired: number;
  erased: number;
  /** Put back unmarked: the run was ending, or the fault is our own. */
  released: number;
  /** Moved by somebody else in the meantime. */
  superseded: number;
  tasks: { done: number; failed: number };
  /** Caches found sealed with a key that is no longer the first. */
  oldKey: number;
  /** Turns that broke off, and shards that could not be read: storage was out of reach, or it is a bug. */
  brokenOff: number;
  shardsFailed: number;
  /** How long the longest-waiting user had been due whom the run came to, in milliseconds. */
  lagMs: number;
  stoppedBy: 'done' | 'deadline' | 'misconfigured';
  ms: number;
};

/** Writes one event; `correlationId` is bound by whoever made the log. */
export type Log = (event: LogEvent) => void;

type Level = 'info' | 'warn' | 'error';

const LEVELS: Partial<Record<LogEvent['event'], Level>> = {
  'request.failed': 'error',
  'account.not-recorded': 'warn',
  'cache.not-read': 'warn',
  'cache.not-written': 'warn',
  'cache.foreign-entry': 'error',
  'cache.former-home-dropped': 'warn',
  'token.custom-key': 'error',
  'user.failed-unexpectedly': 'error',
  'lease.abandoned': 'warn',
  'cooldown.began': 'warn',
  'cooldowns.not-read': 'warn',
  'sweep.misconfigured': 'error',
  'sweep.shard-failed': 'error',
  'sweep.not-tidied': 'warn',
  'storage.unreachable': 'error',
};

/** One JSON line an event, to the given sink. `correlationId` is the invocation id. */
export function createLog(sink: Record<Level, (line: string) => void>, correlationId?: string): Log {
  return (event) => {
    const line = correlationId === undefined ? event : { ...event, correlationId };
    sink[LEVELS[event.event] ?? 'info'](JSON.stringify(line));
  };
}

/** The line for a call that Entra or Graph refused on a user's behalf. */
export function upstreamRefused(reference: UpstreamReference, user: string): LogEvent {
  const { service, code, correlationId, ...ids } = reference;
  const theirs = correlationId === undefined ? {} : { upstreamCorrelationId: correlationId };
  return { event: 'upstream.refused', user, service, code, ...theirs, ...ids };
}

/** What may be said of an unexpected error: its class and code. Messages of others may hold URLs and user ids. */
export function nameOfError(error: unknown, depth = 0): string {
  if (!(error instanceof Error)) return typeof error;
  // An error may be its own cause.
  const cause = error.cause instanceof Error && depth < 4 ? `<${nameOfError(error.cause, depth + 1)}` : '';
  const code = 'code' in error && typeof error.code === 'string' ? `:${error.code}` : '';
  const status = 'statusCode' in error && typeof error.statusCode === 'number' ? `:${error.statusCode}` : '';
  return `${error.name}${code}${status}${cause}`;
}
