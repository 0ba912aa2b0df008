import { once } from 'node:events';
import { Agent, createServer, type IncomingMessage, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Azurite } from '../../dev/azurite.ts';

/** A version of a blob that was stored. */
export type BlobVersion = { name: string; content: string; etag: string; replaces: string | undefined };

const MOST_DELAY_MS = 15;
/** A transaction is answered by 202, and says in its body what became of it. */
const CONFLICT_IN_BATCH = /^HTTP\/1\.1 (?:409|412) /m;

/**
 * Delays each request to one of Azurite's services, so that processes overtake each other, and counts the conflicts
 * that they bring about.
 * @param random uniform in [0, 1)
 */
export async function startStormProxy(azurite: Azurite, service: 'blob' | 'table', random: () => number) {
  const port = azurite.ports[service];
  const agent = new Agent({ keepAlive: true });
  const versions: BlobVersion[] = [];
  let calls = 0;
  let conflicts = 0;

  async function forward(incoming: IncomingMessage, body: Buffer) {
    const { method, url, headers } = incoming;
    const outgoing = request({ host: '127.0.0.1', port, method, path: url, headers, agent });
    outgoing.end(body);
    const [answer] = (await once(outgoing, 'response')) as [IncomingMessage];
    return { status: answer.statusCode ?? 0, answer, answerBody: await buffer(answer) };
  }

  const server = createServer(async (incoming, outgoing) => {
    try {
      const body = await buffer(incoming);
      calls += 1;
      await sleep(random() * MOST_DELAY_MS);
      const { status, answer, answerBody } = await forward(incoming, body);
      if (status === 409 || status === 412 || CONFLICT_IN_BATCH.test(answerBody.toString('utf8'))) {
        conflicts += 1;
      }
      if (incoming.headers['x-ms-blob-type'] !== undefined && status === 201) {
        const { pathname } = new URL(incoming.url ?? '', 'http://azurite');
        versions.push({
          // After the account and the container.
          name: decodeURIComponent(pathname).split('/').slice(3).join('/'),
          content: body.toString('utf8'),
          etag: answer.headers.etag ?? '',
          replaces: incoming.headers['if-match'],
        });
      }
      await sleep(random() * MOST_DELAY_MS);
      outgoing.writeHead(status, answer.rawHeaders).end(answerBody);
    } catch {
      outgoing.destroy();
    }
  });
  server.keepAliveTimeout = 60_000;
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const own = (server.address() as AddressInfo).port;

  return {
    connectionString: azurite.connectionString.replace(`:${port}/`, `:${own}/`),
    seen: () => ({ calls, conflicts }),
    /** Of every blob, in no order. */
    versions,
    async close(): Promise<void> {
      agent.destroy();
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

export type StormProxy = Awaited<ReturnType<typeof startStormProxy>>;
