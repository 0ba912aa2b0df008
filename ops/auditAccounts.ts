import { timeText } from './accountView.ts';
import type { Operator } from './operator.ts';

/** `accounts audit` */
export async function auditAccounts(operator: Operator): Promise<number> {
  const { logId, print } = operator;
  const { ended, audit } = await operator.lastRun();
  await print(`The last run of the worker ended at ${timeText(ended?.at)}.`);
  await print(`The last audit by the worker ended at ${timeText(audit.lastPass?.endedAt)}.`);
  const repaired: string[] = [];
  const { connected, damaged, rescheduled } = await operator.audit(({ userId, found }) => {
    if (found === 'repaired') repaired.push(logId(userId));
  });
  for (const user of repaired) await print(`${user} had no entry in the index. It has one again.`);
  for (const userId of rescheduled) await print(`${logId(userId)} was due much too late. It is due now.`);
  await print(
    `Connected accounts ${connected}, repaired ${repaired.length}, rescheduled ${rescheduled.length}, damaged ${damaged}.`,
  );
  if (damaged > 0) await print('accounts list --state damaged shows the damaged accounts.');
  return 0;
}
