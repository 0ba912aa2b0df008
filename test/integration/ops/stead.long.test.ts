import { randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TableClient } from '@azure/data-tables';
import { BlobServiceClient } from '@azure/storage-blob';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Azurite, startAzurite } from '../../../dev/azurite.ts';
import type { Account, NeedsUser, Stored } from '../../../shared/account/account.ts';
import { createSealer } from '../../../shared/adapters/entra/seal.ts';
import { readConfig } from '../../../shared/config.ts';
import type { Services } from '../../../shared/ports.ts';
import { createStead } from '../../../shared/stead.ts';
import { azureStores } from '../../../shared/stores/azure.ts';
import { partsOf, toUserId } from '../../../shared/userId.ts';
import { sampleActive, sampleNeedsUser, someUser, TROUBLE } from '../../support/sampleAccount.ts';
import { runStead } from './runStead.ts';

/** What the functions need and the operator does not. */
const OF_THE_FUNCTIONS = {
  ENTRA_TENANT_ID: randomUUID(),
  ENTRA_CLIENT_ID: randomUUID(),
  ENTRA_CLIENT_SECRET: 'a-client-secret-that-nobody-needs-here',
};

/** The samples have a UPN, and `sampleNeedsUser` a claims challenge: neither may ever be shown. */
describe('npm run stead', { timeout: 120_000 }, () => {
  let azurite: Azurite;
  let settings: Record<string, string>;
  let app: Services;
  beforeAll(async () => {
    azurite = await startAzurite();
    settings = { TokenStore: azurite.connectionString };
    app = createStead(readConfig({ ...OF_THE_FUNCTIONS, ...settings }), { stores: azureStores }).services;
  });
  afterAll(() => azurite.stop());

  const stead = (...args: string[]) => runStead(args, settings);
  async function connect(fields: Account = sampleActive()): Promise<Stored<Account>> {
    const account = await app.accounts.create(fields);
    await app.tokenCache.write(account.userId, 'sealed', undefined);
    return account;
  }

  it.each([[], ['--help']])('helps when it is asked %j', async (...args: string[]) => {
    expect(await stead(...args)).toMatchObject({
      exitCode: 0,
      lines: expect.arrayContaining(['Usage: npm run stead -- <verb> [options]']),
      errors: [],
    });
  });

  it('says what it does not understand', async () => {
    const { exitCode, lines, errors } = await stead('accounts', 'lost');
    expect({ exitCode, lines }).toEqual({ exitCode: 2, lines: [] });
    expect(errors.slice(0, 3)).toEqual([
      expect.stringMatching(/^There is no verb "accounts lost"\. Begin with /),
      '',
      'Usage: npm run stead -- <verb> [options]',
    ]);
  });

  it('says every fault of the settings', async () => {
    const { exitCode, errors } = await runStead(['orphans'], { TokenStore: 'nonsense', RETENTION_DAYS: '0' });
    expect(exitCode).toBe(1);
    expect(errors).toEqual([
      'Some settings are wrong:',
      expect.stringMatching(/^ {2}TokenStore: /),
      expect.stringMatching(/^ {2}LOG_HASH_KEY: /),
      expect.stringMatching(/^ {2}RETENTION_DAYS: /),
    ]);
  });

  it.each([
    ['accounts', 'list'],
    ['orphans'],
  ])('says that storage is out of reach for %s', async (...args) => {
    const other = await startAzurite();
    await other.stop();
    const ended = await runStead(args, { TokenStore: other.connectionString });
    expect(ended).toEqual({
      exitCode: 1,
      lines: [],
      errors: [expect.stringMatching(/cannot be reached \([a-z-]+: ECONNREFUSED\)\. .*TokenStore/)],
    });
  });

  it('takes settings from local.settings.json', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'stead-ops-'));
    try {
      await writeFile(join(folder, 'local.settings.json'), JSON.stringify({ Values: settings }));
      expect(await runStead(['accounts', 'list', '--tenant', randomUUID()], {}, folder)).toMatchObject({
        exitCode: 0,
        errors: [],
      });
      await writeFile(join(folder, 'local.settings.json'), '{ "Values": ');
      const { exitCode, errors } = await runStead(['accounts', 'list'], {}, folder);
      expect({ exitCode, errors }).toEqual({ exitCode: 1, errors: [expect.stringContaining('line 1')] });
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('lists accounts as a table and as JSON Lines', async () => {
    const tid = randomUUID();
    for (let n = 0; n < 5; n += 1) await connect(sampleNeedsUser({ userId: someUser(tid) }));
    const { userId } = await connect(sampleActive({ userId: someUser(tid), trouble: TROUBLE }));
    const table = await stead('accounts', 'list', '--tenant', tid, '--state', 'active');
    expect(table.exitCode).toBe(0);
    expect(table.lines).toHaveLength(3);
    expect(table.lines[2]).toMatch(
      new RegExp(`^${app.logId(userId)}  active  2026-11-20T08:15:30Z  .*  throttled  http_429$`),
    );
    const { lines } = await stead('accounts', 'list', '--tenant', tid, '--json');
    expect(lines.map((line) => (JSON.parse(line) as { state: string }).state).sort()).toEqual([
      'active',
      ...Array<string>(5).fill('needs-user'),
    ]);
  });

  it('shows one user, found by log id', async () => {
    const { userId, generation } = (await connect(sampleNeedsUser())) as Stored<NeedsUser>;
    const text = await stead('accounts', 'show', app.logId(userId));
    expect(text.exitCode).toBe(0);
    expect(text.lines.join('\n')).toMatch(/^claims challenge +yes, not shown$/m);
    expect(text.lines.join('\n')).toMatch(/task-failed +readProfile +throttled +http_429$/m);
    const { lines } = await stead('accounts', 'show', userId, '--json');
    expect(lines).toHaveLength(1);
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({
      user: app.logId(userId),
      userId,
      state: 'needs-user',
      tokenCacheStored: true,
      generation,
      failure: { code: 'AADSTS50076', hasClaims: true },
      history: expect.arrayContaining([
        expect.objectContaining({ task: 'readProfile', outcome: 'task-done' }),
      ]),
    });
  });

  it('exports one user, found by log id, without tokens and claims', async () => {
    // What the command prints is searched for names, so this user has one that is no address.
    const account = sampleNeedsUser({ userPrincipalName: 'anna' });
    await app.accounts.create(account);
    const sealed = await createSealer([{ kid: 'k1', secret: new Uint8Array(32).fill(1) }]).seal(
      account.userId,
      '{"RefreshToken":{"one":{"secret":"a-refresh-token"}}}',
      account.generation,
    );
    await app.tokenCache.write(account.userId, sealed, undefined);
    const { exitCode, lines, errors } = await stead('accounts', 'export', app.logId(account.userId));
    expect({ exitCode, errors }).toEqual({ exitCode: 0, errors: [] });
    const text = lines.join('\n');
    expect(text).not.toContain('acrs');
    for (const part of sealed.split('.').filter(Boolean)) expect(text).not.toContain(part);
    expect(JSON.parse(text)).toMatchObject({
      userId: account.userId,
      account: { state: 'needs-user', userPrincipalName: 'anna', failure: { hasClaims: true } },
      indexEntry: { at: account.nextCheckAt.toISOString() },
      tokenCache: { bytes: sealed.length },
    });
    const unknown = await stead('accounts', 'export', someUser());
    expect(unknown).toMatchObject({ exitCode: 1, lines: [] });
  });

  it('retries a user, and refuses who needs to sign in again unless it is forced', async () => {
    const far = new Date('2100-01-01T00:00:00Z');
    const { userId } = await connect(sampleNeedsUser({ nextCheckAt: far }));
    const user = app.logId(userId);
    expect(await stead('accounts', 'retry', user)).toEqual({
      exitCode: 1,
      lines: [],
      errors: [expect.stringContaining('the user must sign in again (AADSTS50076)')],
    });
    expect(await stead('accounts', 'retry', user, '--force')).toMatchObject({
      exitCode: 0,
      lines: [`${user} is due now.`],
    });
    const retried = await app.accounts.read(userId);
    expect(retried).toMatchObject({ state: 'active', trouble: { attempts: 0 } });
    expect(retried?.nextCheckAt.getTime()).toBeLessThan(Date.now() + 1_000);
  });

  it('retries those of a tenant whose last try failed, and ends its cooldown', async () => {
    const tid = randomUUID();
    const far = new Date('2100-01-01T00:00:00Z');
    await app.sharedState.cool({ tenant: tid, api: 'token', until: far, kind: 'tenant' });
    await app.sharedState.cool({ tenant: tid, api: 'graph', until: far, kind: 'throttled' });
    const cooling = await stead('tenants');
    expect(cooling.lines.join('\n')).toMatch(new RegExp(`${tid} +graph +2100-01-01T00:00:00Z`));
    const inTenant = (nextCheckAt: Date) => ({ userId: someUser(tid), nextCheckAt });
    const failed = await connect(sampleActive({ ...inTenant(far), trouble: TROUBLE }));
    const putOff = await connect(sampleActive(inTenant(far)));
    const well = await connect(sampleActive(inTenant(new Date('2100-02-01T00:00:00Z'))));
    const { exitCode, lines } = await stead('accounts', 'retry', '--tenant', tid);
    expect(exitCode).toBe(0);
    expect(lines).toContain(`${app.logId(failed.userId)} is due now.`);
    expect(lines).toContain(`${app.logId(putOff.userId)} is due now.`);
    expect(lines.at(-1)).toBe('2 due now, 0 not changed.');
    expect(await app.accounts.read(well.userId)).toEqual(well);
    await expect
      .poll(async () => (await app.sharedState.cooling()).map(({ tenant }) => tenant))
      .not.toContain(tid);
  });

  it('erases a user, and only when it is told yes', async () => {
    const account = await connect();
    const { userId } = account;
    const user = app.logId(userId);
    const dryRun = await stead('accounts', 'erase', user);
    expect(dryRun.exitCode).toBe(0);
    expect(dryRun.lines).toEqual([expect.stringMatching(/would be erased .*Nothing was done: add --yes\.$/)]);
    expect(await app.accounts.read(userId)).toEqual(account);
    expect((await stead('accounts', 'erase', user, '--yes')).lines).toEqual([`${user} is erased.`]);
    expect(await app.accounts.read(userId)).toMatchObject({ state: 'retired' });
    expect(await app.accounts.read(userId)).not.toHaveProperty('userPrincipalName');
    expect(await app.tokenCache.read(userId)).toBeUndefined();
    expect((await stead('accounts', 'erase', userId, '--yes')).lines).toEqual([
      `There is nothing to erase for ${user}.`,
    ]);
  });

  it('erases a tenant with its caches, and nothing of its neighbour', async () => {
    const tid = randomUUID();
    const neighbour = `${tid.slice(0, -1)}${tid.endsWith('0') ? '1' : '0'}`;
    const ours = await Promise.all(
      Array.from({ length: 20 }, () => connect(sampleActive({ userId: someUser(tid) }))),
    );
    const theirs = await connect(sampleActive({ userId: someUser(neighbour) }));
    const orphan = someUser(tid);
    await app.tokenCache.write(orphan, 'sealed', undefined);
    const { exitCode, lines } = await stead('accounts', 'erase', '--tenant', tid, '--yes');
    expect(exitCode).toBe(0);
    expect(lines.at(-1)).toBe('Erased: users 20, token caches without an account 1.');
    for (const userId of [...ours.map((one) => one.userId), orphan]) {
      expect(await app.tokenCache.read(userId)).toBeUndefined();
      expect((await app.accounts.read(userId))?.state).toBe(userId === orphan ? undefined : 'retired');
    }
    expect(await app.accounts.read(theirs.userId)).toEqual(theirs);
    expect(await app.tokenCache.read(theirs.userId)).toBeDefined();
  });

  it('finds caches without an account, and erases them', async () => {
    const orphan = toUserId({ tid: randomUUID(), oid: partsOf(someUser()).oid });
    await app.tokenCache.write(orphan, 'sealed', undefined);
    const { userId } = await connect();
    const found = await stead('orphans', '--json');
    expect(found.lines.map((line) => JSON.parse(line) as object)).toEqual([
      { user: app.logId(orphan), why: 'no account', erased: false },
    ]);
    expect((await stead('orphans', '--erase')).lines.at(-1)).toMatch(/Nothing was done: add --yes\.$/);
    expect((await stead('orphans', '--erase', '--yes')).exitCode).toBe(0);
    expect(await app.tokenCache.read(orphan)).toBeUndefined();
    expect(await app.tokenCache.read(userId)).toBeDefined();
  });

  it('restores the entry of an account that the index has lost, and says whose', async () => {
    const { userId } = await connect();
    const table = TableClient.fromConnectionString(azurite.connectionString, 'accountActivity', {
      allowInsecureConnection: true,
    });
    const isTheirs = ({ rowKey = '' }) =>
      rowKey.startsWith('due|') && rowKey.endsWith(userId.replace('/', '_'));
    const entries = async () => (await Array.fromAsync(table.listEntities())).filter(isTheirs);
    const [entry] = await entries();
    await table.deleteEntity(entry?.partitionKey ?? '', entry?.rowKey ?? '');
    const { exitCode, lines } = await stead('accounts', 'audit');
    expect(exitCode).toBe(0);
    expect(lines).toContain(`${app.logId(userId)} had no entry in the index. It has one again.`);
    expect((await entries()).map(({ rowKey }) => rowKey)).toEqual([entry?.rowKey]);
    expect((await stead('accounts', 'audit')).lines.at(-1)).toMatch(
      /, repaired 0, rescheduled 0, damaged 0\.$/,
    );
  });

  it('lifts the ceiling of retirements when it is told to', async () => {
    await app.sharedState.orderRetirement({ order: 'stopped', at: new Date('2026-11-20T09:00:00Z') });
    expect((await stead('accounts', 'retire')).lines[1]).toMatch(/nobody since 2026-11-20T09:00:00Z: /);
    expect((await stead('accounts', 'retire', '--resume')).exitCode).toBe(0);
    expect((await app.sharedState.lastRun()).retirement?.order).toBe('resumed');
    await connect(sampleActive({ lastActivity: new Date('2026-01-01T00:00:00Z') }));
    expect((await stead('accounts', 'retire', '--confirm')).exitCode).toBe(0);
    expect((await app.sharedState.lastRun()).retirement?.order).toBe('confirmed');
  });

  it('says when the storage account keeps what was erased', async () => {
    const service = BlobServiceClient.fromConnectionString(azurite.connectionString);
    await service.setProperties({ deleteRetentionPolicy: { enabled: true, days: 7 } });
    try {
      const warning = expect.stringMatching(/Soft delete is on: .* for 7 days/);
      expect((await stead('orphans')).errors).toEqual([warning]);
      expect((await stead('accounts', 'erase', '--tenant', randomUUID())).errors).toEqual([warning]);
    } finally {
      await service.setProperties({ deleteRetentionPolicy: { enabled: false } });
    }
    expect((await stead('orphans')).errors).toEqual([]);
  });
});
