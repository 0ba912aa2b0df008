import { InvocationContext, output } from '@azure/functions';
import { expect, it } from 'vitest';
import { readConfig } from '../../../shared/config.ts';
import type { RunPart } from '../../../shared/ports.ts';
import { createFunctionHandlers } from '../../../shared/serve/functionHandlers.ts';
import { createStead } from '../../../shared/stead.ts';
import { memoryStores } from '../../../shared/stores/memory.ts';
import { createTestClock } from '../../../shared/testing/testClock.ts';
import { sampleActive, someUserOf } from '../../support/sampleAccount.ts';

const GUID = '11111111-2222-4333-8444-555555555555';
const parts = output.storageQueue({ queueName: 'run-parts', connection: 'TokenStore' });

async function setUp(splitAbove: string, options = { parts }) {
  const clock = createTestClock();
  const config = readConfig({
    ENTRA_TENANT_ID: GUID,
    ENTRA_CLIENT_ID: GUID,
    ENTRA_CLIENT_SECRET: 'not used here',
    TokenStore: 'UseDevelopmentStorage=true',
    SPLIT_RUNS_ABOVE: splitAbove,
  });
  const stead = createStead(config, { stores: memoryStores, clock });
  const nextCheckAt = new Date(clock.now().getTime() - 60_000);
  for (const shard of ['3', 'a']) {
    await stead.services.accounts.create(sampleActive({ userId: someUserOf(shard), nextCheckAt }));
  }
  const lines: { event: string }[] = [];
  const contextOf = (triggerMetadata = {}) =>
    new InvocationContext({
      functionName: 'some',
      triggerMetadata,
      logHandler: (_level, line) => void lines.push(JSON.parse(String(line))),
    });
  return { handlers: createFunctionHandlers(stead, options), lines, contextOf, clock };
}

const timer = {
  isPastDue: false,
  schedule: { adjustForDST: true },
  scheduleStatus: { last: '', next: '', lastUpdated: '' },
};

it('the timer gives the parts of a split run to the queue, each as one message', async () => {
  const { handlers, lines, contextOf } = await setUp('1');
  const context = contextOf();
  await handlers.refreshWorker(timer, context);
  const given = context.extraOutputs.get(parts) as RunPart[];
  expect(given.map(({ shard, share }) => [shard, share])).toEqual([
    ['3', 2],
    ['a', 2],
  ]);
  expect(lines.map(({ event }) => event)).toEqual(['sweep.split', 'sweep.ended']);
});

it('the timer gives nothing to the queue by the default settings', async () => {
  const { handlers, contextOf } = await setUp('0');
  const context = contextOf();
  await handlers.refreshWorker(timer, context);
  expect(context.extraOutputs.get(parts)).toBeUndefined();
});

it('the queue function says that a part comes again, and ends well with one that is too late', async () => {
  const { handlers, lines, contextOf, clock } = await setUp('1');
  const deadline = new Date(clock.now().getTime() - 1).toISOString();
  const late = { v: 1, runId: GUID, shard: '3', deadline, share: 2 };
  await handlers.sweepPart(late, contextOf({ dequeueCount: 1 }));
  await handlers.sweepPart(late, contextOf({ dequeueCount: 5 }));
  const tooLate = expect.objectContaining({ event: 'part.late', ms: 1 });
  expect(lines).toEqual([tooLate, expect.objectContaining({ event: 'part.repeated', tries: 5 }), tooLate]);
});
