import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Host, spawnHost } from '../../../dev/host/spawnHost.ts';
import { type App, makeApp, waitForLines } from './runApp.ts';
import { send } from './send.ts';

let app: App;
let host: Host;

beforeAll(async () => {
  app = makeApp({ app: 'streamApp.ts' });
  host = await spawnHost({ root: app.folder, port: 0, cors: 'http://page.test' });
});
afterAll(async () => {
  await host?.stop();
  app?.remove();
});

describe('with enableHttpStream', () => {
  it('sends the first part of an answer before the last is made', async () => {
    const answer = await fetch(`${host.origin}/api/stream`);
    expect(answer.headers.get('content-type')).toBe('text/event-stream');
    const reader = answer.body?.pipeThrough(new TextDecoderStream()).getReader();
    expect(await reader?.read()).toEqual({ done: false, value: 'first' });
    expect((await fetch(`${host.origin}/api/open`)).status).toBe(202);
    expect(await reader?.read()).toEqual({ done: false, value: 'second' });
    expect(await reader?.read()).toMatchObject({ done: true });
    await waitForLines(host, /Executed 'stream' \(Succeeded/);
  });

  it('hands over the body, parameters, headers and the URL that was asked for', async () => {
    const answer = await send(host.port, '/api/upload/file%20one?a=1', {
      method: 'PUT',
      headers: ['host', 'example.test', 'x-two', '1', 'x-two', '2', 'origin', 'http://page.test'],
      body: Buffer.alloc(1_000_000, 7),
    });
    expect(JSON.parse(answer.body.toString())).toEqual({
      size: 1_000_000,
      name: 'file one',
      url: 'http://example.test/api/upload/file%20one?a=1',
      x: '1,2',
    });
    expect(answer.status).toBe(201);
    expect(answer.headers).toMatchObject({
      'set-cookie': ['a=1', 'b=2'],
      'access-control-allow-origin': 'http://page.test',
    });
  });

  it('answers 500 when the handler throws and 204 when it returns nothing', async () => {
    for (const [path, status] of [
      ['/api/throws', 500],
      ['/api/nothing', 204],
      ['/api/unknown', 404],
    ] as const) {
      const answer = await send(host.port, path);
      expect([answer.status, answer.body.length]).toEqual([status, 0]);
    }
  });

  it('breaks off an answer whose stream fails, and lives on', async () => {
    const answer = await fetch(`${host.origin}/api/breaks`);
    const reader = answer.body?.getReader();
    expect((await reader?.read())?.value).toEqual(new Uint8Array(Buffer.from('first')));
    await fetch(`${host.origin}/api/break`);
    await expect(reader?.read()).rejects.toThrow();
    await waitForLines(host, /Executed 'breaks' \(Failed/);
    expect((await send(host.port, '/api/nothing')).status).toBe(204);
  });
});
