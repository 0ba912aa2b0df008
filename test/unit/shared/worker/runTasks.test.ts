import { describe, expect, it } from 'vitest';
import { endAccount } from '../../../../shared/account/endAccount.ts';
import { ConflictError, UnavailableError, UserTokenError } from '../../../../shared/errors.ts';
import { partsOf } from '../../../../shared/userId.ts';
import { defineApi } from '../../../../shared/worker/defineApi.ts';
import type { TaskContext } from '../../../../shared/worker/defineTask.ts';
import { see } from '../../../support/accountStoreUnderTest.ts';
import { NOW, taskOf, tasksOverTwins, tokenOf } from './tasksOverTwins.ts';

const ORDERS = defineApi({ name: 'orders', resource: 'api://orders', baseUrl: 'https://orders.example' });
const OTHER_API = { api: ORDERS, scopes: ['api://orders/orders.read'] };
const done = async () => undefined;
/** Neither ends nor obeys its signal. */
const forever = () => new Promise<never>(() => undefined);

/** What a task was given. */
function spy() {
  const contexts: TaskContext[] = [];
  const run = async (context: TaskContext) => void contexts.push(context);
  return { contexts, run };
}

describe('a task', () => {
  it('is given the user, a token and a signal, and is recorded in the row', async () => {
    const { contexts, run } = spy();
    const bench = await tasksOverTwins([taskOf('first', run)]);
    const dueRows = [...bench.dueRows.keys()];
    expect(await bench.run()).toEqual({ done: 1, failed: 0 });
    const { userId } = bench.account;
    expect(contexts).toMatchObject([
      { user: { id: userId, ...partsOf(userId) }, token: bench.profileToken.accessToken },
    ]);
    const { etag: _, ...before } = bench.account;
    expect(await bench.row()).toMatchObject({
      ...before,
      history: [{ at: NOW, outcome: 'task-done', task: 'first' }],
    });
    expect([...bench.dueRows.keys()]).toEqual(dueRows);
    expect(bench.asked).toEqual([]);
  });

  it('waits for the one before it', async () => {
    const order: string[] = [];
    const slow = taskOf('slow', async () => {
      order.push('slow begins');
      await new Promise((resolve) => setImmediate(resolve));
      order.push('slow ends');
    });
    const next = taskOf('next', async () => void order.push('next'));
    const bench = await tasksOverTwins([slow, next]);
    expect(await bench.run()).toEqual({ done: 2, failed: 0 });
    expect(order).toEqual(['slow begins', 'slow ends', 'next']);
    expect((await bench.row())?.history.map(({ task }) => task)).toEqual(['slow', 'next']);
  });

  it('that is not there leaves the row alone', async () => {
    const bench = await tasksOverTwins([]);
    expect(await bench.run()).toEqual({ done: 0, failed: 0 });
    expect(await bench.row()).toEqual(bench.account);
  });

  it.each([
    ['rejects', () => Promise.reject(new TypeError('x')), 'TypeError'],
    ['throws before it has begun', () => fail(new RangeError('x')), 'RangeError'],
    ['rejects with what is no error', () => Promise.reject('x'), 'string'],
    ['rejects with nothing', () => Promise.reject(undefined), 'undefined'],
    [
      'rejects with a code',
      () => Promise.reject(Object.assign(new Error('x'), { code: 'ENOENT' })),
      'Error:ENOENT',
    ],
    [
      'rejects with a code that is prose',
      () => Promise.reject(Object.assign(new Error('x'), { code: 'no such one as Anna' })),
      'unnamed',
    ],
  ])('that %s is its own failure and nobody else’s', async (_how, run, code) => {
    const bench = await tasksOverTwins([taskOf('bad', run), taskOf('good', done)]);
    expect(await bench.run()).toEqual({ done: 1, failed: 1 });
    expect(await bench.row()).toMatchObject({
      state: 'active',
      failure: undefined,
      attempts: 0,
      dueAt: bench.account.dueAt,
      history: [
        { outcome: 'task-failed', task: 'bad', code },
        { outcome: 'task-done', task: 'good' },
      ],
    });
    expect(bench.eventsOf('task.ended')).toMatchObject([
      { task: 'bad', outcome: 'failed', error: code, user: bench.logId(bench.account.userId) },
      { task: 'good', outcome: 'done' },
    ]);
  });

  it.each([
    ['does not heed its signal', forever],
    [
      'heeds its signal',
      ({ signal }: TaskContext) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => reject(new Error('stopped')));
        }),
    ],
  ])('is over at its time-out if it %s', async (_how, run) => {
    const bench = await tasksOverTwins([taskOf('slow', run, { timeoutMs: 20 }), taskOf('next', done)]);
    expect(await bench.run()).toEqual({ done: 1, failed: 1 });
    expect((await bench.row())?.history).toMatchObject([
      { outcome: 'task-failed', task: 'slow', code: 'timeout' },
      { outcome: 'task-done', task: 'next' },
    ]);
  });

  it('ends with the run, and those after it wait for the next check', async () => {
    const ending = new AbortController();
    const cut = taskOf('cut', () => {
      ending.abort();
      return forever();
    });
    const { contexts, run } = spy();
    const bench = await tasksOverTwins([cut, taskOf('next', run)]);
    expect(await bench.run(ending.signal)).toEqual({ done: 0, failed: 1 });
    expect(contexts).toEqual([]);
    expect((await bench.row())?.history).toEqual([
      { at: NOW, outcome: 'task-failed', task: 'cut', code: 'run-ended' },
    ]);
  });

  it('whose token the end of the run cuts off ends with it', async () => {
    const ending = new AbortController();
    const bench = await tasksOverTwins([taskOf('cut', done, OTHER_API)], () => {
      ending.abort();
      return Promise.reject(new UserTokenError({ kind: 'transient', code: 'AbortError' }));
    });
    expect(await bench.run(ending.signal)).toEqual({ done: 0, failed: 1 });
    expect((await bench.row())?.history).toEqual([
      { at: NOW, outcome: 'task-failed', task: 'cut', code: 'run-ended' },
    ]);
  });

  it('does not begin when the run has ended', async () => {
    const { contexts, run } = spy();
    const bench = await tasksOverTwins([taskOf('first', run)]);
    expect(await bench.run(AbortSignal.abort())).toEqual({ done: 0, failed: 0 });
    expect(contexts).toEqual([]);
    expect(await bench.row()).toEqual(bench.account);
  });
});

describe('a token', () => {
  it('for other scopes is asked for once, and every use is on record', async () => {
    const { contexts, run } = spy();
    const tasks = [taskOf('a', run, OTHER_API), taskOf('b', run), taskOf('c', run, OTHER_API)];
    const token = tokenOf({ source: 'cache' });
    const bench = await tasksOverTwins(tasks, async () => token);
    expect(await bench.run()).toEqual({ done: 3, failed: 0 });
    const { userId, homeAccountId, generation } = bench.account;
    expect(bench.asked).toEqual([
      expect.objectContaining({
        userId,
        homeAccountId,
        generation,
        forceRefresh: false,
        scopes: OTHER_API.scopes,
      }),
    ]);
    const { accessToken } = bench.profileToken;
    expect(contexts.map(({ token }) => token)).toEqual([token.accessToken, accessToken, token.accessToken]);
    expect(bench.eventsOf('token.used')).toMatchObject([
      { by: 'a', api: 'orders', source: 'cache', user: bench.logId(userId) },
      { by: 'b', api: 'graph', source: 'network' },
      { by: 'c', api: 'orders', source: 'cache' },
    ]);
  });

  it.each([
    { kind: 'consent', code: 'AADSTS65001', suberror: 'consent_required' },
    { kind: 'misconfigured', code: 'invalid_client', unsure: true },
    { kind: 'needs-user', code: 'AADSTS50076', claims: '{"access_token":{}}' },
    { kind: 'tenant', code: 'AADSTS500011' },
    { kind: 'throttled', code: 'http_429' },
  ] as const)('refused for another API ($code) fails the task and marks nobody', async (failure) => {
    const { contexts, run } = spy();
    const bench = await tasksOverTwins([taskOf('other', run, OTHER_API), taskOf('own', done)], () =>
      Promise.reject(new UserTokenError(failure)),
    );
    expect(await bench.run()).toEqual({ done: 1, failed: 1 });
    expect(contexts).toEqual([]);
    const { kind, code } = failure;
    expect(await bench.row()).toMatchObject({
      state: 'active',
      failure: undefined,
      history: [{ outcome: 'task-failed', task: 'other', kind, code }, { outcome: 'task-done' }],
    });
    expect(bench.eventsOf('token.used')).toMatchObject([{ by: 'own' }]);
  });

  it.each([
    [{ kind: 'misconfigured', code: 'AADSTS7000222' }, []],
    [
      { kind: 'throttled', code: 'http_429', throttle: { api: 'token' } },
      [{ outcome: 'task-failed', task: 'other', kind: 'throttled', code: 'http_429' }],
    ],
  ] as const)('refused with %o, which others would meet too, ends the tasks and is reported to the run', async (tokenFailure, history) => {
    const bench = await tasksOverTwins([taskOf('other', done, OTHER_API), taskOf('own', done)], () =>
      Promise.reject(new UserTokenError(tokenFailure)),
    );
    expect(await bench.run()).toEqual({ done: 0, failed: history.length, tokenFailure });
    const row = await bench.row();
    expect(row).toMatchObject({ state: 'active', failure: undefined });
    expect(row?.history).toMatchObject(history);
    expect(bench.eventsOf('token.used')).toEqual([]);
  });

  it('that a fault of ours keeps away fails the task alone', async () => {
    const bench = await tasksOverTwins([taskOf('other', done, OTHER_API)], () => fail(new TypeError('x')));
    expect(await bench.run()).toEqual({ done: 0, failed: 1 });
    expect((await bench.row())?.history).toMatchObject([{ code: 'TypeError' }]);
  });
});

describe('what tasks did is recorded', () => {
  it('on the row as it is by then, with the user’s visit and another run’s lease', async () => {
    const until = new Date('2026-11-20T10:00:00Z');
    const bench = await tasksOverTwins([
      taskOf('meanwhile', async () => {
        await see(bench.accounts, bench.account.userId, NOW);
        const touched = await bench.row();
        const history = [{ at: NOW, outcome: 'from-cache' as const }];
        if (touched)
          await bench.accounts.move(touched, { ...touched, runId: 'another', dueAt: until, history });
      }),
    ]);
    await bench.run();
    expect(await bench.row()).toMatchObject({
      lastActivity: NOW,
      runId: 'another',
      dueAt: until,
      history: [{ outcome: 'from-cache' }, { outcome: 'task-done', task: 'meanwhile' }],
    });
  });

  it('nowhere, if the account ended meanwhile; and what was stored for a task is deleted', async () => {
    const sealed = 'sealed by a task';
    const bench = await tasksOverTwins(
      [taskOf('meanwhile', done, OTHER_API)],
      async (_operation, { userId }) => {
        await endAccount(bench, userId, 'disconnected');
        // As if it had been running when the cache was deleted.
        return tokenOf({ written: await bench.tokenCache.write(userId, sealed, undefined) });
      },
    );
    await bench.run();
    expect(await bench.row()).toMatchObject({ state: 'disconnected', history: [] });
    expect(await bench.tokenCache.read(bench.account.userId)).toBeUndefined();
  });

  it('nowhere, if the user is another connection by then, whose cache stays', async () => {
    const bench = await tasksOverTwins(
      [taskOf('meanwhile', done, OTHER_API)],
      async (_operation, { userId }) => {
        const { tokenCache, accounts, account } = bench;
        const written = await tokenCache.write(userId, 'by a task', undefined);
        await accounts.move(account, { ...account, generation: 'another' });
        await tokenCache.write(userId, 'by the user', written);
        return tokenOf({ written });
      },
    );
    await bench.run();
    expect(await bench.row()).toMatchObject({ generation: 'another', history: [] });
    expect(await bench.tokenCache.read(bench.account.userId)).toMatchObject({ sealed: 'by the user' });
  });

  it('nowhere, if the row is gone', async () => {
    const bench = await tasksOverTwins([
      taskOf('meanwhile', async () => bench.accounts.erase(bench.account)),
    ]);
    expect(await bench.run()).toEqual({ done: 1, failed: 0 });
    expect(await bench.row()).toBeUndefined();
  });

  it.each([
    ['cannot be reached', new UnavailableError('accounts'), 1],
    ['changes on every try', new ConflictError('x'), 8],
  ])('in the log alone, if the row %s', async (_how, error, tries) => {
    const bench = await tasksOverTwins([taskOf('first', done)]);
    let tried = 0;
    bench.accounts.move = () => {
      tried += 1;
      return Promise.reject(error);
    };
    expect(await bench.run()).toEqual({ done: 1, failed: 0 });
    expect(tried).toBe(tries);
    expect(bench.eventsOf('account.not-recorded')).toMatchObject([{ error: error.name }]);
  });
});

function fail(error: Error): never {
  throw error;
}
