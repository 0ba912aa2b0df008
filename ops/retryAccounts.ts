import { failureOf } from '../shared/account/account.ts';
import { createSlots, forEachAtOnce } from '../shared/forEachAtOnce.ts';
import type { Cooldown } from '../shared/sharedState.ts';
import type { UserId } from '../shared/userId.ts';
import { timeText } from './accountView.ts';
import type { Command, RetryOf } from './commandLine.ts';
import { AT_ONCE, findAccount, type Operator, tellNotFound } from './operator.ts';

/** `accounts retry` */
export async function retryAccounts(
  operator: Operator,
  { of, force }: Extract<Command, { verb: 'accounts retry' }>,
): Promise<number> {
  if (!('who' in of)) return retryMany(operator, of, force);
  const account = await findAccount(operator, of.who);
  if (account === undefined) {
    tellNotFound(operator, of.who);
    return 1;
  }
  const user = operator.logId(account.userId);
  const refusal = await retry(operator, account.userId, force);
  if (refusal === undefined) await operator.print(`${user} is due now.`);
  else operator.tell(`${user} was not changed: ${refusal}`);
  return refusal === undefined ? 0 : 1;
}

async function retryMany(
  operator: Operator,
  { tid, kind }: Extract<RetryOf, { kind: unknown }>,
  force: boolean,
): Promise<number> {
  const cooldown = tid === undefined || kind === 'throttled' ? undefined : await endCooldowns(operator, tid);
  let retried = 0;
  let refused = 0;
  await forEachAtOnce(operator.list(tid), createSlots(AT_ONCE), async (account) => {
    const { userId, state } = account;
    const failure = failureOf(account);
    const postponed = cooldown !== undefined && operator.isPostponedBy(cooldown, account);
    const failed = failure !== undefined && (kind === undefined || failure.kind === kind);
    if (!failed && !postponed) return;
    if (state === 'needs-user' && !force) return;
    const refusal = await retry(operator, userId, force);
    if (refusal === undefined) {
      retried += 1;
      await operator.print(`${operator.logId(userId)} is due now.`);
    } else {
      refused += 1;
      operator.tell(`${operator.logId(userId)} was not changed: ${refusal}`);
    }
  });
  await operator.print(`${retried} due now, ${refused} not changed.`);
  return 0;
}

/** Ends the tenant's cooldowns. Returns that of the token endpoint. */
async function endCooldowns(
  { endCooldowns: end, print }: Operator,
  tid: string,
): Promise<Cooldown | undefined> {
  const ended = await end(tid);
  if (ended.length > 0) await print(`The cooldown of the tenant ${tid} has ended.`);
  return ended.find(({ api }) => api === 'token');
}

/** Makes an account due. Returns the reason if it could not. */
async function retry(operator: Operator, userId: UserId, force: boolean): Promise<string | undefined> {
  const result = await operator.retry(userId, force);
  if (result.retried) return undefined;
  switch (result.why) {
    case 'unknown':
      return 'the account no longer exists.';
    case 'busy':
      return 'it changed on every try. Try again.';
    case 'damaged':
      return "its row is damaged. The user's next visit connects it anew.";
    case 'ended':
      return `the account has ended (${result.state}). Only the user can connect it again.`;
    case 'needs-user':
      return `the user must sign in again (${result.code}), and a retry cannot do that. If an outage of yours marked the user wrongly, and it has ended, use --force.`;
    case 'leased':
      return `a run has leased the account. It is due again at ${timeText(result.until)} at the latest.`;
    default:
      return result satisfies never;
  }
}
