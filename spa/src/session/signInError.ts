import { AuthError } from '@azure/msal-browser';
import { isNetworkError, signInReference } from '@stead/shared/browser/msalError';
import type { Detail } from '../ui/Notice.tsx';
import type { Words } from '../words/words.ts';
import { directoryIds } from './directoryIds.ts';

/** Why a sign-in failed, in words for the person at the page. */
export function signInText(error: unknown, { signInError }: Words): string {
  if (isNetworkError(error)) return signInError.network;
  if (error instanceof AuthError && error.errorCode === 'access_denied') return signInError.denied;
  return signInError.other;
}

/** The codes and ids of a sign-in that failed. The directory gives most of them only in the text of its description. */
export function signInDetails(error: unknown): Detail[] {
  const code: Detail = { name: 'entraCode', value: signInReference(error) };
  if (!(error instanceof AuthError)) return [code];
  const ids = directoryIds(error.errorMessage);
  const hasCorrelation = ids.some(({ name }) => name === 'entraCorrelationId');
  return [
    code,
    ...(hasCorrelation || !error.correlationId
      ? []
      : [{ name: 'entraCorrelationId' as const, value: error.correlationId }]),
    ...ids,
  ];
}
