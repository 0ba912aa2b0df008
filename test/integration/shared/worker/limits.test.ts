import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { API_CLIENT_ID, API_SCOPE_NAME, DEMO_USERS } from '../../../../dev/entra/directory.ts';
import { type Entra, startEntra } from '../../../../dev/entra/startEntra.ts';
import { leased } from '../../../../shared/account/transitions.ts';
import { UnavailableError } from '../../../../shared/errors.ts';
import { createLocalApp } from '../../../../shared/testing/localApp.ts';
import { defineApi } from '../../../../shared/tokens/defineApi.ts';
import { defineTask } from '../../../../shared/worker/defineTask.ts';
import { accountOf } from '../../../support/accountOf.ts';
import { control, holdToken, journal, SPA_ORIGIN } from '../../../support/entraClients.ts';
import { waitForGrant } from '../../../support/userTokens.ts';

const MINUTE = 60_000;
/** To MSAL, such a token has expired when it is issued. */
const EXPIRED_AT_ONCE = 299;
const NAMES = DEMO_USERS.map(({ name }) => name);

let entra: Entra;
beforeAll(async () => {
  entra = await startEntra({
    port: 0,
    spaOrigins: [SPA_ORIGIN],
    lifetimes: { accessToken: EXPIRED_AT_ONCE },
  });
});
afterEach(async () => {
  for (const name of NAMES) await control(entra, 'DELETE', `/users/${name}/fault`);
  await control(entra, 'DELETE', '/requests');
});
afterAll(() => entra.close());

const refreshes = async () => (await journal(entra)).filter(({ grant }) => grant === 'refresh_token');

describe('a run', () => {
  it('gives back the leases that it took when its time was over', async () => {
    const app = createLocalApp(entra);
    const { accounts } = app;
    const users = await Promise.all(NAMES.map((name) => app.visit(name)));
    app.clock.aheadMs = 2 * MINUTE;
    const before = await Promise.all(users.map((user) => accountOf(app, user)));
    const { claimDue } = accounts;
    accounts.claimDue = async function* (request) {
      for await (const claim of claimDue(request)) {
        app.clock.aheadMs += MINUTE;
        yield claim;
      }
    };
    expect(await app.sweep({ concurrency: 1 })).toMatchObject({
      claimed: 1,
      released: 1,
      refreshed: 0,
      stoppedBy: 'deadline',
    });
    expect(await refreshes()).toEqual([]);
    const after = await Promise.all(users.map((user) => accountOf(app, user)));
    expect(after.map((account) => [account?.nextCheckAt, account?.lease])).toEqual(
      before.map((account) => [account?.nextCheckAt, undefined]),
    );
    accounts.claimDue = claimDue;
    expect(await app.sweep()).toMatchObject({ refreshed: NAMES.length });
  });

  it('ends with its signal, and gives back the leases of the checks that it had begun', async () => {
    const app = createLocalApp(entra);
    const user = await app.visit('adele');
    const before = await accountOf(app, user);
    app.clock.aheadMs = 2 * MINUTE;
    await control(entra, 'PUT', '/users/adele/fault', { kind: 'hang' });
    const ending = new AbortController();
    const sweeping = app.sweep({}, ending.signal);
    await waitForGrant(entra, 'adele');
    ending.abort();
    expect(await sweeping).toMatchObject({ released: 1, failed: {}, stoppedBy: 'deadline' });
    expect(await accountOf(app, user)).toMatchObject({
      state: 'active',
      nextCheckAt: before?.nextCheckAt,
      lease: undefined,
      attempts: 0,
      failure: undefined,
    });
  });

  it('takes over from a run that died when its lease is over, and says so', async () => {
    const app = createLocalApp(entra);
    const user = await app.visit('adele');
    app.clock.aheadMs = 2 * MINUTE;
    const died = await app.accounts.read(user);
    if (died?.state !== 'active') throw new Error('the user is not active');
    const until = new Date(app.now().getTime() + 5 * MINUTE);
    await app.accounts.update(died, leased(died, 'a run that died', until));
    expect(await app.sweep()).toMatchObject({ due: 0, claimed: 0 });
    app.clock.aheadMs += 6 * MINUTE;
    expect(await app.sweep()).toMatchObject({ claimed: 1, refreshed: 1 });
    expect(app.events.filter(({ event }) => event === 'lease.abandoned')).toEqual([
      { event: 'lease.abandoned', user: app.logId(user), runId: 'a run that died' },
    ]);
  });

  it('says how late it is, and what it could not do', async () => {
    const app = createLocalApp(entra);
    const { accounts } = app;
    await app.visit('adele');
    app.clock.aheadMs = 61 * MINUTE;
    const { update } = accounts;
    accounts.update = () => Promise.reject(new UnavailableError('accounts'));
    const broken = await app.sweep();
    expect(broken).toMatchObject({ due: 1, claimed: 1, refreshed: 0, brokenOff: 1, shardsFailed: 0 });
    expect(Math.round(broken.lagMs / MINUTE)).toBe(60);
    accounts.update = update;
    accounts.claimDue = () => {
      throw new UnavailableError('accounts');
    };
    app.clock.aheadMs += 60 * MINUTE;
    expect(await app.sweep()).toMatchObject({ due: 0, brokenOff: 0, shardsFailed: 1 });
    accounts.dueSince = () => Promise.reject(new UnavailableError('accounts'));
    expect(await app.sweep()).toMatchObject({ due: 0, brokenOff: 0, shardsFailed: 16 });
  });

  it('stops for our own credential, and cools a tenant, also when only a task meets it', async () => {
    const task = defineTask({
      name: 'other-api',
      api: defineApi({
        name: 'other-api',
        resource: `api://${API_CLIENT_ID}`,
        baseUrl: 'https://other.example',
      }),
      scopes: [`api://${API_CLIENT_ID}/${API_SCOPE_NAME}`],
      run: async () => {},
    });
    const lasting = await startEntra({ port: 0, spaOrigins: [SPA_ORIGIN] });
    try {
      for (const [fault, users, told] of [
        [{ kind: 'invalid-client' }, 1, { stoppedBy: 'misconfigured', tasks: { done: 0, failed: 0 } }],
        [{ kind: 'throttled', retryAfter: 600 }, 2, { stoppedBy: 'done', tasks: { done: 0, failed: 2 } }],
      ] as const) {
        const app = createLocalApp(lasting, { tasks: [task] });
        for (const name of NAMES) await app.visit(name);
        app.clock.aheadMs = 2 * MINUTE;
        await control(lasting, 'PUT', '/fault', fault);
        await control(lasting, 'DELETE', '/requests');
        // Their own tokens are still good: the task's is the only one that is asked for.
        expect(await app.sweep({ concurrency: 1 })).toMatchObject({ fromCache: users, ...told });
        expect((await journal(lasting)).filter(({ grant }) => grant === 'refresh_token')).toHaveLength(users);
        await control(lasting, 'DELETE', '/fault');
      }
    } finally {
      await lasting.close();
    }
  });

  it('leaves a user alone whom a later run has taken over while its token was requested', async () => {
    const app = createLocalApp(entra);
    const user = await app.visit('adele');
    app.clock.aheadMs = 2 * MINUTE;
    const letGo = await holdToken(entra, 'adele');
    const slow = app.sweep();
    await waitForGrant(entra, 'adele');
    app.clock.aheadMs += 6 * MINUTE;
    const quick = await app.sweep();
    expect(quick).toMatchObject({ refreshed: 1 });
    await letGo();
    expect(await slow).toMatchObject({ superseded: 1, refreshed: 0 });
    expect((await accountOf(app, user))?.history).toHaveLength(1);
  });
});
