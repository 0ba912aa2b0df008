/** A worker whose application listens to the notices of its users. */
import { type Account, type Connected, isConnected } from '../../../../shared/account/account.ts';
import { changeAccount } from '../../../../shared/account/changeAccount.ts';
import { UserTokenError } from '../../../../shared/errors.ts';
import type { NoticeListener, Notices, UserNotice } from '../../../../shared/notices.ts';
import type { UserId } from '../../../../shared/userId.ts';
import { noticeOf } from '../account/accounts.ts';
import { ago, dueAccount, MINUTE, workerOverTwins } from './workerOverTwins.ts';

export const refused = () => Promise.reject(new UserTokenError({ kind: 'needs-user', code: 'AADSTS50173' }));
/** One notice, due now. */
export const due = (what: 'needs-user' | 'expiring' | 'recovered', more = {}) =>
  noticeOf(what, { id: 'notice-1', since: ago(MINUTE), nextTryAt: ago(MINUTE), ...more });
export const marked = (more: object = {}): Account => ({
  ...dueAccount(),
  state: 'needs-user',
  failure: { kind: 'needs-user', code: 'AADSTS50173', at: ago(MINUTE) },
  notice: due('needs-user'),
  ...more,
});

/** A worker whose application listens to everything. */
export function listening(
  listen: NoticeListener = () => undefined,
  options: Parameters<typeof workerOverTwins>[0] = {},
) {
  const heard: UserNotice[] = [];
  const hear: NoticeListener = (notice, signal) => {
    heard.push(notice);
    return listen(notice, signal);
  };
  const notices: Notices = { onNeedsUser: hear, onExpiring: hear, onRecovered: hear };
  return { heard, ...workerOverTwins({ notices, ...options }) };
}

export async function connectedOf(worker: ReturnType<typeof listening>, userId: UserId): Promise<Connected> {
  const account = await worker.read(userId);
  if (account === undefined || !isConnected(account)) throw new Error('the user is not connected');
  return account;
}

export const change = (
  worker: ReturnType<typeof listening>,
  userId: UserId,
  to: (now: Connected) => Account,
) => changeAccount(worker.app(), userId, (now) => (now && isConnected(now) ? to(now) : 'keep'));
