import { ConflictError, UnavailableError } from '../errors.ts';
import { nameOfError } from '../log.ts';
import type { Caller, Operation, Services, UserToken } from '../ports.ts';
import {
  type Account,
  type Connected,
  hasEnded,
  isConnected,
  isSameConnection,
  type Stored,
  tokensOf,
} from './account.ts';
import { changeAccount } from './changeAccount.ts';
import { connectAccount, findAccount } from './connectAccount.ts';
import { takeBack } from './endAccount.ts';
import { withLaterLink } from './laterLink.ts';
import { nowByStore, tokenByStore } from './nowByStore.ts';
import { tellingOf } from './tellingOf.ts';
import { seen, visited } from './transitions.ts';

const SEEN_EVERY_MS = 60_000;

/**
 * The caller's account. Undefined if it could not be read or written (`wasRead` is then false), or if there is none because
 * users are asked before they are connected. The caller still gets an answer, and nothing is stored.
 */
export type Seen = { account: Stored<Account> | undefined; wasRead: boolean };

/** Reads the caller's account, and connects them if a visit does that. */
export async function seeAccount(services: Services, { log }: Operation, caller: Caller): Promise<Seen> {
  const user = services.logId(caller.userId);
  try {
    const { account, was } =
      services.connectWhen === 'ask'
        ? await findAccount(services, caller)
        : await connectAccount(services, caller, { reconnect: false });
    if (was === 'unknown') log({ event: 'account.seen-first', user });
    if (was === 'ended') log({ event: 'account.reconnected', user });
    return { account, wasRead: true };
  } catch (error) {
    if (!(error instanceof UnavailableError || error instanceof ConflictError)) throw error;
    log({ event: 'account.not-recorded', user, error: nameOfError(error) });
    return { account: undefined, wasRead: false };
  }
}

/** True if the account is still the connection that it was. False if the store cannot be reached. */
export async function isStillConnected(
  { accounts }: Pick<Services, 'accounts'>,
  begun: Stored<Connected>,
): Promise<boolean> {
  try {
    return isSameConnection(begun, await accounts.read(begun.userId));
  } catch (error) {
    if (!(error instanceof UnavailableError)) throw error;
    return false;
  }
}

/**
 * What a visit may promise. Its exchange says nothing of the grant of a code, which may be stored and refused all the same. So
 * it does not promise what the account has ceased to promise: if that grant is good again, the next renewal says so. A consent that was
 * missing is no refusal of the grant, so what was promised before it is promised after it.
 */
function provedBy(token: UserToken, account: Connected): UserToken {
  const hasCeased = account.state === 'needs-user' && account.failure.kind !== 'consent';
  const isPromised = tokensOf(account).grant === 'code' && !hasCeased;
  return token.grant !== 'code' || isPromised
    ? token
    : { ...token, grant: 'exchange', refreshTokenExpiresOn: undefined, isEndEstimated: false };
}

/**
 * Records the time of the visit and, after an exchange over the network, that the account is active. Errors are logged
 * and not thrown.
 * @param keepsConnection whether the token is the one that keeps the connection. Any other token says nothing about it.
 */
export async function recordVisit(
  services: Services,
  { log }: Operation,
  caller: Caller,
  begun: Stored<Account> | undefined,
  token: UserToken,
  keepsConnection = true,
): Promise<void> {
  if (begun === undefined || !isConnected(begun)) return;
  const { logId, schedule } = services;
  try {
    const isActive =
      keepsConnection && token.stored && (token.source === 'network' || begun.state !== 'active');
    const now = nowByStore(services);
    const dated = tokenByStore(services, token);
    const telling = tellingOf(services);
    const wasSeen = now.getTime() - begun.lastActivity.getTime() < SEEN_EVERY_MS;
    if (!isActive && token.written === undefined && wasSeen) return;
    const see = (known: Stored | undefined) => {
      if (!isSameConnection(begun, known)) return 'keep';
      if (!isActive) return seen(known, now);
      const proved = withLaterLink(provedBy(dated, known), begun, known);
      return visited(known, caller, proved, nowByStore(services), schedule, telling);
    };
    const { before, account, changed } = await changeAccount(services, begun.userId, see, { known: begun });
    if (isActive && changed && before?.state === 'needs-user')
      log({ event: 'account.healed', user: logId(begun.userId) });
    if (!changed && token.written !== undefined && hasEnded(begun, account)) {
      await takeBack(services, begun.userId, token.written);
    }
  } catch (error) {
    log({ event: 'account.not-recorded', user: logId(begun.userId), error: nameOfError(error) });
  }
}
