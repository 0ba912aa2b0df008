import type { Clock } from './clock.ts';
import { LinkOffError, LinkRefusedError } from './errors.ts';
import { type IncomingRequest, operationOf, type Reply, type RequestContext } from './http.ts';
import { nameOfError } from './log.ts';
import type { Operation } from './ports.ts';

/** Where the browser goes. `result` is for the log. */
export type Redirect = { location: string; cookie?: string; user: string; result?: string };

/** A browser shows an answer of these routes. It keeps nothing of it, and tells no other site from where it came. */
const ALWAYS = {
  'Cache-Control': 'no-store',
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
  'Content-Security-Policy':
    "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
};

const TEXTS: Record<LinkRefusedError['why'] | 'off' | 'bug', { status: number; text: string }> = {
  ticket: {
    status: 400,
    text: 'This address is not valid. Go back to the page from which you came, and begin again.',
  },
  cookie: {
    status: 400,
    text: 'This browser has not begun what it is to finish. Go back to the page from which you came, and begin again.',
  },
  state: {
    status: 400,
    text: 'This is the answer to another sign-in. Go back to the page from which you came, and begin again.',
  },
  navigation: { status: 403, text: 'This address is to be opened as a page.' },
  method: { status: 405, text: 'This address is to be opened as a page.' },
  off: { status: 404, text: 'There is nothing here.' },
  bug: { status: 500, text: 'Something went wrong here.' },
};

/** Runs one request of a browser's navigation. Its result is a redirect, or a small page that says what is wrong. It never rejects. */
export async function answeredInBrowser(
  context: RequestContext,
  clock: Clock,
  work: (operation: Operation) => Promise<Redirect>,
): Promise<Reply> {
  const begun = clock.elapsed();
  const operation = operationOf(context);
  const ms = () => Math.round(clock.elapsed() - begun);
  try {
    const { location, cookie, user, result } = await work(operation);
    const code = result === undefined ? {} : { code: result };
    operation.log({ event: 'request.answered', status: 303, ms: ms(), user, ...code });
    return {
      status: 303,
      headers: { ...ALWAYS, Location: location, ...(cookie && { 'Set-Cookie': cookie }) },
    };
  } catch (error) {
    const why = whyOf(error);
    const { status, text } = TEXTS[why];
    const logged = { status, ms: ms(), code: `LINK_${why.toUpperCase()}`, error: nameOfError(error) };
    operation.log({ event: status < 500 ? 'request.answered' : 'request.failed', ...logged });
    return {
      status,
      headers: {
        ...ALWAYS,
        'Content-Type': 'text/html; charset=utf-8',
        ...(why === 'method' && { Allow: 'GET' }),
      },
      body: pageOf(logged.code, text, context.invocationId),
    };
  }
}

function whyOf(error: unknown): keyof typeof TEXTS {
  if (error instanceof LinkRefusedError) return error.why;
  return error instanceof LinkOffError ? 'off' : 'bug';
}

/** Nothing that a caller sent is in it. */
const pageOf = (code: string, text: string, correlationId: string): string =>
  `<!doctype html><html lang="en"><meta charset="utf-8"><title>Stay connected</title>` +
  `<p>${text}</p><p><small>${code} ${correlationId.replace(/[^\w-]/g, '')}</small></p></html>`;

/**
 * Refuses what is not the navigation of a window, before anything is spent: a `HEAD` or a prefetch of a link that somebody
 * shows, a frame, an image. A browser that says nothing of it is believed.
 * @throws {LinkRefusedError}
 */
export function expectNavigation({ method, headers }: IncomingRequest): void {
  if (method !== 'GET') throw new LinkRefusedError('method');
  const purposes = ['sec-purpose', 'purpose', 'x-purpose', 'x-moz'].map((name) => headers.get(name) ?? '');
  const mode = headers.get('sec-fetch-mode') ?? 'navigate';
  const target = headers.get('sec-fetch-dest') ?? 'document';
  if (
    purposes.some((one) => /prefetch|preview|prerender/i.test(one)) ||
    mode !== 'navigate' ||
    target !== 'document'
  ) {
    throw new LinkRefusedError('navigation');
  }
}

/** The page to which the browser returns, with what came of the link. */
export function withResult(returnUrl: string, result: string): string {
  const address = new URL(returnUrl);
  address.searchParams.set('link', result);
  return address.href;
}
