/** One connected user's tasks over the in-memory stores; what the token endpoint says is up to the test. */
import { randomUUID } from 'node:crypto';
import type { Client } from '@microsoft/microsoft-graph-client';
import { graph } from '../../../../shared/adapters/graph/graphApi.ts';
import { createMemoryAccountStore } from '../../../../shared/adapters/memory/memoryAccountStore.ts';
import type { LogEvent } from '../../../../shared/log.ts';
import type { Operation, UserToken, UserTokens } from '../../../../shared/ports.ts';
import { defineTask, type Task, type TaskDefinition } from '../../../../shared/worker/defineTask.ts';
import { runTasks } from '../../../../shared/worker/runTasks.ts';
import { clockOf } from '../../../support/clockOf.ts';
import { sampleAccount } from '../../../support/sampleAccount.ts';
import { createTestApp } from '../../../support/testApp.ts';

export const NOW = new Date('2026-11-20T08:20:00.000Z');
/** The usual one. */
export const { schedule: SCHEDULE } = createTestApp();

export const tokenOf = (more: Partial<UserToken> = {}): UserToken => ({
  accessToken: `secret-${randomUUID()}`,
  expiresOn: new Date(NOW.getTime() + 3_600_000),
  source: 'network',
  homeAccountId: 'home',
  refreshTokenExpiresOn: undefined,
  stored: true,
  written: undefined,
  oldKey: false,
  ...more,
});

export type SilentRequest = Parameters<UserTokens['silent']>[1];
type Silent = (operation: Operation, request: SilentRequest) => Promise<UserToken>;

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

export async function tasksOverTwins(
  tasks: readonly Task[],
  silent: Silent = () => Promise.reject(new Error('not expected')),
) {
  const accounts = createMemoryAccountStore();
  const account = await accounts.create(
    sampleAccount({ runId: undefined, failure: undefined, attempts: 0, history: [] }),
  );
  const profileToken = tokenOf();
  const events: LogEvent[] = [];
  const asked: SilentRequest[] = [];
  const app = createTestApp({
    accounts,
    userTokens: {
      onBehalfOf: () => Promise.reject(new Error('not expected')),
      silent: (operation, request) => {
        asked.push(request);
        return silent(operation, request);
      },
    },
    clock: clockOf(() => NOW),
    fetch: answer,
  });
  const log = (event: LogEvent): void => void events.push(event);
  return {
    ...app,
    dueRows: accounts.dueRows,
    account,
    profileToken,
    events,
    asked,
    run: (signal: AbortSignal = new AbortController().signal) =>
      runTasks(app, { log, signal }, tasks, account, profileToken),
    /** The row as it is now. */
    row: () => accounts.read(account.userId),
    eventsOf: (name: LogEvent['event']) => events.filter(({ event }) => event === name),
  };
}
