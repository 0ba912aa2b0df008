/** One connected user's tasks over the in-memory stores; what the token endpoint says is up to the test. */
import { randomUUID } from 'node:crypto';
import type { ScheduleSettings } from '../../../../shared/account/schedule.ts';
import { createOpenGraph } from '../../../../shared/adapters/graph/graph.ts';
import { createMemoryAccountStore } from '../../../../shared/adapters/memory/memoryAccountStore.ts';
import { createMemoryTenantStore } from '../../../../shared/adapters/memory/memoryTenantStore.ts';
import { createMemoryTokenCacheStore } from '../../../../shared/adapters/memory/memoryTokenCacheStore.ts';
import type { LogEvent } from '../../../../shared/log.ts';
import type { AccountStore, UserToken, UserTokens } from '../../../../shared/ports.ts';
import { createCooldowns } from '../../../../shared/tokens/cooldowns.ts';
import { createLogId } from '../../../../shared/userId.ts';
import { defineTask, type Task, type TaskDefinition } from '../../../../shared/worker/defineTask.ts';
import { runTasks } from '../../../../shared/worker/runTasks.ts';
import { sampleAccount } from '../../../support/sampleAccount.ts';

export const NOW = new Date('2026-11-20T08:20:00.000Z');
export const SCHEDULE: ScheduleSettings = {
  idleForMs: 60_000,
  minIntervalMs: 300_000,
  everyRun: false,
  retentionMs: 90 * 86_400_000,
};

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

export type SilentRequest = Parameters<UserTokens['silent']>[0];

export const taskOf = (name: string, run: TaskDefinition['run'], more: Partial<TaskDefinition> = {}): Task =>
  defineTask({ name, scopes: ['User.Read'], run, ...more });

export async function tasksOverTwins(
  tasks: readonly Task[],
  silent: (request: SilentRequest) => Promise<UserToken> = () => Promise.reject(new Error('not expected')),
) {
  const accounts: AccountStore & { dueRows: Map<string, string> } = createMemoryAccountStore();
  const tokenCache = createMemoryTokenCacheStore();
  const account = await accounts.create(
    sampleAccount({ runId: undefined, failure: undefined, attempts: 0, history: [] }),
  );
  const profileToken = tokenOf();
  const events: LogEvent[] = [];
  const asked: SilentRequest[] = [];
  const deps = {
    tasks,
    accounts,
    tokenCache,
    userTokens: {
      onBehalfOf: () => Promise.reject(new Error('not expected')),
      silent: (request: SilentRequest) => {
        asked.push(request);
        return silent(request);
      },
    },
    openGraph: createOpenGraph({ baseUrl: 'http://localhost:1', timeoutMs: 1_000 }),
    schedule: SCHEDULE,
    logId: createLogId(new Uint8Array(32)),
    log: (event: LogEvent) => void events.push(event),
    now: () => NOW,
    cooldowns: createCooldowns({ now: () => NOW }),
    tenants: createMemoryTenantStore(),
  };
  return {
    ...deps,
    account,
    profileToken,
    events,
    asked,
    run: (signal: AbortSignal = new AbortController().signal) =>
      runTasks(deps, account, profileToken, signal),
    /** The row as it is now. */
    row: () => accounts.read(account.userId),
    eventsOf: (name: LogEvent['event']) => events.filter(({ event }) => event === name),
  };
}
