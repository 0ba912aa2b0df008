import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { CONTROLS, type Control } from '../../../dev/demoPerson.ts';
import { ALL_USERS, type DemoUser } from '../../../dev/entra/directory.ts';
import { startWeb, type Web } from '../../../dev/web.ts';
import { send } from './host/send.ts';

const JSON_TYPE = { 'content-type': 'application/json' };

let root: string;
let web: Web;
let pressed: string[];

const press = async (user: DemoUser, control: Control): Promise<string> => {
  pressed.push(`${user.name} ${control}`);
  if (control === 'silence') throw new Error('the stand-in does not answer');
  return 'Done.';
};

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'stead-page-'));
  await writeFile(join(root, 'index.html'), '<!doctype html><html lang="en"></html>');
  await writeFile(join(root, 'staticwebapp.config.json'), '{"globalHeaders":{},"routes":[]}');
  web = await startWeb({ port: 0, root, config: {}, controls: { people: ALL_USERS, press } });
});
beforeEach(() => {
  pressed = [];
});
afterAll(async () => {
  await web?.close();
  await rm(root, { recursive: true, force: true });
});

const ask = (method: string, path: string, body?: string, headers: Record<string, string> = JSON_TYPE) =>
  fetch(`${web.origin}${path}`, { method, headers, ...(body === undefined ? {} : { body }) });

describe("the page's demo controls", () => {
  it.each(CONTROLS)('press %s for the person whom the address names', async (control) => {
    const answer = await ask('POST', `/dev/users/bruno/${control}`, '{}');
    expect(pressed).toEqual([`bruno ${control}`]);
    expect(answer.headers.get('cache-control')).toBe('no-store');
    if (control !== 'silence') expect(await answer.json()).toEqual({ says: 'Done.' });
  });

  it('say what did not work', async () => {
    const answer = await ask('POST', '/dev/users/adele/silence', '{}');
    expect(answer.status).toBe(502);
    expect(await answer.json()).toEqual({ says: 'That did not work: the stand-in does not answer' });
  });

  it.each([
    ['GET', '/dev/users'],
    ['GET', '/dev/users/adele/run'],
    ['PUT', '/dev/users/adele/run'],
    ['POST', '/dev/users/adele/erase'],
    ['POST', '/dev/users/nobody/run'],
    ['POST', '/dev/users/..%2Fadele/run'],
    ['POST', '/dev/users/%2e%2e/run'],
    ['POST', '/dev/users/adele/run/again'],
    ['PUT', '/dev/users/adele/fault'],
    ['PUT', '/dev/fault'],
    ['PUT', '/dev/lifetimes'],
    ['GET', '/dev/requests'],
    ['POST', '/dev/keys/rotate'],
    ['POST', '/admin/functions/refreshWorker'],
    ['OPTIONS', '/dev/users/adele/run'],
  ])('are no more than these: %s %s is not there', async (method, path) => {
    const headers = { ...JSON_TYPE, host: `localhost:${web.port}` };
    const body = method === 'PUT' || method === 'POST' ? '{"kind":"html"}' : '';
    const answer = await send(web.port, path, { method, headers, body });
    expect(answer.status).toBe(404);
    expect(answer.headers).not.toHaveProperty('access-control-allow-origin');
  });

  it('refuse what a foreign page may send unasked', async () => {
    const path = '/dev/users/adele/run';
    for (const type of [
      'text/plain',
      'application/x-www-form-urlencoded',
      'multipart/form-data',
      'text/plain; application/json',
    ]) {
      expect((await ask('POST', path, '{}', { 'content-type': type })).status).toBe(415);
    }
    const bare = await send(web.port, path, { method: 'POST', headers: { host: `localhost:${web.port}` } });
    expect(bare.status).toBe(415);
    expect(pressed).toEqual([]);
  });

  it('answer to loopback names alone', async () => {
    const named = (host: string) =>
      send(web.port, '/dev/users/adele/run', { method: 'POST', headers: { ...JSON_TYPE, host }, body: '{}' });
    for (const name of [`localhost:${web.port}`, `127.0.0.1:${web.port}`, 'localhost']) {
      expect((await named(name)).status).toBe(200);
    }
    for (const name of ['rebound.example', 'localhost.rebound.example', '127.0.0.1.rebound.example:80']) {
      expect((await named(name)).status).toBe(421);
    }
  });

  it('are not there without a platform to control', async () => {
    const plain = await startWeb({ port: 0, root, config: {} });
    for (const control of CONTROLS) {
      const answer = await fetch(`${plain.origin}/dev/users/adele/${control}`, {
        method: 'POST',
        headers: JSON_TYPE,
        body: '{}',
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
