/** A handler of the Fetch API behind Node's own server, over real sockets. */
import { once } from 'node:events';
import { createServer, request as send } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { expect, it, onTestFinished, vi } from 'vitest';
import type { FetchHandler } from '../../../../shared/serve/fetchHandlers.ts';
import { nodeListener } from '../../../../shared/serve/nodeListener.ts';

type Sent = { method?: string; path?: string; headers?: Record<string, string | string[]>; body?: string };

async function ask(handler: FetchHandler, { body, ...sent }: Sent, more: object = {}) {
  const listener = nodeListener(handler);
  const server = createServer((incoming, outgoing) => void listener(Object.assign(incoming, more), outgoing));
  server.listen(0, '127.0.0.1');
  onTestFinished(() => void server.close().closeAllConnections());
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const asked = send({ host: '127.0.0.1', port, ...sent }).end(body);
  const [answer] = await once(asked, 'response');
  return { status: answer.statusCode, headers: answer.headers, body: await text(answer) };
}

const echo: FetchHandler = async (request, params) =>
  Response.json({
    method: request.method,
    path: request.url.slice('http://localhost'.length),
    authorization: request.headers.get('authorization'),
    params,
    body: await request.text(),
  });

it('hands on what was sent', async () => {
  const sent = { method: 'PUT', path: '/a?b=c', headers: { authorization: 'Bearer x' }, body: 'text' };
  expect(JSON.parse((await ask(echo, sent)).body)).toEqual({
    method: 'PUT',
    path: '/a?b=c',
    authorization: 'Bearer x',
    params: {},
    body: 'text',
  });
});

it('hands on the parameters and the whole path of a router', async () => {
  const more = { params: { id: '7', rest: ['a', 'b'] }, originalUrl: '/mounted/a' };
  const { body } = await ask(echo, { path: '/a' }, more);
  expect(JSON.parse(body)).toMatchObject({ path: '/mounted/a', params: { id: '7' } });
  expect(JSON.parse(body).params).not.toHaveProperty('rest');
});

it('joins repeated headers, so that two access tokens are seen as two', async () => {
  const headers = { authorization: ['Bearer one', 'Bearer two'] };
  const { body } = await ask(echo, { headers });
  expect(JSON.parse(body).authorization).toBe('Bearer one, Bearer two');
});

it('answers with the status, the headers and the body of the response', async () => {
  const respond = async () => new Response(new Uint8Array([97]), { status: 201, headers: { 'X-A': 'b' } });
  expect(await ask(respond, {})).toMatchObject({ status: 201, headers: { 'x-a': 'b' }, body: 'a' });
});

it('answers nothing for a response without a body', async () => {
  expect(await ask(async () => new Response(null, { status: 204 }), {})).toMatchObject({
    status: 204,
    body: '',
  });
});

it.each([
  '//',
  '/%',
  '*',
  'http://other.example/a',
  '/\\\\other.example',
])('takes no host from the path %s', async (path) => {
  const hostOf: FetchHandler = async (request) => new Response(new URL(request.url).host);
  expect((await ask(hostOf, { method: 'OPTIONS', path })).body).toBe('localhost');
});

it('refuses a method that a request of the Fetch API cannot have', async () => {
  expect((await ask(echo, { method: 'TRACE' })).status).toBe(400);
});

it('says what to do if the body was read before it, and does not blame the caller', async () => {
  // Other files share the process, and may leave a warning of their own.
  const warnings: string[] = [];
  const keep = ({ message }: Error) => void warnings.push(message);
  process.on('warning', keep);
  onTestFinished(() => void process.off('warning', keep));
  const listener = nodeListener(echo);
  const server = createServer(async (incoming, outgoing) => {
    await text(incoming);
    await listener(incoming, outgoing);
  });
  server.listen(0, '127.0.0.1');
  onTestFinished(() => void server.close().closeAllConnections());
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const asked = send({ host: '127.0.0.1', port, method: 'POST' }).end('{}');
  const [answer] = await once(asked, 'response');
  expect(answer.statusCode).toBe(500);
  await vi.waitFor(() => expect(warnings.join()).toContain('before nodeListener'), 10_000);
});

it('outlives callers who leave in the middle of their body', async () => {
  const errors: unknown[] = [];
  const listener = nodeListener(async (request) => {
    await request.text().catch((error) => errors.push(error));
    return new Response('late');
  });
  const server = createServer((incoming, outgoing) => void listener(incoming, outgoing));
  server.listen(0, '127.0.0.1');
  onTestFinished(() => void server.close().closeAllConnections());
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const asked = send({ host: '127.0.0.1', port, method: 'POST', headers: { 'content-length': 100 } });
  asked.on('error', () => undefined).write('a');
  await once(server, 'request');
  asked.destroy();
  await vi.waitFor(() => expect(errors).toHaveLength(1), 10_000);
});
