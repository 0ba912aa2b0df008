import { once } from 'node:events';
import http, { type RequestListener, type Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { PlainError } from '../../ops/cli/errors.ts';

export type LoopbackServer = {
  port: number;
  /** Accepts no more connections; those in use stay. */
  refuse(): void;
  /** Ends every connection. */
  close(): void;
};

const NO_IPV6 = new Set(['EADDRNOTAVAIL', 'EAFNOSUPPORT', 'EINVAL']);
const TRIES = 10;

const STATUS: Record<string, string> = {
  HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
  ERR_HTTP_REQUEST_TIMEOUT: '408 Request Timeout',
};
/** How long a client may still send after its request was refused. */
const LINGER_MS = 1000;

/**
 * Listens on 127.0.0.1 and, where there is IPv6, on ::1, so that `localhost` works however a client resolves it.
 * @param port 0 = any port that is free on both.
 * @throws PlainError when the port is taken or may not be used.
 */
export async function listenOnLoopback(listener: RequestListener, port: number): Promise<LoopbackServer> {
  for (let tries = 1; ; tries++) {
    const servers: Server[] = [];
    const close = () => {
      for (const server of servers) server.close().closeAllConnections();
    };
    try {
      const first = await listen(listener, '127.0.0.1', port);
      servers.push(first);
      const address = first.address();
      const actual = typeof address === 'object' && address ? address.port : port;
      const second = await listen(listener, '::1', actual).catch((error: NodeJS.ErrnoException) => {
        if (!NO_IPV6.has(error.code ?? '')) throw error;
      });
      if (second) servers.push(second);
      return { port: actual, refuse: () => servers.forEach((server) => void server.close()), close };
    } catch (error) {
      close();
      const { code, message } = error as NodeJS.ErrnoException;
      // Another program has the port in the other address family, so try another port.
      if (port === 0 && code === 'EADDRINUSE' && tries < TRIES) continue;
      const reason =
        code === 'EADDRINUSE' ? `Port ${port} is taken` : `Port ${port} cannot be used (${message})`;
      throw new PlainError(
        `${reason}. Choose another one with --port, or with Host.LocalHttpPort in local.settings.json.`,
      );
    }
  }
}

async function listen(listener: RequestListener, host: string, port: number): Promise<Server> {
  const server = http.createServer(listener).on('clientError', answerClientError);
  server.listen(port, host);
  await once(server, 'listening');
  return server;
}

/**
 * Answers input that is not HTTP, or whose header is too large. Node itself closes the connection while the client
 * still sends, and the client then sees a reset connection instead of the status.
 */
function answerClientError(error: NodeJS.ErrnoException, socket: Duplex): void {
  if (error.code === 'ECONNRESET' || !socket.writable) return;
  const status = STATUS[error.code ?? ''] ?? '400 Bad Request';
  socket.end(`HTTP/1.1 ${status}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`);
  setTimeout(() => socket.destroy(), LINGER_MS).unref();
}
