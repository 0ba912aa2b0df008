import { AuthError } from '@azure/msal-browser';
import { isNetworkError, signInReference } from '@stead/shared/browser/msalError';
import type { Detail } from '../ui/Notice.tsx';
import { CORRELATION_ID, directoryIds } from './directoryIds.ts';

/** Why a sign-in failed, in words for the person at the page. */
export function signInText(error: unknown): string {
  if (isNetworkError(error)) return 'The directory cannot be reached. Check your network.';
  if (error instanceof AuthError && error.errorCode === 'access_denied') {
    return 'You or your organisation did not allow it. You can sign in again at any time.';
  }
  return 'The directory or this browser stopped it. If it happens again, tell the people who run this page.';
}

/** The codes and ids of a sign-in that failed. The directory gives most of them only in the text of its description. */
export function signInDetails(error: unknown): Detail[] {
  const code = { label: 'Directory code', value: signInReference(error) };
  if (!(error instanceof AuthError)) return [code];
  const ids = directoryIds(error.errorMessage);
  const hasCorrelation = ids.some(({ label }) => label === CORRELATION_ID);
  return [
    code,
    ...(hasCorrelation || !error.correlationId
      ? []
      : [{ label: CORRELATION_ID, value: error.correlationId }]),
    ...ids,
  ];
}
