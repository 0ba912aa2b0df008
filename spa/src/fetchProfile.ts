import {
  type AccountInfo,
  InteractionRequiredAuthError,
  type IPublicClientApplication,
} from '@azure/msal-browser';
import type { Problem, ProblemCode, Profile } from '../../shared/wire.ts';
import { bridgeUri } from './msal.ts';
import type { PageConfig } from './pageConfig.ts';

export type ProfileResult =
  | { state: 'ready'; profile: Profile }
  /** Only the user can mend it; `claims` is what the directory asks for. */
  | { state: 'sign-in'; claims?: string }
  | { state: 'refused'; code: ProblemCode; correlationId: string }
  | { state: 'busy'; retryAfterSeconds: number; correlationId?: string }
  /** No answer at all. */
  | { state: 'offline' };

const RETRY_AFTER_SECONDS = 5;

/** The caller's profile from `GET /api/profile`. Never throws for what the network or the API answers. */
export async function fetchProfile(
  msal: IPublicClientApplication,
  account: AccountInfo,
  config: PageConfig,
  signal: AbortSignal,
): Promise<ProfileResult> {
  let accessToken: string;
  try {
    ({ accessToken } = await msal.acquireTokenSilent({
      scopes: [config.apiScope],
      account,
      redirectUri: bridgeUri(),
    }));
  } catch (error) {
    return { state: error instanceof InteractionRequiredAuthError ? 'sign-in' : 'offline' };
  }
  let response: Response;
  try {
    response = await fetch(`${config.apiBaseUrl}/api/profile`, {
      headers: { Authorization: `Bearer ${accessToken}` },
      signal,
    });
    if (response.ok) return { state: 'ready', profile: (await response.json()) as Profile };
  } catch {
    return { state: 'offline' };
  }
  return readProblem(response);
}

async function readProblem(response: Response): Promise<ProfileResult> {
  const retryAfterSeconds = Number(response.headers.get('retry-after')) || RETRY_AFTER_SECONDS;
  const problem = (await response.json().catch(() => undefined)) as Problem | undefined;
  if (problem?.code === undefined) return { state: 'busy', retryAfterSeconds };
  const { code, claims, correlationId } = problem;
  switch (code) {
    case 'CLAIMS_REQUIRED':
    case 'SIGN_IN_REQUIRED':
    case 'TOKEN_INVALID':
    case 'TOKEN_MISSING':
      return { state: 'sign-in', ...(claims === undefined ? {} : { claims }) };
    case 'THROTTLED':
    case 'UNAVAILABLE':
    case 'INTERNAL':
      return { state: 'busy', retryAfterSeconds, correlationId };
    case 'REQUEST_MALFORMED':
    case 'SCOPE_MISSING':
    case 'TENANT_FORBIDDEN':
    case 'CLIENT_FORBIDDEN':
    case 'UPSTREAM_REFUSED':
      return { state: 'refused', code, correlationId };
    default:
      return code satisfies never;
  }
}
