/** Notices by webhook, from the refusal of Entra to a receiver on this machine. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Azurite, startAzurite } from '../../../../dev/azurite.ts';
import { type Entra, startEntra } from '../../../../dev/entra/startEntra.ts';
import { isConnected } from '../../../../shared/account/account.ts';
import type { AccountStore } from '../../../../shared/accountStore.ts';
import { createTableAccounts } from '../../../../shared/adapters/azureStorage/tableAccounts.ts';
import { createMemoryAccountStore } from '../../../../shared/adapters/memory/memoryAccountStore.ts';
import { createMemorySharedState } from '../../../../shared/adapters/memory/memorySharedState.ts';
import { createMemoryTokenCacheStore } from '../../../../shared/adapters/memory/memoryTokenCacheStore.ts';
import { createLocalApp, type LocalApp, type LocalAppOptions } from '../../../../shared/testing/localApp.ts';
import { createShiftedClock } from '../../../../shared/testing/testClock.ts';
import type { UserId } from '../../../../shared/userId.ts';
import { uniqueName } from '../../../support/azuriteAccounts.ts';
import { control, journal, SPA_ORIGIN, signIn } from '../../../support/entraClients.ts';
import { type NoticeReceiver, startNoticeReceiver } from '../../../support/noticeReceiver.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

let azurite: Azurite;
let entra: Entra;
let receiver: NoticeReceiver;
beforeAll(async () => {
  [azurite, entra] = await Promise.all([
    startAzurite(),
    startEntra({ port: 0, spaOrigins: [SPA_ORIGIN], lifetimes: { accessToken: 299 } }),
  ]);
});
beforeEach(async () => {
  receiver = await startNoticeReceiver();
});
afterEach(async () => {
  await control(entra, 'DELETE', '/users/adele/fault');
  expect(receiver.refused).toEqual([]);
  await receiver.close();
});
afterAll(() => Promise.all([entra?.close(), azurite?.stop()]));

const memoryStore = (clock: LocalApp['clock']) => createMemoryAccountStore({ clock });
const tableStore = (clock: LocalApp['clock']) =>
  createTableAccounts({
    connectionString: azurite.connectionString,
    tableName: uniqueName(),
    clock,
  });

/** Instances over one store, and one user who is due, and whom Entra refuses unless the fault is another. */
async function stageOver(
  openAccounts: (clock: LocalApp['clock']) => AccountStore = memoryStore,
  fault: 'revoked' | 'server-error' | 'none' = 'revoked',
) {
  const clock = createShiftedClock();
  const shared = {
    clock,
    accounts: openAccounts(clock),
    tokenCache: createMemoryTokenCacheStore({ clock }),
    sharedState: createMemorySharedState({ clock }),
    settings: receiver.settings,
  };
  const start = (more: LocalAppOptions = {}) => createLocalApp(entra, { ...shared, ...more });
  const app = start();
  const userId = await app.visit('adele');
  if (fault !== 'none') await control(entra, 'PUT', '/users/adele/fault', { kind: fault });
  clock.aheadMs += 2 * MINUTE;
  return { app, start, userId, clock };
}

/** Runs one after the other, a minute apart. */
async function runs(app: LocalApp, count: number, limits = {}): Promise<void> {
  for (let n = 0; n < count; n += 1) {
    await app.sweep(limits);
    app.clock.aheadMs += MINUTE;
  }
}

const noticeIn = async ({ accounts }: LocalApp, userId: UserId) => {
  const account = await accounts.read(userId);
  return account && isConnected(account) ? account.notice : undefined;
};
const kinds = () => receiver.received.map(({ data }) => data.kind);
const ids = () => new Set(receiver.received.map(({ id }) => id));
const eventsOf = (app: LocalApp, name: string) => app.events.filter(({ event }) => event === name);

describe.each([
  ['memory', memoryStore],
  ['Table Storage', tableStore],
])('a user whom Entra refuses, with accounts in %s', (_, open) => {
  it('is told of once, and of the recovery after their visit once', async () => {
    const { app, userId } = await stageOver(open);
    await runs(app, 4);
    expect(receiver.received).toMatchObject([
      {
        type: 'connection.needs_user',
        data: { kind: 'needs-user', userId, link: 'https://app.example/connection' },
      },
    ]);
    await control(entra, 'DELETE', '/users/adele/fault');
    await app.visit('adele');
    await runs(app, 4);
    expect(kinds()).toEqual(['needs-user', 'recovered']);
    expect(ids().size).toBe(2);
    expect(await noticeIn(app, userId)).toBeUndefined();
    const told = JSON.stringify(receiver.received);
    for (const [text] of [['Adele'], ['@'], ['AADSTS']]) expect(told).not.toContain(text);
    expect(JSON.stringify(app.events)).not.toMatch(/whsec_|127\.0\.0\.1|app\.example/);
  });

  it('is told of by one of two instances that run together', async () => {
    const { app, start } = await stageOver(open);
    const other = start();
    for (let n = 0; n < 4; n += 1) {
      await Promise.all([app.sweep(), other.sweep(), app.sweep(), other.sweep()]);
      app.clock.aheadMs += MINUTE;
    }
    expect(kinds()).toEqual(['needs-user']);
  });

  it('is told of again with the same id until the receiver takes it', async () => {
    const { app, userId } = await stageOver(open);
    receiver.behave(500, 503, 'cut', 302, 429, 404, 204);
    await runs(app, 150);
    expect(receiver.received).toHaveLength(7);
    expect(ids().size).toBe(1);
    expect(eventsOf(app, 'notice.not-delivered').map((one) => 'error' in one && one.error)).toEqual([
      'NoticeFailedError:webhook_http_500',
      'NoticeFailedError:webhook_http_503',
      expect.stringMatching(/^NoticeFailedError:webhook_unreachable/),
      'NoticeFailedError:webhook_http_302',
      'NoticeFailedError:webhook_http_429',
      'NoticeFailedError:webhook_http_404',
    ]);
    expect(eventsOf(app, 'notice.delivered')).toMatchObject([{ attempts: 6 }]);
    expect(await noticeIn(app, userId)).not.toHaveProperty('nextTryAt');
    expect(await app.accounts.read(userId)).toMatchObject({ state: 'needs-user' });
  });

  it('is told of by nobody after they have disconnected', async () => {
    const { app, userId } = await stageOver(open);
    await app.sweep();
    expect(await noticeIn(app, userId)).toMatchObject({ what: 'needs-user' });
    await control(entra, 'DELETE', '/users/adele/fault');
    await app.connection.delete((await signIn(entra, 'adele')).accessToken);
    app.clock.aheadMs += MINUTE;
    await runs(app, 3);
    expect(receiver.received).toEqual([]);
  });
});

describe('a receiver', () => {
  it('that answers 410 is not asked again for this notice, and operators are told', async () => {
    const { app } = await stageOver();
    receiver.behave(410);
    await runs(app, 10);
    app.clock.aheadMs += DAY;
    await runs(app, 2);
    expect(receiver.received).toHaveLength(1);
    expect(eventsOf(app, 'notice.given-up')).toMatchObject([
      { notice: 'needs-user', error: 'NoticeFailedError:webhook_http_410' },
    ]);
    // The next one is sent: somebody may have mended the receiver, and only a notice can find out.
    receiver.behave(204);
    await control(entra, 'DELETE', '/users/adele/fault');
    await app.visit('adele');
    await runs(app, 2);
    expect(kinds()).toEqual(['needs-user', 'recovered']);
  });

  it('that asks for time gets it', async () => {
    const { app, userId } = await stageOver();
    receiver.behave((response) => response.writeHead(429, { 'retry-after': '7200' }).end());
    await runs(app, 3);
    const { nextTryAt } = (await noticeIn(app, userId)) ?? {};
    expect((nextTryAt?.getTime() ?? 0) - app.now().getTime()).toBeGreaterThan(HOUR);
  });

  it('that redirects does not get the notice elsewhere', async () => {
    const { app } = await stageOver();
    receiver.behave(307);
    await runs(app, 3);
    // A request to the other address would be one that is refused.
    expect(receiver.received.length).toBeGreaterThan(0);
    expect(receiver.refused).toEqual([]);
    expect(eventsOf(app, 'notice.delivered')).toEqual([]);
  });

  it('whose answer never ends has the notice, and nobody reads that answer', async () => {
    const { app } = await stageOver();
    receiver.behave('endless');
    await runs(app, 3);
    expect(receiver.received).toHaveLength(1);
    expect(eventsOf(app, 'notice.delivered')).toHaveLength(1);
  });

  it('that hangs does not hold up other users, and is not their failure', async () => {
    const { app, userId } = await stageOver();
    await app.sweep();
    app.clock.aheadMs += MINUTE;
    const other = await app.visit('bruno');
    app.clock.aheadMs += 2 * MINUTE;
    receiver.behave('hang');
    const begun = performance.now();
    const summary = await app.sweep({ concurrency: 1, noticeForMs: 1_000 });
    expect(performance.now() - begun).toBeLessThan(5_000);
    expect(summary).toMatchObject({ waiting: 1, brokenOff: 0, failed: {}, stoppedBy: 'done' });
    expect(summary.refreshed + summary.fromCache).toBe(1);
    expect(await app.accounts.read(other)).toMatchObject({ state: 'active' });
    expect(await noticeIn(app, userId)).toMatchObject({ attempts: 1 });
    receiver.behave(204);
    await runs(app, 8);
    expect(ids().size).toBe(1);
    expect(eventsOf(app, 'notice.delivered')).toHaveLength(1);
  });

  it('that is away for four days is given up, and the user is retired in their time as ever', async () => {
    const { app, userId } = await stageOver();
    receiver.behave(503);
    await runs(app, 2);
    for (let hour = 0; hour < 90; hour += 1) {
      app.clock.aheadMs += HOUR;
      await app.sweep();
    }
    expect(eventsOf(app, 'notice.given-up')).toHaveLength(1);
    const account = await app.accounts.read(userId);
    const lastActivity = account && isConnected(account) ? account.lastActivity.getTime() : 0;
    expect(account?.nextCheckAt.getTime()).toBeGreaterThanOrEqual(lastActivity + 90 * DAY);
  });
});

describe('a user who disconnects while the notice is being delivered', () => {
  it('stays disconnected, and no notice follows', async () => {
    const { app, userId } = await stageOver();
    const { accessToken } = await signIn(entra, 'adele');
    await app.sweep();
    app.clock.aheadMs += MINUTE;
    let ended: Promise<unknown> | undefined;
    receiver.behave((response) => {
      ended = app.connection.delete(accessToken).then(() => response.writeHead(500).end());
    });
    expect(await app.sweep()).toMatchObject({ superseded: 1 });
    await ended;
    expect(await app.accounts.read(userId)).toMatchObject({ state: 'disconnected' });
    receiver.behave(204);
    await runs(app, 5);
    expect(receiver.received).toHaveLength(1);
  });
});

describe('an application with listeners of its own', () => {
  it('hears those kinds itself, and the receiver the others', async () => {
    const heard: string[] = [];
    const { app, start } = await stageOver();
    const own = start({
      notices: { onNeedsUser: ({ kind }) => void heard.push(kind) },
    });
    await runs(own, 3);
    await control(entra, 'DELETE', '/users/adele/fault');
    await app.visit('adele');
    await runs(own, 3);
    expect(heard).toEqual(['needs-user']);
    expect(kinds()).toEqual(['recovered']);
  });
});

describe('an outage of Entra', () => {
  it('tells nobody anything, and nor does its end', async () => {
    const { app } = await stageOver(memoryStore, 'server-error');
    await runs(app, 90);
    await control(entra, 'DELETE', '/users/adele/fault');
    await runs(app, 90);
    expect((await journal(entra)).length).toBeGreaterThan(3);
    expect(receiver.received).toEqual([]);
  });
});

describe('waking a user', () => {
  it.each([
    memoryStore,
    tableStore,
  ])('is done by one of several instances, at most once a minute', async (open) => {
    const { app, start, userId } = await stageOver(open, 'none');
    const other = start();
    await app.sweep();
    app.clock.aheadMs += MINUTE;
    const wake = () => Promise.all([app, other, app, other].map(({ stead }) => stead.wake(userId)));
    const before = await app.accounts.read(userId);
    expect(before?.nextCheckAt.getTime()).toBeGreaterThan(app.now().getTime());
    // The same millisecond counts as one wake.
    expect((await wake()).filter((result) => result === 'woken').length).toBeGreaterThan(0);
    expect(new Set(await wake())).toEqual(new Set(['too-soon']));
    // The store rounds the next check up to a whole second.
    app.clock.aheadMs += 1_000;
    expect(await other.sweep()).toMatchObject({ due: 1, claimed: 1 });
    app.clock.aheadMs += MINUTE;
    expect(await wake()).toContain('woken');
  });

  it('refuses what is no user id, and knows nobody else', async () => {
    const { app } = await stageOver(memoryStore, 'none');
    await expect(app.stead.wake('adele@contoso.example')).rejects.toThrow(TypeError);
    const nobody = '11111111-2222-4333-8444-555555555555';
    expect(await app.stead.wake(`${nobody}/${nobody}`)).toBe('not-connected');
  });
});
