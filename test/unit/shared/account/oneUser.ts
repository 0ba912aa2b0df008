import { expect } from 'vitest';
import { endAccount } from '../../../../shared/account/endAccount.ts';
import { isTombstone } from '../../../../shared/account/schedule.ts';
import { createMemoryAccountStore } from '../../../../shared/adapters/memory/memoryAccountStore.ts';
import { createMemoryTenantStore } from '../../../../shared/adapters/memory/memoryTenantStore.ts';
import { createMemoryTokenCacheStore } from '../../../../shared/adapters/memory/memoryTokenCacheStore.ts';
import { connect, disconnect } from '../../../../shared/connection/connection.ts';
import { askGraph } from '../../../../shared/profile/askGraph.ts';
import { createAssertionMemo } from '../../../../shared/tokens/assertionMemo.ts';
import { createCooldowns } from '../../../../shared/tokens/cooldowns.ts';
import { createLogId, dueRowKey, shardOf } from '../../../../shared/userId.ts';
import { refreshUser } from '../../../../shared/worker/refreshUser.ts';
import { collect } from '../../../support/collect.ts';
import { type Order, orderedStores } from '../../../support/orderedStores.ts';
import { someUser } from '../../../support/sampleAccount.ts';
import { UNLIMITED } from '../../../support/unlimited.ts';
import { createTwinUserTokens, plainSealer } from './twinUserTokens.ts';

const MINUTE = 60_000;
const DAY = 86_400_000;
const NOW = Date.now();

export const ACTS = ['visit', 'disconnect', 'reconnect', 'retire', 'turn', 'late-turn'] as const;
export type Act = (typeof ACTS)[number];
/** What a user has behind them when the race begins. */
export const PASTS: Act[][] = [
  [],
  ['visit'],
  ['visit', 'retire'],
  ['visit', 'disconnect'],
  ['visit', 'disconnect', 'reconnect'],
];

/** One user in in-memory stores, whose every call waits for its turn in `order`. */
export function createWorld(order: Order) {
  const userId = someUser();
  const [accounts, tokenCache] = [createMemoryAccountStore(), createMemoryTokenCacheStore()];
  const stores = orderedStores({ accounts, tokenCache }, order);
  const logId = createLogId(new Uint8Array(32));
  const log = () => undefined;
  const random = () => 0;
  const schedule = { idleForMs: MINUTE, minIntervalMs: 5 * MINUTE, everyRun: false, retentionMs: 90 * DAY };
  const context = { store: stores.tokenCache, sealer: plainSealer, logId, log, random };
  const userTokens = createTwinUserTokens(context, () => order('token endpoint', async () => undefined));

  /** Every actor is an instance of its own: nobody sees what another remembers. */
  function instance(aheadMs = 0) {
    const now = () => new Date(NOW + aheadMs);
    const memo = createAssertionMemo({ now });
    const verifyAccessToken = async (assertion: string) => {
      const expiresOn = new Date(NOW + 200 * DAY);
      return { userId, tid: '', oid: '', userPrincipalName: 'somebody', expiresOn, assertion };
    };
    return {
      ...stores,
      userTokens,
      schedule,
      logId,
      log,
      now,
      random,
      memo,
      cooldowns: createCooldowns({ now }),
      limits: UNLIMITED,
      tenants: createMemoryTenantStore(),
      verifyAccessToken,
      name: 'test',
    };
  }

  async function turn(aheadMs: number): Promise<void> {
    const deps = instance(aheadMs);
    const [due] = await collect(stores.accounts.due(shardOf(userId), deps.now()));
    if (due === undefined) return;
    const lease = { runId: crypto.randomUUID(), until: new Date(NOW + aheadMs + 5 * MINUTE) };
    const claimed = await stores.accounts.claim(due, lease);
    if (claimed === undefined || claimed === 'nobody') return;
    const claim = { account: claimed.account, stoodAt: deps.now() };
    await refreshUser(deps, claim, AbortSignal.timeout(60_000));
  }

  const acts: Record<Act, () => Promise<unknown>> = {
    visit: () => askGraph(instance(), 'an assertion', async () => undefined),
    disconnect: () => disconnect(instance(), 'an assertion'),
    reconnect: () => connect(instance(), 'an assertion'),
    retire: () => endAccount(instance(), userId, 'retired'),
    turn: () => turn(2 * MINUTE),
    'late-turn': () => turn(100 * DAY),
  };
  return { userId, accounts, tokenCache, acts };
}

export type World = ReturnType<typeof createWorld>;

/** What must hold whenever nobody is at work. */
export async function expectWhole({ userId, accounts, tokenCache }: World, where = ''): Promise<void> {
  const account = await accounts.read(userId);
  const stored = await tokenCache.read(userId);
  const opened = stored && (await plainSealer.open(userId, stored.sealed));
  if (account === undefined || isTombstone(account.state)) expect(stored, where).toBeUndefined();
  if (account?.state === 'active') expect(opened, where).toMatchObject({ generation: account.generation });
  if (opened?.ok) {
    const secrets = [...opened.cache.matchAll(/"secret":"\d+ of ([^"]+)"/g)].map(([, of]) => of);
    expect(secrets.length).toBeGreaterThan(0);
    expect(new Set(secrets), where).toEqual(new Set([opened.generation]));
  }
  expect([...accounts.dueRows.keys()]).toEqual(account ? [dueRowKey(account.dueAt, userId)] : []);
}
