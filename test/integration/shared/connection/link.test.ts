/** A user who stays connected: the grant of a code, beside that of an exchange. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { DEMO_USERS } from '../../../../dev/entra/directory.ts';
import type { Entra } from '../../../../dev/entra/startEntra.ts';
import { tasksOf } from '../../../../functions/refreshWorker/tasks.ts';
import { createLocalApp, type LocalApp } from '../../../../shared/testing/localApp.ts';
import { codeEndsAt, GRANTS } from '../../../../shared/tokens/grants.ts';
import { toUserId } from '../../../../shared/userId.ts';
import { accountOf } from '../../../support/accountOf.ts';
import { control, journal, signIn } from '../../../support/entraClients.ts';
import { createLinkBrowser, LINK_SETTINGS, PAGE, startLinkEntra } from '../../../support/linkBrowser.ts';
import { readCache } from '../../../support/userTokens.ts';

const tasks = tasksOf(['read-profile']);

const ADELE = DEMO_USERS[0];
const GUEST = DEMO_USERS.find((user) => user.homeTid !== user.tid) ?? DEMO_USERS[3];
const ADELES_ID = toUserId(ADELE);
const HOUR = 3_600_000;
const DAY = 24 * HOUR;
/** To MSAL, such a token has expired when it is issued, so each check asks for another one. */
const EXPIRED_AT_ONCE = 299;

let entra: Entra;
let app: LocalApp;
let lines: string[];
beforeAll(async () => {
  entra = await startLinkEntra();
});
beforeEach(() => {
  app = createLocalApp(entra, { tasks, settings: LINK_SETTINGS });
});
afterEach(async () => {
  await control(entra, 'PUT', '/lifetimes', {
    accessToken: 3_600,
    exchangedRefreshToken: null,
    refreshToken: 90 * 86_400,
  });
  await control(entra, 'DELETE', '/users/adele/fault');
  await control(entra, 'DELETE', '/requests');
});
afterAll(() => entra?.close());

const cacheOf = async (userId = ADELES_ID) => readCache(app.tokenCache, app.sealer, userId);
const sectionsOf = async (userId = ADELES_ID) =>
  JSON.parse(await cacheOf(userId)) as Record<string, Record<string, { secret: string }>>;
const grantTypes = async () =>
  (await journal(entra)).flatMap(({ grant, status }) => (grant ? [`${grant} ${status}`] : []));

async function secretsOf(userId = ADELES_ID) {
  const sections = await sectionsOf(userId);
  const grants = Object.entries(sections[GRANTS] ?? {});
  const of = (origin: string) => grants.find(([key]) => key.startsWith(`${origin}|`))?.[1].secret;
  return {
    code: of('code'),
    exchange: of('exchange'),
    slot: Object.values(sections.RefreshToken ?? {})[0]?.secret,
  };
}

/** A visit, and a link in a browser of her own. */
async function link(user = 'adele', tenant: string = ADELE.tid) {
  const { accessToken } = await signIn(entra, user, { tenant });
  await app.getProfile(accessToken);
  const browser = createLinkBrowser(app.stead);
  expect(await browser.link(accessToken, user)).toBe('linked');
  lines = browser.lines;
  return accessToken;
}

/** The refresh token of the exchange ends, as if a day had passed. */
const endExchange = () => control(entra, 'PUT', '/lifetimes', { exchangedRefreshToken: 1 });

describe('a link', () => {
  it('stores the grant of a code beside that of the exchange, and says so in the account', async () => {
    await link();
    const { code, exchange, slot } = await secretsOf();
    expect(code).toBeDefined();
    expect(exchange).toBeDefined();
    expect(exchange).not.toBe(code);
    expect(slot).toBe(code);
    const account = await app.accounts.read(ADELES_ID);
    expect(account).toMatchObject({ state: 'active', grant: 'code' });
    const end = (account as { refreshTokenExpiresOn: Date }).refreshTokenExpiresOn.getTime();
    expect(end).toBeGreaterThan(app.now().getTime() + 89 * DAY);
    expect(account).not.toHaveProperty('link');
    const logged = lines.map((line) => JSON.parse(line) as object);
    expect(logged).toContainEqual(
      expect.objectContaining({ event: 'account.linked', user: app.logId(ADELES_ID) }),
    );
    expect(lines.join()).not.toContain(ADELE.upn);
  });

  it('asks for what tasks and functions need, and sends the browser back without anything secret', async () => {
    const { accessToken } = await signIn(entra, 'adele');
    await app.getProfile(accessToken);
    const browser = createLinkBrowser(app.stead);
    const opened = await browser.open(await browser.ticketFor(accessToken));
    const address = new URL(opened.headers.get('location') ?? '');
    expect(address.pathname).toBe(`/${ADELE.tid}/oauth2/v2.0/authorize`);
    expect(Object.fromEntries(address.searchParams)).toMatchObject({
      response_type: 'code',
      response_mode: 'query',
      code_challenge_method: 'S256',
      login_hint: ADELE.upn,
      redirect_uri: LINK_SETTINGS.LINK_REDIRECT_URI,
    });
    const scopes = (address.searchParams.get('scope') ?? '').split(' ').sort();
    expect(scopes).toEqual(['https://graph.microsoft.com/User.Read', 'offline_access', 'openid', 'profile']);
    const back = await browser.callBack(await browser.signIn(opened, 'adele'));
    expect(back.status).toBe(303);
    expect(back.headers.get('location')).toBe(`${PAGE}?link=linked`);
    expect(browser.cookie).toBeUndefined();
  });

  it('works for a guest, whose home account is in another tenant', async () => {
    await link(GUEST.name, GUEST.tid);
    const { code, exchange } = await secretsOf(toUserId(GUEST));
    expect(code).toBeDefined();
    expect(exchange).toBeDefined();
  });

  it('heals an account that needs its user', async () => {
    const { accessToken } = await signIn(entra, 'adele');
    await control(entra, 'PUT', '/lifetimes', { graphAccessToken: EXPIRED_AT_ONCE });
    await app.getProfile(accessToken);
    await control(entra, 'PUT', '/users/adele/fault', { kind: 'revoked' });
    app.clock.aheadMs += HOUR;
    await app.sweep();
    await control(entra, 'DELETE', '/users/adele/fault');
    await control(entra, 'PUT', '/lifetimes', { graphAccessToken: null });
    expect(await accountOf(app, ADELES_ID)).toMatchObject({ state: 'needs-user' });
    expect(await createLinkBrowser(app.stead).link(accessToken, 'adele')).toBe('linked');
    expect(await accountOf(app, ADELES_ID)).toMatchObject({ state: 'active' });
  });
});

describe('an application that was told that the user is needed', () => {
  it('is told of the recovery when a link heals the account', async () => {
    const heard: string[] = [];
    const hear = ({ kind }: { kind: string }) => void heard.push(kind);
    const notices = { onNeedsUser: hear, onRecovered: hear };
    app = createLocalApp(entra, { tasks, settings: LINK_SETTINGS, notices });
    const { accessToken } = await signIn(entra, 'adele');
    await control(entra, 'PUT', '/lifetimes', { graphAccessToken: EXPIRED_AT_ONCE });
    await app.getProfile(accessToken);
    await control(entra, 'PUT', '/users/adele/fault', { kind: 'revoked' });
    for (let times = 0; times < 3; times += 1) {
      app.clock.aheadMs += HOUR;
      await app.sweep();
    }
    await control(entra, 'DELETE', '/users/adele/fault');
    expect(heard).toEqual(['needs-user']);
    expect(await createLinkBrowser(app.stead).link(accessToken, 'adele')).toBe('linked');
    app.clock.aheadMs += HOUR;
    await app.sweep();
    await control(entra, 'PUT', '/lifetimes', { graphAccessToken: null });
    expect(heard).toEqual(['needs-user', 'recovered']);
  });
});

describe('a user who stays away for longer than the refresh token of an exchange', () => {
  beforeEach(() => control(entra, 'PUT', '/lifetimes', { accessToken: EXPIRED_AT_ONCE }));

  it('loses the connection without a link', async () => {
    await endExchange();
    const { accessToken } = await signIn(entra, 'adele');
    await app.getProfile(accessToken);
    app.clock.aheadMs += 25 * HOUR;
    await new Promise((resolve) => setTimeout(resolve, 1_100));
    expect(await app.sweep()).toMatchObject({ refreshed: 0 });
    expect(await accountOf(app, ADELES_ID)).toMatchObject({ state: 'needs-user' });
  });

  it('stays connected with one, and the worker renews the code in its place', async () => {
    await endExchange();
    await link();
    const before = await secretsOf();
    app.clock.aheadMs += 25 * HOUR;
    await new Promise((resolve) => setTimeout(resolve, 1_100));
    await control(entra, 'DELETE', '/requests');
    expect(await app.sweep()).toMatchObject({ refreshed: 1, tasks: { done: 1, failed: 0 } });
    expect(await grantTypes()).toEqual(['refresh_token 200']);
    const after = await secretsOf();
    expect(after.code).not.toBe(before.code);
    expect(after.exchange).toBe(before.exchange);
    expect(await app.accounts.read(ADELES_ID)).toMatchObject({ state: 'active', grant: 'code' });
  });

  it('is not cut short by a later exchange', async () => {
    await link();
    const end = codeEndsAt(await cacheOf());
    await endExchange();
    const { accessToken } = await signIn(entra, 'adele');
    await app.getProfile(accessToken);
    await app.getProfile((await signIn(entra, 'adele')).accessToken);
    expect(codeEndsAt(await cacheOf())).toEqual(end);
    expect(await app.accounts.read(ADELES_ID)).toMatchObject({ grant: 'code' });
    app.clock.aheadMs += 25 * HOUR;
    await new Promise((resolve) => setTimeout(resolve, 1_100));
    expect(await app.sweep()).toMatchObject({ refreshed: 1 });
  });
});

describe('two grants', () => {
  it('are both erased when the user disconnects', async () => {
    const accessToken = await link();
    await app.connection.delete(accessToken);
    expect(await app.tokenCache.read(ADELES_ID)).toBeUndefined();
    expect(await app.accounts.read(ADELES_ID)).toMatchObject({ state: 'disconnected' });
    expect(await app.accounts.read(ADELES_ID)).not.toHaveProperty('grant');
  });

  it('go on by the exchange when Entra refuses the code, which is dropped', async () => {
    await control(entra, 'PUT', '/lifetimes', { accessToken: EXPIRED_AT_ONCE, refreshToken: 1 });
    const { accessToken } = await signIn(entra, 'adele');
    await app.getProfile(accessToken);
    expect(await createLinkBrowser(app.stead).link(accessToken, 'adele')).toBe('linked');
    await control(entra, 'PUT', '/lifetimes', { refreshToken: 86_400 });
    await app.getProfile((await signIn(entra, 'adele')).accessToken);
    await new Promise((resolve) => setTimeout(resolve, 1_100));
    app.clock.aheadMs += HOUR;
    await control(entra, 'DELETE', '/requests');
    expect(await app.sweep()).toMatchObject({ refreshed: 1 });
    expect(await grantTypes()).toEqual(['refresh_token 400', 'refresh_token 200']);
    expect(app.events).toContainEqual({
      event: 'grant.refused',
      user: app.logId(ADELES_ID),
      grant: 'code',
      dropped: true,
    });
    expect(await sectionsOf()).not.toHaveProperty(GRANTS);
    expect(await app.accounts.read(ADELES_ID)).toMatchObject({ state: 'active' });
    expect(await app.accounts.read(ADELES_ID)).not.toHaveProperty('grant');
  });

  it('mark the user only when both are refused', async () => {
    await link();
    await control(entra, 'PUT', '/lifetimes', { accessToken: EXPIRED_AT_ONCE });
    await app.getProfile((await signIn(entra, 'adele')).accessToken);
    await control(entra, 'PUT', '/users/adele/fault', { kind: 'revoked' });
    await control(entra, 'DELETE', '/requests');
    app.clock.aheadMs += HOUR;
    await app.sweep();
    expect(await grantTypes()).toEqual(['refresh_token 400', 'refresh_token 400']);
    expect(await accountOf(app, ADELES_ID)).toMatchObject({ state: 'needs-user' });
  });

  it('are not counted on after both were refused, and the next check drops the code that was revoked', async () => {
    await control(entra, 'PUT', '/lifetimes', { graphAccessToken: EXPIRED_AT_ONCE });
    await link();
    await control(entra, 'PUT', '/users/adele/fault', { kind: 'revoked' });
    app.clock.aheadMs += HOUR;
    await app.sweep();
    await control(entra, 'DELETE', '/users/adele/fault');
    expect(await accountOf(app, ADELES_ID)).toMatchObject({ state: 'needs-user' });
    await app.getProfile((await signIn(entra, 'adele')).accessToken);
    const back = await app.accounts.read(ADELES_ID);
    expect(back).toMatchObject({ state: 'active' });
    expect(back).not.toHaveProperty('grant');
    const end = (back as { refreshTokenExpiresOn: Date }).refreshTokenExpiresOn.getTime();
    expect(end).toBeLessThan(app.now().getTime() + 2 * DAY);
    app.clock.aheadMs += HOUR;
    await app.sweep();
    await control(entra, 'PUT', '/lifetimes', { graphAccessToken: null });
    expect(await app.accounts.read(ADELES_ID)).toMatchObject({ state: 'active' });
    expect(await sectionsOf()).not.toHaveProperty(GRANTS);
  });
});

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
  afterEach(() => control(entra, 'PUT', '/lifetimes', { graphAccessToken: null }));

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
    app = createLocalApp(entra, {
      tasks,
      settings: LINK_SETTINGS,
      fetch: async (address, init) => {
        const isRefresh = isScripted && String(init?.body ?? '').includes('grant_type=refresh_token');
        const answer = isRefresh ? script.shift() : 'real';
        if (answer === undefined) throw new Error('one refresh too many');
        return answer === 'real'
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
    expect(script).toEqual([]);
    return { account: await accountOf(app, ADELES_ID), grants: await secretsOf() };
  }

  it('marks nobody while an outage hides what the other one is worth', async () => {
    const outage = { status: 503, body: { error: 'temporarily_unavailable' } };
    const { account, grants } = await checkWith({ status: 400, body: REFUSED }, outage);
    expect(account).toMatchObject({ state: 'active', failure: { kind: 'transient' } });
    expect(grants.code).toBeDefined();
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
