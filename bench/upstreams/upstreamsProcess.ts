/** The process of the services that an application calls, so that their CPU time is not the application's. */
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { createBlobService } from './blobService.ts';
import { createIdentityService } from './identityService.ts';
import { type Answer, createTableService } from './tableService.ts';

/** How long a call takes at least, in milliseconds. A timer adds up to one more. */
export type Latencies = { storageMs: number; tokenMs: number; apiMs: number };

/** How often each service was called, and how many users were given exactly one token. */
export type Counts = {
  table: number;
  transactions: number;
  blob: number;
  token: number;
  keys: number;
  api: number;
  users: number;
  givenOne: number;
};

export type ToUpstreams =
  | { latencies: Latencies }
  | { sign: { tid: string; clientId: string; oids: string[] } }
  | { count: 'read' | 'begin' };
export type FromUpstreams = { origins: { identity: string; blob: string; table: string } } & {
  tokens?: string[];
};

const table = createTableService();
const blob = createBlobService();
const identity = await createIdentityService();
let latencies: Latencies = { storageMs: 0, tokenMs: 0, apiMs: 0 };
const none = (): Counts => ({
  table: 0,
  transactions: 0,
  blob: 0,
  token: 0,
  keys: 0,
  api: 0,
  users: 0,
  givenOne: 0,
});
let counts = none();

function serveTable(request: IncomingMessage, url: URL, body: string): Answer {
  counts.table += 1;
  if (url.pathname.endsWith('/$batch')) counts.transactions += 1;
  const method = String(request.headers['x-http-method'] ?? request.method);
  return table.answer(method, url, request.headers['if-match'], body);
}

function serveBlob(request: IncomingMessage, url: URL, body: string): Answer {
  counts.blob += 1;
  return blob.answer(request.method ?? 'GET', url, request.headers, body);
}

async function serveIdentity(request: IncomingMessage, url: URL, body: string): Promise<Answer> {
  if (url.pathname.endsWith('/keys')) {
    counts.keys += 1;
    return identity.keys();
  }
  if (request.method === 'POST') {
    counts.token += 1;
    await wait(latencies.tokenMs);
    return identity.grant(url.pathname.split('/')[1] ?? '', url.host, body);
  }
  counts.api += 1;
  await wait(latencies.apiMs);
  return identity.profile();
}

const wait = async (ms: number): Promise<void> => {
  if (ms > 0) await sleep(ms);
};

type Serve = (request: IncomingMessage, url: URL, body: string) => Answer | Promise<Answer>;

async function listen(serve: Serve, isStorage: boolean): Promise<string> {
  const server = createServer({ keepAliveTimeout: 60_000 }, async (request, response) => {
    const body = await text(request);
    if (isStorage) await wait(latencies.storageMs);
    const url = new URL(request.url ?? '/', `http://${request.headers.host}`);
    const answer = await serve(request, url, body);
    // The table store compares it with its own clock.
    const length = Buffer.byteLength(answer.body ?? '');
    response.writeHead(answer.status, {
      date: new Date().toUTCString(),
      'content-length': length,
      ...answer.headers,
    });
    response.end(answer.body);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const origins = {
  identity: await listen(serveIdentity, false),
  blob: await listen(serveBlob, true),
  table: await listen(serveTable, true),
};

process.once('disconnect', () => process.exit());
process.on('message', async (message: ToUpstreams) => {
  if ('latencies' in message) latencies = message.latencies;
  if ('count' in message && message.count === 'begin') {
    counts = none();
    identity.grants.clear();
  }
  const tokens =
    'sign' in message
      ? await Promise.all(
          message.sign.oids.map((oid) => identity.sign({ ...message.sign, origin: origins.identity, oid })),
        )
      : undefined;
  counts.users = identity.grants.size;
  counts.givenOne = [...identity.grants.values()].filter((count) => count === 1).length;
  process.send?.({ done: true, counts, tokens });
});
process.send?.({ origins });
