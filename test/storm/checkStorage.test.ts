/** The check that the storm's verdict rests on finds what is planted for it. */
import { TableClient } from '@azure/data-tables';
import { ContainerClient } from '@azure/storage-blob';
import { CompactEncrypt } from 'jose';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Azurite, startAzurite } from '../../dev/azurite.ts';
import { checkStorage, expectSound } from '../support/checkStorage.ts';
import { userKeyOf } from '../support/userKeyOf.ts';

const KEY = { kid: 'k1', secret: new Uint8Array(32).fill(1) };
const TID = '0ba8ac9d-87b2-4ac0-a8a6-7c15e1295179';
const OID = 'bbfa24c8-cfdc-4cdb-8268-48a7cda1da40';
const USER = `${TID}/${OID}`;
/** First digit of SHA-256(USER). */
const SHARD = '0';
const DUE_AT = new Date('2026-11-20T09:00:00Z');
const DUE_KEY = `due|2026-11-20T09:00:00Z|${TID}_${OID}`;

let azurite: Azurite;
let table: TableClient;
let container: ContainerClient;
beforeAll(async () => {
  azurite = await startAzurite();
  table = TableClient.fromConnectionString(azurite.connectionString, 'accountActivity', {
    allowInsecureConnection: true,
  });
  container = new ContainerClient(azurite.connectionString, 'token-cache');
});
afterAll(() => azurite?.stop());

const check = () => checkStorage({ connectionString: azurite.connectionString, keys: [KEY] });
const found = async () => (await check()).problems.map((problem) => problem.replace(`${USER}: `, ''));

const row = { partitionKey: SHARD, rowKey: `user|${TID}_${OID}` };
const putRow = (columns: Record<string, unknown>) => table.upsertEntity({ ...row, ...columns }, 'Merge');
const putDue = (rowKey = DUE_KEY) => table.upsertEntity({ partitionKey: SHARD, rowKey }, 'Replace');

async function putBlob(more: { sub?: string; gen?: string; home?: string; secret?: Uint8Array } = {}) {
  const home_account_id = more.home ?? 'home';
  const msal = JSON.stringify({
    AccessToken: { one: { home_account_id, target: 'User.Read openid' } },
    RefreshToken: { one: { home_account_id, secret: 'refresh' } },
  });
  const content = JSON.stringify({ v: 1, msal, gen: more.gen ?? 'first' });
  const sealed = await new CompactEncrypt(new TextEncoder().encode(content))
    .setProtectedHeader({ alg: 'dir', enc: 'A256GCM', kid: `${KEY.kid}.u`, sub: more.sub ?? USER })
    .encrypt(await userKeyOf(more.secret ?? KEY.secret, USER));
  await container.getBlockBlobClient(USER).upload(sealed, sealed.length);
}

describe('the check of what is stored', () => {
  it('finds nothing where nothing was ever stored', async () => {
    expect(await check()).toEqual({ users: new Map(), problems: [] });
  });

  describe('of one user', () => {
    beforeEach(async () => {
      await table.createTable();
      await container.createIfNotExists();
      for await (const { partitionKey = '', rowKey = '' } of table.listEntities())
        await table.deleteEntity(partitionKey, rowKey);
      await putRow({ state: 'active', dueAt: DUE_AT, generation: 'first', accountIdentifier: 'home' });
      await putDue();
      await putBlob();
    });

    it('reads the row, its place in time and the opened cache', async () => {
      const report = await check();
      expectSound(report);
      expect(report.users.get(USER)).toMatchObject({
        row: { state: 'active', dueAt: DUE_AT, generation: 'first', homeAccountId: 'home' },
        entries: [DUE_KEY],
        blob: {
          opens: true,
          homeAccountIds: ['home'],
          accessTokenScopes: ['openid user.read'],
          refreshTokens: ['refresh'],
        },
      });
    });

    it.each<[string, () => Promise<unknown>, string]>([
      ['another key', () => putBlob({ secret: new Uint8Array(32) }), 'unreadable blob: JWEDecryptionFailed'],
      ['another user', () => putBlob({ sub: 'other' }), 'unreadable blob: its sub is other'],
      ['another home', () => putBlob({ home: 'foreign' }), 'entry of another home account: foreign'],
      ['an earlier connection', () => putBlob({ gen: 'old' }), 'blob of another generation than the row'],
    ])('finds a blob of %s', async (_, plant, problem) => {
      await plant();
      expect(await found()).toEqual([problem]);
    });

    it('finds a disconnected user whose blob is there', async () => {
      await putRow({ state: 'disconnected' });
      expect(await found()).toEqual(['blob of a user who is disconnected']);
    });

    it('finds an active row without a blob', async () => {
      await container.deleteBlob(USER);
      expect(await found()).toEqual(['active without a blob']);
    });

    it('finds a blob and an entry without a row', async () => {
      await table.deleteEntity(row.partitionKey, row.rowKey);
      expect(await found()).toEqual(['blob without a row', `${DUE_KEY} without a row`]);
    });

    it('finds a second entry', async () => {
      const second = DUE_KEY.replace('09:00', '10:00');
      await putDue(second);
      expect(await found()).toEqual([`2 entries: ${DUE_KEY}, ${second}`]);
    });

    it('finds a row that names no entry', async () => {
      await putRow({ dueAt: new Date('2026-11-20T10:00:00Z') });
      expect(await found()).toEqual([`dueAt names no entry: ${DUE_KEY.replace('09:00', '10:00')}`]);
    });

    it('fails by naming what it found', async () => {
      await container.deleteBlob(USER);
      const report = await check();
      expect(() => expectSound(report)).toThrow(`${USER}: active without a blob`);
    });
  });
});
