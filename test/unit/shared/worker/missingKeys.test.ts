/** Caches whose key is missing, in any share and order: every other account is served in the same run. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createMemoryAccountStore } from '../../../../shared/adapters/memory/memoryAccountStore.ts';
import { UserTokenError } from '../../../../shared/errors.ts';
import type { LogEvent } from '../../../../shared/log.ts';
import type { UserId } from '../../../../shared/userId.ts';
import { plan } from '../../../../shared/worker/plan.ts';
import { RUN_LIMITS } from '../../../../shared/worker/run.ts';
import { sweep } from '../../../../shared/worker/sweep.ts';
import { clockOf } from '../../../support/clockOf.ts';
import { sampleAccount, someUser } from '../../../support/sampleAccount.ts';
import { createTestApp } from '../../../support/testApp.ts';
import { tokenOf } from './tasksOverTwins.ts';

const NOW = new Date('2026-11-20T09:00:00Z');

/** One run over these users, of whom some have a cache whose key is missing. */
async function run(keyIsMissing: readonly boolean[], concurrency: number) {
  const accounts = createMemoryAccountStore();
  const withoutKey = new Set<UserId>();
  for (const isMissing of keyIsMissing) {
    const userId = someUser();
    if (isMissing) withoutKey.add(userId);
    const idle = {
      userId,
      lastActivity: new Date(NOW.getTime() - 3_600_000),
      failure: undefined,
      attempts: 0,
    };
    await accounts.create(
      sampleAccount({ ...idle, runId: undefined, dueAt: new Date(NOW.getTime() - 60_000) }),
    );
  }
  const app = createTestApp({
    accounts,
    clock: clockOf(() => NOW),
    userTokens: {
      onBehalfOf: () => Promise.reject(new Error('not expected')),
      async silent(_operation, { userId }) {
        if (withoutKey.has(userId)) {
          throw new UserTokenError({ kind: 'misconfigured', code: 'cache_unknown_key' });
        }
        // The token endpoint takes its time; a missing key is known at once.
        await new Promise((resolve) => setTimeout(resolve, 1));
        return tokenOf();
      },
    },
  });
  const events: LogEvent[] = [];
  const operation = { log: (event: LogEvent) => void events.push(event) };
  const limits = { ...RUN_LIMITS, concurrency };
  const summary = await sweep(app, operation, [], await plan(app, operation), limits);
  return { summary, loud: events.filter(({ event }) => event === 'sweep.misconfigured') };
}

describe('a run that meets caches without their key', () => {
  it('serves every other account, whatever their share and order, and says once how many there were', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.boolean(), { minLength: 1, maxLength: 40 }),
        fc.integer({ min: 1, max: 16 }),
        async (keyIsMissing, concurrency) => {
          const missing = keyIsMissing.filter(Boolean).length;
          const { summary, loud } = await run(keyIsMissing, concurrency);
          expect(summary).toMatchObject({
            claimed: keyIsMissing.length,
            refreshed: keyIsMissing.length - missing,
            released: missing,
            failed: {},
            stoppedBy: 'done',
          });
          const said = { code: 'cache_unknown_key', stops: false, count: missing };
          expect(loud).toMatchObject(missing === 0 ? [] : [said]);
        },
      ),
      { numRuns: 25 },
    );
  });
});
