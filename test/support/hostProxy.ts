import { once } from 'node:events';
import { Agent, createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import type { Azurite } from '../../dev/azurite.ts';

export type HostRequest = {
  service: 'table' | 'queue';
  method: string;
  /** The path and the query. */
  url: string;
  body: string;
};

/** `before`: nothing of the request has arrived. `after`: it is done, and the host does not hear of it. */
export type Moment = 'before' | 'after';

type Trap = { moment: Moment; left: number; hits: (request: HostRequest) => boolean; act: () => void };

export const asksForMessages = ({ service, method, url }: HostRequest): boolean =>
  service === 'queue' && method === 'GET' && /\/messages\?/.test(url);

/**
 * Stands between one host and Azurite. It can keep messages from the host, and tell of a request at which the host is to be
 * killed. It is shut at first: a question for messages waits until `open`.
 */
export async function startHostProxy(azurite: Azurite) {
  const agent = new Agent({ keepAlive: true });
  const seen: HostRequest[] = [];
  let trap: Trap | undefined;
  let isOpen = false;
  /** The trap has sprung. What a process has begun that is about to die does not count any more. */
  let isDead = false;
  let waiting: (() => void)[] = [];

  /** @returns the trap, if it springs at this request */
  function trapAt(current: HostRequest): Trap | undefined {
    if (trap === undefined || isDead || !trap.hits(current)) return undefined;
    trap.left -= 1;
    isDead = trap.left === 0;
    return isDead ? trap : undefined;
  }

  async function answer(
    service: HostRequest['service'],
    incoming: IncomingMessage,
    outgoing: ServerResponse,
  ): Promise<void> {
    const body = await buffer(incoming);
    const { method = '', url = '', headers } = incoming;
    const current = { service, method, url, body: body.toString('utf8') };
    if (asksForMessages(current)) {
      while (!isOpen) await new Promise<void>((resolve) => waiting.push(resolve));
    }
    if (isDead || incoming.socket.destroyed) return void incoming.socket.destroy();
    // A question for messages counts if there is one.
    let sprung = asksForMessages(current) ? undefined : trapAt(current);
    if (sprung?.moment === 'before') {
      sprung.act();
      return void incoming.socket.destroy();
    }
    seen.push(current);
    const forwarded = request({
      host: '127.0.0.1',
      port: azurite.ports[service],
      method,
      path: url,
      headers,
      agent,
    });
    forwarded.end(body);
    const [azurites] = (await once(forwarded, 'response')) as [IncomingMessage];
    const answered = await buffer(azurites);
    if (asksForMessages(current) && answered.includes('<QueueMessage>')) sprung = trapAt(current);
    if (sprung !== undefined) {
      sprung.act();
      return void incoming.socket.destroy();
    }
    outgoing.writeHead(azurites.statusCode ?? 502, azurites.headers).end(answered);
  }

  const servers = await Promise.all(
    (['table', 'queue'] as const).map(async (service) => {
      const server = createServer((incoming, outgoing) => {
        // A host that is killed breaks its connections.
        answer(service, incoming, outgoing).catch(() => incoming.socket.destroy());
      });
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
      return { service, server, port: (server.address() as AddressInfo).port };
    }),
  );

  return {
    connectionString: servers.reduce(
      (text, { service, port }) => text.replace(`:${azurite.ports[service]}/`, `:${port}/`),
      azurite.connectionString,
    ),
    /** The requests that went on, in order. */
    seen,
    open(): void {
      isOpen = true;
      for (const go of waiting) go();
      waiting = [];
    },
    shut(): void {
      isOpen = false;
    },
    /** Calls `act` once, at the `nth` request that `hits`. That request gets no answer. */
    trap(moment: Moment, hits: Trap['hits'], nth: number, act: () => void): void {
      trap = { moment, left: nth, hits, act };
    },
    async close(): Promise<void> {
      agent.destroy();
      await Promise.all(
        servers.map(async ({ server }) => {
          server.closeAllConnections();
          server.close();
          await once(server, 'close');
        }),
      );
    },
  };
}

export type HostProxy = Awaited<ReturnType<typeof startHostProxy>>;
