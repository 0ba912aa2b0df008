import { InputError, isRecord } from './inputError.ts';

/** How the answers look where Entra's differ from one to the next, or may change one day. */
export type Answers = {
  /** `<resource>/.default` stands beside the granted scopes in the answer to a request for it. */
  defaultBeside: boolean;
  /** A token carries everything that was granted, as Entra's do, and not only what was asked for by name. */
  everythingGranted: boolean;
  /** No AADSTS number is told anywhere: Microsoft promises none of them. */
  stripNumbers: boolean;
};

export const DEFAULT_ANSWERS: Answers = {
  defaultBeside: false,
  everythingGranted: true,
  stripNumbers: false,
};

const NAMES = ['defaultBeside', 'everythingGranted', 'stripNumbers'] as const;

/**
 * `current` with the changes of `input`.
 * @throws InputError that names the field and what is allowed
 */
export function changedAnswers(current: Answers, input: unknown): Answers {
  if (!isRecord(input)) {
    throw new InputError(`answers: expected an object with any of ${NAMES.join(', ')}`);
  }
  const changed = { ...current };
  for (const [field, value] of Object.entries(input)) {
    const name = NAMES.find((known) => known === field);
    if (!name) throw new InputError(`answers: no "${field}"; allowed are ${NAMES.join(', ')}`);
    if (typeof value !== 'boolean') throw new InputError(`answers: "${name}" must be true or false`);
    changed[name] = value;
  }
  return changed;
}
