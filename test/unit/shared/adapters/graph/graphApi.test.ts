import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { graph } from '../../../../../shared/adapters/graph/graphApi.ts';
import type { ApiCall } from '../../../../../shared/api.ts';
import { systemClock } from '../../../../../shared/clock.ts';
import type { UpstreamReference } from '../../../../../shared/errors.ts';
import { createTestApp } from '../../../../support/testApp.ts';

const ID = '11111111-2222-4333-8444-555555555555';
const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

/** One call of Graph's client, to a server that answers so. */
async function call(
  status: number,
  headers: Record<string, string>,
  more: Pick<ApiCall, 'correlationId' | 'inBackground'>,
) {
  const seen: IncomingHttpHeaders[] = [];
  const server = createServer((request, response) => {
    seen.push(request.headers);
    response.sendDate = false;
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end('{}');
  }).listen(0, 'localhost');
  servers.push(server);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const refused: UpstreamReference[] = [];
  const { openApi } = createTestApp({ graphBaseUrl: `http://localhost:${port}`, fetch, clock: systemClock });
  const { graph: client } = openApi(graph, {
    accessToken: 'a token',
    ...more,
    onFailed: ({ upstream }) => void (upstream && refused.push(upstream)),
  });
  await client
    .api('/me')
    .get()
    .catch(() => undefined);
  return { refused, sent: seen[0] };
}

describe('a call to Graph', () => {
  it.each([
    [true, 'low'],
    [undefined, undefined],
  ])('tells Graph whether nobody waits for the answer (%s)', async (inBackground, priority) => {
    const { sent } = await call(200, {}, inBackground === undefined ? {} : { inBackground });
    expect(sent?.['x-ms-throttle-priority']).toBe(priority);
  });

  it('carries our id beside the token', async () => {
    const { sent } = await call(200, {}, { correlationId: ID });
    expect(sent).toMatchObject({ 'client-request-id': ID, authorization: 'Bearer a token' });
  });

  it.each([undefined, '', 'Anna Berg'])('carries nothing else in its place: %j', async (correlationId) => {
    const { sent } = await call(200, {}, { correlationId });
    expect(sent).not.toHaveProperty('client-request-id');
  });

  it.each([401, 403, 404, 429, 503])('that is refused with %i is told with its ids', async (status) => {
    const date = 'Fri, 20 Nov 2026 09:00:00 GMT';
    const { refused } = await call(status, { 'request-id': ID, 'client-request-id': ID, date }, {});
    expect(refused).toEqual([
      {
        service: 'graph',
        code: String(status),
        requestId: ID,
        correlationId: ID,
        timestamp: '2026-11-20T09:00:00.000Z',
      },
    ]);
  });

  it('is told without what is no id', async () => {
    const { refused } = await call(502, { 'request-id': 'anna.berg@contoso.example', date: 'soon' }, {});
    expect(refused).toEqual([{ service: 'graph', code: '502' }]);
  });

  it.each([200, 204])('that is answered with %i is no refusal', async (status) => {
    expect((await call(status, { 'request-id': ID }, {})).refused).toEqual([]);
  });
});
