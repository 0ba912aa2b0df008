/** A browser that links: it keeps one cookie of the application, and goes through the pages of the stand-in. */
import { throughThePages } from '../../dev/entra/signIn.ts';
import { type EntraOptions, startEntra } from '../../dev/entra/startEntra.ts';
import { createFetchHandlers } from '../../shared/serve/fetchHandlers.ts';
import type { Stead } from '../../shared/stead.ts';
import type { LinkTicket } from '../../shared/wire.ts';
import { SPA_ORIGIN } from './entraClients.ts';

const API = 'https://api.example/api/connection/link';
export const CALLBACK = `${API}/callback`;
export const PAGE = 'https://page.example/';
export const OTHER_PAGE = 'https://page.example/settings?tab=2';
export const COOKIE = '__Host-stead-link';

/** The settings of an application that links. */
export const LINK_SETTINGS = { LINK_REDIRECT_URI: CALLBACK, LINK_RETURN_URLS: `${PAGE}, ${OTHER_PAGE}` };

/** A stand-in in which the web API has the redirect URI of a link, and in which everybody has consented. */
export const startLinkEntra = (options: Partial<EntraOptions> = {}) =>
  startEntra({
    port: 0,
    spaOrigins: [SPA_ORIGIN],
    apiRedirectUris: [CALLBACK],
    consented: true,
    ...options,
  });

export type LinkBrowser = ReturnType<typeof createLinkBrowser>;

export function createLinkBrowser(stead: Stead) {
  const lines: string[] = [];
  const keepLine = (line: string) => void lines.push(line);
  const sink = { info: keepLine, warn: keepLine, error: keepLine };
  const { link, linkCallback } = createFetchHandlers(stead, { sink });
  let cookie: string | undefined;

  const headersWith = (headers: Record<string, string>): Record<string, string> =>
    cookie === undefined ? headers : { cookie: `other=1; ${COOKIE}=${cookie}`, ...headers };

  function keep(response: Response): Response {
    const set = response.headers.get('set-cookie');
    const [, name, value = ''] = /^([^=]+)=([^;]*)/.exec(set ?? '') ?? [];
    if (name === COOKIE) cookie = value === '' ? undefined : value;
    return response;
  }

  return {
    /** The application's log of these requests. */
    lines,
    get cookie() {
      return cookie;
    },
    set cookie(value: string | undefined) {
      cookie = value;
    },
    /** What the page sends. */
    ask: (accessToken: string, body?: unknown): Promise<Response> =>
      link(
        new Request(API, {
          method: 'POST',
          headers: {
            authorization: `Bearer ${accessToken}`,
            ...(body !== undefined && { 'content-type': 'application/json' }),
          },
          ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
        }),
      ),
    /** Asks, and gives the address. */
    async ticketFor(accessToken: string, body?: unknown): Promise<string> {
      const answer = await this.ask(accessToken, body);
      if (answer.status !== 200) throw new Error(`no ticket: ${answer.status} ${await answer.text()}`);
      return ((await answer.json()) as LinkTicket).url;
    },
    /** Opens the address of a ticket. */
    open: async (url: string, init: { method?: string; headers?: Record<string, string> } = {}) =>
      keep(await link(new Request(url, { ...init, headers: headersWith(init.headers ?? {}) }))),
    /** Goes to Entra, and gives the address of the callback. */
    signIn: (opened: Response, user: string, consent: 'accept' | 'cancel' = 'accept'): Promise<URL> =>
      throughThePages(new URL(opened.headers.get('location') ?? ''), { user, consent }),
    /** Opens the address of the callback. */
    callBack: async (url: URL | string, init: { method?: string; headers?: Record<string, string> } = {}) =>
      keep(await linkCallback(new Request(url, { ...init, headers: headersWith(init.headers ?? {}) }))),
    /** All of it. @returns the result that the page is told */
    async link(accessToken: string, user: string): Promise<string | null> {
      const opened = await this.open(await this.ticketFor(accessToken));
      return resultOf(await this.callBack(await this.signIn(opened, user)));
    },
  };
}

/** The result that a redirect to the page has; null if it is none. */
export function resultOf(response: Response): string | null {
  const location = response.headers.get('location');
  return location === null ? null : new URL(location).searchParams.get('link');
}
