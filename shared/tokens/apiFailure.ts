import type { Api } from '../api.ts';
import type { Failure } from '../errors.ts';
import { classifyFailure } from './failures.ts';
import { readRetryAfter } from './retryAfter.ts';

/** What an answer of a downstream API with status 400 or above means. */
export function failureOfAnswer(api: Api, response: Response, now: Date): Failure {
  if (api.readFailure !== undefined) return api.readFailure(response, now);
  const { status, headers } = response;
  return classifyFailure({
    api: api.name,
    error: `${api.name}_${status}`,
    status,
    claims: status === 401 ? api.readChallenge(response) : undefined,
    retryAfterSeconds: readRetryAfter(headers.get('retry-after'), now),
  });
}

/** The failure of a request that a downstream API did not answer. */
export const unanswered = ({ name }: Api): Failure =>
  classifyFailure({ api: name, noAnswer: `${name}_unreachable` });
