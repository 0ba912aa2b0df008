/** What is stored of a user who is linked, and what the token endpoint was asked for. */
import { expect } from 'vitest';
import { DEMO_USERS } from '../../dev/entra/directory.ts';
import type { Entra } from '../../dev/entra/startEntra.ts';
import type { LocalApp } from '../../shared/testing/localApp.ts';
import { GRANTS } from '../../shared/tokens/grants.ts';
import { toUserId } from '../../shared/userId.ts';
import { control, journal, signIn } from './entraClients.ts';
import { createLinkBrowser } from './linkBrowser.ts';
import { readCache } from './userTokens.ts';

const ADELE = DEMO_USERS[0];
const ADELES_ID = toUserId(ADELE);

/** To MSAL, such a token has expired when it is issued, so each check asks for another one. */
export const EXPIRED_AT_ONCE = 299;

/** @param running gives what runs now: each test has its own application */
export function linkedUser(running: () => { entra: Entra; app: LocalApp }) {
  const cacheOf = async (userId = ADELES_ID) => {
    const { tokenCache, sealer } = running().app;
    return readCache(tokenCache, sealer, userId);
  };
  const sectionsOf = async (userId = ADELES_ID) =>
    JSON.parse(await cacheOf(userId)) as Record<string, Record<string, { secret: string }>>;

  return {
    cacheOf,
    sectionsOf,
    /** The grants that were asked for, each with the status of its answer. */
    grantTypes: async () =>
      (await journal(running().entra)).flatMap(({ grant, status }) => (grant ? [`${grant} ${status}`] : [])),

    /** The refresh tokens: by the grant of each, and that in MSAL's own place. */
    async secretsOf(userId = ADELES_ID) {
      const sections = await sectionsOf(userId);
      const grants = Object.entries(sections[GRANTS] ?? {});
      const of = (origin: string) => grants.find(([key]) => key.startsWith(`${origin}|`))?.[1].secret;
      return {
        code: of('code'),
        exchange: of('exchange'),
        slot: Object.values(sections.RefreshToken ?? {})[0]?.secret,
      };
    },

    /** A visit, and a link in a browser of the user's own. */
    async link(user = 'adele', tenant: string = ADELE.tid) {
      const { entra, app } = running();
      const { accessToken } = await signIn(entra, user, { tenant });
      await app.getProfile(accessToken);
      const browser = createLinkBrowser(app.stead);
      expect(await browser.link(accessToken, user)).toBe('linked');
      return { accessToken, lines: browser.lines };
    },

    /** Ends what a test has changed at the stand-in. */
    async restore() {
      const { entra } = running();
      await control(entra, 'PUT', '/lifetimes', {
        accessToken: 3_600,
        graphAccessToken: null,
        exchangedRefreshToken: 86_400,
        refreshToken: 90 * 86_400,
      });
      await control(entra, 'DELETE', '/users/adele/fault');
      await control(entra, 'DELETE', '/requests');
    },
  };
}
