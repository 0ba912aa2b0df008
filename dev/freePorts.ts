import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:net';

/**
 * Below what systems give to whoever asks for any port, from 32768 (Linux) or 49152 (macOS, Windows): a port of theirs
 * may be given to somebody else's connection before it is used.
 */
const LOWEST_PORT = 20_000;
const HIGHEST_PORT = 32_767;
const TAKEN = ['EADDRINUSE', 'EACCES'];
const NO_IPV6 = ['EADDRNOTAVAIL', 'EAFNOSUPPORT', 'EINVAL'];

/** Finds free ports. It holds each one until it has found all of them, so that no two are the same. */
export async function freePorts(count: number): Promise<number[]> {
  const held = new Map<number, Server>();
  while (held.size < count) {
    const port = randomInt(LOWEST_PORT, HIGHEST_PORT + 1);
    try {
      held.set(port, await listen(port));
    } catch (error) {
      if (!TAKEN.includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
    }
  }
  await Promise.all([...held.values()].map(close));
  return [...held.keys()];
}

/** True if no program listens on this port of the loopback, neither with IPv4 nor with IPv6. */
export async function isFree(port: number): Promise<boolean> {
  for (const host of ['127.0.0.1', '::1']) {
    try {
      await close(await listen(port, host));
    } catch (error) {
      const { code = '' } = error as NodeJS.ErrnoException;
      if (!NO_IPV6.includes(code)) return false;
    }
  }
  return true;
}

async function listen(port: number, host = '127.0.0.1'): Promise<Server> {
  const server = createServer().listen(port, host);
  await once(server, 'listening');
  return server;
}

async function close(server: Server): Promise<void> {
  server.close();
  await once(server, 'close');
}
