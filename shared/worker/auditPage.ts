import { rescheduleLate } from '../account/rescheduleLate.ts';
import { isDueTooLate } from '../account/schedule.ts';
import { nameOfError } from '../log.ts';
import type { AuditProgress } from '../sharedState.ts';
import { logFinding, type Run } from './run.ts';

/** With a run every minute, a pass over all accounts takes about half a day. */
const PAGES = 720;
const LEAST_PAGE = 20;
const FIRST_PAGE = 500;
/** More would take too long for one run. A pass over more than 1.4 million accounts takes more than a day. */
const LARGEST_PAGE = 1_000;

/**
 * Reads the next page of all accounts and restores what the index lacks, so that an account is found even if nothing in
 * the index leads to it. An account that is due too late becomes due now.
 * @returns how far the audit has come; undefined if the page could not be read, which is logged. The next run reads it again
 */
export async function auditPage(run: Run, progress: AuditProgress): Promise<AuditProgress | undefined> {
  const { app, operation } = run;
  const { lastPass } = progress;
  try {
    const page = await app.accounts.audit({
      from: progress.next,
      atMost: pageSize(lastPass?.accounts),
      isDueTooLate: (account) => isDueTooLate(account, app.clock.now(), app.schedule),
      onFound: (finding) => logFinding(run, finding),
      signal: operation.signal,
    });
    for (const userId of page.late) {
      if (await rescheduleLate(app, userId, operation.signal)) {
        operation.log({ event: 'account.rescheduled', user: app.logId(userId) });
      }
    }
    const seen = {
      accounts: progress.accounts + page.accounts,
      connected: progress.connected + page.connected,
    };
    return page.next === undefined
      ? { accounts: 0, connected: 0, lastPass: { ...seen, endedAt: app.clock.now() } }
      : { next: page.next, ...seen, ...(lastPass && { lastPass }) };
  } catch (error) {
    operation.log({ event: 'sweep.not-audited', error: nameOfError(error) });
    return undefined;
  }
}

function pageSize(accounts: number | undefined): number {
  if (accounts === undefined) return FIRST_PAGE;
  return Math.min(LARGEST_PAGE, Math.max(LEAST_PAGE, Math.ceil(accounts / PAGES)));
}
