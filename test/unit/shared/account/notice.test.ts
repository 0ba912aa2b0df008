/** When a notice begins, what takes its place, and what ends it. `docs/decisions/0018-…` has the reasons. */
import { describe, expect, it } from 'vitest';
import {
  type Active,
  attemptsOf,
  type Connected,
  isConnected,
  type Notice,
  pendingNotice,
} from '../../../../shared/account/account.ts';
import type { Telling, Told } from '../../../../shared/account/notice.ts';
import { isDueTooLate, nextTryAfterGate, nextTryOfNotice } from '../../../../shared/account/schedule.ts';
import {
  connected,
  ended,
  failed,
  markedForUser,
  postponed,
  refreshed,
  retried,
  seen,
  told,
  visited,
  waitingUntil,
} from '../../../../shared/account/transitions.ts';
import type { Failure } from '../../../../shared/errors.ts';
import { active, LEASE, needsUser, noticeOf, pending, TOKENS, toldOf, USER } from './accounts.ts';
import { CALLER, MARKING, PASSING, STEPS, token } from './everyTransition.ts';
import { ago, DAY, from, HOUR, MINUTE, NOW, SETTINGS } from './scheduleTimes.ts';

const TELLING: Telling = { id: 'new-notice', kinds: ['needs-user', 'expiring', 'recovered'] };
const SILENT: Telling = { id: 'new-notice', kinds: [] };
const REFUSED: Failure = { kind: 'needs-user', code: 'AADSTS50173' };
const OUTAGE: Failure = { kind: 'transient', code: 'http_503' };

const begun = (what: Notice['what']): Notice => ({
  id: 'new-notice',
  what,
  since: NOW,
  attempts: 0,
  nextTryAt: NOW,
});

const mark = (account: Connected) => markedForUser(account, REFUSED, NOW, SETTINGS, TELLING);
const visit = (account: Connected, telling = TELLING, endsAt = from(DAY)) =>
  visited(account, CALLER, token({ refreshTokenExpiresOn: endsAt }), NOW, SETTINGS, telling);
const refresh = (
  account: Connected,
  { source = 'network', endsAt = from(DAY) }: { source?: 'network' | 'cache'; endsAt?: Date } = {},
) =>
  refreshed(
    account,
    token({ source, refreshTokenExpiresOn: endsAt }),
    { entries: [] },
    NOW,
    SETTINGS,
    0,
    TELLING,
  );
const fail = (account: Connected, failure = OUTAGE) => failed(account, failure, NOW, SETTINGS, 0, TELLING);
/** The account without its lease, as a run settles it. */
const troubled = (attempts: number, endsAt: Date, more: Partial<Active> = {}) =>
  active({
    ...TOKENS,
    refreshTokenExpiresOn: endsAt,
    trouble: { attempts, failure: { ...OUTAGE, at: ago(HOUR) } },
    ...more,
  });

describe('the notice that the user is needed', () => {
  it.each(MARKING)('begins with the mark, and is due at once: %s', (kind) => {
    const marked = failed(active(TOKENS), { kind, code: 'code-1' }, NOW, SETTINGS, 0, TELLING);
    expect(marked).toMatchObject({
      state: 'needs-user',
      notice: begun('needs-user'),
      nextCheckAt: NOW,
    });
  });

  it.each([undefined, SILENT])('does not begin if nobody listens', (telling) => {
    const marked = markedForUser(active(TOKENS), REFUSED, NOW, SETTINGS, telling);
    expect(marked.notice).toBeUndefined();
    expect(marked.nextCheckAt).toEqual(from(90 * DAY - HOUR));
  });

  it('does not begin for an account that was marked before anybody listened', () => {
    expect(mark(needsUser()).notice).toBeUndefined();
    expect(waitingUntil(needsUser(), from(DAY))).toMatchObject({ nextCheckAt: from(DAY) });
    expect(fail(needsUser()).notice).toBeUndefined();
  });

  it.each(['expiring', 'recovered'] as const)('takes the place of the notice %s', (what) => {
    expect(mark(active({ notice: noticeOf(what) })).notice).toMatchObject(begun('needs-user'));
    expect(mark(active({ notice: toldOf(what) })).notice).toMatchObject(begun('needs-user'));
  });

  it('is told once if an operator only tries again', () => {
    const again = retried(needsUser({ ...TOKENS, notice: toldOf('needs-user') }), NOW);
    expect(pendingNotice(again)).toBeUndefined();
    expect(mark(again).notice).toEqual(toldOf('needs-user'));
  });

  it('waits while an operator tries again, and is then due as before', () => {
    const notice = noticeOf('needs-user', { nextTryAt: from(HOUR) });
    const again = retried(needsUser({ ...TOKENS, notice }), NOW);
    expect(pendingNotice(again)).toBeUndefined();
    expect(mark(again)).toMatchObject({ notice, nextCheckAt: from(HOUR) });
  });
});

describe('a mark that meets a recovery which was not told', () => {
  const again = { ...begun('needs-user'), again: true as const };

  it('is told, and remembers that the application waits for the user', () => {
    expect(mark(active({ ...TOKENS, notice: noticeOf('recovered') })).notice).toEqual(again);
    expect(mark(active({ ...TOKENS, notice: noticeOf('expiring') })).notice).toEqual(begun('needs-user'));
  });

  it('is followed by a recovery, though nobody has heard of this mark', () => {
    expect(visit(needsUser({ notice: again })).notice).toEqual(begun('recovered'));
    expect(refresh(active({ ...TOKENS, notice: again })).notice).toEqual(begun('recovered'));
  });
});

describe('the notice that the connection works again', () => {
  const UNKNOWN = noticeOf('needs-user');
  const visitOf = (notice: Notice | undefined, more = {}) =>
    visit(needsUser({ ...(notice && { notice }), ...more }));

  it.each([
    ['was delivered', toldOf('needs-user'), {}],
    ['was tried', noticeOf('needs-user', { attempts: 1 }), {}],
    ['may have been sent by the run that holds the account', UNKNOWN, { lease: LEASE }],
  ])('begins with the visit if the other notice %s', (_, notice, more) => {
    const after = visitOf(notice, more);
    expect(after).toMatchObject({ state: 'active', notice: begun('recovered') });
    expect(after.nextCheckAt <= NOW).toBe(true);
  });

  it('does not begin if nobody can have heard that the user was needed', () => {
    const after = visitOf(UNKNOWN);
    expect(after.notice).toBeUndefined();
    expect(after.nextCheckAt).toEqual(ago(MINUTE));
    expect(visitOf(undefined).notice).toBeUndefined();
  });

  it('ends with the mark of another release, which knows no notice', () => {
    expect(pendingNotice(needsUser({ notice: noticeOf('recovered') }))).toBeUndefined();
  });

  it('begins with a token of the worker after an operator tried again', () => {
    expect(refresh(active({ ...TOKENS, notice: toldOf('needs-user') })).notice).toEqual(begun('recovered'));
    const untold = active({ ...TOKENS, lease: LEASE, notice: UNKNOWN });
    expect(refresh(untold).notice).toBeUndefined();
  });

  it('stays until it is delivered', () => {
    const notice = noticeOf('recovered', { nextTryAt: from(MINUTE) });
    expect(refresh(active({ ...TOKENS, notice }))).toMatchObject({ notice, nextCheckAt: from(MINUTE) });
    expect(visit(active({ ...TOKENS, notice })).notice).toEqual(notice);
  });

  it('does not begin if nobody listens, and then nothing is remembered', () => {
    expect(visit(needsUser({ notice: toldOf('needs-user') }), SILENT).notice).toBeUndefined();
  });
});

describe('the notice that the connection ends', () => {
  it('begins with a renewal that does not prolong the refresh token', () => {
    const after = refresh(active(TOKENS), { endsAt: from(4 * HOUR) });
    expect(after).toMatchObject({ notice: begun('expiring'), nextCheckAt: NOW });
    expect(refresh(active(TOKENS), { endsAt: from(4 * HOUR + 1) }).notice).toBeUndefined();
  });

  it('does not begin with a token from the cache, because a renewal may yet prolong it', () => {
    const account = active({ ...TOKENS, refreshTokenExpiresOn: from(3 * HOUR) });
    expect(refresh(account, { source: 'cache' }).notice).toBeUndefined();
  });

  it('does not begin with a visit, because the user is there', () => {
    expect(visit(active(TOKENS), TELLING, from(HOUR)).notice).toBeUndefined();
  });

  it.each(PASSING)('begins when a third check in a row fails shortly before the end: %s', (kind) => {
    const failure = { kind, code: 'code-1' };
    expect(fail(troubled(1, from(HOUR)), failure).notice).toBeUndefined();
    expect(fail(troubled(2, from(HOUR)), failure).notice).toEqual(begun('expiring'));
    expect(fail(troubled(2, from(5 * HOUR)), failure).notice).toBeUndefined();
    expect(fail(troubled(2, ago(MINUTE)), failure).notice).toBeUndefined();
  });

  it('assumes a day from the last visit if the end is not known', () => {
    const { refreshTokenExpiresOn: _, ...unknown } = troubled(2, from(HOUR), {
      lastActivity: ago(21 * HOUR),
    });
    expect(fail(unknown).notice).toEqual(begun('expiring'));
  });

  it('does not begin before the first token, because there is nothing yet that ends', () => {
    const trouble = { attempts: 5, failure: { ...OUTAGE, at: ago(HOUR) } };
    expect(fail(pending({ trouble, lastActivity: ago(21 * HOUR) })).notice).toBeUndefined();
  });

  it('does not hide that the user was needed, until a token tells of the recovery', () => {
    const notice = toldOf('needs-user');
    expect(fail(troubled(5, from(HOUR), { notice })).notice).toEqual(notice);
  });

  it('is told once', () => {
    const endsAt = from(HOUR);
    const account = active({ ...TOKENS, refreshTokenExpiresOn: endsAt, notice: toldOf('expiring') });
    expect(refresh(account, { endsAt }).notice).toEqual(toldOf('expiring'));
    expect(fail({ ...account, trouble: { attempts: 5 } }).notice).toEqual(toldOf('expiring'));
    expect(visit(account, TELLING, endsAt).notice).toEqual(toldOf('expiring'));
  });

  it.each([noticeOf('expiring'), toldOf('expiring')])('ends with a token that lasts', (notice) => {
    expect(refresh(active({ ...TOKENS, notice })).notice).toBeUndefined();
    expect(visit(active({ ...TOKENS, notice })).notice).toBeUndefined();
  });

  it('does not take the place of a recovery, which would never be told if a visit then prolonged the connection', () => {
    const account = active({ ...TOKENS, notice: noticeOf('recovered') });
    expect(refresh(account, { endsAt: from(HOUR) }).notice).toEqual(noticeOf('recovered'));
    const troubled = { ...account, refreshTokenExpiresOn: from(HOUR), trouble: { attempts: 5 } };
    expect(fail(troubled).notice).toEqual(noticeOf('recovered'));
  });
});

describe('the result of a try', () => {
  const triedOf = (notice: Notice, end: { result: 'failed' | 'not-tried'; nextTryAt: Date } | Told) =>
    told(notice.what === 'needs-user' ? needsUser({ notice }) : active({ notice }), { id: notice.id, ...end })
      .notice;

  it.each([
    'delivered',
    'given-up',
  ] as const)('keeps what the application was told, if it is %s', (result) => {
    expect(triedOf(noticeOf('needs-user'), { id: 'notice-1', result })).toEqual(toldOf('needs-user'));
    expect(triedOf(noticeOf('expiring'), { id: 'notice-1', result })).toEqual(toldOf('expiring'));
    expect(triedOf(noticeOf('recovered'), { id: 'notice-1', result })).toBeUndefined();
  });

  it('counts a failure, and not that its receiver is left alone', () => {
    const nextTryAt = from(HOUR);
    const notice = noticeOf('needs-user', { attempts: 2 });
    expect(triedOf(notice, { result: 'failed', nextTryAt })).toEqual({ ...notice, attempts: 3, nextTryAt });
    expect(triedOf(notice, { result: 'not-tried', nextTryAt })).toEqual({ ...notice, nextTryAt });
  });

  it('removes what nobody listens to', () => {
    expect(triedOf(noticeOf('needs-user'), { id: 'notice-1', result: 'unheard' })).toBeUndefined();
  });

  it('changes nothing of a notice that came in its place', () => {
    const account = needsUser({ notice: noticeOf('needs-user', { id: 'a later one' }) });
    expect(told(account, { id: 'notice-1', result: 'delivered' })).toBe(account);
  });
});

describe('the next try', () => {
  it.each([
    [1, 0, 0.5 * MINUTE],
    [1, 1, MINUTE],
    [2, 1, 2 * MINUTE],
    [5, 1, 16 * MINUTE],
    [20, 1, 6 * HOUR],
    [1_000, 0, 3 * HOUR],
  ])('after %i failures, by %d of chance', (attempts, random, expected) => {
    expect(nextTryOfNotice(NOW, attempts, NOW, random)).toEqual(from(expected));
  });

  it('is not before the time that the receiver named', () => {
    expect(nextTryOfNotice(NOW, 1, NOW, 0, 7_200)).toEqual(from(2 * HOUR));
  });

  it('does not come after three days', () => {
    expect(nextTryOfNotice(ago(3 * DAY - 2 * MINUTE), 1, NOW, 1)).toEqual(from(MINUTE));
    expect(nextTryOfNotice(ago(3 * DAY - MINUTE), 1, NOW, 1)).toBeUndefined();
  });

  it('comes within five minutes after its receiver was left alone, and not after three days', () => {
    expect(nextTryAfterGate(NOW, from(HOUR), 0)).toEqual(from(HOUR));
    expect(nextTryAfterGate(NOW, from(HOUR), 1)).toEqual(from(HOUR + 5 * MINUTE));
    expect(nextTryAfterGate(ago(3 * DAY - HOUR - 1), from(HOUR), 0)).toEqual(from(HOUR));
    expect(nextTryAfterGate(ago(3 * DAY - HOUR), from(HOUR), 0)).toBeUndefined();
  });
});

describe('every account with a notice that has to be delivered', () => {
  it('is due not later than the notice, whatever happened to it, or within an hour if its check failed', () => {
    const all = Object.values(STEPS).flat();
    const late = all.filter(({ after }) => {
      const notice = pendingNotice(after);
      const allowed = attemptsOf(after) > 0 ? from(HOUR) : NOW;
      return notice !== undefined && after.nextCheckAt > notice.nextTryAt && after.nextCheckAt > allowed;
    });
    expect(late).toEqual([]);
    // The audit, which looks for accounts that are due later, leaves them alone.
    expect(all.filter(({ after }) => pendingNotice(after) && isDueTooLate(after, NOW, SETTINGS))).toEqual([]);
    expect(all.filter(({ after }) => pendingNotice(after) !== undefined).length).toBeGreaterThan(10);
  });

  it('is due earlier if its check is', () => {
    const notice = noticeOf('recovered', { nextTryAt: from(2 * HOUR) });
    expect(waitingUntil(active({ notice }), from(HOUR))).toMatchObject({ nextCheckAt: from(HOUR) });
    expect(waitingUntil(active(), from(HOUR))).toMatchObject({ nextCheckAt: from(HOUR) });
  });

  it('is found by the audit after a release that does not know notices has postponed its check', () => {
    const notice = noticeOf('needs-user', { nextTryAt: ago(HOUR) });
    const { nextCheckAt } = waitingUntil(needsUser(), from(80 * DAY));
    expect(isDueTooLate(needsUser({ notice, nextCheckAt }), NOW, SETTINGS)).toBe(true);
    expect(isDueTooLate(needsUser({ notice: toldOf('needs-user'), nextCheckAt }), NOW, SETTINGS)).toBe(false);
    expect(isDueTooLate(needsUser({ notice, nextCheckAt: NOW }), NOW, SETTINGS)).toBe(false);
    const troubled = (nextCheckAt: Date) =>
      active({ ...TOKENS, notice: noticeOf('recovered'), trouble: { attempts: 1 }, nextCheckAt });
    expect(isDueTooLate(troubled(from(HOUR)), NOW, SETTINGS)).toBe(false);
    expect(isDueTooLate(troubled(from(2 * HOUR)), NOW, SETTINGS)).toBe(true);
    // The store rounds the next check up to a whole second.
    const soon = noticeOf('needs-user', { nextTryAt: from(HOUR + 1) });
    const rounded = needsUser({ notice: soon, nextCheckAt: from(HOUR + 1_000) });
    expect(isDueTooLate(rounded, NOW, SETTINGS)).toBe(false);
  });

  it('keeps the notice through what says nothing of it', () => {
    const notice = noticeOf('recovered');
    for (const account of [pending({ notice }), active({ notice, lease: LEASE })]) {
      expect(seen(account, NOW).notice).toEqual(notice);
      // Otherwise the token endpoint would be asked again before its time.
      expect(postponed(account, 'transient', NOW, SETTINGS, 0)).toMatchObject({
        notice,
        nextCheckAt: from(1_000),
      });
      expect(retried(account, NOW).notice).toEqual(notice);
      expect(fail(account).notice).toEqual(notice);
    }
  });

  it('loses it with the connection', () => {
    const accounts = [ended(USER, 'disconnected', NOW), connected(CALLER, 'generation-2', NOW, SETTINGS)];
    for (const account of accounts) expect('notice' in account && isConnected(account)).toBe(false);
  });
});
