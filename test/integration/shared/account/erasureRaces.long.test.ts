/** A user disconnects, or comes back, just before any single call that another operation makes to the stores for them. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Azurite, startAzurite } from '../../../../dev/azurite.ts';
import { type Entra, startEntra } from '../../../../dev/entra/startEntra.ts';
import { dueAt, isTombstone } from '../../../../shared/account/account.ts';
import { endAccount } from '../../../../shared/account/endAccount.ts';
import { createBlobTokenCache } from '../../../../shared/adapters/azureStorage/blobTokenCache.ts';
import type { Caller } from '../../../../shared/ports.ts';
import { createLocalApp } from '../../../../shared/testing/localApp.ts';
import { createShiftedClock } from '../../../../shared/testing/testClock.ts';
import { accountOf } from '../../../support/accountOf.ts';
import { openAzuriteAccounts, uniqueName } from '../../../support/azuriteAccounts.ts';
import { SPA_ORIGIN } from '../../../support/entraClients.ts';
import { orderedStores } from '../../../support/orderedStores.ts';
import { callerFor, readCache } from '../../../support/userTokens.ts';

const MINUTE = 60_000;
const DAY = 86_400_000;
/** To MSAL, such a token has expired when it is issued. */
const EXPIRED_AT_ONCE = 299;

let azurite: Azurite;
let entra: Entra;
/** One user's assertions: of the past, of what is interrupted, and of what interrupts it. */
let before: Caller;
let during: Caller;
let meanwhile: Caller;
beforeAll(async () => {
  azurite = await startAzurite();
  entra = await startEntra({
    port: 0,
    spaOrigins: [SPA_ORIGIN],
    lifetimes: { accessToken: EXPIRED_AT_ONCE },
  });
  before = await callerFor(entra, 'adele');
  during = await callerFor(entra, 'adele');
  meanwhile = await callerFor(entra, 'adele');
});
afterAll(async () => {
  await azurite.stop();
  await entra.close();
});

type App = ReturnType<typeof createLocalApp>;

/** Two instances over the same stores; `interrupt` happens just before call `point` of the first one. */
function twoInstances(point: number, interrupt: (other: App) => Promise<unknown>) {
  const { connectionString } = azurite;
  const clock = createShiftedClock();
  const { store: accounts, index } = openAzuriteAccounts(azurite, { clock });
  const tokenCache = createBlobTokenCache({ connectionString, containerName: uniqueName() });
  const other = createLocalApp(entra, { clock, accounts, tokenCache });
  const calls = { made: Number.NaN, interrupted: false };
  const ordered = orderedStores({ accounts, tokenCache }, async (_, call) => {
    calls.made += 1;
    if (calls.made === point) {
      calls.interrupted = true;
      await interrupt(other);
    }
    return call();
  });
  const app = createLocalApp(entra, { clock, ...ordered });
  return { app, other, calls, clock, index };
}

/**
 * A visit begins by reading the cache and the account at once. What happens before one of the two is before or after the visit's
 * beginning, and a visit that has not begun may well add what it gets.
 */
const AT_THE_BEGINNING = ['before call 1', 'before call 2'];

type Scenario = {
  past?: (other: App) => Promise<unknown>;
  /** Ahead of the real time, for both instances. */
  aheadMs?: number;
  act: (app: App) => Promise<unknown>;
  interrupt: (other: App) => Promise<unknown>;
};

/** Plays a scenario once for each call of `act` that can be interrupted, and hands what is left to `check`. */
async function atEveryCall(
  { past, aheadMs = 0, act, interrupt }: Scenario,
  check: (other: App, where: string) => Promise<unknown>,
): Promise<void> {
  for (let point = 1; ; point += 1) {
    const { app, other, calls, clock, index } = twoInstances(point, interrupt);
    await past?.(other);
    clock.aheadMs = aheadMs;
    calls.made = 0;
    await act(app);
    calls.made = Number.NaN;
    if (!calls.interrupted) {
      expect(point, 'calls').toBeGreaterThan(3);
      return;
    }
    const where = `before call ${point}`;
    const account = await other.accounts.read(during.userId);
    const { userId } = during;
    expect(await index.entries(), where).toEqual(account ? [{ userId, at: dueAt(account) }] : []);
    await check(other, where);
  }
}

const visit =
  (caller: () => Caller) =>
  ({ getProfile }: App) =>
    getProfile(caller().assertion);
const disconnect = ({ connection }: App) => connection.delete(during.assertion);
const reconnect = ({ connection }: App) => connection.put(during.assertion);
const sweepOf = (outcome: object) => async (app: App) =>
  expect(await app.sweep({ concurrency: 1 })).toMatchObject(outcome);
const retire = (app: App) => endAccount(app, during.userId, 'retired');

async function expectSignedOff(app: App, where: string): Promise<void> {
  const { userId } = during;
  expect(await app.tokenCache.read(userId), where).toBeUndefined();
  expect(await accountOf(app, userId), where).toMatchObject({
    state: 'disconnected',
    generation: undefined,
    homeAccountId: undefined,
    userPrincipalName: undefined,
    history: [],
  });
}

/** Active with a cache of this very connection, or not active, without a cache if ended. */
async function expectWhole(app: App, where: string): Promise<string | undefined> {
  const { userId } = during;
  const account = await app.accounts.read(userId);
  const stored = await app.tokenCache.read(userId);
  if (account === undefined || isTombstone(account)) expect(stored, where).toBeUndefined();
  if (account?.state === 'active') {
    const opened = await app.sealer.open(userId, stored?.sealed ?? '');
    expect(opened, where).toMatchObject({ ok: true, generation: account.generation });
  }
  return account?.state;
}

/** As {@link expectWhole}, and the user's next visit connects them, if it has to. */
async function expectWholeAndHealed(app: App, where: string): Promise<void> {
  await expectWhole(app, where);
  await app.getProfile((await callerFor(entra, 'adele')).assertion);
  expect(await expectWhole(app, `${where}, then a visit`)).toBe('active');
}

describe('a user who disconnects', () => {
  it.each<[what: string, past: Scenario['past']]>([
    ['first visit', undefined],
    ['later visit', visit(() => before)],
    [
      'visit after an operator erased them',
      async (app) => {
        await visit(() => before)(app);
        await retire(app);
      },
    ],
    [
      'visit with a corrupt cache',
      async (app) => {
        await visit(() => before)(app);
        const stored = await app.tokenCache.read(during.userId);
        await app.tokenCache.write(during.userId, 'corrupt', stored?.etag);
      },
    ],
  ])('leaves no more than a tombstone, at any point of a %s', async (_, past) => {
    const scenario = { act: visit(() => during), interrupt: disconnect, ...(past && { past }) };
    await atEveryCall(scenario, expectSignedOff);
  });

  it("leaves no more than a tombstone, at any point of the worker's check", async () => {
    const past = visit(() => before);
    const act = sweepOf({ stoppedBy: 'done', failed: {} });
    await atEveryCall({ past, aheadMs: 2 * MINUTE, act, interrupt: disconnect }, expectSignedOff);
  });

  it('and reconnects on another device, has nothing of a visit that was running', async () => {
    const interrupt = async (other: App) => {
      await disconnect(other);
      await reconnect(other);
      await visit(() => meanwhile)(other);
      sealed = (await other.tokenCache.read(during.userId))?.sealed;
    };
    let sealed: string | undefined;
    let kept = 0;
    await atEveryCall(
      { past: visit(() => before), act: visit(() => during), interrupt },
      async (other, where) => {
        expect(await expectWhole(other, where)).toBe('active');
        const stored = await other.tokenCache.read(during.userId);
        if (!AT_THE_BEGINNING.includes(where)) {
          expect(stored?.sealed, where).toBe(sealed);
          kept += 1;
        }
        expect(await readCache(other.tokenCache, other.sealer, during.userId)).toContain('RefreshToken');
      },
    );
    expect(kept).toBeGreaterThan(1);
  });

  it('and reconnects without a visit, has nothing of a visit that was running', async () => {
    const interrupt = async (other: App) => {
      await disconnect(other);
      await reconnect(other);
    };
    await atEveryCall(
      { past: visit(() => before), act: visit(() => during), interrupt },
      async (other, where) => {
        const stored = await other.tokenCache.read(during.userId);
        const account = await other.accounts.read(during.userId);
        if (AT_THE_BEGINNING.includes(where)) expect(['active', 'pending']).toContain(account?.state);
        else expect([account?.state, stored], where).toEqual(['pending', undefined]);
        await expectWholeAndHealed(other, where);
      },
    );
  });
});

describe('a user who comes back', () => {
  const past = visit(() => before);
  const interrupt = visit(() => meanwhile);

  it('is connected whole, at any point of being erased by an operator', async () => {
    await atEveryCall({ past, act: retire, interrupt }, expectWholeAndHealed);
  });

  it('is connected whole, at any point of being retired by the worker', async () => {
    const act = sweepOf({ stoppedBy: 'done', failed: {} });
    await atEveryCall({ past, aheadMs: 91 * DAY, act, interrupt }, expectWholeAndHealed);
  });

  it('is connected whole, at any point of the end of their tombstone, with a late cache under it', async () => {
    const retiredWithLateCache = async (app: App) => {
      await past(app);
      const stored = await app.tokenCache.read(during.userId);
      await retire(app);
      await app.tokenCache.write(during.userId, stored?.sealed ?? '', undefined);
    };
    const act = sweepOf({ stoppedBy: 'done', failed: {} });
    await atEveryCall({ past: retiredWithLateCache, aheadMs: 3 * DAY, act, interrupt }, expectWholeAndHealed);
  });
});
