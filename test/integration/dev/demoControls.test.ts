import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DEFAULT_LIFETIMES } from '../../../dev/entra/lifetimes.ts';
import { type Entra, startEntra } from '../../../dev/entra/startEntra.ts';
import { type Host, spawnHost } from '../../../dev/host/spawnHost.ts';
import { startWeb, type Web } from '../../../dev/web.ts';
import { control, journal, SPA_ORIGIN, signIn } from '../../support/entraClients.ts';
import { type App, makeApp } from './host/runApp.ts';
import { send } from './host/send.ts';

const WORKER = `import { app } from '@azure/functions';
app.timer('refreshWorker', { schedule: '0 0 3 1 1 *', handler: async (_timer, context) => context.log('worked') });
app.timer('other', { schedule: '0 0 3 1 1 *', handler: async (_timer, context) => context.log('other') });
`;
const JSON_TYPE = { 'content-type': 'application/json' };

let root: string;
let app: App;
let entra: Entra;
let host: Host;
let web: Web;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'stead-page-'));
  await writeFile(join(root, 'index.html'), '<!doctype html><html lang="en"></html>');
  await writeFile(join(root, 'staticwebapp.config.json'), '{"globalHeaders":{},"routes":[]}');
  app = makeApp({ files: { 'main.js': WORKER } });
  entra = await startEntra({ port: 0, spaOrigins: [SPA_ORIGIN] });
  host = await spawnHost({ root: app.folder, port: 0 });
  web = await startWeb({
    port: 0,
    root,
    config: {},
    controls: { entra: entra.origin, functions: host.origin },
  });
});
afterAll(async () => {
  await web?.close();
  await host?.stop();
  await entra?.close();
  app?.remove();
  await rm(root, { recursive: true, force: true });
});

const ask = (method: string, path: string, body?: string, headers: Record<string, string> = JSON_TYPE) =>
  fetch(`${web.origin}${path}`, { method, headers, ...(body === undefined ? {} : { body }) });

const worked = () => host.lines.filter((line) => line.endsWith('worked')).length;

describe("the page's demo controls", () => {
  it("set a user's fault and take it away", async () => {
    const set = await ask('PUT', '/dev/users/adele/fault', '{"kind":"html","at":"graph"}');
    expect(set.status).toBe(200);
    expect(set.headers.get('cache-control')).toBe('no-store');
    expect(await set.json()).toEqual({ kind: 'html', at: 'graph' });
    const { accessToken } = await signIn(entra, 'adele', { scope: 'User.Read' });
    const me = () =>
      fetch(`${entra.origin}/v1.0/me`, { headers: { authorization: `Bearer ${accessToken}` } });
    expect((await me()).status).toBe(503);
    expect((await ask('DELETE', '/dev/users/adele/fault')).status).toBe(204);
    expect((await me()).status).toBe(200);
  });

  it("pass on the stand-in's refusals", async () => {
    const refused = await ask('PUT', '/dev/users/adele/fault', '{"kind":"flood"}');
    expect(refused.status).toBe(400);
    expect(await refused.json()).toMatchObject({ error: expect.stringContaining('"kind"') });
    expect((await ask('DELETE', '/dev/users/nobody/fault')).status).toBe(404);
  });

  it('change lifetimes and show the requests', async () => {
    const changed = await ask('PUT', '/dev/lifetimes', '{"accessToken":303}');
    expect(await changed.json()).toEqual({ ...DEFAULT_LIFETIMES, accessToken: 303 });
    await control(entra, 'PUT', '/lifetimes', { accessToken: DEFAULT_LIFETIMES.accessToken });
    const shown = await ask('GET', '/dev/requests');
    expect(await shown.json()).toEqual(await journal(entra));
  });

  it('run the worker and answer when it has ended', async () => {
    const before = worked();
    const run = await ask('POST', '/dev/worker', '{}');
    expect(run.status).toBe(200);
    expect(await run.json()).toEqual({ status: 'succeeded' });
    expect(worked()).toBe(before + 1);
  });

  it.each([
    ['GET', '/dev/users'],
    ['GET', '/dev/users/adele/fault'],
    ['PUT', '/dev/fault'],
    ['PUT', '/dev/users/..%2Ffault'],
    ['PUT', '/dev/users/..%2F../fault'],
    ['PUT', '/dev/users/%2e%2e/fault'],
    ['PUT', '/dev/users/a?/fault'],
    ['GET', '/dev/lifetimes'],
    ['DELETE', '/dev/requests'],
    ['POST', '/dev/keys/rotate'],
    ['GET', '/dev/worker'],
    ['POST', '/dev/worker/other'],
    ['POST', '/admin/functions/other'],
    ['OPTIONS', '/dev/worker'],
  ])('are no more than these: %s %s is not there', async (method, path) => {
    const headers = { ...JSON_TYPE, host: `localhost:${web.port}` };
    const body = method === 'PUT' || method === 'POST' ? '{"kind":"html"}' : '';
    const answer = await send(web.port, path, { method, headers, body });
    expect(answer.status).toBe(404);
    expect(answer.headers).not.toHaveProperty('access-control-allow-origin');
  });

  it.each([
    ['PUT', '/dev/users/adele/fault'],
    ['PUT', '/dev/lifetimes'],
    ['POST', '/dev/worker'],
  ])('refuse what a foreign page may send unasked: %s %s', async (method, path) => {
    const before = worked();
    for (const type of [
      'text/plain',
      'application/x-www-form-urlencoded',
      'multipart/form-data',
      'text/plain; application/json',
    ]) {
      expect((await ask(method, path, '{"kind":"html"}', { 'content-type': type })).status).toBe(415);
    }
    const bare = await send(web.port, path, { method, headers: { host: `localhost:${web.port}` } });
    expect(bare.status).toBe(415);
    expect(worked()).toBe(before);
  });

  it('answer to loopback names alone', async () => {
    const named = (host: string) => send(web.port, '/dev/requests', { headers: { host } });
    for (const name of [`localhost:${web.port}`, `127.0.0.1:${web.port}`, 'localhost']) {
      expect((await named(name)).status).toBe(200);
    }
    for (const name of ['rebound.example', 'localhost.rebound.example', '127.0.0.1.rebound.example:80']) {
      expect((await named(name)).status).toBe(421);
    }
  });

  it('answer 502 when what they control is gone', async () => {
    const gone = await startEntra({ port: 0, spaOrigins: [] });
    await gone.close();
    const lone = await startWeb({
      port: 0,
      root,
      config: {},
      controls: { entra: gone.origin, functions: host.origin },
    });
    expect((await fetch(`${lone.origin}/dev/requests`)).status).toBe(502);
    await lone.close();
  });

  it('are not there without a platform to control', async () => {
    const plain = await startWeb({ port: 0, root, config: {} });
    for (const [method, path] of [
      ['PUT', '/dev/users/adele/fault'],
      ['DELETE', '/dev/users/adele/fault'],
      ['PUT', '/dev/lifetimes'],
      ['GET', '/dev/requests'],
      ['POST', '/dev/worker'],
    ] as const) {
      const answer = await fetch(`${plain.origin}${path}`, {
        method,
        headers: JSON_TYPE,
        ...(method === 'PUT' || method === 'POST' ? { body: '{}' } : {}),
      });
      expect(answer.status).toBe(404);
    }
    await plain.close();
  });
});

it('the page may show images of its own, data URLs and blobs, and no others', async () => {
  const policy = (await fetch(`${web.origin}/`)).headers.get('content-security-policy');
  expect(policy?.split('; ')).toContain("img-src 'self' data: blob:");
});
