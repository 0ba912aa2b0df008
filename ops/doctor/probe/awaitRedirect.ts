import { createServer, type RequestListener, type Server } from 'node:http';
import type { Clock } from '../../../shared/clock.ts';
import { PlainError } from '../../cli/errors.ts';

export type Redirect = {
  /** Resolves with the query that Entra sends to the address. @throws {PlainError} it did not come in time. */
  answer: Promise<URLSearchParams>;
  close: () => void;
};

const PAGE =
  '<!doctype html><html lang="en"><meta charset="utf-8"><title>Stead</title><p>Done. You can close this page.</p></html>';
/** Which of them `localhost` means is up to the browser. */
const HOSTS = ['127.0.0.1', '::1'];

/**
 * Listens for the redirect that ends a sign-in. What does not carry the state of this sign-in is ignored.
 * @throws {PlainError} another program listens there.
 */
export async function awaitRedirect(
  { redirectUri, state, waitMs }: { redirectUri: URL; state: string; waitMs: number },
  clock: Clock,
): Promise<Redirect> {
  const { promise, resolve, reject } = Promise.withResolvers<URLSearchParams>();
  // It is awaited after the address has been printed, and may be settled before.
  promise.catch(() => undefined);
  const listener: RequestListener = (request, response) => {
    const url = URL.parse(request.url ?? '', redirectUri.href);
    const isOurs = url?.pathname === redirectUri.pathname && url.searchParams.get('state') === state;
    response.writeHead(isOurs ? 200 : 404, {
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': "default-src 'none'",
      'referrer-policy': 'no-referrer',
      'cache-control': 'no-store',
      connection: 'close',
    });
    response.end(isOurs ? PAGE : '');
    // The answer is sent before this process ends.
    if (isOurs) response.once('close', () => resolve(url.searchParams));
  };
  const servers = await listen(Number(redirectUri.port), listener);
  const cancel = clock.after(waitMs, () => reject(new PlainError(tooLate(redirectUri, waitMs))));
  return {
    answer: promise,
    close() {
      cancel();
      for (const server of servers) {
        server.close();
        server.closeAllConnections();
      }
    },
  };
}

const tooLate = ({ href, origin }: URL, waitMs: number): string =>
  [
    `Nobody came back from the sign-in within ${waitMs / 1_000} s.`,
    `If Entra showed AADSTS50011, ${href} is not a redirect URI of the page: npm run entra:register -- --page-url ${origin}.`,
    'If it showed AADSTS700016, the page is not registered in this tenant: correct SPA_CLIENT_ID or ENTRA_TENANT_ID.',
  ].join(' ');

/** A machine may have only one of the two addresses. */
async function listen(port: number, listener: RequestListener): Promise<Server[]> {
  const servers: Server[] = [];
  for (const host of HOSTS) {
    try {
      servers.push(await listenOn(port, host, listener));
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (servers.length > 0 && (code === 'EADDRNOTAVAIL' || code === 'EAFNOSUPPORT')) continue;
      for (const server of servers) server.close();
      throw new PlainError(
        code === 'EADDRINUSE'
          ? `Another program listens on port ${port}. End it (npm start and npm run start:azure listen on 3000), or give another registered address with --redirect-uri.`
          : `This machine does not let the probe listen on port ${port} (${code}).`,
      );
    }
  }
  return servers;
}

const listenOn = (port: number, host: string, listener: RequestListener): Promise<Server> =>
  new Promise((resolve, reject) => {
    const server = createServer(listener);
    server.once('error', reject);
    server.listen({ port, host }, () => resolve(server));
  });
