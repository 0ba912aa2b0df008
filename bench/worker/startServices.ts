import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { createBlobService } from './blobService.ts';
import type { Answer, CallName } from './call.ts';
import { createTableService } from './tableService.ts';
import { createTokenService } from './tokenService.ts';

/** How long a call takes at least, in milliseconds. A timer adds up to one more. */
export type Latencies = { storageMs: number; tokenMs: number };

/** How often something was called, and how long that took altogether, in milliseconds. */
export type CallCount = { count: number; ms: number };

export type Services = Awaited<ReturnType<typeof startServices>>;

/** Blobs, a table and a token endpoint on one free port of this machine. Nobody's signature is checked. */
export async function startServices(latencies: Latencies) {
  const blob = createBlobService();
  const table = createTableService();
  const token = createTokenService();
  const called = new Map<CallName, CallCount>();

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const begun = performance.now();
    const { method = '', headers, url: path = '' } = request;
    const url = new URL(path, `http://${headers.host}`);
    const [, first] = url.pathname.split('/');
    const storage = first === 'blob' ? blob : first === 'table' ? table : undefined;
    const over = sleep(storage === undefined ? latencies.tokenMs : latencies.storageMs);
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    await over;
    const answer = (storage ?? token).answer({ method, url, headers, body: Buffer.concat(chunks) });
    send(response, answer);
    const before = called.get(answer.name) ?? { count: 0, ms: 0 };
    called.set(answer.name, { count: before.count + 1, ms: before.ms + performance.now() - begun });
  }

  const server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
    serve(request, response).catch(() => response.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  return {
    origin,
    blobs: blob.blobs,
    rows: table.rows,
    grants: token.grants,
    calls: (): Partial<Record<CallName, CallCount>> => Object.fromEntries(called),
    stop(): void {
      server.close();
      server.closeAllConnections();
    },
  };
}

function send(response: ServerResponse, { status, headers = {}, body = '' }: Answer): void {
  response.writeHead(status, { ...headers, 'content-length': Buffer.byteLength(body) });
  response.end(body);
}
