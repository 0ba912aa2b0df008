import { once } from 'node:events';
import net from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Host, spawnHost } from '../../../../dev/host/spawnHost.ts';
import { type App, makeApp, waitForLines } from './runApp.ts';
import { send } from './send.ts';

let app: App;
let host: Host;

beforeAll(async () => {
  app = makeApp({ app: 'httpApp.ts' });
  host = await spawnHost({ root: app.folder, port: 0, env: { 'AzureWebJobs.off.Disabled': 'true' } });
});
afterAll(async () => {
  await host?.stop();
  app?.remove();
});

const get = (path: string) => send(host.port, path);
const json = async (path: string) => JSON.parse((await get(path)).body.toString());

describe('routes', () => {
  it('hands over the parameters, decoded', async () => {
    expect(await json('/api/items/7')).toEqual({ id: '7' });
    expect(await json('/api/items/a%20b/parts/%C3%A4')).toEqual({ id: 'a b', part: 'ä' });
  });
  it('ignores case and a trailing slash', async () => {
    expect(await json('/API/Items/7/')).toEqual({ id: '7' });
  });
  it('takes the first match by function name, among those with the method', async () => {
    expect((await get('/api/twin')).body.toString()).toBe('A');
    expect((await send(host.port, '/api/twin', { method: 'POST' })).body.toString()).toBe('B');
  });
  it.each([
    '/',
    '/api',
    '/api/',
    '/items/7',
    '/api/items',
    '/api/items/7/8',
    '/api/unknown',
    '/api//items/7',
  ])('answers 404 to %s', async (path) => {
    const answer = await get(path);
    expect([answer.status, answer.body.length]).toEqual([404, 0]);
  });
  it('answers 404 to the wrong method', async () => {
    expect((await send(host.port, '/api/items/7', { method: 'DELETE' })).status).toBe(404);
  });
  it('does not take HEAD for GET', async () => {
    expect((await send(host.port, '/api/items/7', { method: 'HEAD' })).status).toBe(404);
    const answer = await send(host.port, '/api/onlyHead', { method: 'HEAD' });
    expect([answer.status, answer.headers['x-head']]).toEqual([200, 'yes']);
  });
  it.each([
    ['constrained', 'constrained/7', /route "api\/constrained\/\{id:int\}" has "\{id:int\}"/],
    ['retried', 'retried', /it has a retry policy/],
    ['outputs', 'outputs', /more than a trigger \(blob, out\)/],
    ['blob', 'blob', /this local host has no blobTrigger/],
  ])('does not run %s, which uses what this host does not have, and says what', async (name, path, reason) => {
    const [line] = await waitForLines(host, new RegExp(` error ${name} Will not run: `));
    expect(line).toMatch(reason);
    expect((await get(`/api/${path}`)).status).toBe(404);
  });
  it('does not serve a function that is switched off, and says so', async () => {
    expect((await get('/api/off')).status).toBe(404);
    await waitForLines(host, / off Disabled by the setting AzureWebJobs\.off\.Disabled/);
  });
  it('answers on the name localhost', async () => {
    expect((await fetch(`${host.origin}/api/items/7`)).status).toBe(200);
  });
});

describe('results', () => {
  it('answers 500 with an empty body when the handler throws', async () => {
    const answer = await get('/api/throws');
    expect([answer.status, answer.body.length]).toEqual([500, 0]);
    await waitForLines(host, / error throws Error: the handler failed/);
    await waitForLines(host, / throws Executed 'throws' \(Failed, id=[\da-f-]{36}, \d+ ms\)/);
  });
  it('answers 500 to a result that is no response', async () => {
    expect((await get('/api/notAnObject')).status).toBe(500);
  });
  it('answers 204 when the handler returns nothing', async () => {
    expect((await get('/api/nothing')).status).toBe(204);
    await waitForLines(host, / nothing Executed 'nothing' \(Succeeded, id=[\da-f-]{36}, \d+ ms\)/);
  });
  it('carries every byte both ways', async () => {
    const body = Buffer.from(Uint8Array.from({ length: 70_000 }, (_, i) => i % 256));
    const answer = await send(host.port, '/api/echo', { method: 'PUT', body });
    expect(answer.status).toBe(201);
    expect(answer.headers['content-type']).toBe('application/octet-stream');
    expect(answer.body.equals(body)).toBe(true);
  });
});

describe('requests', () => {
  it('joins repeated query keys by a comma', async () => {
    expect((await json('/api/request?a=1&b=x%20y&a=2')).query).toEqual([
      ['a', '1,2'],
      ['b', 'x y'],
    ]);
  });
  it('joins repeated headers by a comma, Authorization too', async () => {
    const headers = ['x-two', '1', 'x-two', '2', 'authorization', 'Bearer a', 'authorization', 'Bearer b'];
    const answer = await send(host.port, '/api/request', {
      headers: ['host', 'a', ...headers],
    });
    expect(JSON.parse(answer.body.toString()).headers).toMatchObject({
      'x-two': '1,2',
      authorization: 'Bearer a,Bearer b',
    });
  });
  it('shows the URL that was asked for', async () => {
    const answer = await send(host.port, '/api/request?q=%C3%A4', { headers: { host: 'example.test:81' } });
    expect(JSON.parse(answer.body.toString()).url).toBe('http://example.test:81/api/request?q=%C3%A4');
  });
  it.each([
    'a/b',
    'user@a',
    'a:b:c',
    'a b',
    '[::',
    'a#b',
    ':99999999',
  ])('answers 400 to the Host header %j and lives on', async (malformed) => {
    expect((await send(host.port, '/api/items/7', { headers: { host: malformed } })).status).toBe(400);
    expect((await get('/api/items/7')).status).toBe(200);
  });
  it.each([
    '*',
    'ftp://a/api/items/7',
    '/api/items/%zz',
    '/api/items/%ff',
  ])('answers 400 to the request target %s', async (target) => {
    expect((await get(target)).status).toBe(400);
  });
  it('understands a request target with an authority, as proxies write it', async () => {
    expect(await json('http://elsewhere.test/api/items/7')).toEqual({ id: '7' });
  });
  it('answers 431 to a header of 1 MB and lives on', async () => {
    const socket = net.connect(host.port, '127.0.0.1');
    await once(socket, 'connect');
    let answer = '';
    socket.on('data', (chunk) => {
      answer += chunk;
    });
    // The host hangs up before it has read everything. `once` of the events would fail then.
    socket.on('error', () => {});
    const closed = new Promise((resolve) => socket.once('close', resolve));
    socket.write(`GET /api/items/7 HTTP/1.1\r\nhost: a\r\nx-big: ${'a'.repeat(1_000_000)}\r\n\r\n`);
    await closed;
    expect(answer).toMatch(/^HTTP\/1\.1 431 /);
    expect((await get('/api/items/7')).status).toBe(200);
  });
});
