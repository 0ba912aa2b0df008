import { InputError, readFields } from './input.ts';

/** How the stand-in answers where Entra's own answers vary, or may change one day. */
export type Answers = {
  /** The answer to a request for `<resource>/.default` names that beside the granted scopes. */
  defaultBeside: boolean;
  /** A token carries everything that was granted, as Entra's do, and not only what the request named. */
  everythingGranted: boolean;
  /** Every answer tells the end of its refresh token (`refresh_token_expires_in`). Otherwise only those to a page do. */
  refreshTokenEnds: boolean;
  /** No answer contains an AADSTS number: Microsoft does not promise them. */
  stripNumbers: boolean;
};

export const DEFAULT_ANSWERS: Answers = {
  defaultBeside: false,
  everythingGranted: true,
  refreshTokenEnds: false,
  stripNumbers: false,
};

const NAMES = ['defaultBeside', 'everythingGranted', 'refreshTokenEnds', 'stripNumbers'] as const;

/**
 * `current` with the changes of `input`.
 * @throws InputError that names the field and what is allowed
 */
export function changedAnswers(current: Answers, input: unknown): Answers {
  const changed = { ...current };
  for (const [name, value] of readFields('answers', input, NAMES)) {
    if (typeof value !== 'boolean') throw new InputError(`answers: "${name}" must be true or false`);
    changed[name] = value;
  }
  return changed;
}
