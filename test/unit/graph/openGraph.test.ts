import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import { createOpenGraph } from '../../../shared/adapters/graph.ts';

describe('the Graph client of a token', () => {
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
