import type { UserToken } from '../../shared/ports.ts';

/** A token that the token endpoint has just issued, and whose cache is stored. */
export const sampleToken = (expiresOn: Date, more: Partial<UserToken> = {}): UserToken => ({
  accessToken: 'an access token',
  permissions: undefined,
  expiresOn,
  source: 'network',
  homeAccountId: 'home',
  refreshTokenExpiresOn: undefined,
  stored: true,
  written: undefined,
  oldKey: false,
  ...more,
});
