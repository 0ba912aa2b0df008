/** Attacks on the way back from Entra: each has an exact answer, and stores nothing. */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { API_CLIENT_ID, OTHER_TENANT_ID, SPA_CLIENT_ID } from '../../dev/entra/directory.ts';
import type { Entra } from '../../dev/entra/startEntra.ts';
import { isConnected } from '../../shared/account/account.ts';
import { changeAccount } from '../../shared/account/changeAccount.ts';
import { markedForUser } from '../../shared/account/transitions.ts';
import type { AccountStore } from '../../shared/accountStore.ts';
import { createMemoryAccountStore } from '../../shared/adapters/memory/memoryAccountStore.ts';
import { createMemoryTokenCacheStore } from '../../shared/adapters/memory/memoryTokenCacheStore.ts';
import type { Fetch } from '../../shared/api.ts';
import { TooManyRequestsError, UnavailableError } from '../../shared/errors.ts';
import { createShiftedClock } from '../../shared/testing/testClock.ts';
import type { TokenCacheStore } from '../../shared/tokenCacheStore.ts';
import { control, journal } from '../support/entraClients.ts';
import { CALLBACK, COOKIE, createLinkBrowser, startLinkEntra } from '../support/linkBrowser.ts';
import { UNLIMITED } from '../support/testApp.ts';
import { type Forge, now, openForge } from './forge.ts';
import { compact, type Json, rsa } from './jws.ts';
import { ADELE, ADELES_ID, answerOf, BRUNO, stageLink } from './linkStage.ts';

let entra: Entra;
let forge: Forge;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'stead-link-'));
  const keyFile = join(folder, 'entra-key.json');
  entra = await startLinkEntra({ keyFile });
  await control(entra, 'POST', '/keys/rotate');
  forge = await openForge(entra.origin, keyFile);
});
afterEach(async () => {
  await control(entra, 'DELETE', '/fault');
  await control(entra, 'DELETE', '/users/adele/fault');
});
afterAll(async () => {
  forge?.close();
  await entra?.close();
  await rm(folder, { recursive: true, force: true });
});

const outage = (of: 'accounts' | 'token-cache') => Promise.reject(new UnavailableError(of));

const redeemed = async (): Promise<number> =>
  (await journal(entra)).filter(({ grant }) => grant === 'authorization_code').length;

describe('the browser that comes back', () => {
  it('must be the one that began: another one has no cookie, and the right one goes on', async () => {
    const { app, browser, unchanged, atCallback } = await stageLink(entra);
    const back = await atCallback();
    expect(await unchanged(() => createLinkBrowser(app.stead).callBack(back))).toBe('400 LINK_COOKIE');
    expect(await answerOf(await browser.callBack(back))).toBe('303 linked');
  });

  it('must have exactly one cookie, and one that was sealed as such', async () => {
    const { app, browser, accessToken, unchanged, atCallback } = await stageLink(entra);
    const ticket = new URL(await browser.ticketFor(accessToken)).searchParams.get('ticket') ?? '';
    const back = await atCallback();
    const good = browser.cookie ?? '';
    const { linkSealer } = app.stead.services;
    const content = await linkSealer.open('cookie', good);
    const cookies = [
      '',
      `${COOKIE}=`,
      `${COOKIE}=x`,
      `${COOKIE}=${ticket}`,
      `${COOKIE}=${good}x`,
      `${COOKIE}=${await linkSealer.seal('ticket', content ?? {})}`,
      `${COOKIE}=${await linkSealer.seal('cookie', { ...content, scopes: 'x' })}`,
      `${COOKIE}=${await linkSealer.seal('cookie', { ...content, returnUrl: 'https://evil.example/' })}`,
      `${COOKIE}=${good}; ${COOKIE}=${good}`,
      `stead-link=${good}`,
      `${COOKIE.toLowerCase()}=${good}`,
    ];
    for (const cookie of cookies) {
      expect(await unchanged(() => browser.callBack(back, { headers: { cookie } }))).toBe('400 LINK_COOKIE');
    }
    expect(await answerOf(await browser.callBack(back))).toBe('303 linked');
  });

  it('must bring the state of its own link, once', async () => {
    const { browser, unchanged, atCallback } = await stageLink(entra);
    const other = await stageLink(entra);
    const foreign = (await other.atCallback()).searchParams.get('state') ?? '';
    const back = await atCallback();
    const state = back.searchParams.get('state') ?? '';
    for (const forged of ['', 'x', foreign, state.toUpperCase(), `${state} `, `${state},${state}`]) {
      const attack = new URL(back);
      attack.searchParams.set('state', forged);
      expect(await unchanged(() => browser.callBack(attack))).toBe('400 LINK_STATE');
    }
    const [none, twice] = [new URL(back), new URL(back)];
    none.searchParams.delete('state');
    twice.searchParams.append('state', state);
    for (const attack of [none, twice]) {
      expect(await unchanged(() => browser.callBack(attack))).toBe('400 LINK_STATE');
    }
    expect(await answerOf(await browser.callBack(back))).toBe('303 linked');
  });

  it('is answered once: a second time finds nothing, although the cookie is kept', async () => {
    const { browser, unchanged, atCallback } = await stageLink(entra);
    const back = await atCallback();
    const cookie = browser.cookie;
    expect(await answerOf(await browser.callBack(back))).toBe('303 linked');
    expect(browser.cookie).toBeUndefined();
    browser.cookie = cookie;
    const before = await redeemed();
    expect(await unchanged(() => browser.callBack(back))).toBe('303 used');
    expect(await redeemed()).toBe(before);
  });

  it('finishes the newer one of two tabs, whichever comes back first', async () => {
    const { browser, unchanged, atCallback } = await stageLink(entra);
    const older = await atCallback();
    const newer = await atCallback();
    expect(await unchanged(() => browser.callBack(older))).toBe('400 LINK_STATE');
    expect(await answerOf(await browser.callBack(newer))).toBe('303 linked');
    expect(await unchanged(() => browser.callBack(older))).toBe('400 LINK_COOKIE');
  });

  it('finishes nothing of the older tab, even if its cookie is still there', async () => {
    const { browser, unchanged, hasCode, atCallback } = await stageLink(entra);
    const older = await atCallback();
    const cookie = browser.cookie;
    await atCallback();
    browser.cookie = cookie;
    expect(await unchanged(() => browser.callBack(older))).toBe('303 used');
    expect(await hasCode()).toBe(false);
  });

  it('has ten minutes', async () => {
    const { app, browser, unchanged, atCallback } = await stageLink(entra);
    const back = await atCallback();
    app.clock.aheadMs += 600_000;
    expect(await unchanged(() => browser.callBack(back))).toBe('303 expired');
  });

  it.each([
    ['HEAD', { method: 'HEAD' }, 405],
    ['a prefetch', { headers: { 'sec-purpose': 'prefetch' } }, 403],
    ['a frame', { headers: { 'sec-fetch-dest': 'iframe' } }, 403],
  ])('spends nothing by %s', async (_what, init, status) => {
    const { browser, unchanged, atCallback } = await stageLink(entra);
    const back = await atCallback();
    expect(await unchanged(() => browser.callBack(back, init))).toContain(String(status));
    expect(await answerOf(await browser.callBack(back))).toBe('303 linked');
  });
});

describe('the code', () => {
  it('must be the one of this sign-in: PKCE refuses another one', async () => {
    const { browser, hasCode, unchanged, atCallback } = await stageLink(entra);
    const other = await stageLink(entra);
    const foreign = (await other.atCallback()).searchParams.get('code') ?? '';
    const back = await atCallback();
    back.searchParams.set('code', foreign);
    expect(await unchanged(() => browser.callBack(back))).toBe('303 refused');
    expect(await hasCode()).toBe(false);
  });

  it.each([
    ['is missing', (back: URL) => back.searchParams.delete('code')],
    ['is empty', (back: URL) => back.searchParams.set('code', '')],
    ['is too long', (back: URL) => back.searchParams.set('code', 'x'.repeat(10_000))],
    ['comes twice', (back: URL) => back.searchParams.append('code', 'x')],
    ['is of another issuer (mix-up)', (back: URL) => back.searchParams.set('iss', 'https://evil.example')],
    [
      'is of the issuer of another tenant',
      (back: URL) => back.searchParams.set('iss', `${entra.origin}/${OTHER_TENANT_ID}/v2.0`),
    ],
    [
      'has two issuers',
      (back: URL) => {
        for (let times = 0; times < 2; times += 1)
          back.searchParams.append('iss', `${entra.origin}/${ADELE.tid}/v2.0`);
      },
    ],
  ])('is not redeemed if it %s', async (_what, change) => {
    const { browser, unchanged, atCallback } = await stageLink(entra);
    const back = await atCallback();
    change(back);
    const before = await redeemed();
    expect(await unchanged(() => browser.callBack(back))).toBe('303 refused');
    expect(await redeemed()).toBe(before);
  });

  it('may name its issuer', async () => {
    const { browser, atCallback } = await stageLink(entra);
    const back = await atCallback();
    back.searchParams.set('iss', `${entra.origin}/${ADELE.tid}/v2.0`);
    expect(await answerOf(await browser.callBack(back))).toBe('303 linked');
  });

  it('is worth nothing to whoever reads it in a log', async () => {
    const { app, browser, accessToken, atCallback } = await stageLink(entra);
    const code = (await atCallback()).searchParams.get('code') ?? '';
    const thief = createLinkBrowser(app.stead);
    const opened = await thief.open(await browser.ticketFor(accessToken));
    const state = new URL(opened.headers.get('location') ?? '').searchParams.get('state') ?? '';
    const forged = `${CALLBACK}?${new URLSearchParams({ code, state })}`;
    expect(await answerOf(await thief.callBack(forged))).toBe('303 refused');
  });
});

describe('who signed in', () => {
  it('must be the user of the ticket', async () => {
    const { browser, unchanged, hasCode, atCallback } = await stageLink(entra);
    const back = await atCallback('bruno');
    expect(await unchanged(() => browser.callBack(back))).toBe('303 other-user');
    expect(await hasCode()).toBe(false);
  });

  /** The token endpoint's answer to a code, changed on its way. */
  const answering =
    (change: (body: Json) => Json): Fetch =>
    async (address, init) => {
      const response = await fetch(address, init);
      const isCode = String(init?.body ?? '').includes('grant_type=authorization_code');
      if (!isCode || !response.ok) return response;
      return Response.json(change((await response.json()) as Json));
    };
  const claimsOf = (body: Json): Json =>
    JSON.parse(Buffer.from(String(body.id_token).split('.')[1] ?? '', 'base64url').toString()) as Json;
  const withClaims =
    (different: Json) =>
    (body: Json): Json => ({ ...body, id_token: forge.signed({ ...claimsOf(body), ...different }) });

  it.each<[string, string, (body: Json) => Json]>([
    ['of nobody', '303 refused', ({ id_token: _, ...body }) => body],
    ['no token at all', '303 refused', (body) => ({ ...body, id_token: 'x.y.z' })],
    [
      'signed by a stranger in the name of the authority',
      '303 refused',
      (body) => ({
        ...body,
        id_token: compact(forge.header(), claimsOf(body), rsa(forge.ownKey.privateKey)),
      }),
    ],
    // Nobody can decide whether the authority has a new key until its keys are fetched again: docs/http.md.
    [
      'signed with a key that nobody knows',
      '303 unavailable',
      (body) => ({
        ...body,
        id_token: compact(
          forge.header({ kid: forge.ownKey.kid }),
          claimsOf(body),
          rsa(forge.ownKey.privateKey),
        ),
      }),
    ],
    [
      'without a signature',
      '303 refused',
      (body) => ({ ...body, id_token: `${String(body.id_token).split('.').slice(0, 2).join('.')}.` }),
    ],
    ['for another application', '303 refused', withClaims({ aud: SPA_CLIENT_ID })],
    ['of another issuer', '303 refused', withClaims({ iss: 'https://evil.example/v2.0' })],
    [
      'of the issuer of another tenant',
      '303 refused',
      (body) => withClaims({ iss: `${forge.origin}/${OTHER_TENANT_ID}/v2.0` })(body),
    ],
    [
      'that has ended',
      '303 refused',
      (body) => withClaims({ exp: now() - 120, iat: now() - 4_000, nbf: now() - 4_000 })(body),
    ],
    ['of another sign-in', '303 refused', withClaims({ nonce: 'another' })],
    ['of no sign-in', '303 refused', withClaims({ nonce: undefined })],
    ['with the object id of another user', '303 other-user', withClaims({ oid: BRUNO.oid })],
    [
      'of a user with the same object id in another tenant',
      '303 other-user',
      (body) => withClaims({ tid: OTHER_TENANT_ID, iss: `${forge.origin}/${OTHER_TENANT_ID}/v2.0` })(body),
    ],
    ['without an object id', '303 refused', withClaims({ oid: undefined })],
    [
      'that is an access token',
      '303 refused',
      (body) => ({ ...body, id_token: forge.signed(forge.claims()) }),
    ],
    ['beside no refresh token', '303 refused', ({ refresh_token: _, ...body }) => body],
    ['beside an empty refresh token', '303 refused', (body) => ({ ...body, refresh_token: '' })],
  ])('is not told by an ID token %s', async (_what, answer, change) => {
    const { browser, unchanged, hasCode, atCallback } = await stageLink(entra, { fetch: answering(change) });
    const back = await atCallback();
    expect(await unchanged(() => browser.callBack(back))).toBe(answer);
    expect(await hasCode()).toBe(false);
  });

  it('is told by an ID token that is in order', async () => {
    const { browser, hasCode, atCallback } = await stageLink(entra, {
      fetch: answering(withClaims({ more: 1 })),
    });
    expect(await answerOf(await browser.callBack(await atCallback()))).toBe('303 linked');
    expect(await hasCode()).toBe(true);
  });
});

describe('an answer of Entra without a code', () => {
  it.each([
    ['access_denied', '', '303 cancelled'],
    ['access_denied', 'AADSTS65004: User declined to consent.', '303 cancelled'],
    ['access_denied', 'AADSTS90094: The grant requires admin permission.', '303 admin'],
    ['consent_required', 'AADSTS65001: x', '303 consent'],
    ['interaction_required', 'AADSTS50076: x', '303 consent'],
    ['server_error', 'x', '303 unavailable'],
    ['temporarily_unavailable', 'x', '303 unavailable'],
    ['invalid_request', '<script>alert(1)</script>', '303 refused'],
  ])('%s, %j', async (error, description, answer) => {
    const { browser, unchanged, atCallback } = await stageLink(entra);
    const back = await atCallback();
    const forged = new URL(CALLBACK);
    forged.search = String(
      new URLSearchParams({
        error,
        error_description: description,
        state: back.searchParams.get('state') ?? '',
      }),
    );
    expect(await unchanged(() => browser.callBack(forged))).toBe(answer);
    // It was looked at, so the sign-in is over.
    expect(await answerOf(await browser.callBack(back))).toBe('400 LINK_COOKIE');
  });

  it('comes back when the user says no', async () => {
    const { browser, accessToken, unchanged } = await stageLink(entra);
    await control(entra, 'DELETE', `/users/adele/consent?client=${API_CLIENT_ID}`);
    const opened = await browser.open(await browser.ticketFor(accessToken));
    const back = await browser.signIn(opened, 'adele', 'cancel');
    expect(await unchanged(() => browser.callBack(back))).toBe('303 cancelled');
    const again = await browser.open(await browser.ticketFor(accessToken));
    expect(await answerOf(await browser.callBack(await browser.signIn(again, 'adele')))).toBe('303 linked');
  });

  it('says that only an administrator can consent', async () => {
    const { browser, accessToken, unchanged } = await stageLink(entra);
    await control(entra, 'DELETE', `/users/adele/consent?client=${API_CLIENT_ID}`);
    await control(entra, 'PUT', `/tenants/${ADELE.tid}/consent`, { usersMayConsent: false });
    try {
      const opened = await browser.open(await browser.ticketFor(accessToken));
      const back = await browser.signIn(opened, 'adele');
      expect(await unchanged(() => browser.callBack(back))).toBe('303 admin');
    } finally {
      await control(entra, 'PUT', `/tenants/${ADELE.tid}/consent`, { usersMayConsent: true });
    }
    const opened = await browser.open(await browser.ticketFor(accessToken));
    expect(await answerOf(await browser.callBack(await browser.signIn(opened, 'adele')))).toBe('303 linked');
  });

  it.each([
    ['server-error', 'users/adele'],
    ['html', 'users/adele'],
    ['throttled', 'users/adele'],
    ['unauthorized-client', 'users/adele'],
    ['invalid-client', ''],
  ])('is unavailable while the token endpoint has the fault %s', async (kind, whose) => {
    const { browser, unchanged, atCallback } = await stageLink(entra);
    const back = await atCallback();
    await control(entra, 'PUT', `${whose && `/${whose}`}/fault`, { kind });
    expect(await unchanged(() => browser.callBack(back))).toBe('303 unavailable');
  });
});

describe('a token endpoint that asks for fewer requests', () => {
  it('is left alone: the next code of the user is not sent, and their page is told to try later', async () => {
    let sent = 0;
    const { browser, hasCode, atCallback } = await stageLink(entra, {
      fetch: async (address, init) => {
        if (!String(init?.body ?? '').includes('grant_type=authorization_code')) return fetch(address, init);
        sent += 1;
        const headers = { 'retry-after': '120' };
        return Response.json({ error: 'temporarily_unavailable' }, { status: 429, headers });
      },
    });
    expect(await answerOf(await browser.callBack(await atCallback()))).toBe('303 unavailable');
    expect(await answerOf(await browser.callBack(await atCallback()))).toBe('303 unavailable');
    expect(sent).toBe(1);
    expect(await hasCode()).toBe(false);
  });
});

describe('the codes of one user', () => {
  it('are limited, as their exchanges are: one too many is not sent', async () => {
    let isSpent = false;
    const exchanges: typeof UNLIMITED.exchanges = {
      take() {
        if (isSpent) throw new TooManyRequestsError(3);
      },
    };
    const { browser, hasCode, atCallback } = await stageLink(entra, { limits: { ...UNLIMITED, exchanges } });
    const back = await atCallback();
    const before = await redeemed();
    isSpent = true;
    expect(await answerOf(await browser.callBack(back))).toBe('303 unavailable');
    expect(await redeemed()).toBe(before);
    expect(await hasCode()).toBe(false);
  });
});

describe('a user whom Entra asked for more', () => {
  it('is asked for it by the link, so that its grant meets the challenge', async () => {
    const claims = '{"access_token":{"acrs":{"essential":true,"value":"c1"}}}';
    const clock = createShiftedClock();
    const accounts = createMemoryAccountStore({ clock });
    const { app, browser, accessToken } = await stageLink(entra, { accounts, clock });
    const isAsked = async () => {
      const opened = await browser.open(await browser.ticketFor(accessToken));
      return new URL(opened.headers.get('location') ?? '').searchParams.get('claims');
    };
    expect(await isAsked()).not.toContain('acrs');
    await changeAccount(app.stead.services, ADELES_ID, (now) =>
      now !== undefined && isConnected(now)
        ? markedForUser(
            now,
            { kind: 'needs-user', code: 'AADSTS50076', claims },
            clock.now(),
            app.stead.services.schedule,
          )
        : 'keep',
    );
    expect(JSON.parse((await isAsked()) ?? '{}')).toMatchObject(JSON.parse(claims));
  });
});

describe('a store that cannot be reached', () => {
  it.each([
    'read',
    'update',
  ] as const)('is unavailable, if it is that of the accounts (%s)', async (method) => {
    const accounts = createMemoryAccountStore();
    let isDown = false;
    const failing: AccountStore = {
      ...accounts,
      read: (...args) => (isDown && method === 'read' ? outage('accounts') : accounts.read(...args)),
      update: (...args) => (isDown && method === 'update' ? outage('accounts') : accounts.update(...args)),
    };
    const { browser, hasCode, atCallback } = await stageLink(entra, { accounts: failing });
    const back = await atCallback();
    isDown = true;
    const before = await redeemed();
    expect(await answerOf(await browser.callBack(back))).toBe('303 unavailable');
    expect(await redeemed()).toBe(before);
    expect(await hasCode()).toBe(false);
  });

  it.each(['read', 'write'] as const)('is unavailable, if it is that of the caches (%s)', async (method) => {
    const caches = createMemoryTokenCacheStore();
    let isDown = false;
    const failing: TokenCacheStore = {
      ...caches,
      read: (...args) => (isDown && method === 'read' ? outage('token-cache') : caches.read(...args)),
      write: (...args) => (isDown && method === 'write' ? outage('token-cache') : caches.write(...args)),
    };
    const { browser, hasCode, atCallback } = await stageLink(entra, { tokenCache: failing });
    const back = await atCallback();
    isDown = true;
    const before = await redeemed();
    expect(await answerOf(await browser.callBack(back))).toBe('303 unavailable');
    // A code is not redeemed for a cache that cannot be read.
    expect(await redeemed()).toBe(before + (method === 'read' ? 0 : 1));
    isDown = false;
    expect(await hasCode()).toBe(false);
  });

  it('is unavailable after the grant was stored, too, and the next check tells the account of it', async () => {
    const clock = createShiftedClock();
    const accounts = createMemoryAccountStore({ clock });
    let isDown = false;
    const failing: AccountStore = {
      ...accounts,
      update: (...args) => (isDown ? outage('accounts') : accounts.update(...args)),
    };
    const { app, browser, hasCode, atCallback } = await stageLink(entra, {
      accounts: failing,
      clock,
      fetch: async (address, init) => {
        const response = await fetch(address, init);
        if (String(init?.body ?? '').includes('grant_type=authorization_code')) isDown = true;
        return response;
      },
    });
    const back = await atCallback();
    // To MSAL, such a token has expired when it is issued, so the check asks for another one.
    await control(entra, 'PUT', '/lifetimes', { graphAccessToken: 299 });
    expect(await answerOf(await browser.callBack(back))).toBe('303 unavailable');
    expect(await hasCode()).toBe(true);
    expect(await app.accounts.read(ADELES_ID)).not.toHaveProperty('grant');
    isDown = false;
    clock.aheadMs += 2 * 3_600_000;
    await app.sweep();
    await control(entra, 'PUT', '/lifetimes', { graphAccessToken: null });
    expect(await app.accounts.read(ADELES_ID)).toMatchObject({ state: 'active', grant: 'code' });
  });

  it('is no fault of whoever opens a ticket', async () => {
    const accounts = createMemoryAccountStore();
    let isDown = false;
    const read: AccountStore['read'] = (...args) => (isDown ? outage('accounts') : accounts.read(...args));
    const { browser, accessToken } = await stageLink(entra, { accounts: { ...accounts, read } });
    const url = await browser.ticketFor(accessToken);
    isDown = true;
    expect(await answerOf(await browser.open(url))).toBe('303 unavailable');
    expect(await answerOf(await browser.ask(accessToken))).toBe('503 UNAVAILABLE');
    isDown = false;
    expect(await answerOf(await browser.open(url))).toBe('303 entra');
  });
});

describe('a user who disconnects meanwhile', () => {
  it('before Entra answers: the code is not redeemed', async () => {
    const { app, browser, accessToken, atCallback } = await stageLink(entra);
    const back = await atCallback();
    await app.connection.delete(accessToken);
    const before = await redeemed();
    expect(await answerOf(await browser.callBack(back))).toBe('303 ended');
    expect(await redeemed()).toBe(before);
    expect(await app.tokenCache.read(ADELES_ID)).toBeUndefined();
    await app.connection.put(accessToken);
    expect(await answerOf(await browser.callBack(back))).toBe('400 LINK_COOKIE');
  });

  it.each([
    false,
    true,
  ])('while the code is redeemed: nothing stays (and connects again: %s)', async (again) => {
    let meddle = async () => {};
    const { app, browser, accessToken, hasCode, atCallback } = await stageLink(entra, {
      fetch: async (address, init) => {
        const response = await fetch(address, init);
        if (String(init?.body ?? '').includes('grant_type=authorization_code')) await meddle();
        return response;
      },
    });
    const back = await atCallback();
    meddle = async () => {
      await app.connection.delete(accessToken);
      if (again) await app.connection.put(accessToken);
    };
    expect(await answerOf(await browser.callBack(back))).toBe('303 ended');
    expect(await app.tokenCache.read(ADELES_ID)).toBeUndefined();
    expect(await hasCode()).toBe(false);
    expect((await app.accounts.read(ADELES_ID))?.state).toBe(again ? 'pending' : 'disconnected');
  });

  it('while the code of a user without a cache is redeemed: what was stored is taken back', async () => {
    let meddle = async () => {};
    const { app, browser, accessToken, atCallback } = await stageLink(entra, {
      fetch: async (address, init) => {
        const response = await fetch(address, init);
        if (String(init?.body ?? '').includes('grant_type=authorization_code')) await meddle();
        return response;
      },
    });
    const back = await atCallback();
    await app.tokenCache.remove(ADELES_ID);
    meddle = () => app.connection.delete(accessToken).then(() => undefined);
    expect(await answerOf(await browser.callBack(back))).toBe('303 ended');
    expect(await app.tokenCache.read(ADELES_ID)).toBeUndefined();
  });

  it('and connects and visits again, before the cache is read: the new connection keeps what it has', async () => {
    const caches = createMemoryTokenCacheStore();
    let meddle: (() => Promise<void>) | undefined;
    const meddled: TokenCacheStore = {
      ...caches,
      async read(...args) {
        const now = meddle;
        meddle = undefined;
        await now?.();
        return caches.read(...args);
      },
    };
    const { app, browser, accessToken, hasCode, atCallback } = await stageLink(entra, {
      tokenCache: meddled,
    });
    const back = await atCallback();
    const before = await redeemed();
    let stored: string | undefined;
    meddle = async () => {
      await app.connection.delete(accessToken);
      await app.connection.put(accessToken);
      await app.getProfile(accessToken);
      stored = (await caches.read(ADELES_ID))?.etag;
    };
    expect(await answerOf(await browser.callBack(back))).toBe('303 ended');
    expect(stored).toBeDefined();
    expect((await caches.read(ADELES_ID))?.etag).toBe(stored);
    expect(await hasCode()).toBe(false);
    expect(await redeemed()).toBe(before);
    expect((await app.accounts.read(ADELES_ID))?.state).toBe('active');
  });
});
