/** A user who stays connected: the grant of a code, beside that of an exchange. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { API_CLIENT_ID, DEMO_USERS } from '../../../../dev/entra/directory.ts';
import type { Entra } from '../../../../dev/entra/startEntra.ts';
import { shippedTasks } from '../../../../shared/graphTasks/shippedTasks.ts';
import type { UserNotice } from '../../../../shared/notices.ts';
import { createLocalApp, type LocalApp } from '../../../../shared/testing/localApp.ts';
import { codeEndsAt, GRANTS } from '../../../../shared/tokens/grants.ts';
import { toUserId } from '../../../../shared/userId.ts';
import { accountOf } from '../../../support/accountOf.ts';
import { control, signIn } from '../../../support/entraClients.ts';
import { createLinkBrowser, LINK_SETTINGS, PAGE, startLinkEntra } from '../../../support/linkBrowser.ts';
import { EXPIRED_AT_ONCE, linkedUser } from '../../../support/linkedUser.ts';

const tasks = shippedTasks(['read-profile']);

const ADELE = DEMO_USERS[0];
const GUEST = DEMO_USERS.find((user) => user.homeTid !== user.tid) ?? DEMO_USERS[3];
const ADELES_ID = toUserId(ADELE);
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

/** The refresh token of the exchange ends, as if a day had passed. */
const endExchange = () => control(entra, 'PUT', '/lifetimes', { exchangedRefreshToken: 1 });

describe('a link', () => {
  it('stores the grant of a code beside that of the exchange, and says so in the account', async () => {
    const { lines } = await link();
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

describe('a user without a consent of the API, as where the page is no known client', () => {
  it('is offered a link, which asks for the permissions by name', async () => {
    await control(entra, 'DELETE', `/users/adele/consent?client=${API_CLIENT_ID}`);
    const { accessToken } = await signIn(entra, 'adele');
    await expect(app.getProfile(accessToken)).rejects.toMatchObject({ failure: { kind: 'consent' } });
    const { connection: before } = await app.connection.get(accessToken);
    expect(before).toMatchObject({ state: 'pending', canLink: true });
    expect(await createLinkBrowser(app.stead).link(accessToken, 'adele')).toBe('linked');
    const { connection: after } = await app.connection.get(accessToken);
    expect(after).toMatchObject({ state: 'active', staysConnected: { isEstimate: true } });
    expect(after).not.toHaveProperty('canLink');
    await app.getProfile(accessToken);
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

describe('what a page, the history and a notice are told of the grants', () => {
  const statusOf = async (accessToken: string) => (await app.connection.get(accessToken)).connection;
  /** How many hours from now, by the application's clock. */
  const hoursTo = (time: string | Date | undefined) =>
    Math.round((new Date(time ?? 0).getTime() - app.now().getTime()) / HOUR);
  const keptBy = ({ checks = [] }: { checks?: { keptBy?: string; times: number }[] }) =>
    checks.map((check) => `${check.times} ${check.keptBy}`);

  beforeEach(() => control(entra, 'PUT', '/lifetimes', { graphAccessToken: EXPIRED_AT_ONCE }));
  afterEach(() => control(entra, 'PUT', '/answers', { refreshTokenEnds: false }));

  it('is an estimate while Entra tells no end, and nothing of a sign-in whose end nobody knows', async () => {
    const { accessToken } = await signIn(entra, 'adele');
    await app.getProfile(accessToken);
    const before = await statusOf(accessToken);
    expect(before.state).toBe('active');
    expect(before).not.toHaveProperty('staysConnected');
    expect(before.canLink).toBe(true);
    expect(hoursTo(before.linkUntil)).toBe(90 * 24);
    expect(before).not.toHaveProperty('endsAt');
    app.clock.aheadMs += HOUR;
    await app.sweep();

    expect(await createLinkBrowser(app.stead).link(accessToken, 'adele')).toBe('linked');
    app.clock.aheadMs += HOUR;
    await app.sweep();
    const after = await statusOf(accessToken);
    expect(after.staysConnected?.isEstimate).toBe(true);
    expect(after).not.toHaveProperty('canLink');
    expect(after).not.toHaveProperty('linkUntil');
    expect(hoursTo(after.staysConnected?.until)).toBeGreaterThan(89 * 24);
    expect(after).not.toHaveProperty('endsAt');
    expect(keptBy(after)).toEqual(['1 sign-in', '1 link']);
    expect(after.checks?.some(({ endsAt }) => endsAt !== undefined)).toBe(false);
  });

  it('is the end that Entra tells', async () => {
    await control(entra, 'PUT', '/answers', { refreshTokenEnds: true });
    await control(entra, 'PUT', '/lifetimes', { exchangedRefreshToken: 86_400 });
    const { accessToken } = await signIn(entra, 'adele');
    await app.getProfile(accessToken);
    const before = await statusOf(accessToken);
    expect(hoursTo(before.endsAt)).toBe(24);
    expect(await createLinkBrowser(app.stead).link(accessToken, 'adele')).toBe('linked');
    app.clock.aheadMs += HOUR;
    await app.sweep();
    const after = await statusOf(accessToken);
    expect(after.staysConnected).not.toHaveProperty('isEstimate');
    expect(hoursTo(after.staysConnected?.until)).toBeGreaterThan(89 * 24);
    expect(after.checks?.at(-1)).toMatchObject({ keptBy: 'link', endsAt: expect.any(String) });
  });

  it('is no more than the retention time allows', async () => {
    app = createLocalApp(entra, { tasks, settings: { ...LINK_SETTINGS, RETENTION_DAYS: '30' } });
    const { accessToken } = await signIn(entra, 'adele');
    await app.getProfile(accessToken);
    expect(hoursTo((await statusOf(accessToken)).linkUntil)).toBe(30 * 24);
    expect(await createLinkBrowser(app.stead).link(accessToken, 'adele')).toBe('linked');
    const { staysConnected } = await statusOf(accessToken);
    expect(hoursTo(staysConnected?.until)).toBe(30 * 24);
  });

  it('offers no link where the retention time lets nothing last longer than a sign-in', async () => {
    app = createLocalApp(entra, { tasks, settings: { ...LINK_SETTINGS, RETENTION_DAYS: '1' } });
    const { accessToken } = await signIn(entra, 'adele');
    await app.getProfile(accessToken);
    expect(await statusOf(accessToken)).not.toHaveProperty('canLink');
  });

  /** What is heard of a user whose exchange ends in three hours. @param code how long the grant of the link lasts, in seconds */
  async function heardOf(code: number, isLinked = true) {
    const heard: UserNotice[] = [];
    const onExpiring = (notice: UserNotice) => void heard.push(notice);
    app = createLocalApp(entra, { tasks, settings: LINK_SETTINGS, notices: { onExpiring } });
    await control(entra, 'PUT', '/answers', { refreshTokenEnds: true });
    await control(entra, 'PUT', '/lifetimes', { exchangedRefreshToken: 3 * 3_600, refreshToken: code });
    const { accessToken } = await signIn(entra, 'adele');
    await app.getProfile(accessToken);
    if (isLinked) expect(await createLinkBrowser(app.stead).link(accessToken, 'adele')).toBe('linked');
    // A later exchange says how long it lasts, and the link is still there.
    await app.getProfile((await signIn(entra, 'adele')).accessToken);
    for (let checks = 0; checks < 2; checks += 1) {
      app.clock.aheadMs += HOUR / 2;
      await app.sweep();
    }
    return heard.map(({ kind, endsAt, keptBy: by }) => `${kind} ${by} in ${hoursTo(endsAt)} h`);
  }

  it('is that the exchange ends, for a user without a link alone', async () => {
    expect(await heardOf(90 * 86_400, false)).toEqual(['expiring sign-in in 2 h']);
    expect(await heardOf(90 * 86_400)).toEqual([]);
  });

  it('offers no link to a user who has one, however long the exchange lasts', async () => {
    await control(entra, 'PUT', '/answers', { refreshTokenEnds: true });
    await control(entra, 'PUT', '/lifetimes', { exchangedRefreshToken: 91 * 86_400 });
    await link();
    const { accessToken } = await signIn(entra, 'adele');
    await app.getProfile(accessToken);
    const status = await statusOf(accessToken);
    expect(status).not.toHaveProperty('canLink');
    expect(status.staysConnected).toBeDefined();
  });

  it('is the end of the grant that lasts longer', async () => {
    expect(await heardOf(4 * 3_600)).toEqual(['expiring link in 3 h']);
    // Entra lets the code end first, and the exchange goes on after it.
    expect(await heardOf(2 * 3_600)).toEqual(['expiring link in 2 h']);
  });
});

describe('two grants', () => {
  it('are both erased when the user disconnects', async () => {
    const { accessToken } = await link();
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
