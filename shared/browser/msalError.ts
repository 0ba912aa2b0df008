/**
 * What the errors of `@azure/msal-browser` have in common. They are recognised by their names and codes, and not by their
 * classes, so that no copy and no version of MSAL comes with this code.
 */
type MsalError = Error & {
  errorCode: string;
  errorMessage?: string;
  subError?: string;
  claims?: string;
  correlationId?: string;
  traceId?: string;
  timestamp?: string;
};

/** MSAL's codes for "there was no answer" (its BrowserAuthErrorCodes). */
const NETWORK_CODES = ['no_network_connectivity', 'post_request_failed', 'get_request_failed'];

export const isMsalError = (error: unknown): error is MsalError =>
  error instanceof Error && 'errorCode' in error && typeof error.errorCode === 'string';

export const isNetworkError = (error: unknown): boolean =>
  isMsalError(error) && NETWORK_CODES.includes(error.errorCode);

export const isInteractionRequired = (error: unknown): error is MsalError =>
  isMsalError(error) && error.name === 'InteractionRequiredAuthError';

/** True if the directory refused; false if the cause is this browser or the network. */
export const isDirectoryRefusal = (error: unknown): boolean =>
  isInteractionRequired(error) || (isMsalError(error) && error.name === 'ServerError');

/** The code of the failure: Entra's AADSTS number if there is one, else MSAL's own code. */
export function signInReference(error: unknown): string {
  if (!isMsalError(error)) return error instanceof Error ? error.name : String(error);
  return /AADSTS\d+/.exec(error.errorMessage ?? error.message)?.[0] ?? error.errorCode;
}
