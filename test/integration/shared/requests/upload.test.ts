/** Callers whose body comes slowly, or not to its end, over real sockets. */
import { once } from 'node:events';
import { createServer, request as send } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, it, onTestFinished, vi } from 'vitest';
import type { Entra } from '../../../../dev/entra/startEntra.ts';
import { graph } from '../../../../shared/adapters/graph/graphApi.ts';
import { defineFunction, type UserFunction } from '../../../../shared/requests/defineFunction.ts';
import { createFetchHandlers } from '../../../../shared/serve/fetchHandlers.ts';
import { nodeListener } from '../../../../shared/serve/nodeListener.ts';
import { createLocalApp } from '../../../../shared/testing/localApp.ts';
import { signIn } from '../../../support/entraClients.ts';
import { startLinkEntra } from '../../../support/linkBrowser.ts';

const countBytes = defineFunction({
  name: 'count-bytes',
  api: graph,
  scopes: ['User.Read'],
  run: async ({ request }) => (await request.bytes()).length,
});
/** Does not wait for long. */
const countQuickly = defineFunction({ ...countBytes, name: 'count-quickly', timeoutMs: 2_000 });

/** Begins to read before it waits for it. */
const readAhead = defineFunction({
  name: 'read-ahead',
  api: graph,
  scopes: ['User.Read'],
  run: async ({ request, graph }) => {
    const body = request.json();
    await graph.api('/me').get();
    return body;
  },
});

let entra: Entra;
beforeAll(async () => {
  entra = await startLinkEntra();
});
afterAll(() => entra?.close());

/** Begins an upload of 100 bytes. */
async function upload(fn: UserFunction = countBytes) {
  const lines: Record<'info' | 'warn' | 'error', string[]> = { info: [], warn: [], error: [] };
  const { asUser } = createFetchHandlers(createLocalApp(entra).stead, {
    sink: {
      info: (line) => lines.info.push(line),
      warn: (line) => lines.warn.push(line),
      error: (line) => lines.error.push(line),
    },
  });
  const { accessToken } = await signIn(entra, 'adele');
  const server = createServer(nodeListener(asUser(fn)));
  server.listen(0, '127.0.0.1');
  onTestFinished(() => void server.close().closeAllConnections());
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const headers = { authorization: `Bearer ${accessToken}`, 'content-length': 100 };
  const sent = send({ host: '127.0.0.1', port, method: 'POST', headers }).on('error', () => undefined);
  sent.write('abc');
  return { sent, server, lines };
}

const malformed = (detail: string) => ({ code: 'REQUEST_MALFORMED', detail });

it('answers whole bodies', async () => {
  const { sent } = await upload();
  sent.end('d'.repeat(97));
  const [answer] = await once(sent, 'response');
  expect([answer.statusCode, await json(answer)]).toEqual([200, 100]);
});

it('answers a caller who goes on too slowly with 400, and logs no error', async () => {
  const { sent, lines } = await upload(countQuickly);
  const [answer] = await once(sent, 'response');
  expect(answer.statusCode).toBe(400);
  expect(await json(answer)).toMatchObject(malformed('The body could not be read to its end in time.'));
  expect(lines.error).toEqual([]);
});

it('logs no error for a caller who leaves in the middle', async () => {
  const { sent, server, lines } = await upload();
  await once(server, 'request');
  sent.destroy();
  await vi.waitFor(() => expect(lines.info.join()).toContain('"code":"REQUEST_MALFORMED"'), 10_000);
  expect(lines.error).toEqual([]);
});

it('answers 400 to a function that waits for a bad body later, and the process goes on', async () => {
  const unhandled = vi.fn();
  process.on('unhandledRejection', unhandled);
  onTestFinished(() => void process.off('unhandledRejection', unhandled));
  const { sent } = await upload(readAhead);
  sent.end('d'.repeat(97));
  const [answer] = await once(sent, 'response');
  expect(answer.statusCode).toBe(400);
  expect(unhandled).not.toHaveBeenCalled();
});
