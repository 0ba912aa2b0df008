/** What one piece of work causes. */
export type Work = {
  /** Requests to the table service, and how many of them are entity-group transactions. */
  table: number;
  transactions: number;
  /** Requests to the blob service. */
  blob: number;
  /** Requests to the token endpoint, for signing keys and to Graph. */
  token: number;
  keys: number;
  api: number;
  /** Lines in the log. */
  lines: number;
};

/** A user whom this process knows: the call to Graph, and the line. */
export const WARM: Work = { table: 0, transactions: 0, blob: 0, token: 0, keys: 0, api: 1, lines: 1 };

/**
 * A new user in a new process: both cooldowns, the account read, created and made active; the cache read and written. The lines
 * are the new account and the answer.
 */
export const FIRST_VISIT: Work = { table: 5, transactions: 2, blob: 2, token: 1, keys: 1, api: 1, lines: 2 };

/**
 * A run without the audit over so many due users of one shard. The table: the last run (read and ended), the cooldowns
 * (before and after), the index of each shard, and one page; each account is read and settled, and four are leased at once. The
 * blobs: each cache is read and written. The lines: one for each user, and the run's.
 */
export const runOver = (users: number, shards: number): Work => ({
  table: 2 + 4 + shards + 1 + 2 * users + Math.ceil(users / 4),
  transactions: users + Math.ceil(users / 4),
  blob: 2 * users,
  token: users,
  keys: 0,
  api: 0,
  lines: users + 1,
});

/** A part of a run that finds nobody: the last run (read and ended), the cooldowns (before and after), and a page of the index. */
export const EMPTY_PART: Work = {
  table: 2 + 4 + 1,
  transactions: 0,
  blob: 0,
  token: 0,
  keys: 0,
  api: 0,
  lines: 1,
};

/** What was more than the budget, one sentence each. */
export function overBudget(work: Work, budget: Work): string[] {
  return (Object.keys(budget) as (keyof Work)[]).flatMap((name) =>
    work[name] > budget[name] ? [`${name}: ${work[name]}, and not more than ${budget[name]}`] : [],
  );
}
