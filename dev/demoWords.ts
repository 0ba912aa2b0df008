/** How the terminal says what a check of the worker did. */
import type { LogEvent } from '../shared/log.ts';

type CheckEnded = Extract<LogEvent, { event: 'user.check-ended' }>;
/** How a task of a check ended, and what it told the user if there was news. */
export type EndOfTask = {
  task: string;
  outcome: 'done' | 'failed' | 'waiting';
  error?: string;
  news?: string | undefined;
};
/** How one check ended, as its log event and the account's history say it. */
export type EndOfCheck = Pick<CheckEnded, 'outcome' | 'kind' | 'code' | 'reason'>;

const FAILURES: Record<NonNullable<EndOfCheck['kind']>, string> = {
  'needs-user': 'the directory wants to see them again, so the worker needs them',
  consent: 'a permission is missing, so the worker needs them',
  throttled: 'the directory asks for fewer requests, so the worker tries again later',
  tenant: 'the organisation does not have this application, so the worker tries again later',
  transient: 'the directory could not answer, so the worker tries again later',
  'cache-lost': 'there are no tokens any more, so the worker needs them',
  misconfigured: 'the settings of the API are wrong, so nobody is marked',
};

const WAITS: Record<string, string> = {
  'recently-active': 'was here just now, so the worker waits',
  'needs-user': 'is needed first, so nothing was asked',
  cooldown: 'waits, because there were too many requests',
  'never-exchanged': 'has no tokens yet, so the worker waits for a visit',
  disconnected: 'has disconnected, and no tokens are left',
  retired: 'was retired, and no tokens are left',
};

const OUTCOMES: Record<Exclude<EndOfCheck['outcome'], 'failed' | 'waiting'>, string> = {
  refreshed: 'token renewed',
  'from-cache': 'token still good',
  retired: 'was away for too long, so the connection has ended',
  erased: 'nothing is kept any more',
  released: 'left for the next run',
  superseded: 'changed meanwhile, so the next run looks again',
};

/** Such as "token still good", without a full stop. */
export function wordsOfCheck({ outcome, kind, code, reason }: EndOfCheck): string {
  switch (outcome) {
    case 'failed':
      return `${FAILURES[kind ?? 'transient']}${code === undefined ? '' : ` (${code})`}`;
    case 'waiting':
      return WAITS[reason ?? ''] ?? 'waits';
    default:
      return OUTCOMES[outcome];
  }
}

/** The codes of a task that has nothing to follow: some people have no OneDrive and no mailbox. */
export const WITHOUT: ReadonlySet<string | undefined> = new Set(['NoDrive:404', 'NoMailbox:404']);

/** Such as "drive-changes: 3 new or changed files", without a full stop. */
export function wordsOfTask({ task, outcome, error, news = 'done' }: EndOfTask): string {
  if (outcome === 'done') return `${task}: ${news.replace(/\.$/, '')}`;
  return `${task}: ${WITHOUT.has(error) ? 'nothing to read' : outcome}`;
}
