import {
  type Account,
  type Connected,
  type PendingNotice,
  pendingNotice,
  tokensOf,
} from '../account/account.ts';
import type { Told } from '../account/notice.ts';
import { byStore, nowByStore } from '../account/nowByStore.ts';
import { nextTryAfterGate, nextTryOfNotice } from '../account/schedule.ts';
import { told } from '../account/transitions.ts';
import { endOf, withTimeout } from '../clock.ts';
import { NoticeFailedError } from '../errors.ts';
import { readable } from '../log.ts';
import type { NoticeListener, Notices, UserNotice } from '../notices.ts';
import { createReveals, nameWithout, UNNAMED } from '../tokens/revealing.ts';
import { partsOf } from '../userId.ts';
import type { Run } from './run.ts';

/** Who hears a notice of this kind. */
function listenerOf(notices: Notices, { what }: Pick<PendingNotice, 'what'>): NoticeListener | undefined {
  switch (what) {
    case 'needs-user':
      return notices.onNeedsUser;
    case 'expiring':
      return notices.onExpiring;
    case 'recovered':
      return notices.onRecovered;
    default:
      return what satisfies never;
  }
}

/** A listener is an adopter's code, and its error may name the user. What comes from the network has long names. */
function nameOfListenersError(
  { userId, homeAccountId, userPrincipalName }: Connected,
  error: unknown,
): string {
  const { oid } = partsOf(userId);
  const reveals = createReveals([oid, homeAccountId?.split('.')[0], userPrincipalName]);
  const name = nameWithout(reveals, error);
  return name === UNNAMED && error instanceof NoticeFailedError
    ? nameWithout(reveals, new NoticeFailedError(error.code))
    : name;
}

/** Tells the application the notices of one account, in one check of it. */
export type Teller = {
  /**
   * Delivers the account's notice if it is due, and if the account will still have it after the check.
   * @param after what the check makes of the account
   * @returns the account with the result, for the check to settle
   */
  tell<C extends Connected>(account: C, after: (account: C) => Account): Promise<C>;
  /** The account with the results of this check, for a check that settles an account which changed meanwhile. */
  withResults<C extends Connected>(account: C): C;
};

/**
 * The check holds its lease meanwhile, and lends its slot to other checks, so that a slow receiver does not slow the run.
 * While it waits for its turn it keeps its slot, so that a run never holds many more accounts than it has slots.
 * @param wasAbandoned true if the run that held the account before has died. A listener may have ended its process, so the
 * notice waits for its next try.
 */
export function createTeller(run: Run, wasAbandoned: boolean): Teller {
  const { app, operation } = run;
  const { clock, noticeGate } = app;
  /** A notice is tried once a check, even if the account changes meanwhile and the check decides again. */
  const results = new Map<string, Told>();

  function withResults<C extends Connected>(account: C): C {
    const result = account.notice && results.get(account.notice.id);
    return result === undefined ? account : told(account, result);
  }

  /**
   * The run that died may have delivered a notice which is no longer true, because an operator has ordered a retry since. It
   * counts as tried, so that a recovery is told.
   */
  function rememberLostTry({ notice }: Connected): void {
    if (!wasAbandoned || notice?.nextTryAt === undefined) return;
    const { id, nextTryAt } = notice;
    results.set(id, { id, result: 'failed', nextTryAt });
  }

  /** What may be logged of a notice that was not delivered. */
  const whyNot = (account: Connected, { what }: PendingNotice, attempts: number, error: unknown) => ({
    user: app.logId(account.userId),
    notice: what,
    attempts,
    error: nameOfListenersError(account, error),
  });

  /** A try that failed. */
  function failed(account: Connected, notice: PendingNotice, error: unknown): Told {
    const { id, since } = notice;
    const attempts = notice.attempts + 1;
    const { isFinal = false, retryAfterSeconds } = error instanceof NoticeFailedError ? error : {};
    const now = nowByStore(app);
    const nextTryAt = isFinal
      ? undefined
      : nextTryOfNotice(since, attempts, now, clock.random(), retryAfterSeconds);
    const why = whyNot(account, notice, attempts, error);
    if (nextTryAt === undefined) {
      operation.log({ event: 'notice.given-up', ...why });
      return { id, result: 'given-up' };
    }
    operation.log({ event: 'notice.not-delivered', ...why, nextTryAt: nextTryAt.toISOString() });
    return { id, result: 'failed', nextTryAt };
  }

  /** The receiver is left alone until then. That is logged with the tries that failed, and not for each account that waits. */
  function waiting(account: Connected, notice: PendingNotice, until: Date): Told {
    const { id, since, attempts } = notice;
    const nextTryAt = nextTryAfterGate(since, byStore(app, until), clock.random());
    if (nextTryAt !== undefined) return { id, result: 'not-tried', nextTryAt };
    const why = whyNot(account, notice, attempts, new NoticeFailedError('receiver_paused'));
    operation.log({ event: 'notice.given-up', ...why });
    return { id, result: 'given-up' };
  }

  /** @returns undefined if the run ended before anything was sent. */
  async function deliver(
    listener: NoticeListener,
    account: Connected,
    notice: PendingNotice,
  ): Promise<Told | undefined> {
    const turn = noticeGate.turn();
    if (turn !== undefined) await turn;
    if (operation.signal?.aborted) return undefined;
    const closedUntil = noticeGate.enter();
    if (closedUntil !== undefined) return waiting(account, notice, closedUntil);
    const { id, what, since, attempts } = notice;
    const content = {
      id,
      kind: what,
      userId: account.userId,
      since,
      ...(what === 'expiring' && expiryOf(account)),
    };
    let result: 'accepted' | 'failed' | 'unknown' = 'accepted';
    let retryAfterSeconds: number | undefined;
    run.slots.free();
    try {
      await withTimeout(
        clock,
        run.limits.noticeForMs,
        (signal) => listen(listener, content, signal),
        operation.signal,
      );
      operation.log({
        event: 'notice.delivered',
        user: app.logId(account.userId),
        notice: what,
        attempts,
      });
      return { id, result: 'delivered' };
    } catch (thrown) {
      const error = readable(thrown);
      if (operation.signal?.aborted) {
        result = 'unknown';
        // Nobody knows whether it came. It counts as tried, so that a recovery is told, and is due as before.
        return { id, result: 'failed', nextTryAt: notice.nextTryAt };
      }
      const ours = error instanceof NoticeFailedError ? error : undefined;
      // A receiver that refuses this notice for ever has answered, and may take others.
      if (!ours?.isFinal) result = 'failed';
      retryAfterSeconds = ours?.retryAfterSeconds;
      return failed(account, notice, error);
    } finally {
      noticeGate.leave(result, id, retryAfterSeconds);
      await run.slots.take();
    }
  }

  return {
    withResults,

    async tell(account, after) {
      const notice = pendingNotice(account);
      if (notice === undefined) rememberLostTry(account);
      if (notice === undefined || results.has(notice.id) || operation.signal?.aborted) {
        return withResults(account);
      }
      if (notice.nextTryAt > nowByStore(app)) return account;
      // What the check has found out may have made the notice untrue.
      const next = after(account);
      if (!('notice' in next) || next.notice?.id !== notice.id) return account;
      const listener = listenerOf(app.notices, notice);
      const result =
        listener === undefined
          ? ({ id: notice.id, result: 'unheard' } as const)
          : wasAbandoned
            ? failed(account, notice, new NoticeFailedError('run_died'))
            : await deliver(listener, account, notice);
      if (result !== undefined) results.set(notice.id, result);
      return withResults(account);
    },
  };
}

/** The account has the end of the grant that lasts longer. */
function expiryOf(account: Connected): Pick<UserNotice, 'endsAt' | 'isEstimate' | 'keptBy'> {
  const { refreshTokenExpiresOn: endsAt, grant, isEndTold } = tokensOf(account);
  if (account.state !== 'active' || endsAt === undefined) return {};
  return { endsAt, ...(!isEndTold && { isEstimate: true }), keptBy: grant === 'code' ? 'link' : 'sign-in' };
}

/**
 * A listener that throws rejects, too.
 * @throws {NoticeFailedError} `timeout`: the signal has aborted, whether the listener obeys it or not.
 */
async function listen(...[listener, notice, signal]: [NoticeListener, ...Parameters<NoticeListener>]) {
  try {
    await Promise.race([listener(notice, signal), endOf(signal)]);
  } catch (error) {
    throw signal.aborted ? new NoticeFailedError('timeout') : error;
  }
}
