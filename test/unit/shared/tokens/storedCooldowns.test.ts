import { expect, it } from 'vitest';
import { type Failure, UnavailableError } from '../../../../shared/errors.ts';
import type { SharedState } from '../../../../shared/sharedState.ts';
import type { App } from '../../../../shared/tokens/app.ts';
import { createCooldowns } from '../../../../shared/tokens/cooldowns.ts';
import { heedFailure, readCooldowns } from '../../../../shared/tokens/storedCooldowns.ts';
import { clockOf } from '../../../support/clockOf.ts';
import { someUser } from '../../../support/sampleAccount.ts';

const TENANT = '11111111-1111-4111-8111-111111111111';
const FAILURE: Failure = {
  kind: 'throttled',
  code: 'graph_429',
  throttle: { api: 'graph', scope: 'tenant' },
  retryAfterSeconds: 600,
};

/** What another user of the tenant has to wait, in seconds, once the process has read the stored cooldowns again. */
async function waitsAfter(cool: SharedState['cool']): Promise<number | undefined> {
  let now = Date.parse('2026-01-01T00:00:00Z');
  const clock = clockOf(() => new Date(now));
  const cooldowns = createCooldowns({ clock });
  const sharedState = { cool, cooling: async () => [] as const };
  const app = { clock, cooldowns, sharedState } as unknown as App;
  const operation = { log: () => undefined };
  await heedFailure(app, operation, someUser(TENANT), FAILURE);
  now += 60_000;
  await readCooldowns(app, operation);
  const until = cooldowns.throttledUntil(someUser(TENANT), 'graph');
  return until && (until.getTime() - now) / 1_000;
}

it("a tenant's cooldown that cannot be stored holds in this process until its end", async () => {
  expect(await waitsAfter(() => Promise.reject(new UnavailableError('accounts')))).toBe(540);
});

it('one that was stored is gone as soon as nobody has it stored any more', async () => {
  expect(await waitsAfter(() => Promise.resolve())).toBeUndefined();
});
