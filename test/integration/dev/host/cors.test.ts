import { describe, expect, it } from 'vitest';
import { runAppForTest, startFailure } from './runApp.ts';
import { send } from './send.ts';

const PAGE = 'http://localhost:5173';
const settings = (Host: object) => ({ 'local.settings.json': { Host } });

const preflight = (port: number, origin: string) =>
  send(port, '/api/items/7', {
    method: 'OPTIONS',
    headers: {
      origin,
      'access-control-request-method': 'GET',
      'access-control-request-headers': 'authorization,x-a',
    },
  });
const corsHeaders = (headers: object) =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => /^access-control-|^vary$/.test(name)));

describe('CORS', () => {
  it('lets a listed origin in, with any method and header', async () => {
    const { port } = await runAppForTest({
      app: 'httpApp.ts',
      files: settings({ CORS: `https://other.test, ${PAGE}` }),
    });
    const answer = await preflight(port, PAGE);
    expect(answer.status).toBe(204);
    expect(corsHeaders(answer.headers)).toEqual({
      'access-control-allow-origin': PAGE,
      'access-control-allow-methods': 'GET',
      'access-control-allow-headers': 'authorization,x-a',
      vary: 'Origin',
    });
    for (const [path, status] of [
      ['/api/items/7', 200],
      ['/api/throws', 500],
      ['/api/unknown', 404],
    ] as const) {
      const got = await send(port, path, { headers: { origin: PAGE } });
      expect([got.status, corsHeaders(got.headers)]).toEqual([
        status,
        { 'access-control-allow-origin': PAGE, vary: 'Origin' },
      ]);
    }
  });

  it('gives another origin no permission', async () => {
    const { port } = await runAppForTest({ app: 'httpApp.ts', files: settings({ CORS: PAGE }) });
    for (const origin of ['https://evil.test', `${PAGE}.evil.test`, 'null']) {
      const answer = await preflight(port, origin);
      expect([answer.status, corsHeaders(answer.headers)]).toEqual([204, { vary: 'Origin' }]);
      const got = await send(port, '/api/items/7', { headers: { origin } });
      expect([got.status, corsHeaders(got.headers)]).toEqual([200, { vary: 'Origin' }]);
    }
  });

  it('allows credentials for listed origins only when told so', async () => {
    const { port } = await runAppForTest({
      app: 'httpApp.ts',
      files: settings({ CORS: PAGE, CORSCredentials: true }),
    });
    expect((await preflight(port, PAGE)).headers['access-control-allow-credentials']).toBe('true');
    expect(
      (await preflight(port, 'https://evil.test')).headers['access-control-allow-credentials'],
    ).toBeUndefined();
  });

  it('takes --cors before Host.CORS, and knows *', async () => {
    const { port } = await runAppForTest(
      { app: 'httpApp.ts', files: settings({ CORS: PAGE }) },
      { cors: '*' },
    );
    expect((await preflight(port, 'https://any.test')).headers['access-control-allow-origin']).toBe('*');
  });

  it('refuses to start with * and credentials', async () => {
    const files = settings({ CORS: '*', CORSCredentials: true });
    expect(await startFailure({ app: 'httpApp.ts', files })).toMatch(/CORSCredentials exclude each other/);
  });

  it('treats a preflight as any request when no origin is listed', async () => {
    const { port } = await runAppForTest({ app: 'httpApp.ts' });
    expect((await preflight(port, PAGE)).status).toBe(404);
  });
});
