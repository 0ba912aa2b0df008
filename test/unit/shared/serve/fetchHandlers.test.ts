/** What a server of the Fetch API answers; the answers themselves are those of `http.ts`. */
import { describe, expect, it } from 'vitest';
import { readConfig } from '../../../../shared/config.ts';
import { createFetchHandlers } from '../../../../shared/serve/fetchHandlers.ts';
import { createStead, type Stead } from '../../../../shared/stead.ts';
import { memoryStores } from '../../../../shared/stores/memory.ts';
import { standInSettings } from '../../../../shared/testing/standInSettings.ts';
import { createTestClock } from '../../../../shared/testing/testClock.ts';
import { functionOf } from '../requests/askOverTwins.ts';

const config = readConfig(standInSettings('http://localhost:1'), { hasOwnStores: true });

function serve(replaced: Partial<Stead> = {}) {
  const lines: [level: string, line: Record<string, unknown>][] = [];
  const keep = (level: string) => (line: string) => void lines.push([level, JSON.parse(line)]);
  const sink = { info: keep('info'), warn: keep('warn'), error: keep('error') };
  const stead = createStead(config, { stores: memoryStores, clock: createTestClock() });
  return { lines, handlers: createFetchHandlers({ ...stead, ...replaced }, { sink }) };
}

const SIGNED_IN = { headers: { authorization: 'Bearer a-token' } };
const answering = (result: unknown) => ({
  asUser: (async () => ({ result, user: 'somebody', source: 'memory' })) as unknown as Stead['asUser'],
});

describe('a handler for requests of the Fetch API', () => {
  it('answers a request without a token with the challenge, and logs it under the id of the answer', async () => {
    const { lines, handlers } = serve();
    const answer = await handlers.connection(new Request('http://localhost/api/connection'));
    expect([answer.status, answer.headers.get('www-authenticate')]).toEqual([401, 'Bearer realm="Stead"']);
    expect(answer.headers.get('content-type')).toBe('application/problem+json');
    const { correlationId } = (await answer.json()) as { correlationId: string };
    expect(lines).toEqual([['info', expect.objectContaining({ code: 'TOKEN_MISSING', correlationId })]]);
  });

  it('answers what a function returns: JSON, bytes, or nothing', async () => {
    const fn = functionOf(async () => undefined);
    const ask = (result: unknown) =>
      serve(answering(result)).handlers.asUser(fn)(new Request('http://localhost/api/own', SIGNED_IN));
    expect(await (await ask({ a: 1 })).json()).toEqual({ a: 1 });
    const bytes = await ask(new Blob(['abc'], { type: 'image/png' }));
    expect([bytes.headers.get('content-type'), await bytes.text()]).toEqual(['image/png', 'abc']);
    expect((await ask(undefined)).status).toBe(204);
  });

  it('hands on the method, the query, the parameters and the body', async () => {
    const seen: unknown[] = [];
    const { handlers } = serve({
      asUser: (async (...[, , , request]: Parameters<Stead['asUser']>) => {
        seen.push(request?.method, request?.query.get('a'), request?.params, await request?.json());
        return { result: undefined, user: 'somebody', source: 'memory' };
      }) as unknown as Stead['asUser'],
    });
    const request = new Request('http://localhost/api/own/7?a=b', {
      ...SIGNED_IN,
      method: 'POST',
      body: '[1]',
    });
    await handlers.asUser(functionOf(async () => undefined))(request, { id: '7' });
    expect(seen).toEqual(['POST', 'b', { id: '7' }, [1]]);
  });

  /** A function that reads the body. */
  const reading = () =>
    serve({
      asUser: (async (...[, , , request]: Parameters<Stead['asUser']>) => ({
        result: await request?.text(),
        user: 'somebody',
        source: 'memory',
      })) as unknown as Stead['asUser'],
    });

  it('calls a body that breaks off a fault of the caller', async () => {
    const { lines, handlers } = reading();
    const reset = Object.assign(new Error('aborted'), { code: 'ECONNRESET' });
    const body = new ReadableStream({ pull: (controller) => controller.error(reset) });
    const request = new Request('http://localhost/api/own', {
      ...SIGNED_IN,
      method: 'POST',
      body,
      duplex: 'half',
    } as RequestInit);
    const answer = await handlers.asUser(functionOf(async () => undefined))(request);
    expect(answer.status).toBe(400);
    expect(await answer.json()).toMatchObject({
      code: 'REQUEST_MALFORMED',
      detail: 'The body could not be read to its end.',
    });
    expect(lines).toMatchObject([['info', { event: 'request.answered', code: 'REQUEST_MALFORMED' }]]);
  });

  it('does not blame the caller for a body that the server has read before', async () => {
    const { handlers } = reading();
    const request = new Request('http://localhost/api/own', { ...SIGNED_IN, method: 'POST', body: '{}' });
    await request.text();
    const answer = await handlers.asUser(functionOf(async () => undefined))(request);
    expect(answer.status).toBe(500);
  });

  it('says that the process lives', async () => {
    expect((await serve().handlers.health(new Request('http://localhost/'))).status).toBe(204);
  });
});

describe('a run of the worker by a timer', () => {
  it('does what is due, and logs it', async () => {
    const { lines, handlers } = serve();
    expect(await handlers.refreshWorker()).toMatchObject({ due: 0, stoppedBy: 'done' });
    expect(lines).toEqual([['info', expect.objectContaining({ event: 'sweep.ended' })]]);
  });

  it('never rejects, because that would end the process', async () => {
    const worker = { run: () => Promise.reject(new TypeError('secret')) } as unknown as Stead['worker'];
    const { lines, handlers } = serve({ worker });
    expect(await handlers.refreshWorker()).toBeUndefined();
    expect(lines).toEqual([
      ['error', expect.objectContaining({ event: 'sweep.failed', error: 'TypeError' })],
    ]);
  });
});
