/** Two grants of a user that meet, are refused, or are left behind. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { API_CLIENT_ID, DEMO_USERS } from '../../../../dev/entra/directory.ts';
import type { Entra } from '../../../../dev/entra/startEntra.ts';
import { type Account, tokensOf } from '../../../../shared/account/account.ts';
import { shippedTasks } from '../../../../shared/graphTasks/shippedTasks.ts';
import { createLocalApp, type LocalApp } from '../../../../shared/testing/localApp.ts';
import { defineApi } from '../../../../shared/tokens/defineApi.ts';
import { codeEndsAt, GRANTS } from '../../../../shared/tokens/grants.ts';
import { toUserId } from '../../../../shared/userId.ts';
import { defineTask } from '../../../../shared/worker/defineTask.ts';
import { accountOf } from '../../../support/accountOf.ts';
import { API_SCOPE, control, signIn } from '../../../support/entraClients.ts';
import { createLinkBrowser, LINK_SETTINGS, startLinkEntra } from '../../../support/linkBrowser.ts';
import { EXPIRED_AT_ONCE, linkedUser } from '../../../support/linkedUser.ts';

const tasks = shippedTasks(['read-profile']);
const ADELES_ID = toUserId(DEMO_USERS[0]);
const HOUR = 3_600_000;
const DAY = 24 * HOUR;

let entra: Entra;
let app: LocalApp;
beforeAll(async () => {
  entra = await startLinkEntra();
});
beforeEach(() => {
  app = createLocalApp(entra, { tasks, settings: LINK_SETTINGS });
});
afterEach(() => restore());
afterAll(() => entra?.close());

const { cacheOf, sectionsOf, secretsOf, grantTypes, link, restore } = linkedUser(() => ({ entra, app }));

describe('an exchange that began before a link', () => {
  it('does not say, when it ends after the link, that nothing but itself keeps the connection', async () => {
    let meddle = async () => {};
    app = createLocalApp(entra, {
      tasks,
      settings: LINK_SETTINGS,
      fetch: async (address, init) => {
        const response = await fetch(address, init);
        if (String(init?.body ?? '').includes('jwt-bearer')) await meddle();
        return response;
      },
    });
    const { accessToken } = await signIn(entra, 'adele');
    await app.getProfile(accessToken);
    const again = await signIn(entra, 'adele');
    meddle = async () => {
      meddle = async () => {};
      expect(await createLinkBrowser(app.stead).link(accessToken, 'adele')).toBe('linked');
    };
    await control(entra, 'PUT', '/lifetimes', { graphAccessToken: EXPIRED_AT_ONCE });
    await app.getProfile(again.accessToken);
    await control(entra, 'PUT', '/lifetimes', { graphAccessToken: null });
    const account = await app.accounts.read(ADELES_ID);
    expect(account).toMatchObject({ state: 'active', grant: 'code' });
    const end = codeEndsAt(await cacheOf());
    expect(account).toMatchObject({ refreshTokenExpiresOn: end });
  });
});

describe('the grants of a former home account, which an earlier release leaves behind', () => {
  /** What that release makes of the cache of a guest who came back under another home account id. */
  async function leaveFormerGrants() {
    await control(entra, 'PUT', '/lifetimes', { graphAccessToken: EXPIRED_AT_ONCE });
    await link();
    const { [GRANTS]: grants = {}, ...sections } = await sectionsOf();
    const [[key = '', own] = []] = Object.entries(sections.RefreshToken ?? {});
    const former = (entry: object | undefined) => ({ ...entry, home_account_id: 'former.home' });
    const [code, exchange] = [grants[`code|${key}`], grants[`exchange|${key}`]];
    const left = JSON.stringify({
      ...sections,
      RefreshToken: { [key]: { ...own, ...exchange } },
      [GRANTS]: {
        [`code|former.home-${key}`]: former(code),
        [`exchange|former.home-${key}`]: former(exchange),
      },
    });
    const account = await app.accounts.read(ADELES_ID);
    const stored = await app.tokenCache.read(ADELES_ID);
    if (account === undefined || !('generation' in account) || !stored)
      throw new Error('she is not connected');
    const sealed = await app.sealer.seal(ADELES_ID, left, account.generation);
    await app.tokenCache.write(ADELES_ID, sealed, stored.etag);
    app.clock.aheadMs += HOUR;
  }

  it('are used by no check, and do not keep it from the grant of the user', async () => {
    await leaveFormerGrants();
    await control(entra, 'DELETE', '/requests');
    expect(await app.sweep()).toMatchObject({ refreshed: 1 });
    expect(await grantTypes()).toEqual(['refresh_token 200']);
    expect(await accountOf(app, ADELES_ID)).toMatchObject({ state: 'active' });
    expect(await app.accounts.read(ADELES_ID)).not.toHaveProperty('grant');
    expect(await cacheOf()).not.toContain('former.home');
    expect(app.events).not.toContainEqual(expect.objectContaining({ event: 'cache.foreign-entry' }));
  });

  it('are dropped by a visit, which does not call them a grant of the user', async () => {
    await leaveFormerGrants();
    await app.getProfile((await signIn(entra, 'adele')).accessToken);
    expect(await app.accounts.read(ADELES_ID)).not.toHaveProperty('grant');
    expect(await cacheOf()).not.toContain('former.home');
  });

  it('are replaced by a link', async () => {
    await leaveFormerGrants();
    await link();
    expect(await app.accounts.read(ADELES_ID)).toMatchObject({ grant: 'code' });
    expect(await cacheOf()).not.toContain('former.home');
  });
});

describe('a refusal of the grant of the code', () => {
  const REFUSED = { error: 'invalid_grant', suberror: 'bad_token', error_codes: [50173] };
  const CHALLENGED = {
    error: 'interaction_required',
    error_codes: [50076],
    claims: '{"access_token":{"acrs":{"essential":true,"value":"c1"}}}',
  };
  const NO_CONSENT = { error: 'invalid_grant', suberror: 'consent_required', error_codes: [65001] };
  type Scripted = { status: number; body: object } | 'real';

  /** A linked user who is away, and what the token endpoint answers to one refresh after the other. */
  async function checkWith(...script: Scripted[]) {
    let isScripted = false;
    let refreshes = 0;
    app = createLocalApp(entra, {
      tasks,
      settings: LINK_SETTINGS,
      fetch: async (address, init) => {
        const isRefresh = isScripted && String(init?.body ?? '').includes('grant_type=refresh_token');
        const answer = isRefresh ? script[refreshes++] : 'real';
        return answer === undefined || answer === 'real'
          ? fetch(address, init)
          : Response.json(answer.body, { status: answer.status });
      },
    });
    await control(entra, 'PUT', '/lifetimes', { graphAccessToken: EXPIRED_AT_ONCE });
    await link();
    isScripted = true;
    app.clock.aheadMs += HOUR;
    await app.sweep();
    await control(entra, 'PUT', '/lifetimes', { graphAccessToken: null });
    expect(refreshes).toBe(script.length);
    return { account: await accountOf(app, ADELES_ID), grants: await secretsOf() };
  }

  /** What the account says of the grant that keeps it. */
  async function promised() {
    const { grant, refreshTokenExpiresOn: end } = tokensOf((await app.accounts.read(ADELES_ID)) as Account);
    return { grant, isWithinTwoDays: end !== undefined && end.getTime() < app.now().getTime() + 2 * DAY };
  }

  it('marks nobody while an outage hides what the other one is worth', async () => {
    const outage = { status: 503, body: { error: 'temporarily_unavailable' } };
    const { account, grants } = await checkWith({ status: 400, body: REFUSED }, outage);
    expect(account).toMatchObject({ state: 'active', failure: { kind: 'transient' } });
    expect(grants.code).toBeDefined();
    expect(app.events).toContainEqual(expect.objectContaining({ event: 'grant.refused', dropped: false }));
  });

  it('asks the other one of nothing during an outage, a throttle, or for want of a consent', async () => {
    const outage = { status: 503, body: { error: 'temporarily_unavailable' } };
    expect((await checkWith(outage)).account).toMatchObject({ state: 'active' });
    const throttle = { status: 429, body: { error: 'temporarily_unavailable' } };
    expect((await checkWith(throttle)).account).toMatchObject({ state: 'active' });
    const refused = await checkWith({ status: 400, body: NO_CONSENT });
    expect(refused.account).toMatchObject({ state: 'needs-user', failure: { kind: 'consent' } });
  });

  it('keeps a grant that was only challenged, and goes on by the other', async () => {
    const { account, grants } = await checkWith({ status: 400, body: CHALLENGED }, 'real');
    expect(account).toMatchObject({ state: 'active', failure: undefined });
    expect(grants.code).toBeDefined();
    // What keeps the connection is the other one, so the page and the notices must not count on the code.
    const stored = await app.accounts.read(ADELES_ID);
    expect(stored).not.toHaveProperty('grant');
    const end = (stored as { refreshTokenExpiresOn: Date }).refreshTokenExpiresOn.getTime();
    expect(end).toBeLessThan(app.now().getTime() + 2 * DAY);
  });

  it.each([
    ...[50072, 50074, 50076, 50078, 50079, 50105, 53000, 53001, 53002, 53003].map((number) => ({
      error_codes: [number],
    })),
    ...['basic_action', 'additional_action', 'message_only'].map((suberror) => ({ suberror })),
    { suberror: 'user_password_expired', error_codes: [50055] },
  ])('that the user can answer drops nothing: %j', async (more) => {
    const body = { error: 'invalid_grant', ...more };
    const { grants } = await checkWith({ status: 400, body }, 'real');
    expect(grants.code).toBeDefined();
  });

  it.each([
    { suberror: 'bad_token' },
    { suberror: 'token_expired', error_codes: [700082] },
    { error_codes: [50173] },
  ])('for good drops it: %j', async (more) => {
    const body = { error: 'invalid_grant', ...more };
    const { account, grants } = await checkWith({ status: 400, body }, 'real');
    expect(grants.code).toBeUndefined();
    expect(account).toMatchObject({ state: 'active', failure: undefined });
  });

  it('is not forgotten by a visit: its exchange proves nothing of the code', async () => {
    await checkWith({ status: 400, body: CHALLENGED }, 'real');
    await control(entra, 'PUT', '/lifetimes', { graphAccessToken: EXPIRED_AT_ONCE });
    app.clock.aheadMs += HOUR;
    const { accessToken } = await signIn(entra, 'adele');
    await app.getProfile(accessToken);
    expect(await promised()).toEqual({ grant: undefined, isWithinTwoDays: true });
    expect((await app.connection.get(accessToken)).connection).not.toHaveProperty('staysConnected');
    // The next renewal by the code says how long it lasts.
    app.clock.aheadMs += HOUR;
    await app.sweep();
    expect(await promised()).toEqual({ grant: 'code', isWithinTwoDays: false });
  });

  it('is not forgotten by the visit that heals the account, nor by the one after it', async () => {
    const refused = { status: 400, body: CHALLENGED };
    expect((await checkWith(refused, refused)).account).toMatchObject({ state: 'needs-user' });
    for (let visits = 0; visits < 2; visits += 1) {
      await app.getProfile((await signIn(entra, 'adele')).accessToken);
      expect(await promised()).toEqual({ grant: undefined, isWithinTwoDays: true });
    }
  });

  it('is none for want of a consent: once it is given at the page, nobody is offered another link', async () => {
    const { account } = await checkWith({ status: 400, body: NO_CONSENT });
    expect(account).toMatchObject({ state: 'needs-user', failure: { kind: 'consent' } });
    const { accessToken } = await signIn(entra, 'adele');
    expect((await app.connection.get(accessToken)).connection.canLink).toBe(true);
    await app.getProfile(accessToken);
    expect(await promised()).toEqual({ grant: 'code', isWithinTwoDays: false });
    const { connection } = await app.connection.get(accessToken);
    expect(connection).toMatchObject({ state: 'active', staysConnected: { isEstimate: true } });
    expect(connection).not.toHaveProperty('canLink');
  });

  it('counts beside a missing consent, too: what the other grant lacks does not make it good', async () => {
    const { account } = await checkWith({ status: 400, body: REFUSED }, { status: 400, body: NO_CONSENT });
    expect(account).toMatchObject({ state: 'needs-user', failure: { kind: 'consent' } });
    const { accessToken } = await signIn(entra, 'adele');
    await app.getProfile(accessToken);
    expect(await promised()).toEqual({ grant: undefined, isWithinTwoDays: true });
    expect((await app.connection.get(accessToken)).connection.canLink).toBe(true);
  });

  it('is known after the check, if the token of a task met it', async () => {
    const resource = `api://${API_CLIENT_ID}`;
    const api = defineApi({ name: 'own-api', resource, baseUrl: 'https://own.example' });
    const own = defineTask({ name: 'own', api, scopes: [API_SCOPE], run: async () => undefined });
    let code: string | undefined;
    app = createLocalApp(entra, {
      tasks: [own],
      settings: LINK_SETTINGS,
      fetch: async (address, init) => {
        const isCode = code !== undefined && String(init?.body ?? '').includes(encodeURIComponent(code));
        return isCode ? Response.json(REFUSED, { status: 400 }) : fetch(address, init);
      },
    });
    // So the token of Graph comes from the cache for longer than an exchange lasts.
    await control(entra, 'PUT', '/lifetimes', { graphAccessToken: 28 * 3_600 });
    await link();
    ({ code } = await secretsOf());
    app.clock.aheadMs += HOUR;
    expect(await app.sweep()).toMatchObject({ fromCache: 1, tasks: { done: 1, failed: 0 } });
    await control(entra, 'PUT', '/lifetimes', { graphAccessToken: null });
    // It may be a policy of that API alone, so the grant stays for Graph.
    expect(await secretsOf()).toMatchObject({ code });
    expect(await promised()).toEqual({ grant: undefined, isWithinTwoDays: true });
    const { nextCheckAt } = (await accountOf(app, ADELES_ID)) ?? {};
    expect(nextCheckAt?.getTime()).toBeLessThan(app.now().getTime() + 24 * HOUR);
  });

  it('keeps a grant whose refusal is not sure', async () => {
    const { account, grants } = await checkWith({ status: 400, body: { error: 'invalid_grant' } }, 'real');
    expect(account).toMatchObject({ state: 'active', failure: undefined });
    expect(grants.code).toBeDefined();
  });

  it('gives the user the challenge, if one of two refusals has one', async () => {
    const { account } = await checkWith({ status: 400, body: REFUSED }, { status: 400, body: CHALLENGED });
    expect(account).toMatchObject({ state: 'needs-user', failure: { claims: CHALLENGED.claims } });
  });

  it('does not mark the user for two refusals of which one is not sure', async () => {
    const { account } = await checkWith(
      { status: 400, body: REFUSED },
      { status: 400, body: { error: 'invalid_grant' } },
    );
    expect(account).toMatchObject({ state: 'active' });
  });
});
