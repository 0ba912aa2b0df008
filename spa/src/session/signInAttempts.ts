import { type Attempt, recentOf } from './signInSteps.ts';

/** This tab's redirects to the directory: they outlive the page that left, and nothing else. */
const KEY = 'stead.redirects';

export function readAttempts(now = Date.now()): Attempt[] {
  try {
    const kept: unknown = JSON.parse(sessionStorage.getItem(KEY) ?? '[]');
    return Array.isArray(kept) ? recentOf(kept.filter(isAttempt), now) : [];
  } catch {
    return [];
  }
}

export function noteAttempt(attempt: Attempt): void {
  write([...readAttempts(), attempt]);
}

/** The redirect that was noted last did not happen. */
export const takeBackAttempt = (): void => write(readAttempts().slice(0, -1));

/** The last redirect came back with a refusal of the directory. */
export function noteRefusal(refusedWith: string): void {
  const attempts = readAttempts();
  const last = attempts.pop();
  if (last !== undefined) write([...attempts, { ...last, refusedWith }]);
}

/** What is refused from now on has nothing to do with what was tried before. */
export const forgetAttempts = (): void => sessionStorage.removeItem(KEY);

const write = (attempts: readonly Attempt[]): void => sessionStorage.setItem(KEY, JSON.stringify(attempts));

const isAttempt = (value: unknown): value is Attempt =>
  typeof value === 'object' &&
  value !== null &&
  'reason' in value &&
  typeof value.reason === 'string' &&
  'step' in value &&
  'at' in value &&
  typeof value.at === 'number';
