import type { HttpHandler } from '@azure/functions';
import type { Log } from '../../shared/log.ts';
import { answered, readBearerToken } from '../http.ts';
import { type GetProfileDeps, getProfile } from './getProfile.ts';

/** `GET /api/profile` */
export function createProfileHandler(
  deps: Omit<GetProfileDeps, 'log' | 'userTokens'> & {
    userTokens: (log: Log) => GetProfileDeps['userTokens'];
  },
): HttpHandler {
  return (request, context) =>
    answered(context, async (log) => {
      const { profile, ...facts } = await getProfile(
        { ...deps, log, userTokens: deps.userTokens(log) },
        readBearerToken(request.headers),
      );
      return { body: profile, facts };
    });
}
