import type { Connection, ConnectionChange, LinkTicket } from '../wire.ts';
import { createSignIn, type RedirectingMsal } from './createSignIn.ts';
import { type Refusal, readRefusal, refusalWithoutToken, type SignInRefusal } from './refusal.ts';
import { recordRepair } from './signInAttempts.ts';

/** What is used of a `PublicClientApplication` of `@azure/msal-browser`. */
export type PageMsal<Account> = RedirectingMsal<Account> & {
  acquireTokenSilent(request: {
    scopes: string[];
    account: Account;
    redirectUri?: string;
  }): Promise<{ accessToken: string }>;
};

export type ConnectionOptions<Account> = {
  /** The absolute address of the service, without a slash at the end. The user's token is sent to its origin alone. */
  apiBaseUrl: string;
  /** Such as `api://<client id of the API>/access_as_user`. */
  apiScope: string;
  msal: PageMsal<Account>;
  /** The account of MSAL that is signed in. */
  account: Account;
  /** Where hidden frames of MSAL come back to. Default: the redirect URI of `msal`. */
  redirectUri?: string;
};

export type PageAnswer<T> = { state: 'ready'; value: T } | Refusal;

export type PageRequest<T> = {
  method?: string;
  body?: string | Blob | Uint8Array<ArrayBuffer>;
  headers?: Record<string, string>;
  signal?: AbortSignal;
  /** Reads a successful answer; undefined if it is not what it should be. Default: reads JSON, and null without a body. */
  read?: (response: Response) => Promise<T | undefined>;
};

export type PageConnection = ReturnType<typeof createConnection>;

const TIMEOUT_MS = 60_000;
/** A newer service may know more states than this page. */
const STATES: Record<Connection['state'], true> = {
  pending: true,
  active: true,
  'needs-user': true,
  disconnected: true,
  none: true,
  'not-connected': true,
};

/**
 * Calls the service as the signed-in user, for any page and without a framework. Nothing here rejects, but for `repair` and
 * for a path that leads to another origin: a failure of MSAL, of the network or of the service is a `Refusal`. `busy` (429, 503 and other 5xx) says how many
 * seconds to wait. Nothing is sent again by itself.
 */
export function createConnection<Account>(options: ConnectionOptions<Account>) {
  const { apiBaseUrl, apiScope, msal, account, redirectUri } = options;
  const signIn = createSignIn({ msal, apiScope });

  async function call<T>(path: string, request: PageRequest<T> = {}): Promise<PageAnswer<T>> {
    const { signal, read = readJson as NonNullable<typeof request.read>, headers, ...init } = request;
    const address = `${apiBaseUrl}${path}`;
    // A path may come from data. After the host's name, `@other.example` or `.other.example` names another host.
    if (!path.startsWith('/') || new URL(address).origin !== new URL(apiBaseUrl).origin) {
      throw new TypeError('A path begins with a slash: the token is for this service only.');
    }
    let accessToken: string;
    try {
      const asked = { scopes: [apiScope], account, ...(redirectUri === undefined ? {} : { redirectUri }) };
      ({ accessToken } = await msal.acquireTokenSilent(asked));
    } catch (error) {
      return refusalWithoutToken(error);
    }
    const timeout = AbortSignal.timeout(TIMEOUT_MS);
    try {
      const response = await fetch(address, {
        ...init,
        headers: { ...headers, Authorization: `Bearer ${accessToken}` },
        signal: signal === undefined ? timeout : AbortSignal.any([signal, timeout]),
      });
      const asked = new URL(address).pathname;
      if (!response.ok) {
        const refusal = readRefusal(response, await response.json().catch(() => undefined));
        return refusal.state === 'sign-in' ? { ...refusal, path: asked } : refusal;
      }
      const value = await read(response);
      if (value === undefined) return { state: 'unexpected', status: response.status };
      recordRepair(asked);
      return { state: 'ready', value };
    } catch {
      return { state: 'offline' };
    }
  }

  const connection =
    (method: string, read = readConnection) =>
    (signal?: AbortSignal) =>
      call('/api/connection', { method, read, ...(signal && { signal }) });

  const change = (changed: ConnectionChange, signal?: AbortSignal) =>
    call('/api/connection', {
      method: 'PUT',
      read: readConnection,
      body: JSON.stringify(changed),
      headers: { 'Content-Type': 'application/json' },
      ...(signal && { signal }),
    });

  return {
    /**
     * Makes one request.
     * @param path with its slash, such as `/api/messages`
     * @throws {TypeError} the path has no slash, or leads to another origin. Nothing is sent.
     */
    fetch: call,
    /** What the service keeps of the user, and what it did while they were away. */
    status: connection('GET'),
    /** Connects the user: after they disconnected, and where the service asks first (`not-connected`). */
    connect: connection('PUT'),
    /**
     * Lets the user's tasks rest, at most 90 days ahead. The service goes on to keep their token. It connects nobody:
     * `refused` with `NOT_CONNECTED` if there is no connection.
     */
    pause: ({ until, signal }: { until: Date; signal?: AbortSignal }) =>
      // JSON has null for an invalid date, which would end a pause. The service refuses its text.
      change({ tasksPausedUntil: Number.isNaN(Number(until)) ? String(until) : until.toISOString() }, signal),
    /** Ends a pause before its time. */
    resume: (signal?: AbortSignal) => change({ tasksPausedUntil: null }, signal),
    /** Ends it: the service deletes what it keeps. */
    disconnect: connection('DELETE', async () => ({ state: 'disconnected', history: [] })),
    /**
     * Asks for a link, with which the user stays connected for about 90 days. Open `url` of the value in this browser within a
     * minute: `location.assign(url)`. The browser comes back to the page with `link=<result>` in its query.
     * @param request.returnUrl one of the service's `LINK_RETURN_URLS`. Default: the first of them
     * @param request.tasks names of tasks whose permissions the user is to be asked for: `tasks` of the connection has them
     * @param request.functions names of functions: `link` of a refusal has them
     */
    link: (
      request: { returnUrl?: string; tasks?: readonly string[]; functions?: readonly string[] } = {},
      signal?: AbortSignal,
    ): Promise<PageAnswer<LinkTicket>> =>
      call('/api/connection/link', {
        method: 'POST',
        read: readTicket,
        body: JSON.stringify(request),
        headers: { 'Content-Type': 'application/json' },
        ...(signal && { signal }),
      }),
    /** The step that `repair` would take; undefined if no further redirect can help. */
    nextStep: signIn.nextStep,
    /**
     * Leaves the page for the directory, with the claims or the consent that a refusal asks for. It cannot loop.
     * @returns false if no further redirect can help, so that an administrator has to
     * @throws the errors of MSAL
     */
    repair: (refusal: SignInRefusal): Promise<boolean> => signIn.repair(refusal, account),
  };
}

async function readTicket(response: Response): Promise<LinkTicket | undefined> {
  const body = (await response.json().catch(() => undefined)) as Partial<LinkTicket> | undefined;
  return typeof body?.url === 'string' ? { url: body.url } : undefined;
}

const readJson = async (response: Response): Promise<unknown> =>
  response.status === 204 ? null : response.json().catch(() => undefined);

async function readConnection(response: Response): Promise<Connection | undefined> {
  const body: unknown = await response.json().catch(() => undefined);
  return isConnection(body) ? body : undefined;
}

const isConnection = (body: unknown): body is Connection =>
  typeof body === 'object' &&
  body !== null &&
  'state' in body &&
  Object.hasOwn(STATES, String(body.state)) &&
  'history' in body &&
  Array.isArray(body.history);
