import { type Connected, failureOf, isConnected, isSameConnection } from '../account/account.ts';
import { changeAccount } from '../account/changeAccount.ts';
import { nowByStore } from '../account/nowByStore.ts';
import { linking } from '../account/transitions.ts';
import { LinkOffError, NotConnectedError, RequestMalformedError } from '../errors.ts';
import type { LinkSettings, Operation } from '../ports.ts';
import type { App } from '../tokens/app.ts';
import type { LinkTicket } from '../wire.ts';
import type { LinkTicketText } from './linkTexts.ts';
import { storedPermissions } from './storedPermissions.ts';
import { unavailableIfBusy } from './unavailableIfBusy.ts';

const TICKET_FOR_MS = 60_000;
/**
 * The cookie has what the ticket has, and about 250 characters more. Browsers keep 4,096 characters of a cookie with its name
 * (RFC 6265 §6.1), and the sealer opens no longer text than 4,000.
 */
const MAX_TICKET_LENGTH = 3_700;

export type AskedLink = {
  /** Where the browser is to return to; undefined for the first page of the settings. */
  returnUrl: string | undefined;
  /** Gives the permissions of Microsoft Graph that the link asks for, as short names, by those that are granted already. */
  scopesFor: (granted: readonly string[] | undefined) => string[];
  /** True if the caller chose some of them. */
  areChosen: boolean;
};

/**
 * Gives the caller a ticket with which their browser begins a link: once, within a minute. It replaces an earlier ticket.
 * @param read gives what the caller asks for. It is called once it is known who asks.
 * @throws what verification throws
 * @throws {LinkOffError} this application does not link.
 * @throws {RequestMalformedError} the page is not one of the settings, or the tasks need too many permissions.
 * @throws {NotConnectedError} the caller has no connection, and a secret without an account must not be stored.
 * @throws {TooManyRequestsError} the caller asks too often.
 * @throws {UnavailableError} the accounts cannot be reached.
 */
export async function askForLink(
  app: App,
  operation: Operation,
  accessToken: string,
  read: () => Promise<AskedLink>,
): Promise<{ ticket: LinkTicket; user: string }> {
  const { link: settings, memo, logId, limits, clock, linkSealer } = app;
  const caller = await memo.verified(accessToken, () => app.verifyAccessToken(accessToken));
  if (settings === undefined) throw new LinkOffError();
  limits.changes.take(caller.userId);
  const { returnUrl, scopesFor, areChosen } = await read();
  const page = pageOf(settings, returnUrl);
  const { userId } = caller;
  const notConnected = () =>
    new NotConnectedError('You are not connected, so there is nothing to link. Connect first.');
  const known = await app.accounts.read(userId);
  if (known === undefined || !isConnected(known)) throw notConnected();
  const { generation } = known;
  const scopes = scopesFor(await grantedTo(app, operation, known));
  const id = clock.newId();
  const until = new Date(nowByStore(app).getTime() + TICKET_FOR_MS);
  const text: LinkTicketText = {
    userId,
    generation,
    id,
    returnUrl: page,
    scopes,
    until: until.getTime(),
  };
  const sealed = await linkSealer.seal('ticket', text);
  // A request that is refused must not replace the ticket of an earlier one.
  if (sealed.length > MAX_TICKET_LENGTH) {
    // What functions and other tasks need is no fault of the caller.
    if (!areChosen)
      throw new TypeError('Functions and tasks need more permissions than one link can ask for.');
    throw new RequestMalformedError(
      'These tasks and functions need more permissions than one link can ask for. Ask for fewer at once.',
    );
  }
  const { changed } = await unavailableIfBusy(() =>
    changeAccount(
      app,
      userId,
      (now) => (isSameConnection(known, now) ? linking(now, { id, step: 'asked', until }) : 'keep'),
      { known },
    ),
  );
  if (!changed) throw notConnected();
  const address = new URL(settings.openUrl);
  address.searchParams.set('ticket', sealed);
  return { ticket: { url: address.href }, user: logId(userId) };
}

/** The permissions of Graph that the user has; undefined if nobody knows. The last token has what was withdrawn since. */
async function grantedTo(app: App, operation: Operation, account: Connected) {
  if (failureOf(account)?.kind === 'consent') return undefined;
  return (await storedPermissions(app, operation, account))?.[app.graph.name];
}

function pageOf({ returnUrls }: LinkSettings, asked: string | undefined): string {
  if (asked === undefined) return returnUrls[0];
  // It is compared as it is: a page that is spelt in another way is another page.
  const page = returnUrls.find((one) => one === asked);
  if (page === undefined) throw new RequestMalformedError('"returnUrl" is not one of LINK_RETURN_URLS.');
  return page;
}
