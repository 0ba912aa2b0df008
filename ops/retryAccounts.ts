import { changeAccount } from '../shared/account/changeAccount.ts';
import { afterCooldown, isTombstone } from '../shared/account/schedule.ts';
import { retried } from '../shared/account/transitions.ts';
import { ConflictError } from '../shared/errors.ts';
import { createSlots, forEachAtOnce } from '../shared/forEachAtOnce.ts';
import type { Account } from '../shared/ports.ts';
import type { UserId } from '../shared/userId.ts';
import { timeText } from './accountView.ts';
import type { Command, RetryOf } from './commandLine.ts';
import { AT_ONCE, everyAccount, findAccount, type Operator, tellNotFound } from './operator.ts';

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
  const coolUntil = tid === undefined || kind === 'throttled' ? undefined : await endCooldown(operator, tid);
  let retried = 0;
  let refused = 0;
  await forEachAtOnce(everyAccount(operator, tid), createSlots(AT_ONCE), async (account) => {
    const { userId, state, failure } = account;
    const postponed = coolUntil !== undefined && isPostponed(account, coolUntil);
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

/** Ends the tenant's cooldowns. Returns when that of the token endpoint would have ended. */
async function endCooldown({ tenants, clock, print }: Operator, tid: string): Promise<Date | undefined> {
  const cooling = (await tenants.cooling(clock.now())).filter(({ tenant }) => tenant === tid);
  if (cooling.length === 0) return undefined;
  for (const one of cooling) await tenants.cool({ ...one, until: clock.now() });
  await print(`The cooldown of the tenant ${tid} has ended.`);
  return cooling.find(({ api }) => api === 'token')?.until;
}

/** True if a cooldown has postponed the next check. Such an account has no failure, but would wait for the cooldown's end. */
const isPostponed = ({ state, dueAt }: Account, coolUntil: Date): boolean =>
  !isTombstone(state) && state !== 'needs-user' && dueAt >= coolUntil && dueAt <= afterCooldown(coolUntil, 1);

/** Makes an account due. Returns the reason if it could not. */
async function retry(operator: Operator, userId: UserId, force: boolean): Promise<string | undefined> {
  let refusal: string | undefined;
  try {
    await changeAccount(operator, userId, (account) => {
      const now = operator.clock.now();
      refusal = refusalOf(account, now, force);
      return account === undefined || refusal !== undefined ? 'keep' : retried(account, now);
    });
    return refusal;
  } catch (error) {
    if (!(error instanceof ConflictError)) throw error;
    return 'it changed on every try. Try again.';
  }
}

function refusalOf(account: Account | undefined, now: Date, force: boolean): string | undefined {
  if (account === undefined) return 'the account no longer exists.';
  const { state, failure, runId, dueAt } = account;
  switch (state) {
    case 'disconnected':
    case 'retired':
      return `the account has ended (${state}). Only the user can connect it again.`;
    case 'needs-user':
      return force
        ? undefined
        : `the user must sign in again (${failure?.code ?? 'unknown cause'}), and a retry cannot do that. If an outage of yours marked the user wrongly, and it has ended, use --force.`;
    case 'pending':
    case 'active':
      // A change would take the account from a run that may be requesting a token for it now.
      return runId !== undefined && dueAt > now
        ? `a run has leased the account. It is due again at ${timeText(dueAt)} at the latest.`
        : undefined;
    default:
      return state satisfies never;
  }
}
