/** Three processes act for the same fifty users at once, over slow storage; what is stored must still be right. */
import { decodeJwt } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { API_CLIENT_ID, API_CLIENT_SECRET, type DemoUser, homeAccountId } from '../../dev/entra/directory.ts';
import type { JournalEntry } from '../../dev/entra/journal.ts';
import { readConfig } from '../../shared/config.ts';
import {
  type CacheKeyLike,
  checkStorage,
  expectSound,
  openBlob,
  type StorageReport,
} from '../support/checkStorage.ts';
import { journal, postToken } from '../support/entraClients.ts';
import type { StormResult } from '../support/stormApp.ts';
import { jtiOf, type StormGrant } from '../support/stormGrants.ts';
import type { BlobVersion } from '../support/stormProxy.ts';
import { startStormStage } from '../support/stormStage.ts';

const SEED = process.env.STORM_SEED ?? 'stead';
const PROCESSES = 3;
const USERS = 50;
const DEVICES = 2;
/** Each process's. */
const ORDER = { requests: 670, lives: 2, scopedTokens: 100 };
/** More than those of making table and container; there are some hundreds. */
const LEAST_CONFLICTS = 30;

let stage: Awaited<ReturnType<typeof startStormStage>>;
let results: StormResult[];
let report: StorageReport;
let entries: JournalEntry[];
let keys: CacheKeyLike[];

beforeAll(async () => {
  stage = await startStormStage({ seed: SEED, users: USERS, devices: DEVICES });
  const users = await stage.signInAll();
  const begun = performance.now();
  results = await stage.runAll(
    Array.from({ length: PROCESSES }, (_, index) => ({ ...ORDER, users, seed: `${SEED} ${index}` })),
  );
  const ms = Math.round(performance.now() - begun);
  keys = readConfig(stage.settings).cacheKeys;
  report = await checkStorage({ connectionString: stage.azurite.connectionString, keys });
  entries = await journal(stage.entra);
  process.stdout.write(`${summary(ms)}\n`);
}, 240_000);
afterAll(() => stage?.stop());

const total = (count: (result: StormResult) => number): number =>
  results.reduce((sum, result) => sum + count(result), 0);
const exchanges = () => entries.filter(({ grant }) => grant === 'on_behalf_of');
const grants = (): Map<string, StormGrant> =>
  new Map(results.flatMap((result) => result.grants).map((grant) => [grant.issued, grant]));
const refreshes = () => total(({ refreshes: { refreshed, scoped } }) => refreshed + scoped);
/** Told by every failure, because the course goes by it. */
const seeded = (what: string) => `${what} (STORM_SEED=${SEED})`;

const summary = (ms: number): string =>
  [
    `storm: ${total(({ requests }) => requests)} requests`,
    `${exchanges().length} exchanges`,
    `${refreshes()} refreshes in ${total((result) => result.refreshes.sweeps)} sweeps`,
    `${total(({ audits }) => audits)} audits`,
    `${stage.blobs.seen().calls + stage.tables.seen().calls} storage calls`,
    `${stage.blobs.seen().conflicts} + ${stage.tables.seen().conflicts} conflicts (blobs + rows)`,
    `${total(({ unstored }) => unstored)} tokens not stored`,
    `${ms} ms, seed ${SEED}`,
  ].join(', ');

/** Everybody, with what is stored of them. */
function everybody() {
  return stage.people.map((person) => {
    const user = report.users.get(`${person.tid}/${person.oid}`);
    return { person, user, blob: user?.blob?.opens ? user.blob : undefined };
  });
}

/** The refresh tokens of a blob's versions, as those replaced each other. */
async function historyOf({ tid, oid }: DemoUser): Promise<string[]> {
  const name = `${tid}/${oid}`;
  const versions = stage.blobs.versions.filter((version) => version.name === name);
  const next = (etag: string | undefined) => versions.find(({ replaces }) => replaces === etag);
  const history: string[] = [];
  for (let version: BlobVersion | undefined = next(undefined); version; version = next(version.etag)) {
    const opened = await openBlob(name, version.content, keys);
    const [secret = ''] = opened.opens ? opened.refreshTokens : [];
    history.push(jtiOf(secret));
  }
  expect(history.length, seeded(`versions of ${name}`)).toBe(versions.length);
  return history;
}

describe('three processes that act for the same users at once', () => {
  it('do as much as they were told, and do collide', () => {
    expect(total(({ requests }) => requests) + refreshes(), seeded('requests and refreshes')).toBeGreaterThan(
      2_000,
    );
    expect(exchanges().length, seeded('exchanges')).toBeGreaterThan(200);
    expect(refreshes(), seeded('refreshes')).toBeGreaterThan(100);
    expect(
      total(({ audits }) => audits),
      seeded('audits'),
    ).toBeGreaterThan(3);
    expect(stage.blobs.seen().conflicts, seeded('conflicts over blobs')).toBeGreaterThan(LEAST_CONFLICTS);
    expect(stage.tables.seen().conflicts, seeded('conflicts over rows')).toBeGreaterThan(LEAST_CONFLICTS);
  });

  it('answer every request, with the profile and the token of whoever asked', () => {
    expect(
      results.flatMap(({ failures }) => failures),
      seeded('failures'),
    ).toEqual([]);
  });

  it('ask the token endpoint no more than once for an assertion in one memory', () => {
    const used = new Set(results.flatMap(({ assertionsUsed }) => assertionsUsed));
    expect(exchanges().length, seeded('exchanges')).toBeGreaterThanOrEqual(used.size);
    expect(exchanges().length, seeded('exchanges')).toBeLessThanOrEqual(
      total(({ memoEntries }) => memoEntries),
    );
    expect(exchanges().length, seeded('exchanges')).toBe(total(({ sources }) => sources.network));
  });

  it('leave sound rows and caches behind, and each user active', () => {
    expectSound(report);
    expect([...report.users.keys()].sort(), seeded('users')).toEqual(
      stage.people.map(({ tid, oid }) => `${tid}/${oid}`).sort(),
    );
    for (const { person, user, blob } of everybody()) {
      expect(user?.row?.state, seeded(person.name)).toBe('active');
      expect(blob?.homeAccountIds, seeded(person.name)).toEqual([homeAccountId(person)]);
      expect(blob?.refreshTokens.length, seeded(person.name)).toBe(1);
    }
  });

  it('lose no token for any scopes', () => {
    const kept = new Set(
      everybody().flatMap(
        ({ user, blob }) => blob?.accessTokenScopes.map((scopes) => `${user?.userId} ${scopes}`) ?? [],
      ),
    );
    const lost = [...new Set(results.flatMap(({ stored }) => stored))].filter((one) => !kept.has(one));
    expect(lost, seeded('lost scopes')).toEqual([]);
    // Nobody gave up: what was had is stored, whoever was faster.
    expect(
      total(({ unstored }) => unstored),
      seeded('tokens not stored'),
    ).toBe(0);
    expect(kept.size, seeded('scope sets')).toBeGreaterThan(2 * USERS);
  });

  it('store only refresh tokens of a present user, or what the one before was traded for', async () => {
    const issued = grants();
    const everStored = new Set<string>();
    for (const { person, blob } of everybody()) {
      const history = await historyOf(person);
      expect(history.length, seeded(`versions of ${person.name}`)).toBeGreaterThan(0);
      let before: string | undefined;
      for (const refreshToken of history) {
        const grant = issued.get(refreshToken);
        const isPresent = grant?.type === 'on_behalf_of';
        const isDerived = grant?.type === 'refresh_token' && grant.presented === before;
        expect(
          isPresent || isDerived || refreshToken === before,
          seeded(`a refresh token of ${person.name}`),
        ).toBe(true);
        before = refreshToken;
        everStored.add(refreshToken);
      }
      expect(blob?.refreshTokens.map(jtiOf), seeded(`what is stored of ${person.name}`)).toEqual([before]);
    }
    // A present user's may carry a fresh MFA: no worker, and no merge, may keep it from being stored.
    const ofPresent = [...issued.values()].filter(({ type }) => type === 'on_behalf_of');
    expect(ofPresent.length, seeded('refresh tokens of present users')).toBeGreaterThan(200);
    expect(
      ofPresent.filter((grant) => !everStored.has(grant.issued)),
      seeded('refresh tokens of present users that were never stored'),
    ).toEqual([]);
  });

  it('leave each user a refresh token that still is good', async () => {
    for (const { person, blob } of everybody()) {
      const { status, body } = await postToken(
        stage.entra,
        {
          grant_type: 'refresh_token',
          client_id: API_CLIENT_ID,
          client_secret: API_CLIENT_SECRET,
          refresh_token: blob?.refreshTokens[0] ?? '',
        },
        { tenant: person.tid },
      );
      expect(status, seeded(person.name)).toBe(200);
      expect(decodeJwt(String(body.access_token)).oid, seeded(person.name)).toBe(person.oid);
    }
  });
});
