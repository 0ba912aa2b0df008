import { AuthError } from '@azure/msal-node';
import type { TokenFacts } from '../../tokens/failures.ts';
import type { NetworkRecord } from './msalNetwork.ts';

/** MSAL's own codes for a stop before anything was sent. */
const LOCAL: Readonly<Record<string, NonNullable<TokenFacts['local']>>> = {
  refresh_token_expired: 'refresh_token_expired',
  no_tokens_found: 'no_tokens_found',
  no_account_found: 'no_tokens_found',
  no_account_in_silent_request: 'no_tokens_found',
};

/** What the record alone says of a request that was refused or not answered; undefined when it went well. */
export function factsOfRecord(record: NetworkRecord): TokenFacts | undefined {
  const { answer, noAnswer } = record;
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
 * The only reader of MSAL's error codes. Undefined for an error that is neither MSAL's nor the network's: a bug.
 * The record goes first, because MSAL's classes do not tell a dead grant from a throttled one.
 */
export function factsOfError(error: unknown, record: NetworkRecord): TokenFacts | undefined {
  const recorded = factsOfRecord(record);
  if (recorded !== undefined) return recorded;
  if (!(error instanceof AuthError)) return undefined;
  const local = LOCAL[error.errorCode];
  return local === undefined ? { error: error.errorCode } : { local };
}

/** Entra's "assertion is not within its valid time range": the caller's token ended on the way. */
const ASSERTION_EXPIRED = 500133;

/** By Entra's number or, as numbers are hints, by the time: a refusal of a token that has ended says nothing more. */
export const hasAssertionEnded = ({ error, errorNo }: TokenFacts, endsAt: Date, now: Date): boolean =>
  errorNo === ASSERTION_EXPIRED || (error === 'invalid_grant' && endsAt <= now);
