import type { HttpHandler } from '@azure/functions';
import { answered, readAccessToken } from '../../shared/http.ts';
import type { Stead } from '../../shared/stead.ts';

/** `GET /api/profile` */
export function createProfileHandler(stead: Stead): HttpHandler {
  return (request, context) =>
    answered(context, async (operation) => {
      const { result, ...facts } = await stead.profile(operation, readAccessToken(request.headers));
      return { body: result, facts };
    });
}

/** `GET /api/profile/photo`: 204 for a user without one. */
export function createPhotoHandler(stead: Stead): HttpHandler {
  return (request, context) =>
    answered(context, async (operation) => {
      const { result, ...facts } = await stead.photo(operation, readAccessToken(request.headers));
      return result === undefined ? { facts } : { bytes: result, facts };
    });
}
