import { isConnected, pendingNotice, tokensOf } from '../shared/account/account.ts';
import { accountView, timeText } from './accountView.ts';
import { printTable } from './cli/printTable.ts';
import type { Command } from './commandLine.ts';
import { findAccount, type Operator, tellNotFound } from './operator.ts';

/** `accounts show` */
export async function showAccount(
  operator: Operator,
  { who, json }: Extract<Command, { verb: 'accounts show' }>,
): Promise<number> {
  const account = await findAccount(operator, who);
  if (account === undefined) {
    tellNotFound(operator, who);
    return 1;
  }
  const isStored = await operator.hasCache(account.userId);
  const { user, ...view } = accountView(account, operator.logId);
  const { userId, lease } = account;
  const { homeAccountId = null, generation = '', history = [] } = isConnected(account) ? account : {};
  const { expiresOn = null, refreshTokenExpiresOn = null, grant, isEndTold = false } = tokensOf(account);
  const keptBy = account.state === 'active' ? (grant === 'code' ? 'link' : 'sign-in') : null;
  const notice = pendingNotice(account) ?? null;
  const whole = {
    user,
    userId,
    homeAccountId,
    ...view,
    runId: lease?.runId ?? null,
    leasedUntil: lease?.until ?? null,
    expiresOn,
    keptBy,
    refreshTokenExpiresOn,
    isEndTold,
    tokenCacheStored: isStored,
    generation,
    notice,
    history,
  };
  if (json) {
    await operator.print(JSON.stringify(whole));
    return 0;
  }
  const { failure } = view;
  const lines: [string, string | undefined][] = [
    ['log id', user],
    ['user id', userId],
    ['home account id', homeAccountId ?? '-'],
    ['state', view.state],
    ['last activity', timeText(view.lastActivity)],
    ['next check', timeText(view.nextCheckAt)],
    ['leased by run', lease?.runId ?? '-'],
    ['leased until', timeText(lease?.until)],
    ['last refreshed', timeText(view.lastRefreshed)],
    ['access token ends', timeText(expiresOn)],
    ['kept by', keptBy === null ? '-' : `the ${keptBy}`],
    [
      'refresh token ends',
      `${timeText(refreshTokenExpiresOn)}${refreshTokenExpiresOn && !isEndTold ? ' (an estimate)' : ''}`,
    ],
    ['token cache', isStored ? 'stored' : 'none'],
    ['generation', generation || '-'],
    ['attempts', String(view.attempts)],
    ['failure', failure ? [failure.kind, failure.code, failure.suberror].filter(Boolean).join(', ') : '-'],
    ['failed at', timeText(failure?.at)],
    ['claims challenge', failure?.hasClaims ? 'yes, not shown' : '-'],
    ['notice to deliver', notice ? `${notice.what}, ${notice.attempts} failed tries` : '-'],
    ['its next try', timeText(notice?.nextTryAt)],
  ];
  for (const [name, value] of lines) await operator.print(`${name.padEnd(20)}${value}`);
  await operator.print('');
  await printTable(
    ['at', 'outcome', 'task', 'failure', 'code'],
    history.map(({ at, outcome, task = '-', kind = '-', code = '-' }) => [
      timeText(at),
      outcome,
      task,
      kind,
      code,
    ]),
    operator.print,
  );
  return 0;
}
