/** Caches whose key is missing, in any share and order: every other account is served in the same run. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { UserTokenError } from '../../../../shared/errors.ts';
import type { UserId } from '../../../../shared/userId.ts';
import { dueAccount, tokenOf, workerOverTwins } from './workerOverTwins.ts';

/** One run over these users, of whom some have a cache whose key is missing. */
async function run(keyIsMissing: readonly boolean[], concurrency: number) {
  const withoutKey = new Set<UserId>();
  const worker = workerOverTwins({
    async silent(_operation, { userId }) {
      if (withoutKey.has(userId)) {
        throw new UserTokenError({ kind: 'misconfigured', code: 'cache_unknown_key' });
      }
      // The token endpoint takes its time; a missing key is known at once.
      await new Promise((resolve) => setTimeout(resolve, 1));
      return tokenOf();
    },
  });
  for (const isMissing of keyIsMissing) {
    const { userId } = await worker.create(dueAccount());
    if (isMissing) withoutKey.add(userId);
  }
  const summary = await worker.run({ concurrency });
  return { summary, loud: worker.eventsOf('sweep.misconfigured') };
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
