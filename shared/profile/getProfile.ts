import type { Operation, Photo } from '../ports.ts';
import type { App } from '../tokens/app.ts';
import type { Profile } from '../wire.ts';
import { type Asked, asUser } from './asUser.ts';

/**
 * Reads the caller's profile.
 * @throws what {@link asUser} throws.
 */
export const getProfile = (app: App, operation: Operation, accessToken: string): Promise<Asked<Profile>> =>
  asUser(app, operation, accessToken, { name: 'profile', run: app.readProfile });

/**
 * Reads the caller's photo; the result is undefined if they have none.
 * @throws what {@link asUser} throws.
 */
export const getPhoto = (
  app: App,
  operation: Operation,
  accessToken: string,
): Promise<Asked<Photo | undefined>> =>
  asUser(app, operation, accessToken, { name: 'photo', run: app.readPhoto });
