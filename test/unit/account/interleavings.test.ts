/** Requests, disconnections and the worker's turns of one user, in whatever order their calls reach the stores. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { connect, disconnect } from '../../../functions/connection/connection.ts';
import { askGraph } from '../../../functions/profile/askGraph.ts';
import { refreshUser } from '../../../functions/refreshWorker/refreshUser.ts';
import { createAssertionMemo } from '../../../shared/assertionMemo.ts';
import { endAccount } from '../../../shared/endAccount.ts';
import type { AccountStore, TokenCacheStore } from '../../../shared/ports.ts';
import { isTombstone } from '../../../shared/rules/schedule.ts';
import { createLogId, dueRowKey, shardOf } from '../../../shared/userId.ts';
import { collect } from '../../support/collect.ts';
import { createMemoryAccountStore } from '../../support/memoryAccountStore.ts';
import { createMemoryTokenCacheStore } from '../../support/memoryTokenCacheStore.ts';
import { someUser } from '../../support/sampleAccount.ts';
import { createTwinUserTokens, plainSealer } from './twinUserTokens.ts';

const MINUTE = 60_000;
const DAY = 86_400_000;
const NOW = Date.now();

const ACTS = ['visit', 'disconnect', 'reconnect', 'retire', 'turn', 'late-turn'] as const;
type Act = (typeof ACTS)[number];
/** By the user, by an operator, by time. */
const ENDS_DISCONNECTION: ReadonlySet<Act> = new Set(['reconnect', 'retire', 'late-turn']);
/** What a user has behind them when the race begins. */
const PASTS: Act[][] = [
  [],
  ['visit'],
  ['visit', 'retire'],
  ['visit', 'disconnect'],
  ['visit', 'disconnect', 'reconnect'],
];

/** One user in in-memory stores, whose every call waits for its turn in `order`. */
function createWorld(order: <T>(name: string, call: () => Promise<T>) => Promise<T>) {
  const userId = someUser();
  const [accounts, tokenCache] = [createMemoryAccountStore(), createMemoryTokenCacheStore()];
  const ordered = <Store extends AccountStore | TokenCacheStore>(store: Store, names: (keyof Store)[]) => {
    const wrapped = names.map((name) => {
      const call = store[name] as (...args: unknown[]) => Promise<unknown>;
      return [name, (...args: unknown[]) => order(String(name), () => call(...args))];
    });
    return { ...store, ...Object.fromEntries(wrapped) } as Store;
  };
  const stores = {
    accounts: ordered<AccountStore>(accounts, ['read', 'create', 'move', 'touch', 'erase', 'claim']),
    tokenCache: ordered(tokenCache, ['read', 'write', 'remove']),
  };
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
    if (claimed === undefined) return;
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

type World = ReturnType<typeof createWorld>;

/** What must hold whenever nobody is at work. */
async function expectWhole({ userId, accounts, tokenCache }: World): Promise<void> {
  const account = await accounts.read(userId);
  const stored = await tokenCache.read(userId);
  const opened = stored && (await plainSealer.open(userId, stored.sealed));
  if (account === undefined || isTombstone(account.state)) expect(stored).toBeUndefined();
  if (account?.state === 'active') expect(opened).toMatchObject({ generation: account.generation });
  if (opened?.ok) {
    const secrets = [...opened.cache.matchAll(/"secret":"\d+ of ([^"]+)"/g)].map(([, of]) => of);
    expect(secrets.length).toBeGreaterThan(0);
    expect(new Set(secrets)).toEqual(new Set([opened.generation]));
  }
  expect([...accounts.dueRows.keys()]).toEqual(account ? [dueRowKey(account.dueAt, userId)] : []);
}

describe('one user, with everything at once', () => {
  const race = fc.array(fc.constantFrom(...ACTS), { minLength: 2, maxLength: 5 });

  it('has a cache that opens when active, none when signed off, and nothing of an earlier connection', async () => {
    const seen = new Set<string>();
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), fc.constantFrom(...PASTS), race, async (scheduler, past, together) => {
        let racing = false;
        const world = createWorld(async (name, call) => {
          if (racing) await scheduler.schedule(Promise.resolve(), name);
          return call();
        });
        for (const act of past) await world.acts[act]();
        await expectWhole(world);
        racing = true;
        await scheduler.waitFor(Promise.all(together.map((act) => world.acts[act]())));
        racing = false;
        await expectWhole(world);
        const { state } = (await world.accounts.read(world.userId)) ?? { state: 'unknown' };
        seen.add(state);
        const ends = together.some((act) => ENDS_DISCONNECTION.has(act));
        if (together.includes('disconnect') && !ends) expect(state).toBe('disconnected');

        // Whatever came of it, the user's next visit mends it, unless they asked to be left alone.
        await world.acts.visit();
        await expectWhole(world);
        const after = await world.accounts.read(world.userId);
        expect(after?.state).toBe(state === 'disconnected' ? 'disconnected' : 'active');
      }),
      { numRuns: 500 },
    );
    expect([...seen].sort()).toEqual(
      expect.arrayContaining(['active', 'disconnected', 'pending', 'retired']),
    );
  });
});
