/** Every transition, on every state that it accepts and with inputs that reach each of its branches. */
import { isDeepStrictEqual } from 'node:util';
import type { Account, Active, Connected, Damaged, Tombstone } from '../../../../shared/account/account.ts';
import { connectAccount, findAccount } from '../../../../shared/account/connectAccount.ts';
import { endAccount } from '../../../../shared/account/endAccount.ts';
import * as transitions from '../../../../shared/account/transitions.ts';
import type { AccountStore } from '../../../../shared/accountStore.ts';
import { createMemoryTokenCacheStore } from '../../../../shared/adapters/memory/memoryTokenCacheStore.ts';
import type { FailureKind } from '../../../../shared/errors.ts';
import type { Caller, UserToken } from '../../../../shared/ports.ts';
import { createTestClock } from '../../../../shared/testing/testClock.ts';
import { sampleToken } from '../../../support/sampleToken.ts';
import { CONNECTED, damaged, TOMBSTONES, USER } from './accounts.ts';
import { DAY, from, HOUR, MINUTE, NOW, SETTINGS } from './scheduleTimes.ts';

export const CALLER: Caller = {
  userId: USER,
  tid: '10000000-0000-4000-8000-000000000001',
  oid: '20000000-0000-4000-8000-000000000002',
  userPrincipalName: 'new name',
  expiresOn: from(HOUR),
  assertion: 'an assertion',
};
export const token = (different: Partial<UserToken> = {}): UserToken =>
  sampleToken(from(75 * MINUTE), {
    homeAccountId: 'home-2',
    refreshTokenExpiresOn: from(DAY),
    written: 'etag',
    ...different,
  });
export const MARKING = ['needs-user', 'consent', 'cache-lost'] as const satisfies FailureKind[];
export const PASSING = ['throttled', 'tenant', 'transient', 'misconfigured'] as const satisfies Exclude<
  FailureKind,
  (typeof MARKING)[number]
>[];

/** `undefined` is a user without an account. */
export type Before = Account | Damaged | undefined;
export type Step = { before: Before; after: Account };

const stepsOf = <A extends Account>(befores: readonly A[], apply: (before: A) => Account[]): Step[] =>
  befores.flatMap((before) => apply(before).map((after) => ({ before, after })));

const WERE = ['connected', 'disconnected', 'retired'] as const;
const ANYTHING: Before[] = [undefined, ...CONNECTED, ...TOMBSTONES, ...WERE.map(damaged)];

/** What `change` makes of the account when it finds it as it was before; nothing if it leaves the account as it is. */
async function written(
  before: Before,
  change: (accounts: AccountStore) => Promise<unknown>,
): Promise<Step[]> {
  const steps: Step[] = [];
  async function write(after: Account) {
    const { etag: _, ...content } = { etag: '', ...after };
    if (!isDeepStrictEqual(content, before)) steps.push({ before, after });
    return { ...after, etag: 'etag-2' };
  }
  await change({
    read: async () => before && { ...before, etag: 'etag-1' },
    create: write,
    update: (_, after) => write(after),
  } as Partial<AccountStore> as AccountStore);
  return steps;
}

const clock = createTestClock({ startAt: NOW });
const tokenCache = createMemoryTokenCacheStore();

/** The guards of `connected` and `ended` are in the functions that call them. */
async function guarded(): Promise<{ connected: Step[]; ended: Step[] }> {
  const steps: Step[] = [];
  for (const before of ANYTHING) {
    for (const reconnect of [false, true]) {
      const services = (accounts: AccountStore) => ({ accounts, schedule: SETTINGS, clock });
      steps.push(
        ...(await written(before, (store) => connectAccount(services(store), CALLER, { reconnect }))),
      );
    }
    steps.push(
      ...(await written(before, (accounts) => findAccount({ accounts, schedule: SETTINGS, clock }, CALLER))),
    );
    for (const as of ['disconnected', 'retired'] as const) {
      steps.push(
        ...(await written(before, (accounts) => endAccount({ accounts, tokenCache, clock }, USER, as))),
      );
    }
  }
  return {
    connected: steps.filter(({ after }) => after.state === 'pending'),
    ended: steps.filter(({ after }) => after.state !== 'pending'),
  };
}

const { connected, ended } = await guarded();
const EVERYBODY = [...CONNECTED, ...TOMBSTONES];
const isWaiting = ({ state }: Connected) => state !== 'needs-user';
const isActive = (account: Connected): account is Active => account.state === 'active';
const isDisconnected = (account: Tombstone) => account.state === 'disconnected';

/** A transition without a line here is a type error, and fails the test of the diagram. */
export const STEPS: Record<keyof typeof transitions, Step[]> = {
  connected,
  ended,
  seen: stepsOf(CONNECTED, (account) => [transitions.seen(account, NOW)]),
  seenDisconnected: stepsOf(TOMBSTONES.filter(isDisconnected), (account) => [
    transitions.seenDisconnected(account, NOW),
  ]),
  visited: stepsOf(CONNECTED, (account) =>
    (['network', 'cache'] as const).map((source) =>
      transitions.visited(account, CALLER, token({ source }), NOW, SETTINGS),
    ),
  ),
  paused: stepsOf(CONNECTED, (account) => [transitions.paused(account, from(DAY))]),
  resumed: stepsOf(CONNECTED, (account) => [transitions.resumed(account)]),
  linking: stepsOf(CONNECTED, (account) => [
    transitions.linking(account, { id: 'link-1', step: 'asked', until: from(MINUTE) }),
  ]),
  linkEnded: stepsOf(CONNECTED, (account) => [transitions.linkEnded(account)]),
  leased: stepsOf(EVERYBODY, (account) => [transitions.leased(account, 'run-2', from(HOUR))]),
  released: stepsOf(EVERYBODY, (account) => [transitions.released(account)]),
  waitingUntil: stepsOf(EVERYBODY, (account) => [transitions.waitingUntil(account, from(HOUR))]),
  refreshed: stepsOf(CONNECTED, (account) =>
    (['network', 'cache'] as const).flatMap((source) =>
      [{ entries: [] }, { entries: [], throttledUntil: from(3 * HOUR) }].map((tasks) =>
        transitions.refreshed(account, token({ source }), tasks, NOW, SETTINGS, 0),
      ),
    ),
  ),
  remembering: stepsOf(CONNECTED.filter(isActive), (account) =>
    ['newly-sealed', undefined].map((memory) => transitions.remembering(account, memory)),
  ),
  failed: stepsOf(CONNECTED, (account) =>
    [...MARKING, ...PASSING].map((kind) =>
      transitions.failed(account, { kind, code: 'code-1' }, NOW, SETTINGS, 0),
    ),
  ),
  postponed: stepsOf(CONNECTED, (account) =>
    PASSING.map((kind) => transitions.postponed(account, kind, NOW, SETTINGS, 0)),
  ),
  markedForUser: stepsOf(CONNECTED, (account) =>
    MARKING.map((kind) => transitions.markedForUser(account, { kind, code: 'code-1' }, NOW, SETTINGS)),
  ),
  dueNow: stepsOf(EVERYBODY, (account) => [transitions.dueNow(account, NOW)]),
  woken: stepsOf(CONNECTED.filter(isWaiting), (account) => [transitions.woken(account, NOW)]),
  told: stepsOf(CONNECTED, (account) => [
    ...(['delivered', 'given-up', 'unheard'] as const).map((result) =>
      transitions.told(account, { id: 'notice-1', result }),
    ),
    ...(['failed', 'not-tried'] as const).map((result) =>
      transitions.told(account, { id: 'notice-1', result, nextTryAt: from(HOUR) }),
    ),
  ]),
  retried: stepsOf(CONNECTED, (account) => [transitions.retried(account, NOW)]),
};
