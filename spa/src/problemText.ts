import type { ProblemCode } from '../../shared/wire.ts';

/** Each refusal of the service, in words for the person at the page. */
export const PROBLEM_TEXT: Record<ProblemCode, string> = {
  REQUEST_MALFORMED: 'The service did not understand this page. It may be out of date: load it again.',
  TOKEN_MISSING: 'The service did not see your sign-in.',
  TOKEN_INVALID: 'This sign-in is over.',
  CLAIMS_REQUIRED: 'Your organisation asks for one more step before Stead can act for you.',
  SIGN_IN_REQUIRED: 'Your sign-in is no longer enough for Stead to act for you.',
  CONSENT_REQUIRED:
    'Stead needs a permission from you, or from your organisation, before it can act for you.',
  SCOPE_MISSING: 'This page asked for too little. Its apiScope has to name the scope of the service.',
  TENANT_FORBIDDEN:
    'Your organisation is not served here. Sign in with another account, or ask whoever runs this.',
  CLIENT_FORBIDDEN: 'This page is not allowed to call the service. Whoever runs the service has to allow it.',
  UPSTREAM_REFUSED: 'The directory refuses the service itself. Only those who run it can mend that.',
  THROTTLED: 'There are too many requests just now. Nothing is lost.',
  TOO_MANY_REQUESTS: 'That was asked for too often. Wait a moment, and try again.',
  UNAVAILABLE: 'A service behind this page cannot be reached. Nothing is lost.',
  INTERNAL: 'Something went wrong in the service. Nothing is lost.',
};
