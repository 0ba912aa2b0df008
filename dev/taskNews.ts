import type { Services } from '../shared/ports.ts';
import type { UserId } from '../shared/userId.ts';

/** What each task has newly told one user, by the task's name, such as "3 new or changed files". */
export type News = ReadonlyMap<string, string>;

type Told = { at: string; task: string; count?: number; summary?: string };

/**
 * Reads what tasks tell users. It is sealed, and neither operators nor the log have it. The local platform may open it,
 * because its keys are no secret and its people are invented.
 * @returns gives what was told since the last call for this user. The first call gives nothing: that is what was old.
 */
export function createTaskNews({
  accounts,
  memorySealer,
}: Pick<Services, 'accounts' | 'memorySealer'>): (userId: UserId) => Promise<News> {
  const known = new Map<UserId, ReadonlySet<string>>();

  async function toldNow(userId: UserId): Promise<Told[]> {
    const account = await accounts.read(userId);
    if (account === undefined || !('memory' in account) || account.memory === undefined) return [];
    const opened = await memorySealer.open(userId, account.memory);
    return opened.ok ? ((JSON.parse(opened.memory) as { told?: Told[] }).told ?? []) : [];
  }

  return async (userId) => {
    const told = await toldNow(userId);
    const before = known.get(userId);
    known.set(userId, new Set(told.map((one) => JSON.stringify(one))));
    // In alike checks the last summary stays and the count adds up, so an entry that is the same has no news.
    const fresh = before === undefined ? [] : told.filter((one) => !before.has(JSON.stringify(one)));
    return new Map(fresh.flatMap(({ task, summary }) => (summary === undefined ? [] : [[task, summary]])));
  };
}
