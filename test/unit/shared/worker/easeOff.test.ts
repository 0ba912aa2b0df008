import { expect, it } from 'vitest';
import { createMemoryTokenCacheStore } from '../../../../shared/adapters/memory/memoryTokenCacheStore.ts';
import { plan } from '../../../../shared/worker/plan.ts';
import { RUN_LIMITS } from '../../../../shared/worker/run.ts';
import { sweep } from '../../../../shared/worker/sweep.ts';
import { clockOf } from '../../../support/clockOf.ts';
import { someUserOf } from '../../../support/sampleAccount.ts';
import { createTestApp } from '../../../support/testApp.ts';
import { dueAccount, NOW, tokenOf, workerOverTwins } from './workerOverTwins.ts';

async function sweepWhile(
  isBusy: (() => boolean) | undefined,
  accounts: number,
  of: 'accounts' | 'tokenCache' = 'accounts',
) {
  const worker = workerOverTwins();
  const pauses: number[] = [];
  const clock = clockOf(() => NOW, {
    after(ms, act) {
      if (ms < 10_000) {
        pauses.push(ms);
        queueMicrotask(act);
      }
      return () => undefined;
    },
    random: () => 0.5,
  });
  const app = createTestApp({
    clock,
    accounts: { ...worker.accounts, ...(of === 'accounts' && isBusy && { isBusy }) },
    ...(of === 'tokenCache' && {
      tokenCache: { ...createMemoryTokenCacheStore(), ...(isBusy && { isBusy }) },
    }),
    userTokens: {
      onBehalfOf: () => Promise.reject(new Error('not expected')),
      silent: async () => tokenOf(),
    },
  });
  for (let n = 0; n < accounts; n += 1) await worker.create(dueAccount({ userId: someUserOf('3') }));
  const operation = { log: (event: (typeof worker.events)[number]) => void worker.events.push(event) };
  const summary = await sweep(app, operation, [], await plan(app, operation), RUN_LIMITS);
  return { summary, pauses, said: worker.eventsOf('sweep.storage-busy') };
}

it('leases the next account a moment later while storage asks for fewer requests, and says so once', async () => {
  const { summary, pauses, said } = await sweepWhile(() => true, 3);
  expect(summary).toMatchObject({ claimed: 3, refreshed: 3, stoppedBy: 'done' });
  expect(pauses).toEqual([1_500, 1_500, 1_500]);
  expect(said).toEqual([{ event: 'sweep.storage-busy' }]);
});

it('does the same while only the store of the caches asks for fewer', async () => {
  const { pauses, said } = await sweepWhile(() => true, 3, 'tokenCache');
  expect(pauses).toEqual([1_500, 1_500, 1_500]);
  expect(said).toEqual([{ event: 'sweep.storage-busy' }]);
});

it.each([
  ['does not', () => false],
  ['cannot tell', undefined],
])('does not wait while storage %s', async (_, isBusy) => {
  const { summary, pauses, said } = await sweepWhile(isBusy, 3);
  expect(summary).toMatchObject({ claimed: 3 });
  expect([pauses, said]).toEqual([[], []]);
});

it('goes on at full speed as soon as it is over', async () => {
  let busy = 1;
  const { pauses } = await sweepWhile(() => {
    busy -= 1;
    return busy >= 0;
  }, 4);
  expect(pauses).toHaveLength(1);
});
