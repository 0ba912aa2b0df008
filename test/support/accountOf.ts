import {
  type AccountState,
  attemptsOf,
  failureOf,
  type HistoryEntry,
  isConnected,
  type Lease,
  type StoredFailure,
} from '../../shared/account/account.ts';
import type { AccountStore } from '../../shared/accountStore.ts';
import type { UserId } from '../../shared/userId.ts';

/** The fields of all states of an account. Those that its state does not have are undefined, 0 or empty. */
export type AnyAccount = {
  userId: UserId;
  etag: string;
  state: AccountState | 'damaged';
  nextCheckAt: Date;
  lease: Lease | undefined;
  since: Date | undefined;
  generation: string | undefined;
  homeAccountId: string | undefined;
  userPrincipalName: string | undefined;
  lastActivity: Date | undefined;
  expiresOn: Date | undefined;
  lastRefreshed: Date | undefined;
  refreshTokenExpiresOn: Date | undefined;
  history: readonly HistoryEntry[];
  failure: StoredFailure | undefined;
  attempts: number;
};

type Stores = { accounts: AccountStore };

/** The account of a user, so that a test can also say what it does not have. */
export async function accountOf({ accounts }: Stores, userId: UserId): Promise<AnyAccount | undefined> {
  const account = await accounts.read(userId);
  if (account === undefined) return undefined;
  return {
    lease: undefined,
    since: undefined,
    generation: undefined,
    homeAccountId: undefined,
    userPrincipalName: undefined,
    lastActivity: undefined,
    expiresOn: undefined,
    lastRefreshed: undefined,
    refreshTokenExpiresOn: undefined,
    history: [],
    ...account,
    failure: failureOf(account),
    attempts: attemptsOf(account),
  };
}

async function connectedAccountOf({ accounts }: Stores, userId: UserId) {
  const account = await accounts.read(userId);
  if (account === undefined || !isConnected(account)) throw new Error('The user has no connected account.');
  return account;
}

/** Moves the next check of a user, as an operator would. */
export async function setNextCheck(stores: Stores, userId: UserId, nextCheckAt: Date): Promise<void> {
  const account = await connectedAccountOf(stores, userId);
  await stores.accounts.update(account, { ...account, nextCheckAt });
}

/** Marks a user, as a check would. */
export async function markUser(stores: Stores, userId: UserId, failure: StoredFailure): Promise<void> {
  const account = await connectedAccountOf(stores, userId);
  await stores.accounts.update(account, { ...account, state: 'needs-user', failure });
}
