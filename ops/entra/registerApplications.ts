import { type Clock, sleep } from '../../shared/clock.ts';
import { PlainError } from '../cli/errors.ts';
import type { Wish } from './applicationWish.ts';
import { type Call, type Ids, withIds } from './call.ts';
import { type Graph, StaleError } from './graphClient.ts';
import { type Created, readRegistered } from './readRegistered.ts';
import { type Plan, planRegistration, type Registered } from './registrationPlan.ts';

export type RegisterOptions = {
  graph: Graph;
  wish: Wish;
  /** The id of the tenant that it must be; any if undefined. */
  tenantId: string | undefined;
  dryRun: boolean;
  clock: Clock;
  /** Is called before each call is sent, or for each call of a dry run. */
  onCall: (call: Call) => void;
  /** Prints a line for whoever is waiting. */
  tell: (line: string) => void;
};

/** The last plan and the state that it is of. Without a dry run nothing is left to do in it. */
export type Outcome = { registered: Registered; plan: Plan; sent: number };

const MOST_ROUNDS = 5;
/** A list may lack what an earlier run created a moment ago, and a second application would be created beside it. */
const LOOK_AGAIN_MS = 5_000;
/** The pauses before the state is read again, until it shows what was written. */
const SETTLE_MS = [0, 2_000, 4_000, 8_000, 15_000, 30_000];

/**
 * Reads the state, sends what is missing, and reads again, until nothing is missing.
 * @throws {PlainError} Graph refuses, something is in the way, or what was written does not stay.
 */
export async function registerApplications(options: RegisterOptions): Promise<Outcome> {
  const { graph, wish, tenantId, clock, dryRun, onCall, tell } = options;
  const ids: Ids = {};
  const created: Created = {};
  let sent = 0;

  async function look(): Promise<Outcome> {
    const registered = await readRegistered(graph, wish, tenantId, created);
    return { registered, plan: planRegistration(wish, registered), sent };
  }

  /** Entra may show for a while what was before. Only what is missing after that is missing. */
  async function lookUntilSettled(): Promise<Outcome> {
    let outcome = await look();
    for (const pauseMs of SETTLE_MS) {
      if (outcome.plan.calls.length === 0) return outcome;
      if (pauseMs > 0) tell(`Entra does not show every change yet. Looking again in ${pauseMs / 1_000} s.`);
      await sleep(clock, pauseMs);
      outcome = await look();
    }
    return outcome;
  }

  async function send(call: Call): Promise<void> {
    const ready = withIds(call, ids);
    onCall(ready);
    const object = await graph.send(ready);
    sent += 1;
    if (call.makes === undefined) return;
    const { id, appId } = object ?? {};
    if (typeof id !== 'string' || typeof appId !== 'string')
      throw new PlainError('Graph created an object and did not say its id. Run the command again.');
    ids[`{${call.makes}.id}`] = id;
    ids[`{${call.makes}.appId}`] = appId;
    if (call.makes === 'api' || call.makes === 'page') created[call.makes] = id;
  }

  let outcome = await look();
  if (dryRun) {
    for (const call of outcome.plan.calls) onCall(call);
    return outcome;
  }
  if (outcome.plan.calls.some(({ makes }) => makes === 'api' || makes === 'page')) {
    tell(`Looking again in ${LOOK_AGAIN_MS / 1_000} s, so that nothing is created twice.`);
    await sleep(clock, LOOK_AGAIN_MS);
    outcome = await look();
  }
  for (let round = 1; outcome.plan.calls.length > 0; round += 1) {
    try {
      for (const call of outcome.plan.calls) await send(call);
    } catch (error) {
      if (!(error instanceof StaleError)) throw error;
      if (round >= MOST_ROUNDS) throw new PlainError(error.message);
      tell('Something is there already, or its creation was not answered. Looking again.');
      await sleep(clock, LOOK_AGAIN_MS);
      outcome = await look();
      continue;
    }
    outcome = await lookUntilSettled();
    if (round >= MOST_ROUNDS && outcome.plan.calls.length > 0) {
      const left = outcome.plan.calls.map(({ why }) => `- ${why}`).join('\n');
      throw new PlainError(`Entra took these changes and does not show them:\n${left}`);
    }
  }
  return { ...outcome, sent };
}
