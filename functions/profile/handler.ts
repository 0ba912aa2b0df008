import type { HttpHandler } from '@azure/functions';
import { answered, readAccessToken } from '../../shared/http.ts';
import type { Stead } from '../../shared/stead.ts';

/** `GET /api/profile`: the caller's profile. */
export function createProfileHandler(stead: Stead): HttpHandler {
  return (request, context) =>
    answered(context, stead.services.clock, async (operation) => {
      const { result, ...facts } = await stead.profile(operation, readAccessToken(request.headers));
      return { body: result, facts };
    });
}

/** `GET /api/profile/photo`: the caller's photo, or 204 if they have none. */
export function createPhotoHandler(stead: Stead): HttpHandler {
  return (request, context) =>
    answered(context, stead.services.clock, async (operation) => {
      const { result, ...facts } = await stead.photo(operation, readAccessToken(request.headers));
      return result === undefined ? { facts } : { bytes: result, facts };
    });
}
