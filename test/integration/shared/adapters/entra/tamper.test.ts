/** Caches that somebody with access to the storage meddled with. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Azurite, startAzurite } from '../../../../../dev/azurite.ts';
import { type Entra, startEntra } from '../../../../../dev/entra/startEntra.ts';
import { endAccount } from '../../../../../shared/account/endAccount.ts';
import { createBlobTokenCache } from '../../../../../shared/adapters/azureStorage/blobTokenCache.ts';
import type { LogEvent } from '../../../../../shared/log.ts';
import { createLocalApp } from '../../../../../shared/testing/localApp.ts';
import { createShiftedClock } from '../../../../../shared/testing/testClock.ts';
import type { TokenCacheStore } from '../../../../../shared/tokenCacheStore.ts';
import type { UserId } from '../../../../../shared/userId.ts';
import { accountOf } from '../../../../support/accountOf.ts';
import { openAzuriteAccounts, uniqueName } from '../../../../support/azuriteAccounts.ts';
import { control, journal, SPA_ORIGIN } from '../../../../support/entraClients.ts';
import { userKeyOf } from '../../../../support/userKeyOf.ts';
import { readCache } from '../../../../support/userTokens.ts';
import { forgeJwe } from '../../../../unit/shared/adapters/entra/forgeJwe.ts';

const MINUTE = 60_000;
const DAY = 86_400_000;
/** To MSAL, such a token has expired when it is issued. */
const EXPIRED_AT_ONCE = 299;
const SEGMENTS = { header: 0, iv: 2, ciphertext: 3, tag: 4 } as const;
/** That of the tests' sealer. */
const KEY = { kid: 'test', secret: new Uint8Array(32).fill(7) };

let azurite: Azurite;
let entra: Entra;
beforeAll(async () => {
  azurite = await startAzurite();
  entra = await startEntra({
    port: 0,
    spaOrigins: [SPA_ORIGIN],
    lifetimes: { accessToken: EXPIRED_AT_ONCE },
  });
});
afterEach(() => control(entra, 'DELETE', '/requests'));
afterAll(async () => {
  await azurite.stop();
  await entra.close();
});

let app: ReturnType<typeof createLocalApp>;
let store: TokenCacheStore;
beforeEach(() => {
  const { connectionString } = azurite;
  store = createBlobTokenCache({ connectionString, containerName: uniqueName() });
  const clock = createShiftedClock();
  const { store: accounts } = openAzuriteAccounts(azurite, { clock });
  app = createLocalApp(entra, { clock, tokenCache: store, accounts });
});

const sealedOf = async (userId: UserId): Promise<string> => (await store.read(userId))?.sealed ?? '';

/** Puts other bytes in the place of what is stored. */
async function put(userId: UserId, sealed: string): Promise<void> {
  await store.write(userId, sealed, (await store.read(userId))?.etag);
}

const bytesOf = (sealed: string, segment: number): Buffer =>
  Buffer.from(sealed.split('.')[segment] ?? '', 'base64url');

/** The same JWE with bits of one byte of one segment turned. */
function flipped(sealed: string, segment: number, index: number, mask: number): string {
  const bytes = bytesOf(sealed, segment);
  bytes.writeUInt8(bytes.readUInt8(index) ^ mask, index);
  return sealed
    .split('.')
    .map((text, n) => (n === segment ? bytes.toString('base64url') : text))
    .join('.');
}

/** The same JWE with another user in its header. */
function renamed(sealed: string, sub: UserId): string {
  const header = JSON.parse(bytesOf(sealed, SEGMENTS.header).toString());
  const segments = sealed.split('.').slice(1);
  return [Buffer.from(JSON.stringify({ ...header, sub })).toString('base64url'), ...segments].join('.');
}

const whyNotRead = (events: LogEvent[]) =>
  events.flatMap((event) => (event.event === 'cache.not-read' ? [event.why] : []));

const refreshGrants = async () =>
  (await journal(entra)).filter(({ grant }) => grant === 'refresh_token').length;

describe('a real cache with anything in it changed', () => {
  it.each(Object.entries(SEGMENTS))('does not open: %s', async (name, segment) => {
    const userId = await app.visit('adele');
    const sealed = await sealedOf(userId);
    expect(await app.sealer.open(userId, sealed)).toMatchObject({ ok: true });
    const { length } = bytesOf(sealed, segment);
    const masksOf = (index: number) =>
      name === 'ciphertext' ? [1 << (index % 8)] : [1, 2, 4, 8, 16, 32, 64, 128];
    for (let index = 0; index < length; index += 1) {
      for (const mask of masksOf(index)) {
        const opened = await app.sealer.open(userId, flipped(sealed, segment, index, mask));
        if (opened.ok) expect.unreachable(`${name} opens with byte ${index} changed by ${mask}`);
        // Within the header's "kid" it is another key's name; nobody can tell that from a key that is missing.
        if (name !== 'header') expect(opened.reason).toBe('corrupt');
        else expect(['corrupt', 'unknown-key']).toContain(opened.reason);
      }
    }
  });
});

describe('a cache that does not open', () => {
  const meddled: [what: string, meddle: (userId: UserId, sealed: string) => string | Promise<string>][] = [
    ['with a bit of its header turned', (_, sealed) => flipped(sealed, SEGMENTS.header, 0, 1)],
    ['with a bit of its nonce turned', (_, sealed) => flipped(sealed, SEGMENTS.iv, 5, 16)],
    ['with the first bit turned', (_, sealed) => flipped(sealed, SEGMENTS.ciphertext, 0, 128)],
    ['with a bit of its tag turned', (_, sealed) => flipped(sealed, SEGMENTS.tag, 15, 1)],
    [
      'that was sealed for another user, and is given their name',
      async (userId) => renamed(await sealedOf(await app.visit('bruno')), userId),
    ],
    ["that is another user's", async () => sealedOf(await app.visit('bruno'))],
    ['that is plain JSON', (userId) => readCache(store, app.sealer, userId)],
    ['that is empty', () => ''],
    ['that ends early', (_, sealed) => sealed.slice(0, -1_000)],
  ];

  it.each(meddled)('%s: marks its user once, and they heal it', async (_, meddle) => {
    const userId = await app.visit('adele');
    await put(userId, await meddle(userId, await sealedOf(userId)));
    const stored = await sealedOf(userId);
    app.clock.aheadMs = 2 * MINUTE;
    expect(await app.sweep()).toMatchObject({ failed: { 'cache-lost': 1 }, stoppedBy: 'done' });
    expect(whyNotRead(app.events)).toContain('corrupt');
    expect(await sealedOf(userId)).toBe(stored);
    const marked = await accountOf(app, userId);
    expect(marked).toMatchObject({
      state: 'needs-user',
      attempts: 0,
      failure: { kind: 'cache-lost', code: 'cache_corrupt' },
    });
    app.clock.aheadMs = 2 * DAY;
    await app.sweep();
    expect(await accountOf(app, userId)).toEqual(marked);

    await app.visit('adele');
    expect(await accountOf(app, userId)).toMatchObject({ state: 'active', failure: undefined });
    app.clock.aheadMs += 2 * MINUTE;
    expect(await app.sweep()).toMatchObject({ failed: {} });
    expect((await accountOf(app, userId))?.history.at(-1)).toMatchObject({ outcome: 'refreshed' });
  });

  it("gives nobody another's tokens when two are swapped", async () => {
    const users = [await app.visit('adele'), await app.visit('bruno')] as const;
    const [adeles, brunos] = [await sealedOf(users[0]), await sealedOf(users[1])];
    await put(users[0], brunos);
    await put(users[1], adeles);
    app.clock.aheadMs = 2 * MINUTE;
    expect(await app.sweep()).toMatchObject({ failed: { 'cache-lost': 2 }, refreshed: 0, fromCache: 0 });
    expect(await refreshGrants()).toBe(0);
    for (const name of ['adele', 'bruno']) await app.visit(name);
    app.clock.aheadMs += 2 * MINUTE;
    expect(await app.sweep()).toMatchObject({ failed: {}, refreshed: 2 });
  });
});

describe('a cache of a later version', () => {
  it('is left as it is by the worker and by requests, which answer all the same', async () => {
    const userId = await app.visit('adele');
    const header = { alg: 'dir', enc: 'A256GCM', kid: `${KEY.kid}.u`, sub: userId };
    const content = JSON.stringify({ v: 2, msal: {} });
    const later = forgeJwe(header, content, await userKeyOf(KEY.secret, userId));
    await put(userId, later);
    app.clock.aheadMs = 2 * MINUTE;
    expect(await app.sweep()).toMatchObject({ failed: { transient: 1 }, stoppedBy: 'done' });
    const account = await accountOf(app, userId);
    expect(account).toMatchObject({ state: 'active', failure: { code: 'cache_newer' } });
    expect(await app.visit('adele')).toBe(userId);
    expect(await sealedOf(userId)).toBe(later);
    expect(await accountOf(app, userId)).toMatchObject({ state: 'active' });
  });
});

describe('a cache that was put back to an older version', () => {
  it('opens if it is of the same connection: its user stays usable while Entra takes the refresh token', async () => {
    const userId = await app.visit('adele');
    const older = await sealedOf(userId);
    app.clock.aheadMs = 2 * MINUTE;
    expect(await app.sweep()).toMatchObject({ refreshed: 1 });
    await put(userId, older);
    app.clock.aheadMs = DAY;
    expect(await app.sweep()).toMatchObject({ refreshed: 1, failed: {} });
    expect(await accountOf(app, userId)).toMatchObject({ state: 'active', failure: undefined });
  });

  it('asks its user to sign in once Entra has revoked that refresh token, and their visit heals it', async () => {
    const userId = await app.visit('adele');
    const older = await sealedOf(userId);
    await control(entra, 'PUT', '/users/adele/fault', { kind: 'revoked' });
    await app.visit('adele');
    await put(userId, older);
    app.clock.aheadMs = 2 * MINUTE;
    expect(await app.sweep()).toMatchObject({ failed: { 'needs-user': 1 } });
    await app.visit('adele');
    app.clock.aheadMs += 2 * MINUTE;
    expect(await app.sweep()).toMatchObject({ refreshed: 1, failed: {} });
    expect(await accountOf(app, userId)).toMatchObject({ state: 'active' });
  });

  it('does not open if it is of an earlier connection, and the next visit heals it', async () => {
    const userId = await app.visit('adele');
    const older = await sealedOf(userId);
    await endAccount(app, userId, 'retired');
    await app.visit('adele');
    await put(userId, older);
    app.clock.aheadMs = 2 * MINUTE;
    expect(await app.sweep()).toMatchObject({ failed: { 'cache-lost': 1 } });
    expect(await refreshGrants()).toBe(0);
    expect(whyNotRead(app.events)).toContain('superseded');
    await app.visit('adele');
    app.clock.aheadMs += 2 * MINUTE;
    expect(await app.sweep()).toMatchObject({ refreshed: 1, failed: {} });
  });
});

/** What docs/runbook.md says under "Restored or rolled back". */
describe('a disconnection', () => {
  async function rowsOf({ table }: ReturnType<typeof openAzuriteAccounts>) {
    const rows = [];
    for await (const { partitionKey = '', rowKey = '', ...columns } of table.listEntities())
      rows.push({ ...columns, partitionKey, rowKey });
    return rows;
  }

  it('is undone if somebody restores the rows and the blob from before it', async () => {
    const clock = createShiftedClock();
    const accounts = openAzuriteAccounts(azurite, { clock });
    app = createLocalApp(entra, { clock, tokenCache: store, accounts: accounts.store });
    const userId = await app.visit('adele');
    const [rows, sealed] = [await rowsOf(accounts), await sealedOf(userId)];
    await endAccount(app, userId, 'disconnected');
    app.clock.aheadMs = 2 * MINUTE;
    expect(await app.sweep()).toMatchObject({ refreshed: 0, fromCache: 0 });

    for (const { partitionKey, rowKey } of await rowsOf(accounts))
      await accounts.table.deleteEntity(partitionKey, rowKey);
    for (const row of rows) await accounts.table.upsertEntity(row, 'Replace');
    await put(userId, sealed);
    expect(await app.sweep()).toMatchObject({ refreshed: 1, failed: {} });
  });

  it('is not undone if somebody restores the blob alone', async () => {
    const userId = await app.visit('adele');
    const sealed = await sealedOf(userId);
    await endAccount(app, userId, 'disconnected');
    await put(userId, sealed);
    app.clock.aheadMs = 2 * MINUTE;
    await app.sweep();
    await app.visit('adele');
    expect(await accountOf(app, userId)).toMatchObject({ state: 'disconnected' });
    expect(await refreshGrants()).toBe(0);
  });

  it('is forgotten when its tombstone is deleted: the next visit connects the user again', async () => {
    const clock = createShiftedClock();
    const accounts = openAzuriteAccounts(azurite, { clock });
    app = createLocalApp(entra, { clock, tokenCache: store, accounts: accounts.store });
    const userId = await app.visit('adele');
    await endAccount(app, userId, 'disconnected');
    for (const { partitionKey, rowKey } of await rowsOf(accounts))
      await accounts.table.deleteEntity(partitionKey, rowKey);
    await app.visit('adele');
    expect(await accountOf(app, userId)).toMatchObject({ state: 'active' });
  });
});
