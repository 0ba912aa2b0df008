import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import { createOpenGraph } from '../../../../../shared/adapters/graph/graph.ts';

describe('the Graph client of a token', () => {
  it.each([
    [true, 'low'],
    [undefined, undefined],
  ])('tells Graph whether nobody waits for the answer (%s)', async (inBackground, priority) => {
    const seen: unknown[] = [];
    const server = createServer((request, response) => {
      seen.push(request.headers['x-ms-throttle-priority']);
      response.setHeader('Content-Type', 'application/json').end('{}');
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    try {
      const more = inBackground === undefined ? {} : { inBackground };
      await createOpenGraph({ baseUrl, timeoutMs: 5_000, ...more })('a token')
        .api('/me')
        .get();
      expect(seen).toEqual([priority]);
    } finally {
      server.closeAllConnections();
      server.close();
    }
  });

  it('sends it to its own origin, and to no other that a task may name', async () => {
    const seen: string[] = [];
    const server = createServer((request, response) => {
      seen.push(`${request.url} ${request.headers.authorization}`);
      response.setHeader('Content-Type', 'application/json').end('{}');
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const open = createOpenGraph({ baseUrl: `http://127.0.0.1:${port}`, timeoutMs: 5_000 });
    try {
      const graph = open('a token');
      await graph.api('/me').get();
      await expect(graph.api(`https://localhost:${port}/v1.0/me`).get()).rejects.toThrow(/alone/);
      expect(seen).toEqual(['/v1.0/me Bearer a token']);
    } finally {
      server.closeAllConnections();
      server.close();
    }
  });
});
