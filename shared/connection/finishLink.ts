import { type Connected, hasEnded, isSameConnection, type Stored } from '../account/account.ts';
import { changeAccount } from '../account/changeAccount.ts';
import { takeBack } from '../account/endAccount.ts';
import { nowByStore, tokenByStore } from '../account/nowByStore.ts';
import { tellingOf } from '../account/tellingOf.ts';
import { linkEnded, linking, visited } from '../account/transitions.ts';
import { isStillConnected } from '../account/visit.ts';
import {
  LinkOffError,
  LinkRefusedError,
  NotConnectedError,
  OtherUserError,
  TokenInvalidError,
  TooManyRequestsError,
  UnavailableError,
  UserTokenError,
} from '../errors.ts';
import type { Operation, UserToken } from '../ports.ts';
import type { App } from '../tokens/app.ts';
import { fullNamesOf } from '../tokens/scopes.ts';
import { heedFailure } from '../tokens/storedCooldowns.ts';
import { partsOf } from '../userId.ts';
import type { LinkResult } from '../wire.ts';
import { type LinkCookieText, openCookie } from './linkTexts.ts';
import { spendLink } from './spendLink.ts';
import { unavailableIfBusy } from './unavailableIfBusy.ts';

/** The time limit of redeeming a code, together with reading and storing the cache. */
const REDEEM_TIMEOUT_MS = 20_000;
/** Entra's codes have about a thousand characters. */
const MAX_CODE_LENGTH = 8_192;

export type FinishedLink = { returnUrl: string; result: LinkResult; user: string };

/**
 * Takes Entra's answer from the browser, redeems its code and stores the grant.
 * @param query what Entra gave the browser
 * @param cookie the value of the cookie; undefined if the browser has none, or more than one
 * @throws {LinkOffError} this application does not link.
 * @throws {LinkRefusedError} this browser has begun no link, or not the one of the answer. Nothing was changed.
 */
export async function finishLink(
  app: App,
  operation: Operation,
  query: URLSearchParams,
  cookie: string | undefined,
): Promise<FinishedLink> {
  const { link: settings, linkSealer } = app;
  if (settings === undefined) throw new LinkOffError();
  const text = cookie === undefined ? undefined : await openCookie(linkSealer, cookie);
  if (text === undefined || !settings.returnUrls.includes(text.returnUrl))
    throw new LinkRefusedError('cookie');
  if (onlyOne(query, 'state') !== text.state) throw new LinkRefusedError('state');
  const { returnUrl, userId } = text;
  return { returnUrl, result: await resultOf(app, operation, text, query), user: app.logId(userId) };
}

/** From here on the browser is the one that began the link, so it can be told what came of it. */
async function resultOf(
  app: App,
  operation: Operation,
  text: LinkCookieText,
  query: URLSearchParams,
): Promise<LinkResult> {
  try {
    // Whatever follows, this step is over: an answer of Entra is looked at once. A new id, which no cookie has: of two requests
    // with one answer, the second must not find what it would have written itself, and redeem the code again.
    const id = app.clock.newId();
    const until = new Date(text.until);
    const spent = await spendLink(app, text, 'opened', (account) =>
      linking(account, { id, step: 'opened', until }),
    );
    if (!spent.ok) return spent.result;
    // Entra does not send it (RFC 9207) as far as it documents. The ID token has an issuer in any case.
    const issuer = app.codeGrants.issuerOf(partsOf(text.userId).tid);
    if (query.has('iss') && onlyOne(query, 'iss') !== issuer) return 'refused';
    if (query.has('error')) return resultOfRefusal(query);
    const code = onlyOne(query, 'code');
    if (code === undefined || code === '' || code.length > MAX_CODE_LENGTH) return 'refused';
    const token = await redeem(app, operation, text, code, spent.account);
    if (!token.stored) {
      const now = await app.accounts.read(text.userId);
      return isSameConnection(spent.account, now) ? 'unavailable' : 'ended';
    }
    return await record(app, operation, spent.account, token, id);
  } catch (error) {
    // As at a visit, only a throttle begins a cooldown.
    if (error instanceof UserTokenError && error.failure.throttle !== undefined) {
      await heedFailure(app, operation, text.userId, error.failure);
    }
    return resultOfError(operation, error);
  }
}

function redeem(
  app: App,
  operation: Operation,
  { userId, generation, verifier, nonce, scopes }: LinkCookieText,
  code: string,
  account: Stored<Connected>,
): Promise<UserToken> {
  const signal = app.clock.timeout(REDEEM_TIMEOUT_MS);
  return app.codeGrants.redeem(
    { ...operation, signal },
    {
      userId,
      api: app.graph,
      redirectUri: app.link?.redirectUri ?? '',
      scopes: fullNamesOf(app.graph, scopes),
      code,
      verifier,
      nonce,
      generation,
      isCurrent: () => isStillConnected(app, account),
      mayAsk: () => {
        app.cooldowns.check(userId, 'token');
        app.limits.exchanges.take(userId);
      },
    },
  );
}

/** The row is written after the secret, as at a visit. If the user disconnected meanwhile, the secret is taken back. */
async function record(
  app: App,
  { log }: Operation,
  begun: Stored<Connected>,
  token: UserToken,
  linkId: string,
): Promise<LinkResult> {
  const { userId } = begun;
  const user = app.logId(userId);
  const dated = tokenByStore(app, token);
  const telling = tellingOf(app);
  const { before, account, changed } = await unavailableIfBusy(() =>
    changeAccount(app, userId, (known) =>
      isSameConnection(begun, known)
        ? visited(
            // The user may have begun another link in the meantime.
            known.link?.id === linkId ? linkEnded(known) : known,
            { userPrincipalName: known.userPrincipalName },
            dated,
            nowByStore(app),
            app.schedule,
            telling,
          )
        : 'keep',
    ),
  );
  if (!changed) {
    if (token.written !== undefined && hasEnded(begun, account)) await takeBack(app, userId, token.written);
    return 'ended';
  }
  log({ event: 'account.linked', user });
  if (before?.state === 'needs-user') log({ event: 'account.healed', user });
  // What is remembered may be a refusal, or a token without what the user has just consented to.
  app.memo.forget(userId);
  return 'linked';
}

/** An answer of Entra without a code. Its numbers are hints, and none of them makes a link good. */
function resultOfRefusal(query: URLSearchParams): LinkResult {
  const number = /^AADSTS(\d+)/.exec(query.get('error_description') ?? '')?.[1];
  if (number === '90094' || number === '90095') return 'admin';
  switch (query.get('error')) {
    case 'access_denied':
      return 'cancelled';
    case 'consent_required':
    case 'interaction_required':
    case 'login_required':
      return 'consent';
    case 'temporarily_unavailable':
    case 'server_error':
      return 'unavailable';
    default:
      return 'refused';
  }
}

function resultOfError({ log }: Operation, error: unknown): LinkResult {
  if (error instanceof OtherUserError) return 'other-user';
  if (error instanceof NotConnectedError) return 'ended';
  if (error instanceof TokenInvalidError) return 'refused';
  if (error instanceof UnavailableError || error instanceof TooManyRequestsError) return 'unavailable';
  if (!(error instanceof UserTokenError)) throw error;
  const { kind, code, remedy } = error.failure;
  if (remedy !== undefined) log({ event: 'credential.refused', code, remedy });
  switch (kind) {
    case 'consent':
      return 'consent';
    case 'needs-user':
    case 'cache-lost':
      return 'refused';
    case 'throttled':
    case 'transient':
    case 'tenant':
    case 'misconfigured':
      return 'unavailable';
    default:
      return kind satisfies never;
  }
}

/** A parameter that is repeated has no value that could be believed (RFC 6749 §3.1). */
function onlyOne(query: URLSearchParams, name: string): string | undefined {
  const values = query.getAll(name);
  return values.length === 1 ? values[0] : undefined;
}
