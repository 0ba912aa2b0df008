import { LinkOffError } from './errors.ts';
import type { IncomingRequest } from './http.ts';
import type { LinkSettings } from './ports.ts';

/** Long enough for a user who must sign in, prove a second factor and read what they consent to. */
const COOKIE_FOR_SECONDS = 600;

/**
 * The cookie that binds a link to the browser that began it. `SameSite=Lax`, because Entra's answer is a navigation from another
 * site. Not every browser takes the prefix and `Secure` over http, which the settings allow on loopback alone.
 * @throws {LinkOffError} this application does not link.
 */
export function linkCookie(settings: LinkSettings | undefined) {
  if (settings === undefined) throw new LinkOffError();
  const { redirectUri } = settings;
  const isSecure = redirectUri.startsWith('https:');
  const name = isSecure ? '__Host-stead-link' : 'stead-link';
  const attributes = `Path=/; HttpOnly; SameSite=Lax${isSecure ? '; Secure' : ''}`;
  return {
    set: (value: string): string => `${name}=${value}; Max-Age=${COOKIE_FOR_SECONDS}; ${attributes}`,
    removed: `${name}=; Max-Age=0; ${attributes}`,
    /** Undefined if there is none. Of two with one name, nobody knows which one is ours. */
    in(headers: IncomingRequest['headers']): string | undefined {
      const values = (headers.get('cookie') ?? '').split(';').flatMap((pair) => {
        const [key, ...value] = pair.trim().split('=');
        return key === name ? [value.join('=')] : [];
      });
      return values.length === 1 ? values[0] : undefined;
    },
  };
}
