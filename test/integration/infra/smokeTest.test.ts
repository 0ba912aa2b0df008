/** `npm run azure:smoke`, over a server that answers as the app and the page do in Azure. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runHook } from './runHook.ts';

type Answer = { status: number; headers?: Record<string, string>; body?: string };

let server: Server;
let origin: string;
let answers: Record<string, Answer>;
beforeEach(async () => {
  server = createServer(({ method, url }, response) => {
    const { status, headers = {}, body } = answers[`${method} ${url}`] ?? { status: 404 };
    response.writeHead(status, headers).end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  answers = {
    'GET /api/health': { status: 204 },
    'GET /api/profile': { status: 401 },
    'GET /api/profile/photo': { status: 401 },
    'GET /api/connection': { status: 401 },
    'OPTIONS /api/profile': { status: 204, headers: { 'access-control-allow-origin': origin } },
    'GET /config.json': { status: 200, body: JSON.stringify({ apiBaseUrl: origin }) },
  };
});
afterEach(() => new Promise((resolve) => server.close(resolve)));

const run = (env: Record<string, string> = {}) =>
  runHook('smokeTest', { API_URI: origin, PAGE_URI: origin, ...env }, ['--wait', '0']);

describe('npm run azure:smoke', () => {
  it('passes if everything answers as it should', async () => {
    const { code, stdout, stderr } = await run();
    expect({ code, stderr, passed: stdout.match(/^ok /gm)?.length }).toEqual({
      code: 0,
      stderr: '',
      passed: 6,
    });
  });

  it('leaves out the page if there is none', async () => {
    const { code, stdout } = await run({ PAGE_URI: '' });
    expect({ code, passed: stdout.match(/^ok /gm)?.length }).toEqual({ code: 0, passed: 4 });
  });

  it.each<[string, Answer, RegExp]>([
    ['GET /api/health', { status: 404 }, /\/api\/health answers 404, and not 204\. The app has no functions/],
    ['GET /api/health', { status: 503 }, /\/api\/health answers 503, and not 204\.$/],
    ['GET /api/connection', { status: 404 }, /\/api\/connection answers 404, and not 401\.$/],
    ['GET /api/profile', { status: 200 }, /\/api\/profile answers 200, and not 401\.$/],
    ['OPTIONS /api/profile', { status: 204 }, /^The API lets no other origin call it/],
    [
      'OPTIONS /api/profile',
      { status: 204, headers: { 'access-control-allow-origin': '*' } },
      /^The API lets \* call it/,
    ],
    ['GET /config.json', { status: 200, body: '<html>' }, /\/config\.json does not name http:/],
    ['GET /config.json', { status: 404 }, /\/config\.json does not name http:/],
  ])('fails in one sentence if %s answers %j', async (request, answer, sentence) => {
    answers[request] = answer;
    const { code, stderr } = await run();
    expect({ code, lines: stderr.split('\n').length }).toEqual({ code: 1, lines: 2 });
    expect(stderr.trimEnd()).toMatch(sentence);
  });

  it('fails if nobody answers', async () => {
    const { code, stderr } = await run({ API_URI: 'http://127.0.0.1:1' });
    expect({ code, stderr }).toEqual({ code: 1, stderr: 'http://127.0.0.1:1/api/health gives no answer.\n' });
  });
});
