/** What the worker makes of answers whose AADSTS numbers are gone, through the real msal-node. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { OTHER_TENANT_USER, TENANT_ID } from '../../../../dev/entra/directory.ts';
import { type Entra, startEntra } from '../../../../dev/entra/startEntra.ts';
import { createLocalApp } from '../../../../shared/testing/localApp.ts';
import { accountOf, setNextCheck } from '../../../support/accountOf.ts';
import { control, SPA_ORIGIN } from '../../../support/entraClients.ts';

const MINUTE = 60_000;
/** To MSAL, such a token has expired when it is issued. */
const EXPIRED_AT_ONCE = 299;
const BARE = { kind: 'error', error: 'invalid_grant' };
const CLIENT_REFUSED = { kind: 'error', error: 'invalid_client', status: 401 };
const TENANT_FAULT = `/tenants/${TENANT_ID}/fault`;

let entra: Entra;
beforeAll(async () => {
  entra = await startEntra({
    port: 0,
    spaOrigins: [SPA_ORIGIN],
    lifetimes: { accessToken: EXPIRED_AT_ONCE },
  });
});
afterEach(async () => {
  for (const fault of ['/fault', TENANT_FAULT, '/users/adele/fault']) await control(entra, 'DELETE', fault);
});
afterAll(() => entra.close());

describe('a bare invalid_grant', () => {
  async function refusedUser() {
    const app = createLocalApp(entra);
    const user = await app.visit('adele');
    app.clock.aheadMs = 2 * MINUTE;
    await control(entra, 'PUT', '/users/adele/fault', BARE);
    /** A check 70 minutes after the last one, when any back-off has ended. */
    const check = async () => {
      const summary = await app.sweep();
      app.clock.aheadMs += 70 * MINUTE;
      return { summary, account: await accountOf(app, user) };
    };
    return { app, user, check };
  }

  it('that passes, as throttling does, marks nobody', async () => {
    const { check } = await refusedUser();
    for (let time = 0; time < 2; time += 1) {
      const { summary, account } = await check();
      expect(summary).toMatchObject({ failed: { tenant: 1 } });
      expect(account).toMatchObject({ state: 'active', failure: { kind: 'tenant', code: 'invalid_grant' } });
    }
    await control(entra, 'DELETE', '/users/adele/fault');
    const { summary, account } = await check();
    expect(summary).toMatchObject({ refreshed: 1 });
    expect(account).toMatchObject({ state: 'active', failure: undefined, attempts: 0 });
  });

  it('that stays is believed at the third check, and the next visit heals it', async () => {
    const { app, user, check } = await refusedUser();
    await check();
    await check();
    const { summary, account } = await check();
    expect(summary).toMatchObject({ failed: { 'needs-user': 1 } });
    expect(account).toMatchObject({
      state: 'needs-user',
      failure: { kind: 'needs-user', code: 'invalid_grant' },
    });
    await control(entra, 'DELETE', '/users/adele/fault');
    await app.visit('adele');
    expect(await accountOf(app, user)).toMatchObject({ state: 'active', failure: undefined });
  });

  it('is counted anew after a visit', async () => {
    const { app, user, check } = await refusedUser();
    await check();
    await check();
    await control(entra, 'DELETE', '/users/adele/fault');
    await app.visit('adele');
    await control(entra, 'PUT', '/users/adele/fault', BARE);
    app.clock.aheadMs += 70 * MINUTE;
    await check();
    expect(await accountOf(app, user)).toMatchObject({ state: 'active' });
  });

  it('is SIGN_IN_REQUIRED to a request, which marks nobody either', async () => {
    const app = createLocalApp(entra);
    await control(entra, 'PUT', '/users/adele/fault', BARE);
    await expect(app.visit('adele')).rejects.toMatchObject({ failure: { kind: 'needs-user' } });
    for await (const { userId } of app.accounts.list()) {
      expect(await accountOf(app, userId)).toMatchObject({ state: 'pending', failure: undefined });
    }
  });
});

describe('invalid_client without a number', () => {
  it('for everybody is our own credential: the run stops and nobody is marked', async () => {
    const app = createLocalApp(entra);
    const user = await app.visit('adele');
    app.clock.aheadMs = 2 * MINUTE;
    await control(entra, 'PUT', '/fault', CLIENT_REFUSED);
    expect(await app.sweep()).toMatchObject({ stoppedBy: 'misconfigured', released: 1, failed: {} });
    expect(app.events).toContainEqual(
      expect.objectContaining({
        event: 'sweep.misconfigured',
        code: 'invalid_client',
        stops: true,
        remedy: expect.stringContaining('ENTRA_CLIENT_SECRET'),
      }),
    );
    // After the secret is renewed, nobody waits for the end of a cooldown.
    expect(await app.sharedState.cooling()).toEqual([]);
    expect(await accountOf(app, user)).toMatchObject({ state: 'active', failure: undefined, history: [] });
    await control(entra, 'DELETE', '/fault');
    app.clock.aheadMs += 3 * MINUTE;
    expect(await app.sweep()).toMatchObject({ refreshed: 1, stoppedBy: 'done' });
  });

  it('for one tenant keeps nobody of another from their check for ever', async () => {
    const app = createLocalApp(entra);
    const crowd = [];
    for (const name of ['adele', 'bruno', 'chiara', 'dana']) crowd.push(await app.visit(name));
    const other = await app.visit(OTHER_TENANT_USER.name);
    app.clock.aheadMs = 2 * MINUTE;
    await control(entra, 'PUT', TENANT_FAULT, CLIENT_REFUSED);
    // Each run that stops postpones a check of that tenant, so that a later run comes to the others.
    for (let run = 0; run < 30; run += 1) {
      await app.sweep({ concurrency: 1 });
      if ((await accountOf(app, other))?.lastRefreshed !== undefined) break;
      app.clock.aheadMs += 1_000;
    }
    expect((await accountOf(app, other))?.lastRefreshed).toBeDefined();
    for (const user of crowd) {
      expect(await accountOf(app, user)).toMatchObject({
        state: 'active',
        failure: undefined,
        history: [],
      });
    }
  });

  it('for one tenant is that tenant’s affair where another was served: it cools, and the run goes on', async () => {
    const app = createLocalApp(entra);
    const other = await app.visit(OTHER_TENANT_USER.name);
    for (const name of ['adele', 'bruno', 'chiara']) await app.visit(name);
    app.clock.aheadMs = 2 * MINUTE;
    await control(entra, 'PUT', TENANT_FAULT, CLIENT_REFUSED);
    // The run begins with the other tenant's user, who has waited longest.
    const nextCheckAt = (await accountOf(app, other))?.nextCheckAt ?? app.now();
    await setNextCheck(app, other, new Date(nextCheckAt.getTime() - 10_000));
    expect(await app.sweep({ concurrency: 1 })).toMatchObject({
      stoppedBy: 'done',
      refreshed: 1,
      released: 1,
      waiting: 2,
      failed: {},
    });
    expect(app.events).toContainEqual(
      expect.objectContaining({
        event: 'sweep.misconfigured',
        code: 'invalid_client',
        stops: false,
        remedy: expect.stringContaining("tenant's administrators"),
      }),
    );
    expect((await app.sharedState.cooling()).map(({ tenant }) => tenant)).toEqual([TENANT_ID]);
  });
});
