import type { Stored } from '../shared/account/account.ts';
import { accountView, timeText } from './accountView.ts';
import { printTable } from './cli/printTable.ts';
import type { Command } from './commandLine.ts';
import type { Operator } from './operator.ts';

const COLUMNS = [
  'user',
  'state',
  'last activity',
  'next check',
  'last refreshed',
  'attempts',
  'failure',
  'code',
];

/** `accounts list` */
export async function listAccounts(
  operator: Operator,
  { state, tid, json }: Extract<Command, { verb: 'accounts list' }>,
): Promise<number> {
  async function* wanted(): AsyncGenerator<Stored> {
    for await (const account of operator.list(tid)) {
      if (state === undefined || account.state === state) yield account;
    }
  }
  if (json) {
    for await (const account of wanted()) {
      await operator.print(JSON.stringify(accountView(account, operator.logId)));
    }
    return 0;
  }
  async function* rows() {
    for await (const account of wanted()) {
      const view = accountView(account, operator.logId);
      yield [
        view.user,
        view.state,
        timeText(view.lastActivity),
        timeText(view.nextCheckAt),
        timeText(view.lastRefreshed),
        String(view.attempts),
        view.failure?.kind ?? '-',
        view.failure?.code ?? '-',
      ];
    }
  }
  await printTable(COLUMNS, rows(), operator.print);
  return 0;
}
