import { ClientConfigurationError } from '@azure/msal-node';

/**
 * Acquires with a challenge, and once without it if MSAL cannot put it into a request: the token endpoint then decides
 * by itself what it asks for, which is better than a user who is refused for ever.
 */
export async function withClaims<T>(
  claims: string | undefined,
  acquire: (more: { claims?: string }) => Promise<T>,
): Promise<T> {
  if (claims === undefined) return acquire({});
  try {
    return await acquire({ claims });
  } catch (error) {
    if (!isRefusalOfClaims(error)) throw error;
    return acquire({});
  }
}

/** MSAL could not read the claims that it was given; nothing was sent. */
const isRefusalOfClaims = (error: unknown): boolean =>
  error instanceof ClientConfigurationError && error.errorCode === 'invalid_claims';
