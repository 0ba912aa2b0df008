import { isLoopback } from './isLoopback.ts';
import type { LinkSettings } from './ports.ts';
import type { SettingsReader } from './settingsReader.ts';

/** The route of Entra's answer is that of a link, and this after it. */
const CALLBACK = '/callback';

/** Reads where a link leads. @returns undefined if users cannot link */
export function readLink({ given, fault }: SettingsReader): LinkSettings | undefined {
  const callback = given('LINK_REDIRECT_URI');
  if (callback === '') {
    if (given('LINK_RETURN_URLS') !== '') {
      fault(
        'LINK_RETURN_URLS',
        'is given without LINK_REDIRECT_URI, so users cannot link',
        'Give LINK_REDIRECT_URI, too, or empty both.',
      );
    }
    return undefined;
  }
  const problem = problemOf(callback);
  // Scheme and host are then in lower case. Everything that follows, such as the cookie, goes by this one spelling.
  const redirectUri = problem === undefined ? new URL(callback).href : callback;
  const hasQuery = redirectUri.includes('?');
  if (problem !== undefined || hasQuery || !redirectUri.endsWith(CALLBACK)) {
    fault(
      'LINK_REDIRECT_URI',
      problem ?? (hasQuery ? 'has a query' : `does not end with ${CALLBACK}`),
      'Give the address of the callback, such as https://<app>.azurewebsites.net/api/connection/link/callback, exactly as it is registered as a redirect URI of the platform Web.',
    );
  }
  const returnUrls = given('LINK_RETURN_URLS')
    .split(',')
    .map((url) => url.trim())
    .filter(Boolean);
  const [first, ...others] = returnUrls;
  if (first === undefined) {
    fault(
      'LINK_RETURN_URLS',
      'is missing, though LINK_REDIRECT_URI is given',
      'Give the pages to which the browser may return, separated by commas, such as https://app.contoso.com/.',
    );
    return undefined;
  }
  const wrong = returnUrls.map(problemOf).find((one) => one !== undefined);
  if (wrong !== undefined) {
    fault(
      'LINK_RETURN_URLS',
      `has a part that ${wrong}`,
      'Give whole addresses with https, separated by commas.',
    );
  }
  return { redirectUri, openUrl: redirectUri.slice(0, -CALLBACK.length), returnUrls: [first, ...others] };
}

/** Completes a sentence; undefined if it is the address of a page that may be sent something. */
function problemOf(text: string): string | undefined {
  // A browser also takes "https:page.example" and spaces, and not everybody reads them in the same way.
  const isWhole = /^https?:\/\/[^\s\\/][^\s\\]*$/i.test(text);
  const url = isWhole && URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined) return 'is not a whole URL';
  if (url.protocol === 'http:' && !isLoopback(url)) return 'would go over plain http';
  if (/^https?:\/\/[^/?#]*@/i.test(text)) return 'has a user in it';
  if (text.includes('#')) return 'has a fragment';
  return undefined;
}
