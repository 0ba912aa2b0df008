/** What `npm start` shows of the shipped tasks: the built functions, the timer's run, and the page's own requests. */
import { decodeJwt } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { signInWithCode } from '../../../dev/entra/signIn.ts';
import { FAST_MOTION, type Platform, startPlatform } from '../../../dev/platform.ts';
import { defineFunction } from '../../../shared/requests/defineFunction.ts';
import { defineApi } from '../../../shared/tokens/defineApi.ts';
import type { Connection, ConnectionTask } from '../../../shared/wire.ts';
import { API_DEFAULT, control } from '../../support/entraClients.ts';

const ORDERS_ID = '11111111-2222-4333-8444-555555555555';
const RESOURCE = `api://${ORDERS_ID}`;
const PATIENCE = { timeout: 25_000, interval: 500 };

/** A function of one's own, for an API of one's own: it answers whom the token is for. */
const audience = defineFunction({
  name: 'audience',
  api: defineApi({ name: 'orders', resource: RESOURCE, baseUrl: 'https://orders.example' }),
  scopes: [`${RESOURCE}/orders.read`],
  run: async ({ token }) => decodeJwt(token).aud,
});

let platform: Platform;
const lines: string[] = [];
beforeAll(async () => {
  platform = await startPlatform({
    timers: false,
    ...FAST_MOTION,
    // Even faster, and each token has ended when it arrives.
    lifetimes: { graphAccessToken: 300 },
    settings: { ...FAST_MOTION.settings, REFRESH_IDLE_SECONDS: '1', REFRESH_MIN_INTERVAL_SECONDS: '1' },
    directory: {
      ...FAST_MOTION.directory,
      belongings: { activitySeconds: 3 },
      apis: [{ id: ORDERS_ID, name: 'Orders', exposes: ['orders.read'] }],
    },
    withoutWeb: true,
    onHostLine: (line) => void lines.push(line),
  });
}, 60_000);
afterAll(() => platform?.stop());

const signIn = (user: string) =>
  signInWithCode({
    origin: platform.entra.origin,
    user,
    spaOrigin: platform.webOrigin,
    scope: API_DEFAULT,
  });

async function visit(user: string): Promise<() => Promise<Record<string, ConnectionTask>>> {
  const { accessToken } = await signIn(user);
  const get = (path: string) =>
    fetch(`${platform.host.origin}${path}`, { headers: { authorization: `Bearer ${accessToken}` } });
  expect((await get('/api/profile')).status).toBe(200);
  return async () => {
    await platform.host.run('refreshWorker');
    const { checks = [] } = (await (await get('/api/connection')).json()) as Connection;
    return Object.fromEntries((checks.at(-1)?.tasks ?? []).map((task) => [task.task, task]));
  };
}

describe('the local platform', () => {
  it('tells somebody who is away of their files and their mail', async () => {
    const told = await visit('adele');
    await expect.poll(told, PATIENCE).toMatchObject({
      'read-profile': { outcome: 'done' },
      'drive-changes': { outcome: 'done', summary: 'Your files are watched from now on.' },
      'inbox-digest': { outcome: 'done', summary: 'Your inbox is watched from now on.' },
    });
    for (const what of ['files', 'files', 'messages']) {
      await control(platform.entra, 'POST', `/users/adele/${what}`, {});
    }
    await expect.poll(async () => (await told())['drive-changes']?.count, PATIENCE).toBeGreaterThanOrEqual(2);
    expect((await told())['drive-changes']?.summary).toMatch(/^\d+ new or changed files?$/);
    expect((await told())['inbox-digest']?.summary).toMatch(/^\d+ new messages?, \d+ unread$/);
  });

  it('lets mail arrive by itself', async () => {
    const told = await visit('bruno');
    await expect.poll(async () => (await told())['inbox-digest']?.count, PATIENCE).toBeGreaterThan(0);
  });

  it("issues the tokens of one's own API", async () => {
    const { accessToken } = await signIn('chiara');
    const asked = await platform.stead.asUser({ log() {} }, accessToken, audience);
    expect(asked.result).toBe(ORDERS_ID);
  });

  it('has no word of it in the log', () => {
    expect(lines.join('\n')).toContain('"task":"inbox-digest","outcome":"done"');
    expect(lines.join('\n')).not.toMatch(/unread|changed file|Message \d|Note \d/);
  });
});
