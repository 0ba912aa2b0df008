/** Which calls a first visit waits for, one after the other. */
import { setImmediate as settled } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { graph } from '../../../../shared/adapters/graph/graphApi.ts';
import { createMemoryAccountStore } from '../../../../shared/adapters/memory/memoryAccountStore.ts';
import { createMemoryTokenCacheStore } from '../../../../shared/adapters/memory/memoryTokenCacheStore.ts';
import { asUser } from '../../../../shared/requests/asUser.ts';
import { defineFunction } from '../../../../shared/requests/defineFunction.ts';
import { createLogId } from '../../../../shared/userId.ts';
import { clockOf } from '../../../support/clockOf.ts';
import { type Order, orderedStores } from '../../../support/orderedStores.ts';
import { createTestApp } from '../../../support/testApp.ts';
import { USER } from '../account/accounts.ts';
import { createTwinUserTokens, plainSealer } from '../account/twinUserTokens.ts';

/** Ends all calls that are running at once, and notes them as one step. */
function inSteps() {
  let running: { name: string; end: () => void }[] = [];
  const order: Order = (name, call) =>
    new Promise((resolve) => running.push({ name, end: () => resolve(call()) }));
  async function stepsOf(work: Promise<unknown>): Promise<string[]> {
    const steps: string[] = [];
    let isOver = false;
    void work.finally(() => {
      isOver = true;
    });
    for (await settled(); !isOver; await settled()) {
      const step = running;
      running = [];
      steps.push(step.map(({ name }) => name).join(' + '));
      for (const { end } of step) end();
    }
    return steps;
  }
  return { order, stepsOf };
}

it('reads the cache with the account, and runs the function while the cache is written', async () => {
  const { order, stepsOf } = inSteps();
  const now = Date.now();
  const clock = clockOf(() => new Date(now));
  const accounts = createMemoryAccountStore({ clock });
  const all = { accounts, tokenCache: createMemoryTokenCacheStore() };
  const { accounts: ordered } = orderedStores(all, (name, call) => order(`account: ${name}`, call));
  const { tokenCache } = orderedStores(all, (name, call) => order(`cache: ${name}`, call));
  const log = () => undefined;
  const context = {
    store: tokenCache,
    sealer: plainSealer,
    logId: createLogId(new Uint8Array(32)),
    log,
    clock,
  };
  const app = createTestApp({
    accounts: ordered,
    tokenCache,
    clock,
    userTokens: createTwinUserTokens(context, () => order('token endpoint', async () => undefined)),
    verifyAccessToken: async (assertion) => ({
      ...{ userId: USER, tid: '', oid: '', userPrincipalName: 'somebody', assertion },
      expiresOn: new Date(now + 3_600_000),
    }),
  });
  const fn = defineFunction({
    name: 'one-call',
    api: graph,
    scopes: ['User.Read'],
    run: () => order('Graph', async () => 'an answer'),
  });
  const visit = asUser(app, { log }, 'an assertion', fn);
  expect(await stepsOf(visit)).toEqual([
    'cache: read + account: read',
    'account: create',
    'token endpoint',
    'cache: write + Graph',
    'account: update',
  ]);
  expect(await visit).toMatchObject({ result: 'an answer', source: 'network' });
});
