import { type Connected, failureOf, type Stored } from '../account/account.ts';
import { nowByStore } from '../account/nowByStore.ts';
import { linking } from '../account/transitions.ts';
import { LinkOffError, LinkRefusedError, UnavailableError } from '../errors.ts';
import type { LinkSettings } from '../ports.ts';
import type { App } from '../tokens/app.ts';
import { fullNamesOf } from '../tokens/scopes.ts';
import { partsOf } from '../userId.ts';
import type { LinkResult } from '../wire.ts';
import { type LinkCookieText, openTicket } from './linkTexts.ts';
import { spendLink } from './spendLink.ts';

/** As long as the browser keeps the cookie (`linkCookie.ts`). */
const OPENED_FOR_MS = 600_000;

export type OpenedLink =
  /** The browser goes to Entra, with the cookie. */
  | { signInUrl: string; cookie: string; user: string }
  /** There is no link, and the browser goes back. */
  | { returnUrl: string; result: LinkResult; user: string };

/**
 * Spends a ticket, and sends its browser to Entra.
 * @throws {LinkOffError} this application does not link.
 * @throws {LinkRefusedError} nobody sealed this ticket here, or its page is no longer one of the settings.
 */
export async function openLink(app: App, sealed: string): Promise<OpenedLink> {
  const { link: settings, clock, linkSealer } = app;
  if (settings === undefined) throw new LinkOffError();
  const ticket = await openTicket(linkSealer, sealed);
  if (ticket === undefined || !settings.returnUrls.includes(ticket.returnUrl)) {
    throw new LinkRefusedError('ticket');
  }
  const { userId, returnUrl } = ticket;
  const user = app.logId(userId);
  const until = new Date(nowByStore(app).getTime() + OPENED_FOR_MS);
  // A new id: of two requests with one ticket, the second must not find what it would have written itself.
  const id = clock.newId();
  const back = (result: LinkResult): OpenedLink => ({ returnUrl, result, user });
  try {
    const spent = await spendLink(app, ticket, 'asked', (account) =>
      linking(account, { id, step: 'opened', until }),
    );
    if (!spent.ok) return back(spent.result);
    const text: LinkCookieText = {
      ...ticket,
      id,
      until: until.getTime(),
      state: clock.newId(),
      nonce: clock.newId(),
      verifier: `${clock.newId()}${clock.newId()}`,
    };
    const signInUrl = await urlFor(app, settings, text, spent.account);
    return { signInUrl, cookie: await linkSealer.seal('cookie', text), user };
  } catch (error) {
    if (!(error instanceof UnavailableError)) throw error;
    return back('unavailable');
  }
}

/** The user's name comes from the account, so that it is in no ticket. A challenge that they met is part of the sign-in. */
const urlFor = (
  { codeGrants, graph }: App,
  { redirectUri }: LinkSettings,
  { scopes, state, nonce, verifier }: LinkCookieText,
  account: Stored<Connected>,
): Promise<string> =>
  codeGrants.signInUrl({
    tid: partsOf(account.userId).tid,
    redirectUri,
    scopes: fullNamesOf(graph, scopes),
    state,
    nonce,
    verifier,
    loginHint: account.userPrincipalName,
    claims: failureOf(account)?.claims,
  });
