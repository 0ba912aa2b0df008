import { expect } from 'vitest';
import { dueAt, isTombstone } from '../../../../shared/account/account.ts';
import { endAccount } from '../../../../shared/account/endAccount.ts';
import type { LeasedAccount } from '../../../../shared/accountStore.ts';
import { graph } from '../../../../shared/adapters/graph/graphApi.ts';
import { createMemoryAccountStore } from '../../../../shared/adapters/memory/memoryAccountStore.ts';
import { createMemoryTokenCacheStore } from '../../../../shared/adapters/memory/memoryTokenCacheStore.ts';
import { shardOf } from '../../../../shared/adapters/shards.ts';
import { connect, disconnect } from '../../../../shared/connection/connection.ts';
import { asUser } from '../../../../shared/requests/asUser.ts';
import { defineFunction } from '../../../../shared/requests/defineFunction.ts';
import { createTestClock } from '../../../../shared/testing/testClock.ts';
import { createLogId } from '../../../../shared/userId.ts';
import { refreshUser } from '../../../../shared/worker/refreshUser.ts';
import { beginRun, RUN_LIMITS } from '../../../../shared/worker/run.ts';
import { clockOf } from '../../../support/clockOf.ts';
import { type Order, orderedStores } from '../../../support/orderedStores.ts';
import { createTestApp, UNLIMITED } from '../../../support/testApp.ts';
import { USER } from './accounts.ts';
import { createTwinUserTokens, plainSealer } from './twinUserTokens.ts';

const MINUTE = 60_000;
const DAY = 86_400_000;
const NOW = Date.now();

export const ACTS = ['visit', 'disconnect', 'reconnect', 'retire', 'check', 'late-check'] as const;
export type Act = (typeof ACTS)[number];
/** What a user has done before the race begins. */
export const PASTS: Act[][] = [
  [],
  ['visit'],
  ['visit', 'retire'],
  ['visit', 'disconnect'],
  ['visit', 'disconnect', 'reconnect'],
];

const NOTHING = defineFunction({
  name: 'nothing',
  api: graph,
  scopes: ['User.Read'],
  run: async () => undefined,
});

/**
 * One user in in-memory stores. `order` decides when each call runs.
 * @param by `CONNECT`
 */
export function createWorld(order: Order, by: 'visit' | 'ask' = 'visit') {
  const userId = USER;
  /** Only `claimDue` asks the store's clock. */
  let storeAheadMs = 0;
  const accounts = createMemoryAccountStore({ clock: clockOf(() => new Date(NOW + storeAheadMs)) });
  const tokenCache = createMemoryTokenCacheStore();
  const stores = orderedStores({ accounts, tokenCache }, order);
  const logId = createLogId(new Uint8Array(32));
  const log = () => undefined;
  // Waiting takes no time, so that the order of the calls decides alone.
  // Two operations must never make the same id.
  const { newId } = createTestClock();
  const clockAt = (aheadMs: number) => clockOf(() => new Date(NOW + aheadMs), { newId });
  const context = { store: stores.tokenCache, sealer: plainSealer, logId, log, clock: clockAt(0) };
  const userTokens = createTwinUserTokens(context, () => order('token endpoint', async () => undefined));

  /** Every actor is an instance of its own, so no actor sees what another remembers. */
  function instance(aheadMs = 0) {
    const verifyAccessToken = async (assertion: string) => {
      const expiresOn = new Date(NOW + 200 * DAY);
      return { userId, tid: '', oid: '', userPrincipalName: 'somebody', expiresOn, assertion };
    };
    return createTestApp({
      ...stores,
      userTokens,
      verifyAccessToken,
      clock: clockAt(aheadMs),
      connect: by,
      limits: UNLIMITED,
    });
  }

  async function claim(runId: string, aheadMs: number): Promise<LeasedAccount | undefined> {
    storeAheadMs = aheadMs;
    const shard = shardOf(userId);
    const due = accounts.claimDue({ shard, runId, leaseMs: RUN_LIMITS.leaseForMs });
    for await (const claimed of due) return claimed;
    return undefined;
  }

  async function check(aheadMs: number): Promise<void> {
    const app = instance(aheadMs);
    const planned = { begunAt: app.clock.now(), shardsFailed: 0, retireAtMost: 1 };
    const operation = { log, signal: AbortSignal.timeout(60_000) };
    const run = beginRun(app, operation, [], planned, RUN_LIMITS);
    const claimed = await order('claim', () => claim(run.summary.runId, aheadMs));
    if (claimed !== undefined) await refreshUser(run, claimed.account);
  }

  const acts: Record<Act, () => Promise<unknown>> = {
    visit: () => asUser(instance(), { log }, 'an assertion', NOTHING),
    disconnect: () => disconnect(instance(), { log }, 'an assertion'),
    reconnect: () => connect(instance(), { log }, 'an assertion', new Map()),
    retire: () => endAccount(instance(), userId, 'retired'),
    check: () => check(2 * MINUTE),
    'late-check': () => check(100 * DAY),
  };
  return { userId, accounts, tokenCache, acts };
}

export type World = ReturnType<typeof createWorld>;

/** What must hold whenever no operation is running. */
export async function expectWhole({ userId, accounts, tokenCache }: World, where = ''): Promise<void> {
  const account = await accounts.read(userId);
  const stored = await tokenCache.read(userId);
  const opened = stored && (await plainSealer.open(userId, stored.sealed));
  if (account === undefined || isTombstone(account)) expect(stored, where).toBeUndefined();
  if (account?.state === 'active') expect(opened, where).toMatchObject({ generation: account.generation });
  if (opened?.ok) {
    const secrets = [...opened.cache.matchAll(/"secret":"\d+ of ([^"]+)"/g)].map(([, of]) => of);
    expect(secrets.length).toBeGreaterThan(0);
    expect(new Set(secrets), where).toEqual(new Set([opened.generation]));
  }
  // Every account can be found by time, and nothing else is in the index.
  expect(accounts.index.entries(), where).toEqual(account ? [{ userId, at: dueAt(account) }] : []);
}
