/** The worker over stores in memory, at a time that the test keeps. What the token endpoint says is up to the test. */
import { randomUUID } from 'node:crypto';
import type { Account, Active, NeedsUser } from '../../../../shared/account/account.ts';
import { createMemoryAccountStore } from '../../../../shared/adapters/memory/memoryAccountStore.ts';
import type { LogEvent } from '../../../../shared/log.ts';
import type { Operation, UserToken, UserTokens } from '../../../../shared/ports.ts';
import type { UserId } from '../../../../shared/userId.ts';
import type { Task } from '../../../../shared/worker/defineTask.ts';
import { plan } from '../../../../shared/worker/plan.ts';
import { RUN_LIMITS, type RunLimits } from '../../../../shared/worker/run.ts';
import { sweep } from '../../../../shared/worker/sweep.ts';
import { clockOf } from '../../../support/clockOf.ts';
import { someUser } from '../../../support/sampleAccount.ts';
import { sampleToken } from '../../../support/sampleToken.ts';
import { createTestApp, type TestAppOptions } from '../../../support/testApp.ts';

export const NOW = new Date('2026-11-20T08:20:00.000Z');
export const MINUTE = 60_000;
export const DAY = 86_400_000;
/** The usual settings. */
export const { schedule: SCHEDULE } = createTestApp();

export const ago = (ms: number): Date => new Date(NOW.getTime() - ms);

export const tokenOf = (more: Partial<UserToken> = {}): UserToken =>
  sampleToken(new Date(NOW.getTime() + 60 * MINUTE), { accessToken: `secret-${randomUUID()}`, ...more });

/** An account whose check is due and whose user is away. */
export const dueAccount = (different: Partial<Active> = {}): Active => ({
  state: 'active',
  userId: someUser(),
  generation: 'generation 1',
  homeAccountId: 'home-oid.home-tid',
  userPrincipalName: 'anna@contoso.example',
  lastActivity: ago(60 * MINUTE),
  nextCheckAt: ago(MINUTE),
  expiresOn: ago(5 * MINUTE),
  history: [],
  ...different,
});

/** An account whose user has been away for the whole retention time. */
export const overdueAccount = (): NeedsUser => ({
  ...dueAccount({ lastActivity: ago(100 * DAY) }),
  state: 'needs-user',
  failure: { kind: 'needs-user', code: 'AADSTS50173', at: ago(99 * DAY) },
});

type WorkerOptions = Omit<TestAppOptions, 'accounts' | 'clock' | 'userTokens'> & {
  tasks?: readonly Task[];
  silent?: UserTokens['silent'];
};

export function workerOverTwins({ tasks = [], silent, ...options }: WorkerOptions = {}) {
  let now = NOW;
  const clock = clockOf(() => now);
  const userTokens: UserTokens = {
    onBehalfOf: () => Promise.reject(new Error('not expected')),
    silent: silent ?? (async () => tokenOf()),
  };
  const accounts = createMemoryAccountStore({ clock });
  let app = createTestApp({ ...options, accounts, userTokens, clock });
  const { tokenCache, sharedState } = app;
  const events: LogEvent[] = [];
  const operation: Operation = { log: (event) => void events.push(event) };

  return {
    app: () => app,
    accounts,
    index: accounts.index,
    tokenCache,
    sharedState,
    events,
    eventsOf: (name: LogEvent['event']) => events.filter(({ event }) => event === name),
    now: () => now,
    later(ms: number): void {
      now = new Date(now.getTime() + ms);
    },
    /** The process ends and begins again: what it remembers is lost, and what is stored is not. */
    restart(): void {
      app = createTestApp({ ...options, accounts, tokenCache, sharedState, userTokens, clock });
    },
    create: (account: Account) => accounts.create(account),
    read: (userId: UserId) => accounts.read(userId),
    plan: (signal?: AbortSignal) => plan(app, { ...operation, signal }),
    async run(limits: Partial<RunLimits> = {}, signal?: AbortSignal) {
      const during = { ...operation, signal };
      return sweep(app, during, tasks, await plan(app, during), { ...RUN_LIMITS, ...limits });
    },
  };
}

export type WorkerOverTwins = ReturnType<typeof workerOverTwins>;
