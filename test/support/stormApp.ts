/** What one process does in a storm: requests of present users, sweeps, and tokens for further scopes. */

import { setTimeout as sleep } from 'node:timers/promises';
import { decodeJwt } from 'jose';
import { profile } from '../../functions/profile/profile.ts';
import { readConfig } from '../../shared/config.ts';
import type { LogEvent } from '../../shared/log.ts';
import type { UserToken, UserTokens } from '../../shared/ports.ts';
import { createStead } from '../../shared/stead.ts';
import { azureStores } from '../../shared/stores/azure.ts';
import { createShiftedClock } from '../../shared/testing/testClock.ts';
import { defineApi } from '../../shared/tokens/defineApi.ts';
import { toUserId, type UserId } from '../../shared/userId.ts';
import { scopeSet } from './checkStorage.ts';
import type { StormGrant } from './stormGrants.ts';
import { pickOne, seededRandom } from './stormRandom.ts';
import { UNLIMITED } from './testApp.ts';

export type StormUser = {
  tid: string;
  oid: string;
  /** One for each of the user's devices. */
  assertions: readonly string[];
};

export type StormOrder = {
  seed: string;
  users: readonly StormUser[];
  requests: number;
  /** How often the memory of assertions is lost, as when an instance is replaced. */
  lives: number;
  /** Tokens for scopes beside the profile's. */
  scopedTokens: number;
};

export type StormResult = {
  requests: number;
  sources: Record<'cache' | 'network' | 'memory', number>;
  /** Assertions used, counted anew in each life. */
  memoEntries: number;
  assertionsUsed: string[];
  /** `scoped` are those for further APIs, which no sweep asked for. */
  refreshes: { sweeps: number; refreshed: number; scoped: number };
  /** `<user id> <scope set>` of what was granted, or had from the stored cache, and is stored. */
  stored: string[];
  /** Tokens that were had and could not be stored. */
  unstored: number;
  grants: StormGrant[];
  /** Complete audits of the index. */
  audits: number;
  /** What must not be. */
  failures: string[];
};

const LANES = 10;
const SCOPED_LANES = 3;
/** APIs beside Graph, each with a permission of its own. */
export const FURTHER_APIS = ['orders', 'tickets', 'payroll', 'stock'].map((name, index) => ({
  id: `11111111-2222-4333-8444-00000000000${index}`,
  name,
  exposes: [`${name}.read`],
}));
const APIS = FURTHER_APIS.map(({ id, name }) =>
  defineApi({ name, resource: `api://${id}`, baseUrl: `https://${name}.example` }),
);
const LIMITS = {
  concurrency: 8,
  runForMs: 20_000,
  leaseForMs: 120_000,
  endAfterMs: 30_000,
  noticeForMs: 10_000,
};
const PAUSE_MS = 60;
/** How far the worker's clock is ahead: to it every token is about to end, and nobody was here just now. */
const WORKER_AHEAD_MS = 1_200_000;
/** Events that say that something is wrong with us. */
const MUST_NOT_BE: ReadonlySet<LogEvent['event']> = new Set<LogEvent['event']>([
  'cache.foreign-entry',
  'cache.former-home-dropped',
  'user.failed-unexpectedly',
  'sweep.shard-failed',
  'sweep.last-run-not-read',
  'sweep.not-audited',
  'sweep.not-recorded',
  'index.repaired',
  'account.damaged',
  'sweep.misconfigured',
]);

export async function runStorm(
  environment: Readonly<Record<string, string | undefined>>,
  { seed, users, requests, lives, scopedTokens }: StormOrder,
  grants: StormGrant[],
): Promise<StormResult> {
  const config = readConfig(environment);
  const { services } = createStead(config, { stores: azureStores });
  const random = seededRandom(seed);
  const result: StormResult = {
    requests: 0,
    sources: { cache: 0, network: 0, memory: 0 },
    memoEntries: 0,
    assertionsUsed: [],
    refreshes: { sweeps: 0, refreshed: 0, scoped: 0 },
    stored: [],
    unstored: 0,
    grants,
    audits: 0,
    failures: [],
  };
  const stored = new Set<string>();

  const operation = {
    log: (event: LogEvent): void => {
      if (MUST_NOT_BE.has(event.event)) result.failures.push(event.event);
    },
  };

  function note(userId: UserId, token: UserToken): UserToken {
    const { tid, oid, scp } = decodeJwt(token.accessToken);
    if (`${tid}/${oid}` !== userId) result.failures.push(`a token of ${tid}/${oid} for ${userId}`);
    if (token.stored) stored.add(`${userId} ${scopeSet(String(scp))}`);
    else result.unstored += 1;
    return token;
  }
  const { userTokens: tokens, accounts } = services;
  const userTokens: UserTokens = {
    onBehalfOf: async (...args) => note(args[1].caller.userId, await tokens.onBehalfOf(...args)),
    silent: async (...args) => note(args[1].userId, await tokens.silent(...args)),
  };
  const start = (aheadMs = 0) => {
    const clock = createShiftedClock({ random });
    clock.aheadMs = aheadMs;
    return createStead(config, { stores: azureStores, clock, limits: UNLIMITED, adapters: { userTokens } });
  };
  const { worker: sweeper } = start(WORKER_AHEAD_MS);
  let stead = start();
  let remembered = new Set<string>();
  let scoped = 0;
  const used = new Set<string>();

  async function request(user: StormUser): Promise<void> {
    const assertion = pickOne(user.assertions, random());
    if (!remembered.has(assertion)) result.memoEntries += 1;
    remembered.add(assertion);
    used.add(assertion);
    const { result: read, source } = await stead.asUser(operation, assertion, profile);
    if (read.id !== user.oid) result.failures.push(`the profile of ${read.id} for ${user.oid}`);
    result.sources[source] += 1;
  }

  async function scopedToken(user: StormUser): Promise<void> {
    const userId = toUserId(user);
    const account = await accounts.read(userId);
    // Whoever has not been here yet cannot be asked for.
    if (account?.state !== 'active') return;
    scoped += 1;
    const { homeAccountId, generation } = account;
    const token = await userTokens.silent(operation, {
      userId,
      homeAccountId,
      generation,
      forceRefresh: false,
      api: pickOne(APIS, random()),
    });
    if (token.source === 'network') result.refreshes.scoped += 1;
  }

  async function attempt(what: string, act: () => Promise<void>): Promise<void> {
    try {
      await act();
    } catch (error) {
      const { name, code, failure } = error as { name?: string; code?: string; failure?: { code: string } };
      result.failures.push([what, name, code, failure?.code].filter(Boolean).join(' '));
    }
  }

  /** Some users are much busier than others. */
  const anybody = () => pickOne(users, random() * random());

  async function requestLane(): Promise<void> {
    while (result.requests < requests) {
      const number = result.requests;
      result.requests += 1;
      if (number > 0 && number % Math.ceil(requests / lives) === 0) {
        stead = start();
        remembered = new Set();
      }
      // First everybody in the same order, so that the processes meet at each user's first sight.
      await attempt('request', () => request(users[number] ?? anybody()));
      await sleep(random() * PAUSE_MS);
    }
  }

  async function scopedLane(): Promise<void> {
    while (scoped < scopedTokens) {
      await attempt('scoped token', () => scopedToken(anybody()));
      await sleep(random() * PAUSE_MS);
    }
  }

  let over = false;
  async function worker(): Promise<void> {
    while (!over) {
      const { refreshes } = result;
      await attempt('sweep', async () => {
        const summary = await sweeper.run(operation, LIMITS);
        refreshes.sweeps += 1;
        refreshes.refreshed += summary.refreshed;
        for (const [kind, count] of Object.entries(summary.failed)) {
          if (count > 0) result.failures.push(`${count} refreshes failed: ${kind}`);
        }
      });
      await sleep(random() * PAUSE_MS);
    }
  }

  /** Audits all accounts again and again while everybody changes them. There is nothing to repair. */
  async function auditor(): Promise<void> {
    while (!over) {
      await attempt('audit', async () => {
        await stead.operators.audit(({ found }) => result.failures.push(`the audit found: ${found}`));
        result.audits += 1;
      });
      await sleep(random() * PAUSE_MS);
    }
  }

  const working = Promise.all([worker(), auditor()]);
  await Promise.all([
    ...Array.from({ length: LANES }, requestLane),
    ...Array.from({ length: SCOPED_LANES }, scopedLane),
  ]);
  over = true;
  await working;
  return { ...result, stored: [...stored], assertionsUsed: [...used] };
}
