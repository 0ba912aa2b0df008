import { timeText } from './accountView.ts';
import type { Command } from './commandLine.ts';
import type { Operator } from './operator.ts';

/** `accounts retire` */
export async function retireAccounts(
  operator: Operator,
  { confirm, resume }: Extract<Command, { verb: 'accounts retire' }>,
): Promise<number> {
  const { print } = operator;
  let over = 0;
  for await (const account of operator.list()) if (operator.isOverRetention(account)) over += 1;
  await print(`Accounts without a visit for longer than RETENTION_DAYS of these settings: ${over}.`);
  if ((confirm || resume) && operator.clocksDiffer()) {
    operator.tell(
      "Nothing was changed: this machine's clock and the storage account's differ by more than five minutes. Set the clock first.",
    );
    return 1;
  }
  if (confirm && over === 0) {
    operator.tell(
      'Nothing was changed: there is nobody to retire. Is RETENTION_DAYS that of the deployment?',
    );
    return 1;
  }
  if (confirm) {
    const until = await operator.confirmRetirement();
    await print(
      `Until ${timeText(until)} the worker may retire any number of accounts. It begins within an hour.`,
    );
    return 0;
  }
  if (resume) {
    await operator.resumeRetirement();
    await print('The worker retires accounts again, up to the ceiling of a day, which counts anew.');
    return 0;
  }
  await print(await ceilingText(operator));
  await print(
    'Nothing was changed. Add --confirm to let the worker retire all of them, or --resume to end a stop after you have corrected its reason.',
  );
  return 0;
}

async function ceilingText({ lastRun }: Operator): Promise<string> {
  const { retirement } = await lastRun();
  switch (retirement?.order) {
    case undefined:
    case 'resumed':
      return 'In one day the worker may retire 20 accounts, or 5 % of all accounts if that is more.';
    case 'stopped':
      return `The worker has retired nobody since ${timeText(retirement.at)}: it met more accounts than it may retire in a day.`;
    case 'confirmed':
      return `Until ${timeText(retirement.until)} the worker may retire any number of accounts.`;
    default:
      return retirement satisfies never;
  }
}
