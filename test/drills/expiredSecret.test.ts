/** The client secret has expired, and a thousand users are due: the run must stop, and nobody be marked. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { DEMO_USERS, homeAccountId, numberedUsers } from '../../dev/entra/directory.ts';
import { openKeys } from '../../dev/entra/keys.ts';
import { type Entra, startEntra } from '../../dev/entra/startEntra.ts';
import { createLocalApp } from '../../shared/testing/localApp.ts';
import { toUserId } from '../../shared/userId.ts';
import { EXPIRED_AT_ONCE } from '../support/drillStage.ts';
import { control, journal, SPA_ORIGIN } from '../support/entraClients.ts';
import { readCache } from '../support/userTokens.ts';

const MINUTE = 60_000;
const DAY_SECONDS = 86_400;
const PATIENCE = 120_000;
/** As in production. */
const CONCURRENCY = 16;
const PEOPLE = numberedUsers(1_000);

let folder: string;
let keyFile: string;
let entra: Entra;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'stead-secret-'));
  keyFile = join(folder, 'entra-key.json');
  entra = await startEntra({
    port: 0,
    spaOrigins: [SPA_ORIGIN],
    // Their caches are seeded, so that nobody comes by the page that asks for consent.
    consented: true,
    users: PEOPLE,
    keyFile,
    lifetimes: { accessToken: EXPIRED_AT_ONCE },
  });
});
afterAll(async () => {
  await entra.close();
  await rm(folder, { recursive: true, force: true });
});

type LocalApp = ReturnType<typeof createLocalApp>;

/** Everybody as one real visit would have left them: a thousand sign-ins take too long. */
async function seedEverybody(app: LocalApp): Promise<void> {
  const [model] = DEMO_USERS;
  const visited = createLocalApp(entra);
  const userId = await visited.visit(model.name);
  const account = await visited.accounts.read(userId);
  if (account?.state !== 'active') throw new Error('the visit left no active account');
  const cache = await readCache(visited.tokenCache, visited.sealer, userId);
  const { RefreshToken: refreshTokens } = JSON.parse(cache) as {
    RefreshToken: Record<string, { secret: string }>;
  };
  const [{ secret } = { secret: '' }] = Object.values(refreshTokens);
  const keys = await openKeys(keyFile);
  const claims = await keys.open('refresh+jwt', secret);

  for (const user of PEOPLE) {
    const own = toUserId(user);
    const ownSecret = await keys.seal('refresh+jwt', { ...claims, sub: user.name }, DAY_SECONDS);
    const ownCache = cache.replaceAll(model.oid, user.oid).replaceAll(secret, ownSecret);
    await app.tokenCache.write(own, await app.sealer.seal(own, ownCache, account.generation), undefined);
    await app.accounts.create({ ...account, userId: own, homeAccountId: homeAccountId(user) });
  }
}

/** All rows and caches; the rows without their ETags, which change when somebody is claimed and put back. */
async function everything(app: LocalApp) {
  const rows = await Array.fromAsync(app.accounts.list());
  const caches = await Promise.all(rows.map(({ userId }) => app.tokenCache.read(userId)));
  return { rows: rows.map(({ etag: _, ...fields }) => fields), caches };
}

it('an expired client secret marks none of 1,000 users and costs no more requests than users at a time', {
  timeout: PATIENCE,
}, async () => {
  const app = createLocalApp(entra);
  await seedEverybody(app);
  app.clock.aheadMs = 2 * MINUTE;
  const before = await everything(app);
  expect(before.rows).toHaveLength(PEOPLE.length);
  await control(entra, 'PUT', '/fault', { kind: 'invalid-client', at: 'token' });

  for (let run = 1; run <= 3; run += 1) {
    await control(entra, 'DELETE', '/requests');
    const summary = await app.sweep({ concurrency: CONCURRENCY });
    expect(summary).toMatchObject({ stoppedBy: 'misconfigured', refreshed: 0, failed: {} });
    expect(summary.released).toBe(summary.claimed);
    const asked = await journal(entra);
    expect(asked.every(({ error }) => error === 'invalid_client')).toBe(true);
    expect(asked.length).toBeGreaterThan(0);
    expect(asked.length).toBeLessThanOrEqual(CONCURRENCY);
    expect(await everything(app)).toEqual(before);
  }

  await control(entra, 'DELETE', '/fault');
  expect(await app.sweep({ concurrency: CONCURRENCY })).toMatchObject({
    refreshed: PEOPLE.length,
    failed: {},
  });
});
