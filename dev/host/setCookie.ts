import type { HttpCookie } from './coreTypes.ts';

const SAME_SITE = { none: undefined, lax: 'Lax', strict: 'Strict', explicitNone: 'None' };

/** A cookie's `Set-Cookie` value (RFC 6265, 4.1). The value is percent-encoded; the path is `/` unless given. */
export function setCookieHeader(cookie: HttpCookie): string {
  const { expires, maxAge } = cookie;
  const attributes = {
    Expires: expires && new Date(expires.value.seconds * 1000).toUTCString(),
    'Max-Age': maxAge && Math.trunc(maxAge.value),
    Domain: cookie.domain?.value,
    Path: cookie.path?.value ?? '/',
    SameSite: SAME_SITE[cookie.sameSite],
  };
  const parts = Object.entries(attributes)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}=${value}`);
  if (cookie.secure?.value) parts.push('Secure');
  if (cookie.httpOnly?.value) parts.push('HttpOnly');
  return [`${cookie.name}=${encodeURIComponent(cookie.value)}`, ...parts].join('; ');
}
