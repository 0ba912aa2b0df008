import { describe, expect, it } from 'vitest';
import { UserTokenError } from '../../../../shared/errors.ts';
import { defineApi } from '../../../../shared/tokens/defineApi.ts';
import { partsOf } from '../../../../shared/userId.ts';
import type { TaskContext } from '../../../../shared/worker/defineTask.ts';
import { unreadable } from '../../../support/unreadable.ts';
import { taskOf, tasksOverTwins } from './tasksOverTwins.ts';
import { NOW, tokenOf } from './workerOverTwins.ts';

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
  it('gets the user, a token and a signal, and is named in the history', async () => {
    const { contexts, run } = spy();
    const bench = await tasksOverTwins([taskOf('first', run)]);
    const before = await bench.row();
    expect(await bench.run()).toMatchObject({
      entries: [{ at: NOW, outcome: 'task-done', task: 'first' }],
      done: 1,
      failed: 0,
    });
    const { userId } = bench.account;
    expect(contexts).toMatchObject([
      { user: { id: userId, ...partsOf(userId) }, token: bench.profileToken.accessToken },
    ]);
    expect(bench.asked).toEqual([]);
    expect(await bench.row()).toEqual(before);
  });

  it('waits for the one before it', async () => {
    const order: string[] = [];
    const slow = taskOf('slow', async () => {
      order.push('slow begins');
      await new Promise((resolve) => setImmediate(resolve));
      order.push('slow ends');
    });
    const next = taskOf('next', async () => void order.push('next'));
    const { entries } = await (await tasksOverTwins([slow, next])).run();
    expect(order).toEqual(['slow begins', 'slow ends', 'next']);
    expect(entries.map(({ task }) => task)).toEqual(['slow', 'next']);
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
    ['rejects with what cannot be read', () => Promise.reject(unreadable()), 'unreadable'],
    [
      'rejects with an error whose name is no text',
      () => Promise.reject(Object.assign(new Error('x'), { name: Symbol('x') })),
      'unreadable',
    ],
  ])('that %s fails alone', async (_how, run, code) => {
    const bench = await tasksOverTwins([taskOf('bad', run), taskOf('good', done)]);
    expect(await bench.run()).toMatchObject({
      entries: [
        { outcome: 'task-failed', task: 'bad', code },
        { outcome: 'task-done', task: 'good' },
      ],
      done: 1,
      failed: 1,
    });
    expect(bench.eventsOf('task.ended')).toMatchObject([
      { task: 'bad', outcome: 'failed', error: code, user: bench.logId(bench.account.userId) },
      { task: 'good', outcome: 'done' },
    ]);
  });

  it.each([
    ['does not obey its signal', forever],
    [
      'obeys its signal',
      ({ signal }: TaskContext) =>
        new Promise<undefined>((_resolve, reject) => {
          signal.addEventListener('abort', () => reject(new Error('stopped')));
        }),
    ],
  ])('ends at its time-out if it %s', async (_how, run) => {
    const bench = await tasksOverTwins([taskOf('slow', run, { timeoutMs: 20 }), taskOf('next', done)]);
    expect(await bench.run()).toMatchObject({
      entries: [
        { outcome: 'task-failed', task: 'slow', code: 'timeout' },
        { outcome: 'task-done', task: 'next' },
      ],
    });
  });

  it('ends with the run, and those after it wait for the next check', async () => {
    const { contexts, run } = spy();
    const cut = () => {
      bench.end();
      return forever();
    };
    const bench = await tasksOverTwins([taskOf('cut', cut), taskOf('next', run)]);
    expect(await bench.run()).toMatchObject({
      entries: [{ at: NOW, outcome: 'task-failed', task: 'cut', code: 'run-ended' }],
      done: 0,
      failed: 1,
    });
    expect(contexts).toEqual([]);
  });

  it('ends with the run while its token is requested', async () => {
    const bench = await tasksOverTwins([taskOf('cut', done, OTHER_API)], () => {
      bench.end();
      return Promise.reject(new UserTokenError({ kind: 'transient', code: 'AbortError' }));
    });
    expect(await bench.run()).toMatchObject({
      entries: [{ at: NOW, outcome: 'task-failed', task: 'cut', code: 'run-ended' }],
    });
  });

  it('does not begin when the run has ended', async () => {
    const { contexts, run } = spy();
    const bench = await tasksOverTwins([taskOf('first', run)]);
    bench.end();
    expect(await bench.run()).toMatchObject({ entries: [], done: 0, failed: 0 });
    expect(contexts).toEqual([]);
  });
});

describe('a token', () => {
  it('for another API is requested once, and every use is logged', async () => {
    const { contexts, run } = spy();
    const tasks = [taskOf('a', run, OTHER_API), taskOf('b', run), taskOf('c', run, OTHER_API)];
    const token = tokenOf({ source: 'cache', written: 'version 2' });
    const bench = await tasksOverTwins(tasks, async () => token);
    expect(await bench.run()).toMatchObject({ done: 3, failed: 0, written: 'version 2' });
    const { userId, homeAccountId, generation } = bench.account;
    expect(bench.asked).toEqual([
      expect.objectContaining({
        userId,
        homeAccountId,
        generation,
        forceRefresh: false,
        api: ORDERS,
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
    await bench.check();
    expect(bench.summary.tasks).toEqual({ done: 1, failed: 1 });
    expect(contexts).toEqual([]);
    const { kind, code } = failure;
    const row = await bench.row();
    expect(row).toMatchObject({
      state: 'active',
      history: [
        { outcome: 'refreshed' },
        { outcome: 'task-failed', task: 'other', kind, code },
        { outcome: 'task-done' },
      ],
    });
    expect(row).not.toHaveProperty('trouble');
    expect(bench.eventsOf('token.used')).toMatchObject([{ by: 'own' }]);
  });

  it.each([
    ['that is refused is requested once in each check', 'consent', 1],
    ['that an outage keeps away is requested by each task', 'transient', 3],
  ] as const)('for another API %s', async (_what, kind, requests) => {
    const tasks = ['a', 'b', 'c'].map((name) => taskOf(name, done, OTHER_API));
    const bench = await tasksOverTwins(tasks, () =>
      Promise.reject(new UserTokenError({ kind, code: 'AADSTS1' })),
    );
    expect(await bench.run()).toMatchObject({ done: 0, failed: 3, entries: tasks.map(() => ({ kind })) });
    expect(bench.asked).toHaveLength(requests);
    await bench.run();
    expect(bench.asked).toHaveLength(2 * requests);
  });

  it.each([
    [{ kind: 'misconfigured', code: 'AADSTS7000222' }, []],
    [
      { kind: 'throttled', code: 'http_429', throttle: { api: 'token' } },
      [{ outcome: 'task-failed', task: 'other', kind: 'throttled', code: 'http_429' }],
    ],
  ] as const)('refused with %o, which others would meet too, ends the tasks and is reported to the run', async (tokenFailure, entries) => {
    const bench = await tasksOverTwins([taskOf('other', done, OTHER_API), taskOf('own', done)], () =>
      Promise.reject(new UserTokenError(tokenFailure)),
    );
    const ended = await bench.run();
    expect(ended).toMatchObject({ done: 0, failed: entries.length, tokenFailure });
    expect(ended.entries).toMatchObject(entries);
    expect(ended.unansweredChallenge).toBeUndefined();
    expect(bench.eventsOf('token.used')).toEqual([]);
  });

  it('that a fault of ours keeps away fails only the task', async () => {
    const bench = await tasksOverTwins([taskOf('other', done, OTHER_API)], () => fail(new TypeError('x')));
    expect(await bench.run()).toMatchObject({ entries: [{ code: 'TypeError' }], done: 0, failed: 1 });
  });
});

function fail(error: Error): never {
  throw error;
}
