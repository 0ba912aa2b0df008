/** Whatever body a refusal of Graph's has: what the status and the headers say is heard. */
import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { GraphError } from '@microsoft/microsoft-graph-client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { profile } from '../../../../../functions/profile/profile.ts';
import { graph } from '../../../../../shared/adapters/graph/graphApi.ts';
import { factsOfGraphError } from '../../../../../shared/adapters/graph/graphFailure.ts';
import { systemClock } from '../../../../../shared/clock.ts';
import { UserTokenError } from '../../../../../shared/errors.ts';
import type { App } from '../../../../../shared/tokens/app.ts';
import { encodeClaims } from '../../../../../shared/tokens/challenge.ts';
import { attemptTask } from '../../../../../shared/worker/attemptTask.ts';
import { defineTask } from '../../../../../shared/worker/defineTask.ts';
import { attemptWith } from '../../../../support/attemptWith.ts';
import { sampleActive } from '../../../../support/sampleAccount.ts';
import { createTestApp } from '../../../../support/testApp.ts';

const CLAIMS = '{"access_token":{"acrs":{"essential":true,"value":"c1"}}}';
const CHALLENGE = `Bearer realm="", error="insufficient_claims", claims="${encodeClaims(CLAIMS)}"`;

type Body = { type?: string; text?: string; send?: (response: ServerResponse) => void };
const BODIES: Record<string, Body> = {
  "Graph's own JSON": {
    type: 'application/json',
    text: '{"error":{"code":"Busy","message":"no","innerError":{"request-id":"1","date":"2026-01-01"}}}',
  },
  "a gateway's JSON": { type: 'application/json', text: '{"error":"too_busy","statusCode":429}' },
  "an outer service's JSON": { type: 'application/json', text: '{"error":{"code":429,"innerError":null}}' },
  'an empty object': { type: 'application/json', text: '{}' },
  'JSON that breaks off': { type: 'application/json', text: '{"error":{"code":"Bu' },
  'an HTML page': { type: 'text/html; charset=utf-8', text: '<h1>This is a gateway</h1>' },
  text: { type: 'text/plain', text: 'upstream request timeout' },
  'an image': { type: 'image/png', text: '\u0089PNG' },
  nothing: {},
  'more than anybody reads': {
    type: 'application/json',
    text: `{"error":{"code":"x","message":"${'x'.repeat(100_000)}"}}`,
  },
  'a connection that breaks off': {
    type: 'application/json',
    send: (response) => void response.write('{"error":{', () => response.destroy()),
  },
};
const REFUSALS = [
  { status: 401, headers: { 'www-authenticate': CHALLENGE }, says: { claims: CLAIMS } },
  { status: 403, headers: {}, says: {} },
  { status: 429, headers: { 'retry-after': '1.5' }, says: { retryAfterSeconds: 2 } },
  { status: 500, headers: {}, says: {} },
  { status: 503, headers: { 'retry-after': '60' }, says: { retryAfterSeconds: 60 } },
];
const CASES = Object.keys(BODIES).flatMap((body) => REFUSALS.map((refusal) => ({ body, ...refusal })));

let now: (typeof CASES)[number] | undefined;
const server = createServer((_request, response) => {
  if (now === undefined) throw new Error('no case is under way');
  const { type, text, send } = BODIES[now.body] ?? {};
  response.writeHead(now.status, { ...now.headers, ...(type !== undefined && { 'content-type': type }) });
  if (send) send(response);
  else response.end(text);
}).listen(0, 'localhost');
let app: App;
beforeAll(async () => {
  if (!server.listening) await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  app = createTestApp({ graphBaseUrl: `http://localhost:${port}`, fetch, clock: systemClock });
});
afterAll(() => void server.close().closeAllConnections());

describe.each(CASES)('a $status of Graph with $body', (one) => {
  it('is known by its status and headers', async () => {
    now = one;
    const error = await app
      .openApi(graph, { accessToken: 'a token' })
      .graph.api('/me')
      .get()
      .catch((thrown) => thrown);
    expect(error).toBeInstanceOf(GraphError);
    expect(factsOfGraphError(error, new Date())).toMatchObject({
      error: `graph_${one.status}`,
      status: one.status,
      claims: undefined,
      retryAfterSeconds: undefined,
      ...one.says,
    });
  });

  it('is a failure of that kind to a request', async () => {
    now = one;
    const error = await attemptWith(app, profile).catch((thrown) => thrown);
    expect(error).toBeInstanceOf(UserTokenError);
    const kinds: Record<number, string> = { 401: 'needs-user', 403: 'tenant', 429: 'throttled' };
    expect(error.failure).toMatchObject({
      kind: kinds[one.status] ?? 'transient',
      code: `graph_${one.status}`,
      ...one.says,
    });
  });

  it('tells a task as much', async () => {
    now = one;
    const task = defineTask({
      name: 'read',
      api: graph,
      scopes: ['User.Read'],
      run: ({ graph: client }) => client.api('/me').get(),
    });
    const account = { ...sampleActive(), etag: 'any' };
    const attempt = await attemptTask(app, { log: () => undefined }, task, account, 'a token', undefined);
    expect(attempt.code).toMatch(new RegExp(`^Error:(?:\\w+:)?${one.status}$`));
    expect(attempt.claims).toBe(one.status === 401 ? CLAIMS : undefined);
  });
});

describe('what Graph says of a refusal', () => {
  it("is what the client's error says", async () => {
    now = { body: "Graph's own JSON", status: 503, headers: {}, says: {} };
    const error = await app
      .openApi(graph, { accessToken: 'a token' })
      .graph.api('/me')
      .get()
      .catch((thrown) => thrown);
    expect(error).toMatchObject({ statusCode: 503, code: 'Busy', message: 'no', requestId: '1' });
  });
});
