import { ConflictError, UnavailableError } from '../errors.ts';

/** An account that changes on every try is not the caller's fault. The caller may try again. */
export async function unavailableIfBusy<T>(change: () => Promise<T>): Promise<T> {
  try {
    return await change();
  } catch (error) {
    if (error instanceof ConflictError) throw new UnavailableError('accounts', { cause: error });
    throw error;
  }
}
