/** `CONNECT=ask`: nothing is kept of a user until they say so. */
import { describe, expect, it } from 'vitest';
import { connect, disconnect, getConnection } from '../../../../shared/connection/connection.ts';
import { UnavailableError } from '../../../../shared/errors.ts';
import { toUserId } from '../../../../shared/userId.ts';
import { askOverTwins, functionOf, OID, TID } from './askOverTwins.ts';

const NOW = functionOf(async () => 'answered');
const USER = toUserId({ tid: TID, oid: OID });
/** As long as an instance goes on without reading the account. */
const A_MINUTE = 60_000;
const TITLES = new Map();

function askedFirst(connectWhen: 'visit' | 'ask' = 'ask') {
  const given = askOverTwins([{ stored: false, written: undefined }], undefined, { connect: connectWhen });
  const { app } = given;
  const operation = { log: (event: (typeof given.events)[number]) => void given.events.push(event) };
  const token = 'an assertion';
  return {
    ...given,
    get: async () => (await getConnection(app, operation, token, TITLES)).connection,
    put: async () => (await connect(app, operation, token, TITLES)).connection,
    remove: () => disconnect(app, operation, token),
    kept: () => app.accounts.read(USER),
  };
}

describe('a user who is asked before they are connected', () => {
  it('is answered, and nothing is kept', async () => {
    const { ask, get, kept, exchanges, eventsOf } = askedFirst();
    expect(await get()).toEqual({ state: 'not-connected', history: [] });
    expect((await ask(NOW)).result).toBe('answered');
    expect(await kept()).toBeUndefined();
    expect(await get()).toEqual({ state: 'not-connected', history: [] });
    // Without a generation a cache is neither read nor written.
    expect(exchanges.map(({ generation }) => generation)).toEqual([undefined]);
    expect(eventsOf('account.seen-first')).toEqual([]);
  });

  it('causes one exchange, as a connected user does, and not one a minute', async () => {
    const { ask, clock, exchanges } = askedFirst();
    for (let minutes = 0; minutes < 50; minutes += 1) {
      await ask(NOW);
      clock.advance(A_MINUTE + 1);
    }
    expect(exchanges).toHaveLength(1);
  });

  it('causes one a minute while nobody can say whether they are connected', async () => {
    const { app, ask, clock, exchanges } = askedFirst();
    app.accounts.read = () => Promise.reject(new UnavailableError('accounts'));
    await ask(NOW);
    clock.advance(A_MINUTE + 1);
    await ask(NOW);
    expect(exchanges.map(({ generation }) => generation)).toEqual([undefined, undefined]);
  });

  it('is connected by their wish, and their next visit is stored', async () => {
    const { ask, get, put, kept, exchanges, eventsOf } = askedFirst();
    await ask(NOW);
    expect(await put()).toMatchObject({ state: 'pending' });
    const generation = (await kept()) as { generation?: string } | undefined;
    expect(eventsOf('account.seen-first')).toHaveLength(1);
    await ask(NOW);
    expect(exchanges.map((exchange) => exchange.generation)).toEqual([undefined, generation?.generation]);
    expect(await get()).toMatchObject({ state: 'pending' });
  });

  it('is noticed by an instance that remembers the time before, within a minute', async () => {
    const { app, ask, clock, exchanges, put } = askedFirst();
    await ask(NOW);
    const { forget } = app.memo;
    app.memo.forget = () => undefined;
    await put();
    app.memo.forget = forget;
    await ask(NOW);
    expect(exchanges).toHaveLength(1);
    clock.advance(A_MINUTE + 1);
    await ask(NOW);
    expect(exchanges.map(({ generation }) => typeof generation)).toEqual(['undefined', 'string']);
  });

  it('may disconnect before they were connected: there is no wish to remember', async () => {
    const { get, remove, kept, eventsOf } = askedFirst();
    await remove();
    expect(await kept()).toBeUndefined();
    expect(await get()).toEqual({ state: 'not-connected', history: [] });
    expect(eventsOf('account.ended')).toEqual([]);
  });

  it('stays disconnected, whatever they visit, until they connect again', async () => {
    const { ask, get, put, remove } = askedFirst();
    await put();
    await remove();
    await ask(NOW);
    expect(await get()).toMatchObject({ state: 'disconnected' });
    expect(await put()).toMatchObject({ state: 'pending' });
  });

  it('is asked again after an operator or time ended the connection', async () => {
    const { app, ask, get, put, kept } = askedFirst();
    await put();
    const now = await kept();
    if (now === undefined) throw new Error('there is an account');
    await app.accounts.update(now, {
      state: 'retired',
      userId: USER,
      since: app.clock.now(),
      nextCheckAt: app.clock.now(),
    });
    await ask(NOW);
    expect(await kept()).toMatchObject({ state: 'retired' });
    expect(await get()).toEqual({ state: 'not-connected', history: [] });
    expect(await put()).toMatchObject({ state: 'pending' });
  });
});

describe('a user whom a visit had connected before the operator asks', () => {
  it('stays connected', async () => {
    const { app, ask, clock, get } = askedFirst('visit');
    await ask(NOW);
    app.connectWhen = 'ask';
    clock.advance(A_MINUTE + 1);
    await ask(NOW);
    expect(await get()).toMatchObject({ state: 'pending', lastActivity: clock.now().toISOString() });
  });
});

describe('a user who is not asked', () => {
  it('is remembered as disconnected even if they were never connected', async () => {
    const { get, remove } = askedFirst('visit');
    expect(await get()).toEqual({ state: 'none', history: [] });
    await remove();
    expect(await get()).toMatchObject({ state: 'disconnected' });
  });
});
