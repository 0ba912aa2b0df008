import { AuthError, InteractionRequiredAuthError, ServerError } from '@azure/msal-browser';
import type { Detail } from '../ui/Notice.tsx';
import { CORRELATION_ID, directoryIds } from './directoryIds.ts';

/** MSAL's codes for "there was no answer" (its BrowserAuthErrorCodes). */
const NETWORK_CODES = ['no_network_connectivity', 'post_request_failed', 'get_request_failed'];

export const isNetworkError = (error: unknown): boolean =>
  error instanceof AuthError && NETWORK_CODES.includes(error.errorCode);

/** True if the directory refused; false if the cause is this browser or the network. */
export const isDirectoryRefusal = (error: unknown): boolean =>
  error instanceof ServerError || error instanceof InteractionRequiredAuthError;

/** Why a sign-in failed, in words for the person at the page. */
export function signInText(error: unknown): string {
  if (isNetworkError(error)) return 'The directory cannot be reached. Check your network.';
  if (error instanceof AuthError && error.errorCode === 'access_denied') {
    return 'You or your organisation did not allow it. You can sign in again at any time.';
  }
  return 'The directory or this browser stopped it. If it happens again, tell the people who run this page.';
}

/** The code of the failure: Entra's AADSTS number if there is one, else MSAL's own code. */
export function signInReference(error: unknown): string {
  if (!(error instanceof AuthError)) return error instanceof Error ? error.name : String(error);
  return /AADSTS\d+/.exec(error.errorMessage)?.[0] ?? error.errorCode;
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
