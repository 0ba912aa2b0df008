/** One user's tasks over stores in memory, while a run holds the account's lease. */
import type { Client } from '@microsoft/microsoft-graph-client';
import { graph } from '../../../../shared/adapters/graph/graphApi.ts';
import type { LogEvent } from '../../../../shared/log.ts';
import type { UserToken, UserTokens } from '../../../../shared/ports.ts';
import { defineTask, type Task, type TaskDefinition } from '../../../../shared/worker/defineTask.ts';
import { refreshUser } from '../../../../shared/worker/refreshUser.ts';
import { beginRun, RUN_LIMITS } from '../../../../shared/worker/run.ts';
import { runTasks } from '../../../../shared/worker/runTasks.ts';
import { clockOf } from '../../../support/clockOf.ts';
import { createTestApp } from '../../../support/testApp.ts';
import { dueAccount, NOW, tokenOf } from './workerOverTwins.ts';

type SilentRequest = Parameters<UserTokens['silent']>[1];

export const taskOf = (
  name: string,
  run: TaskDefinition<{ graph: Client }>['run'],
  more: Partial<TaskDefinition> = {},
): Task => defineTask({ name, api: graph, scopes: ['User.Read'], run, ...more });

/** The header by which a request says how it is to be answered: there is no other service here. */
export const ANSWER = 'x-answer';

const answer: typeof fetch = async (_address, init) => {
  const wanted = new Headers(init?.headers).get(ANSWER) ?? '{"status":200}';
  const { status, challenge } = JSON.parse(wanted) as { status: number; challenge?: string };
  return new Response('{}', { status, headers: challenge ? { 'www-authenticate': challenge } : {} });
};

/**
 * @param silent answers the tasks' requests for tokens
 * @param profileToken the check's own token
 */
export async function tasksOverTwins(
  tasks: readonly Task[],
  silent: UserTokens['silent'] = () => Promise.reject(new Error('not expected')),
  profileToken: UserToken = tokenOf(),
) {
  const events: LogEvent[] = [];
  const asked: SilentRequest[] = [];
  const app = createTestApp({
    userTokens: {
      onBehalfOf: () => Promise.reject(new Error('not expected')),
      async silent(operation, request) {
        if (request.api.name === 'graph' && request.claims === undefined) return profileToken;
        asked.push(request);
        return silent(operation, request);
      },
    },
    clock: clockOf(() => NOW),
    fetch: answer,
  });
  const ending = new AbortController();
  const operation = { log: (event: LogEvent): void => void events.push(event), signal: ending.signal };
  const planned = { begunAt: NOW, shardsFailed: 0, retireAtMost: 0 };
  const run = beginRun(app, operation, tasks, planned, RUN_LIMITS);
  const until = new Date(NOW.getTime() + RUN_LIMITS.leaseForMs);
  const account = dueAccount({ lease: { runId: run.summary.runId, until } });
  const leased = await app.accounts.create(account);
  return {
    ...app,
    account,
    profileToken,
    events,
    asked,
    /** Runs the tasks alone: nothing is settled. */
    run: () => runTasks(run, tasks, account, profileToken),
    /** Does the whole check, which settles the account after the tasks. */
    check: () => refreshUser(run, leased),
    summary: run.summary,
    /** Ends the run. */
    end: () => ending.abort(),
    /** The account as it is stored now. */
    row: () => app.accounts.read(account.userId),
    eventsOf: (name: LogEvent['event']) => events.filter(({ event }) => event === name),
  };
}
