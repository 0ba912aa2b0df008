/** What a request and a run cause, in counts: over servers that count, with the real clients of storage. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { dueAccount, dueCache } from '../../../bench/dueAccount.ts';
import { startUpstreams, type Upstreams } from '../../../bench/upstreams/startUpstreams.ts';
import { profile } from '../../../functions/profile/profile.ts';
import { createSealer } from '../../../shared/adapters/entra/seal.ts';
import { SHARDS, shardOf } from '../../../shared/adapters/shards.ts';
import { readConfig } from '../../../shared/config.ts';
import { createLog } from '../../../shared/log.ts';
import type { RunPart } from '../../../shared/ports.ts';
import { createFetchHandlers } from '../../../shared/serve/fetchHandlers.ts';
import { createStead, type SteadOptions } from '../../../shared/stead.ts';
import { azureStores } from '../../../shared/stores/azure.ts';
import { toUserId } from '../../../shared/userId.ts';
import { EMPTY_PART, FIRST_VISIT, overBudget, runOver, WARM, type Work } from '../../support/callBudgets.ts';

const USERS = 12;

let upstreams: Upstreams;
beforeAll(async () => {
  upstreams = await startUpstreams();
});
beforeEach(() => upstreams.countFromZero());
afterAll(() => upstreams.stop());

/** A new process, as far as memory goes. */
function start(options: SteadOptions = {}) {
  const config = readConfig(upstreams.settings);
  const stead = createStead(config, { stores: azureStores, ...options });
  const lines: string[] = [];
  const note = (line: string) => void lines.push(line);
  const sink = { info: note, warn: note, error: note };
  const handlers = createFetchHandlers(stead, { sink });
  const answer = handlers.asUser(profile);
  return {
    stead,
    config,
    refreshWorker: handlers.refreshWorker,
    sweepPart: (part: RunPart) => stead.worker.sweepPart({ log: createLog(sink) }, part),
    async visit(token: string): Promise<void> {
      const headers = { authorization: `Bearer ${token}` };
      const { status } = await answer(new Request('http://localhost/api/profile', { headers }));
      expect(status).toBe(200);
    },
    /** What `work` causes. */
    async causes(work: () => Promise<unknown>): Promise<Work> {
      await upstreams.countFromZero();
      lines.length = 0;
      await work();
      const { users: _, givenOne: __, ...counts } = await upstreams.counts();
      return { ...counts, lines: lines.length };
    },
  };
}

const signIn = async (): Promise<string> => (await upstreams.signIn(1))[0] ?? '';

describe('a first visit', () => {
  it('causes what its budget allows', async () => {
    const app = start();
    const token = await signIn();
    expect(await app.causes(() => app.visit(token))).toEqual(FIRST_VISIT);
  });

  it('is found to cause more: storage, the token endpoint, and the log', async () => {
    const { services } = start().stead;
    const app = start({
      adapters: {
        tokenCache: {
          ...services.tokenCache,
          async read(...asked) {
            await services.tokenCache.read(...asked);
            return services.tokenCache.read(...asked);
          },
        },
        userTokens: {
          ...services.userTokens,
          async onBehalfOf(operation, request) {
            operation.log({ event: 'account.healed', user: 'nobody' });
            await services.userTokens.onBehalfOf(operation, request);
            return services.userTokens.onBehalfOf(operation, { ...request, skipCache: true });
          },
        },
      },
    });
    const token = await signIn();
    const found = overBudget(await app.causes(() => app.visit(token)), FIRST_VISIT);
    expect(found).toEqual([
      expect.stringMatching(/^blob: /),
      expect.stringMatching(/^token: 2/),
      expect.stringMatching(/^lines: 3/),
    ]);
  });
});

describe('a warm request', () => {
  it('causes one call to Graph and one line', async () => {
    const app = start();
    const token = await signIn();
    await app.visit(token);
    expect(await app.causes(() => app.visit(token))).toEqual(WARM);
    const many = await app.causes(async () => {
      for (let n = 0; n < 5; n += 1) await app.visit(token);
    });
    expect(many).toEqual({ ...WARM, api: 5, lines: 5 });
  });

  it('is found to cause more: a call to Graph, and what a forgotten token or forgotten keys cost', async () => {
    const twice = start({
      async fetch(...request) {
        const isGraph = String(request[0]).includes('/me');
        if (isGraph) await (await fetch(...request)).text();
        return fetch(...request);
      },
    });
    const token = await signIn();
    await twice.visit(token);
    const found = overBudget(await twice.causes(() => twice.visit(token)), WARM);
    expect(found).toEqual([expect.stringMatching(/^api: 2/)]);
    const another = await signIn();
    const forgetful = overBudget(await twice.causes(() => twice.visit(another)), WARM);
    expect(forgetful.map((one) => one.split(':')[0])).toEqual(
      expect.arrayContaining(['table', 'transactions', 'blob', 'token', 'lines']),
    );
    const anew = start();
    const keyless = overBudget(await anew.causes(() => anew.visit(another)), WARM);
    expect(keyless).toEqual(expect.arrayContaining([expect.stringMatching(/^keys: 1/)]));
  });
});

describe('a run of the worker', () => {
  /** Due users of one shard. */
  async function createDue(): Promise<void> {
    const { stead, config } = start();
    const { accounts, tokenCache } = stead.services;
    const sealer = createSealer(config.cacheKeys);
    const { tenantId: tid, clientId, authority } = config.entra;
    for (let made = 0; made < USERS; ) {
      const owner = { tid, oid: randomUUID(), clientId, environment: new URL(authority).host };
      if (shardOf(toUserId(owner)) !== SHARDS[0]) continue;
      const account = dueAccount(owner);
      const { userId, generation } = account;
      await accounts.create(account);
      await tokenCache.write(
        userId,
        await sealer.seal(userId, dueCache(owner, account), generation),
        undefined,
      );
      made += 1;
    }
  }

  let own: Upstreams;
  beforeEach(async () => {
    // Nobody else is in these stores.
    own = upstreams;
    upstreams = await startUpstreams();
    await createDue();
    // Another run of this minute has begun, so none of these audits: what that costs depends on who is faster.
    await start().stead.services.sharedState.beginPlan(60_000);
    return () => {
      upstreams.stop();
      upstreams = own;
    };
  });

  it('causes what its budget allows, and leases four accounts in one transaction', async () => {
    const app = start();
    expect(await app.causes(() => app.refreshWorker())).toEqual(runOver(USERS, SHARDS.length));
  });

  it('is found to cause more: a second write of each account', async () => {
    const { accounts } = start().stead.services;
    const app = start({
      adapters: {
        accounts: {
          ...accounts,
          async update(from, to, signal) {
            const first = await accounts.update(from, to, signal);
            return accounts.update(first, to, signal);
          },
        },
      },
    });
    const found = overBudget(await app.causes(() => app.refreshWorker()), runOver(USERS, SHARDS.length));
    expect(found).toEqual([
      expect.stringMatching(/^table: /),
      `transactions: ${2 * USERS + 3}, and not more than ${USERS + 3}`,
    ]);
  });
});

describe('a part of a run', () => {
  /** It may not retire accounts: the part of the first shard of this run may. */
  const part = (): RunPart => ({
    v: 1,
    runId: `00000000-${randomUUID().slice(9)}`,
    shard: SHARDS.at(-1) ?? '',
    deadline: new Date(Date.now() + 50_000).toISOString(),
    share: SHARDS.length,
  });

  it('causes what its budget allows, if nobody is due in its shard', async () => {
    const app = start();
    expect(await app.causes(() => app.sweepPart(part()))).toEqual(EMPTY_PART);
  });

  it('is found to cause more: a second look at the last run', async () => {
    const { sharedState } = start().stead.services;
    const lastRun: typeof sharedState.lastRun = async (signal) => {
      await sharedState.lastRun(signal);
      return sharedState.lastRun(signal);
    };
    const app = start({ adapters: { sharedState: { ...sharedState, lastRun } } });
    const found = overBudget(await app.causes(() => app.sweepPart(part())), EMPTY_PART);
    expect(found).toEqual([`table: ${EMPTY_PART.table + 1}, and not more than ${EMPTY_PART.table}`]);
  });
});
