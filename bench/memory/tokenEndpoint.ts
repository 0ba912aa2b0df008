import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  makeAccessToken,
  makeClientInfo,
  makeIdToken,
  makeRefreshToken,
  oidOfRefreshToken,
} from '../makeMsalCache.ts';

/** The mean of the 60 to 90 minutes that Entra gives an access token. */
const ACCESS_TOKEN_SECONDS = 4_500;

export type TokenEndpoint = Awaited<ReturnType<typeof startTokenEndpoint>>;

/**
 * A token endpoint on a free port of this machine that trades any refresh token for its successor (RFC 6749 §6), with
 * Entra's additions.
 * @param tokenMs how long an answer takes at least; a timer adds up to one more
 */
export async function startTokenEndpoint(tokenMs: number) {
  /** How many tokens each user was given, by `oid`. */
  const grants = new Map<string, number>();
  const calls = { count: 0, ms: 0 };

  async function answer(request: IncomingMessage): Promise<object | undefined> {
    const begun = performance.now();
    const over = sleep(tokenMs);
    const form = new URLSearchParams(await text(request));
    await over;
    if (form.get('grant_type') !== 'refresh_token') return undefined;
    const [, tid = ''] = request.url?.split('/') ?? [];
    const oid = oidOfRefreshToken(form.get('refresh_token') ?? '');
    const environment = request.headers.host ?? '';
    const owner = { tid, oid, clientId: form.get('client_id') ?? '', environment };
    grants.set(oid, (grants.get(oid) ?? 0) + 1);
    calls.count += 1;
    calls.ms += performance.now() - begun;
    return {
      token_type: 'Bearer',
      scope: 'User.Read openid profile',
      expires_in: ACCESS_TOKEN_SECONDS,
      ext_expires_in: ACCESS_TOKEN_SECONDS,
      access_token: makeAccessToken(),
      refresh_token: makeRefreshToken(oid),
      id_token: makeIdToken(owner, Math.floor(Date.now() / 1_000) + ACCESS_TOKEN_SECONDS),
      client_info: makeClientInfo(owner),
    };
  }

  const server = createServer({ keepAliveTimeout: 60_000 }, async (request, response) => {
    const body = await answer(request);
    response.writeHead(body === undefined ? 400 : 200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(body ?? { error: 'unsupported_grant_type' }));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    calls,
    /** How many users were given exactly one token. */
    givenOne: (): number => [...grants.values()].filter((count) => count === 1).length,
    stop(): void {
      server.close();
      server.closeAllConnections();
    },
  };
}
