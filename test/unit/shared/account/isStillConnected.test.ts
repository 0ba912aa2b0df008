import { describe, expect, it } from 'vitest';
import { ended, markedForUser, seen } from '../../../../shared/account/transitions.ts';
import { isStillConnected } from '../../../../shared/account/visit.ts';
import { createMemoryAccountStore } from '../../../../shared/adapters/memory/memoryAccountStore.ts';
import { UnavailableError } from '../../../../shared/errors.ts';
import { createTestClock } from '../../../../shared/testing/testClock.ts';
import { active, USER } from './accounts.ts';
import { NOW, SETTINGS } from './scheduleTimes.ts';

const clock = createTestClock({ startAt: NOW });
const REFUSED = { kind: 'needs-user', code: 'AADSTS50076' } as const;

async function setUp() {
  const accounts = createMemoryAccountStore({ clock });
  const { etag } = await accounts.create(active());
  return { accounts, begun: { ...active(), etag } };
}

describe('isStillConnected', () => {
  it.each([
    [true, 'nothing changed', active()],
    [true, 'the user visited', seen(active(), NOW)],
    [true, 'the worker was refused', markedForUser(active(), REFUSED, NOW, SETTINGS)],
    [false, 'the user disconnected', ended(USER, 'disconnected', NOW)],
    [false, 'the account was retired', ended(USER, 'retired', NOW)],
    [false, 'the user is connected anew', active({ generation: 'generation-2' })],
  ])('is %s when %s', async (is, _, now) => {
    const { accounts, begun } = await setUp();
    await accounts.update(begun, now);
    expect(await isStillConnected({ accounts }, begun)).toBe(is);
  });

  it('is false when the account no longer exists', async () => {
    const { accounts, begun } = await setUp();
    await accounts.erase(begun);
    expect(await isStillConnected({ accounts }, begun)).toBe(false);
  });

  it('is false when the store cannot be reached', async () => {
    const { accounts, begun } = await setUp();
    const read = () => Promise.reject(new UnavailableError('accounts'));
    expect(await isStillConnected({ accounts: { ...accounts, read } }, begun)).toBe(false);
  });
});
