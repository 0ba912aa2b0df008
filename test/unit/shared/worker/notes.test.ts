import { describe, expect, it } from 'vitest';
import { partsOf } from '../../../../shared/userId.ts';
import type { TaskContext } from '../../../../shared/worker/defineTask.ts';
import { taskOf, tasksOverTwins } from './tasksOverTwins.ts';

type Bench = Awaited<ReturnType<typeof tasksOverTwins>>;

const JWT = 'eyJhbGciOiJub25lIn0.eyJvaWQiOiJ4In0.';

describe('a note', () => {
  it('is one line under the user’s log id', async () => {
    const bench = await tasksOverTwins([taskOf('noting', async ({ log }) => log('3 messages'))]);
    await bench.run();
    expect(bench.eventsOf('task.note')).toEqual([
      { event: 'task.note', user: bench.logId(bench.account.userId), task: 'noting', note: '3 messages' },
    ]);
  });

  it('ends after 200 characters', async () => {
    const bench = await tasksOverTwins([taskOf('noting', async ({ log }) => log('x'.repeat(1_000)))]);
    await bench.run();
    expect(bench.eventsOf('task.note')).toMatchObject([{ note: 'x'.repeat(200) }]);
  });

  it.each<[what: string, text: (context: TaskContext, bench: Bench) => unknown]>([
    ['the token', ({ token }) => `with ${token}`],
    ['the token behind much else', ({ token }) => `${'x'.repeat(190)}${token}`],
    ['a part of a JWT', () => `with ${JWT.slice(0, 15)}`],
    ['a JWT’s claims', () => `with ${JWT.split('.')[1]}`],
    ['the user id', ({ user }) => user.id],
    ['the object id', ({ user }) => `for ${user.oid}`],
    ['the object id in capitals', ({ user }) => `for ${user.oid.toUpperCase()}`],
    ['the user principal name', (_turn, bench) => `for ${bench.account.userPrincipalName}`],
    ['the home account id', (_turn, bench) => `for ${bench.account.homeAccountId}`],
    ['the object id at home', (_turn, bench) => `for ${bench.account.homeAccountId?.split('.')[0]}`],
    ['an answer as a whole', () => ({ displayName: 'Anna' })],
  ])('is withheld if it holds %s', async (_what, text) => {
    const bench = await tasksOverTwins([
      taskOf('noting', async (context) => context.log(text(context, bench) as string)),
    ]);
    expect(await bench.run()).toMatchObject({ done: 1, failed: 0 });
    expect(bench.eventsOf('task.note')).toMatchObject([{ note: '(withheld)' }]);
  });

  it('reveals nothing by an error either', async () => {
    const failingWith = (
      name: string,
      code: (context: TaskContext) => string,
      also: 'code' | 'name' = 'code',
    ) =>
      taskOf(name, async (context) => {
        throw Object.assign(new Error(`${context.token} ${context.user.oid}`), { [also]: code(context) });
      });
    const bench = await tasksOverTwins([
      failingWith('a', ({ token }) => token),
      failingWith('b', ({ user }) => user.oid),
      failingWith('c', () => JWT),
      failingWith('d', ({ user }) => user.oid, 'name'),
    ]);
    const { entries } = await bench.run();
    const told = JSON.stringify([bench.events, entries]);
    const { oid } = partsOf(bench.account.userId);
    for (const secret of [bench.profileToken.accessToken, oid, 'eyJ']) expect(told).not.toContain(secret);
    expect(entries.map(({ code }) => code)).toEqual(Array(4).fill('unnamed'));
  });
});
