import { AuthError } from '@azure/msal-node';
import type { TokenFacts } from '../../tokens/failures.ts';
import type { NetworkRecord } from './msalNetwork.ts';

/** MSAL's own codes for failures before anything was sent. */
const LOCAL: Readonly<Record<string, NonNullable<TokenFacts['local']>>> = {
  refresh_token_expired: 'refresh_token_expired',
  no_tokens_found: 'no_tokens_found',
  no_account_found: 'no_tokens_found',
  no_account_in_silent_request: 'no_tokens_found',
};

/** There is no assertion with which this API could prove who it is, so a request was not sent. */
export class CredentialError extends Error {
  override readonly name = 'CredentialError';
  readonly facts: TokenFacts;

  constructor(facts: TokenFacts, options?: ErrorOptions) {
    super('There is no assertion of this application.', options);
    this.facts = facts;
  }
}

/**
 * What the record says about a request that was refused, not answered, or not sent for want of a credential; undefined if
 * the request succeeded.
 */
export function factsOfRecord(record: NetworkRecord): TokenFacts | undefined {
  const { answer, noAnswer, refusedByUs } = record;
  if (refusedByUs instanceof CredentialError) return refusedByUs.facts;
  if (noAnswer !== undefined) {
    const { status, retryAfterSeconds, upstream } = answer ?? {};
    return { noAnswer, status, retryAfterSeconds, upstream };
  }
  if (answer === undefined || (answer.error === undefined && answer.status < 400)) return undefined;
  return {
    error: answer.error,
    errorNo: answer.errorNo,
    suberror: answer.suberror,
    claims: answer.claims,
    status: answer.status,
    retryAfterSeconds: answer.retryAfterSeconds,
    upstream: answer.upstream,
  };
}

/**
 * What an error of MSAL says. Only this function reads MSAL's error codes. The record decides first, because MSAL's error
 * classes do not distinguish a grant that has ended from a throttled one.
 * @returns undefined for an error that comes neither from MSAL nor from the network, which is a bug
 */
export function factsOfError(error: unknown, record: NetworkRecord): TokenFacts | undefined {
  const recorded = factsOfRecord(record);
  if (recorded !== undefined) return recorded;
  if (!(error instanceof AuthError)) return undefined;
  const local = LOCAL[error.errorCode];
  return local === undefined ? { error: error.errorCode } : { local };
}

/** Entra's "assertion is not within its valid time range": the caller's access token expired during the request. */
const ASSERTION_EXPIRED = 500133;

/**
 * True if the exchange failed because the assertion has expired. Entra's number says so, or, because numbers may change,
 * the time does.
 */
export const hasAssertionEnded = ({ error, errorNo }: TokenFacts, endsAt: Date, now: Date): boolean =>
  errorNo === ASSERTION_EXPIRED || (error === 'invalid_grant' && endsAt <= now);
