import { type Attempt, recentOf } from './signInSteps.ts';

/**
 * Where this tab remembers its redirects to the directory. Session storage is kept while the tab is at the directory,
 * and is gone when the tab is closed.
 */
const KEY = 'stead.redirects';

/** The library is compiled without the types of browsers. */
declare const sessionStorage: {
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
  removeItem(key: string): void;
};

export function readAttempts(now = Date.now()): Attempt[] {
  try {
    const kept: unknown = JSON.parse(sessionStorage.getItem(KEY) ?? '[]');
    return Array.isArray(kept) ? recentOf(kept.filter(isAttempt), now) : [];
  } catch {
    return [];
  }
}

export function recordAttempt(attempt: Attempt): void {
  write([...readAttempts(), attempt]);
}

/** For a redirect that was recorded and then did not happen. */
export const removeLastAttempt = (): void => write(readAttempts().slice(0, -1));

/** The person has declined. They may decide otherwise the next time. */
const DECLINED = 'AADSTS65004';

/** For a redirect that came back with a refusal. */
export function recordRefusal(refusedWith: string): void {
  if (refusedWith === DECLINED) return;
  const attempts = readAttempts();
  const last = attempts.pop();
  if (last !== undefined) write([...attempts, { ...last, refusedWith }]);
}

/** For a path that answers well: the redirects for its refusals have helped. */
export function recordRepair(path: string): void {
  const attempts = readAttempts();
  const helped = attempts.filter((attempt) => attempt.path === path && !attempt.isRepaired);
  if (helped.length === 0) return;
  try {
    write(attempts.map((attempt) => (helped.includes(attempt) ? { ...attempt, isRepaired: true } : attempt)));
  } catch {
    // The storage of this tab is full. A good answer is good all the same.
  }
}

/** For a new start, such as another person: a later refusal has nothing to do with the redirects so far. */
export const clearAttempts = (): void => sessionStorage.removeItem(KEY);

const write = (attempts: readonly Attempt[]): void => sessionStorage.setItem(KEY, JSON.stringify(attempts));

const isAttempt = (value: unknown): value is Attempt =>
  typeof value === 'object' &&
  value !== null &&
  'reason' in value &&
  typeof value.reason === 'string' &&
  'step' in value &&
  'at' in value &&
  typeof value.at === 'number';
