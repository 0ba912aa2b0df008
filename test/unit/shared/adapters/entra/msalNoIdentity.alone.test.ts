/** Where the environment names no identity endpoint. MSAL decides that once for a process, and so for this file. */
import { expect, it } from 'vitest';
import { createManagedIdentity } from '../../../../../shared/adapters/entra/msalManagedIdentity.ts';
import { systemClock } from '../../../../../shared/clock.ts';

it('a machine without an identity is a fault of our own, and not an outage', async () => {
  const urls: string[] = [];
  const identity = createManagedIdentity({
    identity: 'system',
    timeoutMs: 10_000,
    fetch: (input) => {
      urls.push(String(input));
      return Promise.reject(
        new TypeError('fetch failed', { cause: Object.assign(new Error(), { code: 'EHOSTUNREACH' }) }),
      );
    },
    clock: systemClock,
  });
  await expect(identity('api://AzureADTokenExchange')).rejects.toMatchObject({
    facts: { local: 'managed_identity_absent' },
  });
  expect(urls).toEqual([
    expect.stringMatching(/^http:\/\/169\.254\.169\.254\/metadata\/identity\/oauth2\/token\?/),
  ]);
});
