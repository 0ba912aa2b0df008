/** `GET /api/profile/photo` of the deployed functions, and what the adapter makes of whatever Graph may answer. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { DEMO_USERS, type DemoUser, OTHER_TENANT_USER } from '../../../../dev/entra/directory.ts';
import { drawPhoto } from '../../../../dev/entra/photo.ts';
import { type Platform, startPlatform } from '../../../../dev/platform.ts';
import { photo } from '../../../../functions/profile/photo.ts';
import { createTableAccounts } from '../../../../shared/adapters/azureStorage/tableAccounts.ts';
import { systemClock } from '../../../../shared/clock.ts';
import { toUserId } from '../../../../shared/userId.ts';
import type { Problem } from '../../../../shared/wire.ts';
import { attemptWith } from '../../../support/attemptWith.ts';
import { control, journal, signIn } from '../../../support/entraClients.ts';
import { createTestApp } from '../../../support/testApp.ts';

const [ADELE, BRUNO, CHIARA, DANA] = DEMO_USERS;

let platform: Platform;
beforeAll(async () => {
  platform = await startPlatform({ timers: false, withoutWeb: true, settings: { ALLOWED_TENANTS: '*' } });
});
afterEach(async () => {
  for (const { name } of DEMO_USERS) await control(platform.entra, 'DELETE', `/users/${name}/fault`);
});
afterAll(() => platform?.stop());

async function photoOf({ name, tid }: DemoUser): Promise<Response> {
  const { accessToken } = await signIn(platform.entra, name, { spaOrigin: platform.webOrigin, tenant: tid });
  return fetch(`${platform.host.origin}/api/profile/photo`, {
    headers: { authorization: `Bearer ${accessToken}`, origin: platform.webOrigin },
  });
}

describe('GET /api/profile/photo', () => {
  it("answers the caller's photo, byte for byte, as what it is and nothing else", async () => {
    const response = await photoOf(ADELE);
    expect(response.status).toBe(200);
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'content-type': 'image/png',
      'x-content-type-options': 'nosniff',
      'cache-control': 'no-store',
      'access-control-allow-origin': platform.webOrigin,
    });
    expect(Buffer.from(await response.arrayBuffer())).toEqual(drawPhoto(96));
  });

  it('answers 204 and nothing for who has none', async () => {
    const response = await photoOf(BRUNO);
    expect(response.status).toBe(204);
    expect(response.headers.get('content-type')).toBeNull();
    expect(response.headers.get('cache-control')).toBe('no-store');
    expect(await response.text()).toBe('');
  });

  it.each([
    ['a user without a mailbox', CHIARA, 400],
    ['a guest, whose mailbox is elsewhere', DANA, 401],
  ])('answers 204 for %s, and exchanges nothing anew', async (_, user, status) => {
    await control(platform.entra, 'DELETE', '/requests');
    expect((await photoOf(user)).status).toBe(204);
    const asked = (await journal(platform.entra)).filter(
      ({ endpoint, grant }) => endpoint === 'graph' || grant === 'on_behalf_of',
    );
    expect(asked.map(({ endpoint, status }) => [endpoint, status])).toEqual([
      ['token', 200],
      ['graph', status],
    ]);
  });

  it('answers a photo that exists in another size alone', async () => {
    const response = await photoOf(OTHER_TENANT_USER);
    expect(response.status).toBe(200);
    expect(Buffer.from(await response.arrayBuffer())).toEqual(drawPhoto(50));
  });

  it('is a visit like any other', async () => {
    await photoOf(CHIARA);
    const accounts = createTableAccounts({ connectionString: platform.azurite.connectionString });
    expect(await accounts.read(toUserId(CHIARA))).toMatchObject({ state: 'active' });
  });

  it('passes on what Graph asks of the user', async () => {
    await control(platform.entra, 'PUT', `/users/${ADELE.name}/fault`, { kind: 'claims', at: 'graph' });
    const response = await photoOf(ADELE);
    const { code, claims = '' } = (await response.json()) as Problem;
    expect({ status: response.status, code }).toEqual({ status: 401, code: 'CLAIMS_REQUIRED' });
    expect(response.headers.get('www-authenticate')).toBe(
      `Bearer error="insufficient_claims", claims="${Buffer.from(claims).toString('base64')}"`,
    );
    expect(JSON.parse(claims)).toHaveProperty('access_token.polids');
  });

  it.each([
    // A user of their own, because Graph's throttle gives that user a cooldown.
    [{ kind: 'throttled', retryAfter: 17 }, 'THROTTLED', '17', BRUNO],
    [{ kind: 'server-error', retryAfter: 19 }, 'UNAVAILABLE', '19', ADELE],
    [{ kind: 'html' }, 'UNAVAILABLE', '5', ADELE],
    [{ kind: 'reset' }, 'UNAVAILABLE', '5', ADELE],
  ])('is 503 while Graph is %j', async (fault, code, retryAfter, user) => {
    await control(platform.entra, 'PUT', `/users/${user.name}/fault`, { at: 'graph', ...fault });
    const response = await photoOf(user);
    expect(response.status).toBe(503);
    expect(response.headers.get('retry-after')).toBe(retryAfter);
    expect(((await response.json()) as Problem).code).toBe(code);
  });
});

describe('a photo', () => {
  /** What is read when Graph answers 200 with this. */
  async function readFrom(type: string | undefined, body: Buffer | string) {
    const server = createServer((_request, response) => {
      response.writeHead(200, type === undefined ? {} : { 'content-type': type }).end(body);
    }).listen(0, '127.0.0.1');
    onTestFinished(() => void server.close().closeAllConnections());
    await once(server, 'listening');
    const graphBaseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const app = createTestApp({ graphBaseUrl, fetch, clock: systemClock });
    return attemptWith(app, photo);
  }

  it.each(['image/jpeg', 'image/png', 'image/gif'])('may be %s', async (type) => {
    const data = Buffer.from([0xff, 0xd8, 0x00, 0x0a]);
    const read = await readFrom(type, data);
    expect(read?.type).toBe(type);
    expect(Buffer.from(await (read ?? new Blob([])).arrayBuffer())).toEqual(data);
  });

  it.each([
    'image/svg+xml',
    'image/x-icon',
    'image/jpeg, text/html',
    'text/html',
    'text/plain',
    'application/json',
    'application/octet-stream',
    'video/mp4',
    undefined,
  ])('is none when it is %s', async (type) => {
    expect(await readFrom(type, '"<script>alert(1)</script>"')).toBeUndefined();
  });

  it('is none when it is empty, or far larger than one of its kind', async () => {
    expect(await readFrom('image/png', '')).toBeUndefined();
    expect(await readFrom('image/png', Buffer.alloc(1_048_576))).toBeDefined();
    expect(await readFrom('image/png', Buffer.alloc(1_048_577))).toBeUndefined();
  });
});
