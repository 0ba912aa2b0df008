import type { HttpHandler } from '@azure/functions';
import { answered, readBearerToken } from '../../shared/http.ts';
import type { Log } from '../../shared/log.ts';
import { type GetPhotoDeps, getPhoto } from '../../shared/profile/getPhoto.ts';
import { type GetProfileDeps, getProfile } from '../../shared/profile/getProfile.ts';

/** What an invocation's log is yet to be bound to. */
type Unbound<Deps extends GetPhotoDeps | GetProfileDeps> = Omit<
  Deps,
  'log' | 'correlationId' | 'userTokens'
> & {
  userTokens: (log: Log, correlationId: string) => Deps['userTokens'];
};

const bind = <Deps extends GetPhotoDeps | GetProfileDeps>(
  deps: Unbound<Deps>,
  log: Log,
  correlationId: string,
) => ({ ...deps, log, correlationId, userTokens: deps.userTokens(log, correlationId) });

/** `GET /api/profile` */
export function createProfileHandler(deps: Unbound<GetProfileDeps>): HttpHandler {
  return (request, context) =>
    answered(context, async (log) => {
      const bound = bind(deps, log, context.invocationId);
      const { profile, ...facts } = await getProfile(bound, readBearerToken(request.headers));
      return { body: profile, facts };
    });
}

/** `GET /api/profile/photo`: 204 for a user without one. */
export function createPhotoHandler(deps: Unbound<GetPhotoDeps>): HttpHandler {
  return (request, context) =>
    answered(context, async (log) => {
      const bound = bind(deps, log, context.invocationId);
      const { photo, ...facts } = await getPhoto(bound, readBearerToken(request.headers));
      return photo === undefined ? { facts } : { bytes: photo, facts };
    });
}
