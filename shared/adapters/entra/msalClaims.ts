import { ClientConfigurationError } from '@azure/msal-node';

/**
 * Gets a token with a claims challenge. If MSAL cannot put the challenge into a request, tries once without it. The token
 * endpoint then makes its own challenge, which is better than a user who is refused for ever.
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

/** True if MSAL could not read the claims. It then has sent nothing. */
const isRefusalOfClaims = (error: unknown): boolean =>
  error instanceof ClientConfigurationError && error.errorCode === 'invalid_claims';
