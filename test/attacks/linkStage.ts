/** One user with a connection, a browser of theirs, and what must not change when an attack fails. */
import { expect } from 'vitest';
import { DEMO_USERS } from '../../dev/entra/directory.ts';
import type { Entra } from '../../dev/entra/startEntra.ts';
import { createLocalApp, type LocalAppOptions } from '../../shared/testing/localApp.ts';
import { codeEndsAt } from '../../shared/tokens/grants.ts';
import { toUserId } from '../../shared/userId.ts';
import { signIn } from '../support/entraClients.ts';
import { createLinkBrowser, LINK_SETTINGS, resultOf } from '../support/linkBrowser.ts';
import { keepLines, logScanFolder } from '../support/logScanKeep.ts';
import { UNLIMITED } from '../support/testApp.ts';

export const [ADELE, BRUNO] = DEMO_USERS;
export const ADELES_ID = toUserId(ADELE);

export async function stageLink(entra: Entra, options: LocalAppOptions = {}) {
  const app = createLocalApp(entra, {
    limits: UNLIMITED,
    ...options,
    settings: { ...LINK_SETTINGS, ...options.settings },
  });
  const { accessToken } = await signIn(entra, 'adele');
  await app.getProfile(accessToken);
  const browser = createLinkBrowser(app.stead);

  /** What is kept of Adele, without the step of a link that may be pending. */
  async function kept() {
    const [account, cache] = [await app.accounts.read(ADELES_ID), await app.tokenCache.read(ADELES_ID)];
    const { etag: _, link: __, ...rest } = { link: undefined, etag: '', ...account };
    return { account: rest, cache: cache?.etag };
  }

  async function hasCode(): Promise<boolean> {
    const stored = await app.tokenCache.read(ADELES_ID);
    if (stored === undefined) return false;
    const opened = await app.sealer.open(ADELES_ID, stored.sealed);
    if (!opened.ok) throw new Error(`the stored cache does not open: ${opened.reason}`);
    return codeEndsAt(opened.cache) !== undefined;
  }

  return {
    app,
    browser,
    accessToken,
    kept,
    hasCode,
    /** The answer to an attack, while nothing is stored. */
    async unchanged(attack: () => Promise<Response>): Promise<string> {
      const before = await kept();
      const answer = await answerOf(await attack());
      expect(await kept()).toEqual(before);
      keepLines(logScanFolder(), browser.lines);
      return answer;
    },
    /** Opens a link, and signs in at Entra. @returns the address of the callback */
    async atCallback(user = 'adele'): Promise<URL> {
      const opened = await browser.open(await browser.ticketFor(accessToken));
      return browser.signIn(opened, user);
    },
  };
}

/** The status, and the result that the page is told or the code of the small page. */
export async function answerOf(response: Response): Promise<string> {
  const result = resultOf(response);
  expect(response.headers.get('cache-control')).toBe('no-store');
  if (result !== null) return `${response.status} ${result}`;
  const body = await response.text();
  const code = /<small>(LINK_\w+) /.exec(body)?.[1] ?? (/"code":"(\w+)"/.exec(body)?.[1] || 'no code');
  return `${response.status} ${response.status === 303 ? 'entra' : code}`;
}
