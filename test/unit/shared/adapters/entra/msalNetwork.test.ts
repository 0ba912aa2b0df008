import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { factsOfRecord } from '../../../../../shared/adapters/entra/msalError.ts';
import { createMsalNetwork } from '../../../../../shared/adapters/entra/msalNetwork.ts';
import { systemClock } from '../../../../../shared/clock.ts';

const servers: Server[] = [];

/** A token endpoint on loopback that lives as long as its test. */
async function endpoint(answer: RequestListener): Promise<string> {
  const server = createServer(answer);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/token`;
}

afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});

const answering =
  (status: number, body: unknown, headers: Record<string, string> = {}): RequestListener =>
  (_request, response) => {
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(text);
  };

const network = (options: { timeoutMs?: number; signal?: AbortSignal } = {}) =>
  createMsalNetwork({ timeoutMs: 10_000, fetch, clock: systemClock, ...options });
const base64url = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');

async function bodyOf(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of request) text += chunk;
  return text;
}

describe('a request', () => {
  it('carries method, headers and body, and gives the answer back as MSAL wants it', async () => {
    const url = await endpoint(async (request, response) => {
      const echo = {
        method: request.method,
        type: request.headers['content-type'],
        body: await bodyOf(request),
      };
      response.writeHead(200, { 'x-ms-request-id': 'an-id' }).end(JSON.stringify(echo));
    });
    const { module, record } = network();
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    const answer = await module.sendPostRequestAsync(url, { headers, body: 'grant_type=refresh_token' });
    expect(answer.status).toBe(200);
    expect(answer.headers).toMatchObject({ 'x-ms-request-id': 'an-id' });
    expect(answer.body).toEqual({
      method: 'POST',
      type: headers['content-type'],
      body: 'grant_type=refresh_token',
    });
    expect(record).toEqual({ posts: 1, answer: { status: 200 }, noAnswer: undefined });
    expect(factsOfRecord(record)).toBeUndefined();
  });

  it('counts POSTs alone', async () => {
    const url = await endpoint(answering(200, {}));
    const { module, record } = network();
    await module.sendGetRequestAsync(url);
    expect(record.posts).toBe(0);
    await module.sendPostRequestAsync(url);
    await module.sendPostRequestAsync(url);
    expect(record.posts).toBe(2);
  });

  it('is not followed to another place', async () => {
    let asked = 0;
    const url = await endpoint((_request, response) => {
      asked += 1;
      response.writeHead(307, { location: '/elsewhere' }).end();
    });
    const { module, record } = network();
    await expect(module.sendPostRequestAsync(url, { body: 'client_secret=canary' })).rejects.toThrow();
    expect([asked, record.noAnswer]).toEqual([1, 'TypeError']);
  });
});

describe('the record', () => {
  it('holds what MSAL does not pass on of a refusal', async () => {
    const refusal = {
      error: 'invalid_grant',
      error_description: 'AADSTS50076: canary',
      error_codes: [50076, 1],
      suberror: 'basic_action',
      claims: '{"access_token":{}}',
    };
    const url = await endpoint(answering(400, refusal, { 'retry-after': '17' }));
    const { module, record } = network();
    await module.sendPostRequestAsync(url);
    const facts = {
      status: 400,
      error: 'invalid_grant',
      errorNo: 50076,
      suberror: 'basic_action',
      claims: '{"access_token":{}}',
      retryAfterSeconds: 17,
      upstream: { service: 'entra' },
    };
    expect(record.answer).toEqual(facts);
    expect(factsOfRecord(record)).toEqual(facts);
  });

  it('holds whom the tokens are for, and when the refresh token ends', async () => {
    const tokens = {
      access_token: 'canary',
      refresh_token: 'canary',
      refresh_token_expires_in: 86_399,
      client_info: base64url({ uid: 'an-oid', utid: 'a-tid' }),
    };
    const url = await endpoint(answering(200, tokens));
    const { module, record } = network();
    await module.sendPostRequestAsync(url);
    expect(record.answer).toEqual({
      status: 200,
      homeAccountId: 'an-oid.a-tid',
      refreshTokenExpiresIn: 86_399,
      hasRefreshToken: true,
    });
  });

  it.each([
    ['a lifetime that no date can hold', { refresh_token_expires_in: 1e15 }],
    ['empty fields', { suberror: '', claims: '', error_codes: [], client_info: '' }],
    ['claims that are no JSON object', { claims: '["access_token"]' }],
    ['claims with a section that is none', { claims: '{"access_token":null}' }],
    ['claims that are too long to pass on', { claims: `{"a":"${'€'.repeat(3_000)}"}` }],
    ['fields of other types', { suberror: {}, claims: [], error_codes: 'x', client_info: 1 }],
    ['numbers that are texts', { error_codes: ['50076'] }],
    ['a lifetime that is none', { refresh_token_expires_in: 'soon' }],
    ['a lifetime that is over', { refresh_token_expires_in: 0 }],
    ['client_info that is not JSON', { client_info: 'AAAA' }],
    ['client_info of nobody', { client_info: base64url({ uid: 'an-oid' }) }],
    ['client_info that is null', { client_info: base64url(null) }],
  ])('makes nothing of %s', async (_what, body) => {
    const { module, record } = network();
    await module.sendPostRequestAsync(await endpoint(answering(200, body)));
    expect(record.answer).toEqual({ status: 200 });
  });

  it('reads a Retry-After that is a date', async () => {
    const date = new Date(Date.now() + 600_000).toUTCString();
    const { module, record } = network();
    await module.sendPostRequestAsync(await endpoint(answering(429, {}, { 'retry-after': date })));
    const seconds = record.answer?.retryAfterSeconds ?? 0;
    expect(seconds).toBeGreaterThan(500);
    expect(seconds).toBeLessThanOrEqual(600);
  });

  it.each([
    [503, '<html>Service unavailable</html>'],
    [200, '<html>Sign in to this network</html>'],
    [200, ''],
    [200, '"text"'],
    [200, '[]'],
    [200, 'null'],
  ])('says that an answer is not JSON (%i %s), and MSAL gets an error of it', async (status, page) => {
    const { module, record } = network();
    const answer = await module.sendPostRequestAsync(
      await endpoint(answering(status, page, { 'retry-after': '3' })),
    );
    expect(answer).toMatchObject({ status, body: { error: 'temporarily_unavailable' } });
    expect(record.noAnswer).toBe(`http_${status}_not_json`);
    expect(factsOfRecord(record)).toEqual({
      noAnswer: `http_${status}_not_json`,
      status,
      retryAfterSeconds: 3,
      upstream: { service: 'entra' },
    });
  });

  it('holds the ids of a refusal, and those of no other answer', async () => {
    const ids = {
      trace_id: '11111111-1111-4111-8111-111111111111',
      correlation_id: '22222222-2222-4222-8222-222222222222',
      timestamp: '2026-11-20 09:00:00Z',
    };
    const { module, record } = network();
    const refusal = await endpoint(answering(400, { error: 'invalid_grant', ...ids }));
    await module.sendPostRequestAsync(refusal);
    const upstream = {
      service: 'entra',
      traceId: ids.trace_id,
      correlationId: ids.correlation_id,
      timestamp: '2026-11-20T09:00:00.000Z',
    };
    expect(record.answer?.upstream).toEqual(upstream);
    expect(factsOfRecord(record)?.upstream).toEqual(upstream);
    await module.sendPostRequestAsync(await endpoint(answering(200, ids)));
    expect(record.answer).toEqual({ status: 200 });
  });

  it('finds the trace id of a page in its header', async () => {
    const traceId = '11111111-1111-4111-8111-111111111111';
    const { module, record } = network();
    await module.sendPostRequestAsync(
      await endpoint(answering(503, '<html>', { 'x-ms-request-id': traceId })),
    );
    expect(factsOfRecord(record)?.upstream).toEqual({ service: 'entra', traceId });
  });

  it('is that of the last request alone', async () => {
    const answers = [
      answering(400, { error: 'invalid_grant', error_codes: [50076], suberror: 'x', claims: '{}' }),
      answering(502, '<html>'),
      answering(200, {}),
    ];
    const url = await endpoint((request, response) => answers.shift()?.(request, response));
    const { module, record } = network();
    await module.sendPostRequestAsync(url);
    expect(record.answer?.error).toBe('invalid_grant');
    await module.sendPostRequestAsync(url);
    expect(record.answer).toEqual({ status: 502, upstream: { service: 'entra' } });
    await module.sendPostRequestAsync(url);
    expect(record).toEqual({ posts: 3, answer: { status: 200 }, noAnswer: undefined });
  });

  it('forgets the last answer where there is none', async () => {
    const url = await endpoint(answering(400, { error: 'invalid_grant' }));
    const { module, record } = network();
    await module.sendPostRequestAsync(url);
    for (const server of servers) {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
    await expect(module.sendPostRequestAsync(url)).rejects.toThrow();
    expect(record).toEqual({ posts: 2, answer: undefined, noAnswer: 'ECONNREFUSED' });
    expect(factsOfRecord(record)).toEqual({ noAnswer: 'ECONNREFUSED' });
  });
});

describe('a connection that is reset', () => {
  /** Resets so many connections, then answers. */
  async function resetting(times: number) {
    const requests = { count: 0 };
    const url = await endpoint((request, response) => {
      requests.count += 1;
      if (requests.count <= times) request.socket.destroy();
      else answering(200, { ok: true })(request, response);
    });
    return { url, requests };
  }

  it('is tried once more', async () => {
    const { url, requests } = await resetting(1);
    const { module, record } = network();
    expect((await module.sendPostRequestAsync(url, { body: 'a=b' })).body).toEqual({ ok: true });
    expect(requests.count).toBe(2);
    expect(record).toEqual({ posts: 1, answer: { status: 200 }, noAnswer: undefined });
  });

  it('is not tried a third time', async () => {
    const { url, requests } = await resetting(9);
    const { module, record } = network();
    await expect(module.sendPostRequestAsync(url)).rejects.toThrow();
    expect(requests.count).toBe(2);
    expect(['ECONNRESET', 'UND_ERR_SOCKET']).toContain(record.noAnswer);
  });

  it('is not tried again once the answer has begun', async () => {
    let count = 0;
    const url = await endpoint((request, response) => {
      count += 1;
      response.writeHead(200, { 'content-length': '100' });
      response.write('{', () => request.socket.destroy());
    });
    const { module, record } = network();
    await expect(module.sendPostRequestAsync(url)).rejects.toThrow();
    expect(count).toBe(1);
    expect(record.noAnswer).toBeDefined();
  });
});

describe('a request without end', () => {
  it.each<[what: string, answer: RequestListener]>([
    ['that is never answered', () => undefined],
    [
      'whose answer never ends',
      (_request, response) => {
        response.writeHead(200).write('{');
      },
    ],
  ])('%s times out', async (_what, answer) => {
    const { module, record } = network({ timeoutMs: 50 });
    await expect(module.sendPostRequestAsync(await endpoint(answer))).rejects.toThrow();
    expect(record).toEqual({ posts: 1, answer: undefined, noAnswer: 'TimeoutError' });
  });

  it('ends when its caller gives up', async () => {
    const controller = new AbortController();
    const url = await endpoint(() => controller.abort());
    const { module, record } = network({ signal: controller.signal });
    await expect(module.sendPostRequestAsync(url)).rejects.toThrow();
    expect(record.noAnswer).toBe('AbortError');
  });
});
