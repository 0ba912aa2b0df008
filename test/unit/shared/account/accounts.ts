/** Accounts for the tests of what an account becomes and when it is checked. Without more, no run holds them. */
import type {
  Active,
  Connected,
  Damaged,
  HistoryEntry,
  Lease,
  NeedsUser,
  Notice,
  Pending,
  PendingLink,
  StoredFailure,
  Tokens,
  Tombstone,
  Trouble,
} from '../../../../shared/account/account.ts';
import { toUserId } from '../../../../shared/userId.ts';
import { ago, from, HOUR, MINUTE } from './scheduleTimes.ts';

export const USER = toUserId({
  tid: '10000000-0000-4000-8000-000000000001',
  oid: '20000000-0000-4000-8000-000000000002',
});
export const LEASE: Lease = { runId: 'run-1', until: from(5 * MINUTE) };
export const FAILURE: StoredFailure = { kind: 'transient', code: 'http_503', at: ago(30 * MINUTE) };
export const TROUBLE: Trouble = { attempts: 3, failure: FAILURE };
export const TOKENS = {
  expiresOn: from(HOUR),
  lastRefreshed: ago(30 * MINUTE),
  refreshTokenExpiresOn: from(20 * HOUR),
} as const satisfies Tokens;
export const REFRESHED: HistoryEntry = { at: ago(30 * MINUTE), outcome: 'refreshed' };

/** What every connected account has, but for the lease. */
export const KEPT = {
  userId: USER,
  nextCheckAt: ago(MINUTE),
  generation: 'generation-1',
  connectedAt: ago(48 * HOUR),
  homeAccountId: 'home-1',
  userPrincipalName: 'old name',
  lastActivity: ago(HOUR),
  history: [REFRESHED],
  tasksPausedUntil: from(3 * HOUR),
  memory: 'sealed-memory',
} as const;

export const pending = (different: Partial<Pending> = {}): Pending => ({
  ...KEPT,
  state: 'pending',
  ...different,
});
/** As after a first visit whose access token had no name, before any exchange, at an earlier release. */
export const unnamed = (): Pending => {
  const { homeAccountId: _, userPrincipalName: __, connectedAt: ___, ...nameless } = pending({ history: [] });
  return nameless;
};
/** Only when its access token ends is known. */
export const active = (different: Partial<Active> = {}): Active => ({
  ...KEPT,
  state: 'active',
  expiresOn: TOKENS.expiresOn,
  ...different,
});
/** Marked before its first exchange. */
export const needsUser = (different: Partial<NeedsUser> = {}): NeedsUser => ({
  ...KEPT,
  state: 'needs-user',
  failure: { ...FAILURE, kind: 'needs-user', code: 'AADSTS50076' },
  ...different,
});
export const tombstone = <S extends Tombstone['state']>(state: S, since = ago(HOUR)) => ({
  state,
  userId: USER,
  since,
  nextCheckAt: ago(MINUTE),
});

export const damaged = (was: Damaged['was']): Damaged => ({
  state: 'damaged',
  userId: USER,
  nextCheckAt: ago(MINUTE),
  was,
});

const NOTICE_ID = 'notice-1';
/** A notice that is due, and of which nobody knows yet. */
export const noticeOf = (what: Notice['what'], different: Partial<Notice> = {}): Notice => ({
  id: NOTICE_ID,
  what,
  since: ago(HOUR),
  attempts: 0,
  nextTryAt: ago(MINUTE),
  ...different,
});
/** One that was delivered. */
export const toldOf = (what: Notice['what']): Notice => ({
  id: NOTICE_ID,
  what,
  since: ago(HOUR),
  attempts: 0,
});

/** A step of a link that the user's browser is at. */
export const LINK: PendingLink = { id: 'link-1', step: 'opened', until: from(5 * MINUTE) };

/** Each state in which an account can be connected, with everything that is optional in it, and with nothing of it. */
export const CONNECTED: readonly Connected[] = [
  unnamed(),
  pending(),
  pending({ lease: LEASE, trouble: TROUBLE }),
  pending({ trouble: { attempts: 2 } }),
  active(),
  active({ ...TOKENS, lease: LEASE, trouble: TROUBLE }),
  active({ ...TOKENS, trouble: { attempts: 2 } }),
  needsUser(),
  needsUser({ ...TOKENS, lease: LEASE }),
  active({ ...TOKENS, notice: noticeOf('recovered'), wokenAt: ago(MINUTE) }),
  active({ notice: toldOf('expiring') }),
  needsUser({ notice: noticeOf('needs-user') }),
  needsUser({ notice: toldOf('needs-user') }),
  needsUser({ notice: noticeOf('needs-user', { again: true }) }),
  pending({ link: LINK }),
  active({ ...TOKENS, grant: 'code', link: LINK, lease: LEASE }),
  needsUser({ ...TOKENS, grant: 'code', link: LINK }),
];
export const TOMBSTONES: readonly Tombstone[] = [
  tombstone('disconnected'),
  { ...tombstone('disconnected'), lease: LEASE },
  tombstone('retired'),
  { ...tombstone('retired'), lease: LEASE },
];
