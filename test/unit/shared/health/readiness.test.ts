import { describe, expect, it } from 'vitest';
import { createMemoryAccountStore } from '../../../../shared/adapters/memory/memoryAccountStore.ts';
import { createMemorySharedState } from '../../../../shared/adapters/memory/memorySharedState.ts';
import { createMemoryTokenCacheStore } from '../../../../shared/adapters/memory/memoryTokenCacheStore.ts';
import { type Failure, UnavailableError } from '../../../../shared/errors.ts';
import { createReadiness } from '../../../../shared/health/readiness.ts';
import type { LogEvent } from '../../../../shared/log.ts';
import { createTestClock } from '../../../../shared/testing/testClock.ts';
import { SUMMARY } from '../../../support/sharedStateContract.ts';

const MINUTE = 60_000;

function setUp() {
  const clock = createTestClock();
  const accounts = createMemoryAccountStore({ clock });
  const events: LogEvent[] = [];
  const asked = { accounts: 0, credential: 0 };
  const answers = {
    accounts: (): Promise<undefined> => Promise.resolve(undefined),
    credential: (): Promise<Failure | undefined> => Promise.resolve(undefined),
  };
  const sharedState = createMemorySharedState({ clock });
  const ready = createReadiness({
    clock,
    sharedState,
    tokenCache: createMemoryTokenCacheStore({ clock }),
    accounts: {
      ...accounts,
      read() {
        asked.accounts += 1;
        return answers.accounts();
      },
    },
    tryCredential() {
      asked.credential += 1;
      return answers.credential();
    },
  });
  const ask = () => ready({ log: (event) => void events.push(event) });
  return { clock, sharedState, events, asked, answers, ask };
}

describe('readiness', () => {
  it('is there if storage answers and Entra accepts the credential', async () => {
    const { ask, events } = setUp();
    expect(await ask()).toEqual({
      readiness: { storage: 'ready', credential: 'accepted' },
      checkedAgainInSeconds: 60,
    });
    expect(events).toEqual([]);
  });

  it('tells how long ago the last run ended, and is there however long that is', async () => {
    const { ask, clock, sharedState } = setUp();
    await sharedState.runEnded(SUMMARY);
    clock.advance(7 * MINUTE);
    expect((await ask()).readiness).toEqual({
      storage: 'ready',
      credential: 'accepted',
      lastRunSecondsAgo: 420,
    });
  });

  it('tells nothing of the last run if it cannot be read, and no time that is to come', async () => {
    const { ask, clock, sharedState } = setUp();
    sharedState.lastRun = () => Promise.reject(new UnavailableError('accounts'));
    expect((await ask()).readiness).toEqual({ storage: 'ready', credential: 'accepted' });
    clock.advance(MINUTE);
    const ended = { at: new Date(clock.now().getTime() + MINUTE), summary: SUMMARY };
    sharedState.lastRun = async () => ({ ended, audit: { accounts: 0, connected: 0 } });
    expect((await ask()).readiness).toMatchObject({ lastRunSecondsAgo: 0 });
  });

  it('is asked for once a minute, however many requests there are at the same time and later', async () => {
    const { clock, ask, asked } = setUp();
    await Promise.all([ask(), ask(), ask()]);
    clock.advance(MINUTE - 1);
    expect(await ask()).toMatchObject({ checkedAgainInSeconds: 1 });
    expect(asked).toEqual({ accounts: 1, credential: 1 });
    clock.advance(1);
    await ask();
    expect(asked).toEqual({ accounts: 2, credential: 2 });
  });

  it('is not there while storage cannot be reached, which is logged', async () => {
    const { ask, answers, events } = setUp();
    answers.accounts = () => Promise.reject(new UnavailableError('accounts', { remedy: 'Mend it.' }));
    expect(await ask()).toMatchObject({ readiness: { storage: 'unreachable', credential: 'accepted' } });
    const remedy = 'Mend it. Until then Stead stores nothing.';
    expect(events).toEqual([expect.objectContaining({ event: 'storage.unreachable', remedy })]);
  });

  it('is not there while storage refuses the application, which is our own fault and no outage', async () => {
    const { ask, answers, events } = setUp();
    answers.accounts = () => Promise.reject(new UnavailableError('accounts', { refusal: 'NoRole' }));
    expect((await ask()).readiness).toEqual({
      storage: 'refused',
      storageCode: 'NoRole',
      credential: 'accepted',
    });
    expect(events).toEqual([expect.objectContaining({ event: 'storage.unreachable' })]);
  });

  it.each([
    'misconfigured',
    'tenant',
    'needs-user',
    'consent',
  ] as const)('is not there if Entra refuses the application (%s), which is logged once a minute', async (kind) => {
    const { clock, ask, answers, events } = setUp();
    answers.credential = async () => ({ kind, code: 'AADSTS1', remedy: 'Do this.' });
    expect((await ask()).readiness).toEqual({ storage: 'ready', credential: 'refused', code: 'AADSTS1' });
    await ask();
    expect(events).toEqual([{ event: 'credential.refused', code: 'AADSTS1', remedy: 'Do this.' }]);
    clock.advance(MINUTE);
    await ask();
    expect(events).toHaveLength(2);
  });

  it.each([
    'transient',
    'throttled',
  ] as const)('takes no outage for a refusal (%s), and logs it once a minute', async (kind) => {
    const { clock, ask, answers, events } = setUp();
    answers.credential = async () => ({ kind, code: 'ECONNREFUSED' });
    const { readiness } = await ask();
    expect(readiness).toEqual({ storage: 'ready', credential: 'unreachable', code: 'ECONNREFUSED' });
    await ask();
    expect(events).toEqual([{ event: 'credential.unreachable', code: 'ECONNREFUSED' }]);
    clock.advance(MINUTE);
    await ask();
    expect(events).toHaveLength(2);
  });

  it('notices within a minute that it is over', async () => {
    const { clock, ask, answers } = setUp();
    answers.accounts = () => Promise.reject(new UnavailableError('accounts'));
    await ask();
    answers.accounts = async () => undefined;
    clock.advance(MINUTE);
    expect((await ask()).readiness.storage).toBe('ready');
  });

  it('does not ask again at once after a bug', async () => {
    const { ask, answers, asked } = setUp();
    answers.credential = () => Promise.reject(new TypeError('a bug'));
    await expect(ask()).rejects.toThrow('a bug');
    await expect(ask()).rejects.toThrow('a bug');
    expect(asked.credential).toBe(1);
  });
});
