import type { Language } from '../words/language.ts';

/** The controls of the local platform, by their names in its addresses. */
export const GROUPS = {
  worker: ['run', 'leave'],
  organisation: ['revoke', 'mfa', 'consent', 'throttle', 'outage', 'silence', 'well'],
  keys: ['short-tokens', 'hour-tokens'],
} as const;
export type GroupName = keyof typeof GROUPS;
export type ControlName = (typeof GROUPS)[GroupName][number];

/** What each step of the tour does, in order. */
export const STEPS = ['leave', 'revoke', 'run', 'return', 'leave', 'disconnect'] as const;

/** The platform did not answer as it does; `text` is what it said instead. */
export class NoAnswerError extends Error {
  override readonly name = 'NoAnswer';
  readonly status: number;

  constructor(status: number, text: string) {
    super(text);
    this.status = status;
  }
}

/**
 * @returns what was done, as sentences for the person
 * @throws {Error} Its message says why it was not done.
 * @throws {NoAnswerError} Nobody knows whether it was done.
 */
export async function press(user: string, control: string, language: Language): Promise<string> {
  const response = await fetch(`/dev/users/${user}/${control}`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ language }),
  });
  const text = await response.text();
  if (!response.headers.get('content-type')?.startsWith('application/json'))
    throw new NoAnswerError(response.status, text);
  const { says } = JSON.parse(text) as { says: string };
  if (!response.ok) throw new Error(says);
  return says;
}
