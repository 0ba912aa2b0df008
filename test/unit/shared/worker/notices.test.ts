/** A run tells an application what happened to its users: at least once, and without harm to anybody's check. */
import { describe, expect, it } from 'vitest';
import { type Connected, dueAt } from '../../../../shared/account/account.ts';
import { visited } from '../../../../shared/account/transitions.ts';
import { endOf } from '../../../../shared/clock.ts';
import { NoticeFailedError, UserTokenError } from '../../../../shared/errors.ts';
import type { NoticeListener, UserNotice } from '../../../../shared/notices.ts';
import { UNKNOWN_KEY } from '../../../../shared/worker/run.ts';
import { unreadable } from '../../../support/unreadable.ts';
import { toldOf } from '../account/accounts.ts';
import { CALLER } from '../account/everyTransition.ts';
import { change, connectedOf, due, listening, marked, refused } from './listening.ts';
import { taskOf } from './tasksOverTwins.ts';
import { DAY, dueAccount, MINUTE, NOW, SCHEDULE, tokenOf, workerOverTwins } from './workerOverTwins.ts';

describe('an application that listens', () => {
  it('hears in the run after the mark that the user is needed, once', async () => {
    const worker = listening(undefined, { silent: refused });
    const { userId } = await worker.create(dueAccount());
    await worker.run();
    expect(worker.heard).toEqual([]);
    const { notice } = await connectedOf(worker, userId);
    expect(notice).toMatchObject({ what: 'needs-user', since: NOW });

    for (let n = 0; n < 3; n += 1) {
      worker.later(MINUTE);
      await worker.run();
    }
    expect(worker.heard).toEqual([{ id: notice?.id, kind: 'needs-user', userId, since: NOW }]);
    const after = await connectedOf(worker, userId);
    expect(after.notice).toEqual({ id: notice?.id, what: 'needs-user', since: NOW, attempts: 0 });
    // As without a notice: the account is next met when it is retired.
    expect(dueAt(after)).toEqual(new Date(after.lastActivity.getTime() + SCHEDULE.retentionMs));
    const user = worker.app().logId(userId);
    expect(worker.eventsOf('notice.delivered')).toEqual([
      { event: 'notice.delivered', user, notice: 'needs-user', attempts: 0 },
    ]);
  });

  it('hears of a recovery after a visit, and then everything begins anew', async () => {
    const worker = listening();
    const { userId } = await worker.create(marked({ notice: toldOf('needs-user') }));
    const telling = { id: 'notice-2', kinds: ['recovered'] } as const;
    await change(worker, userId, (now) =>
      visited(now, CALLER, tokenOf({ source: 'network' }), NOW, SCHEDULE, telling),
    );
    await worker.run();
    expect(worker.heard).toEqual([{ id: 'notice-2', kind: 'recovered', userId, since: NOW }]);
    expect(await worker.read(userId)).not.toHaveProperty('notice');
  });

  it('hears when a connection ends that no renewal prolongs, with the time of its end', async () => {
    const endsAt = new Date(NOW.getTime() + 180 * MINUTE);
    const worker = listening(undefined, { silent: async () => tokenOf({ refreshTokenExpiresOn: endsAt }) });
    const { userId } = await worker.create(dueAccount());
    await worker.run();
    worker.later(MINUTE);
    await worker.run();
    worker.later(30 * MINUTE);
    await worker.run();
    expect(worker.heard).toEqual([
      { id: expect.any(String), kind: 'expiring', userId, since: NOW, endsAt, keptBy: 'sign-in' },
    ]);
  });

  it('hears that the grant of a link ends, and that Entra has not told when', async () => {
    const endsAt = new Date(NOW.getTime() + 180 * MINUTE);
    const token = tokenOf({ refreshTokenExpiresOn: endsAt, grant: 'code', isEndEstimated: true });
    const worker = listening(undefined, { silent: async () => token });
    await worker.create(dueAccount());
    await worker.run();
    worker.later(MINUTE);
    await worker.run();
    expect(worker.heard).toMatchObject([{ kind: 'expiring', endsAt, isEstimate: true, keptBy: 'link' }]);
  });

  it('does not hear of what a token has made untrue in the same check', async () => {
    const worker = listening(undefined, {
      silent: async () => tokenOf({ refreshTokenExpiresOn: new Date(NOW.getTime() + DAY) }),
    });
    const { userId } = await worker.create(dueAccount({ notice: due('expiring') }));
    expect(await worker.run()).toMatchObject({ refreshed: 1 });
    expect(worker.heard).toEqual([]);
    expect(await worker.read(userId)).not.toHaveProperty('notice');
  });

  it('hears during an outage of Entra, which is not the user’s failure', async () => {
    const worker = listening(undefined, {
      silent: () => Promise.reject(new UserTokenError({ kind: 'transient', code: 'http_503' })),
    });
    const { userId } = await worker.create(dueAccount({ notice: due('recovered') }));
    await worker.run();
    expect(worker.heard).toHaveLength(1);
    expect(await worker.read(userId)).toMatchObject({ state: 'active', trouble: { attempts: 1 } });
  });

  it('hears of a user whose cache lacks its key, who is then checked as seldom as without a notice', async () => {
    let asked = 0;
    const worker = listening(undefined, {
      silent: () => {
        asked += 1;
        return Promise.reject(new UserTokenError({ kind: 'misconfigured', code: UNKNOWN_KEY }));
      },
    });
    worker.app().clock.random = () => 0.9;
    await worker.create(dueAccount({ notice: due('recovered') }));
    for (let n = 0; n < 60; n += 1) {
      await worker.run();
      worker.later(MINUTE);
    }
    expect(worker.heard).toHaveLength(1);
    expect(asked).toBeLessThan(10);
  });
});

describe('a receiver that is well', () => {
  it('hears in one run of everybody whom their organisation has refused, also if it takes a while', async () => {
    let [onTheirWay, most] = [0, 0];
    const worker = listening(async () => {
      onTheirWay += 1;
      most = Math.max(most, onTheirWay);
      await new Promise((resolve) => setTimeout(resolve, 60));
      onTheirWay -= 1;
    });
    for (let n = 0; n < 100; n += 1) await worker.create(marked());
    await worker.run();
    expect(new Set(worker.heard.map(({ userId }) => userId)).size).toBe(100);
    expect(worker.heard).toHaveLength(100);
    expect(most).toBe(8);
  });
});

describe('a listener that fails', () => {
  it('is asked again later with the same id, and the user’s check ends as ever', async () => {
    const worker = listening(() => Promise.reject(new NoticeFailedError('webhook_http_500')));
    const { userId } = await worker.create(marked());
    expect(await worker.run()).toMatchObject({ waiting: 1, failed: {}, brokenOff: 0 });
    const first = await connectedOf(worker, userId);
    expect(first).toMatchObject({ state: 'needs-user', notice: { id: 'notice-1', attempts: 1 } });
    expect(first.nextCheckAt > NOW).toBe(true);
    expect(worker.eventsOf('notice.not-delivered')).toMatchObject([
      { notice: 'needs-user', attempts: 1, error: 'NoticeFailedError:webhook_http_500' },
    ]);
    for (let n = 0; n < 120; n += 1) {
      worker.later(MINUTE);
      await worker.run();
    }
    expect(new Set(worker.heard.map(({ id }) => id))).toEqual(new Set(['notice-1']));
    expect(worker.heard.length).toBeGreaterThan(4);
    expect(worker.heard.length).toBeLessThan(12);
  });

  it('is given up after three days', async () => {
    const worker = listening(() => Promise.reject(new Error('with a name of a user')));
    const { userId } = await worker.create(marked());
    for (let hour = 0; hour < 80; hour += 1) {
      await worker.run();
      worker.later(60 * MINUTE);
    }
    const { notice } = await connectedOf(worker, userId);
    expect(notice).not.toHaveProperty('nextTryAt');
    expect(worker.eventsOf('notice.given-up')).toMatchObject([{ error: 'Error' }]);
    expect(JSON.stringify(worker.events)).not.toContain('name of a user');
    const tries = worker.heard.length;
    worker.later(DAY);
    await worker.run();
    expect(worker.heard).toHaveLength(tries);
  });

  it('is given up at once if it will never take the notice, and hears others', async () => {
    const worker = listening(() =>
      Promise.reject(new NoticeFailedError('webhook_http_410', { isFinal: true })),
    );
    await worker.create(marked());
    await worker.create(marked());
    await worker.run();
    expect(worker.eventsOf('notice.given-up')).toHaveLength(2);
    expect(worker.heard).toHaveLength(2);
  });

  it('is left alone, so that many accounts do not wait for it one after the other', async () => {
    const worker = listening(() => Promise.reject(new Error('down')));
    for (let n = 0; n < 200; n += 1) await worker.create(marked());
    expect(await worker.run()).toMatchObject({ claimed: 200, waiting: 200, stoppedBy: 'done' });
    expect(worker.heard.length).toBeLessThanOrEqual(8);
    const tried = worker.heard.length;
    worker.later(2 * MINUTE);
    await worker.run();
    expect(worker.heard.length).toBeLessThanOrEqual(tried + 1);
  });

  it('is asked by no account before the time that it asks for', async () => {
    const worker = listening(() =>
      Promise.reject(new NoticeFailedError('webhook_http_429', { retryAfterSeconds: 1_800 })),
    );
    for (let n = 0; n < 30; n += 1) await worker.create(marked());
    for (let minute = 0; minute < 29; minute += 1) {
      await worker.run({ concurrency: 1 });
      worker.later(MINUTE);
    }
    expect(worker.heard).toHaveLength(1);
    worker.later(10 * MINUTE);
    await worker.run({ concurrency: 1 });
    expect(worker.heard).toHaveLength(2);
  });

  it('may not name the user in the log, whatever its error is called', async () => {
    const user = dueAccount();
    const [, oid = ''] = user.userId.split('/');
    const UPN = 'anna@contoso.example';
    const errors = [
      Object.assign(new Error('a'), { name: `No mail for ${user.userId}` }),
      Object.assign(new Error('b'), { name: oid }),
      Object.assign(new Error('c'), { code: UPN }),
      new Error('d', { cause: Object.assign(new Error('e'), { name: 'Anna Example' }) }),
      new NoticeFailedError(`mail_${oid}`),
    ];
    const worker = listening(() => Promise.reject(errors.shift()));
    await worker.create(marked({ ...user, state: 'needs-user', notice: due('needs-user') }));
    for (let n = 0; n < 5; n += 1) {
      await worker.run();
      worker.later(360 * MINUTE);
    }
    expect(worker.heard).toHaveLength(5);
    expect(worker.eventsOf('notice.not-delivered').map((event) => 'error' in event && event.error)).toEqual(
      Array(5).fill('unnamed'),
    );
    expect(JSON.stringify(worker.events)).not.toMatch(new RegExp(`${oid}|${UPN}|Anna`));
  });

  it('is known by its code in the log, however long the names of its causes are', async () => {
    const cause = Object.assign(new Error('timed out'), {
      name: 'ConnectTimeoutError',
      code: 'UND_ERR_CONNECT_TIMEOUT',
    });
    const unreachable = new NoticeFailedError('webhook_unreachable', {
      cause: new TypeError('fetch failed', { cause }),
    });
    const worker = listening(() => Promise.reject(unreachable));
    await worker.create(marked());
    await worker.run();
    expect(worker.eventsOf('notice.not-delivered')).toMatchObject([
      { error: 'NoticeFailedError:webhook_unreachable' },
    ]);
  });

  it('has Entra asked no more often during an outage of Entra', async () => {
    const asked = async (notice: { notice?: Connected['notice'] & object }) => {
      let count = 0;
      const worker = listening(() => Promise.reject(new Error('down')), {
        silent: () => {
          count += 1;
          return Promise.reject(
            new UserTokenError({ kind: 'transient', code: 'http_503', retryAfterSeconds: 600 }),
          );
        },
      });
      for (let n = 0; n < 20; n += 1) await worker.create(dueAccount(notice));
      for (let minute = 0; minute < 180; minute += 1) {
        await worker.run();
        worker.later(MINUTE);
      }
      expect(worker.eventsOf('account.rescheduled')).toEqual([]);
      return count;
    };
    const without = await asked({});
    expect(without).toBeGreaterThan(0);
    expect(await asked({ notice: due('recovered') })).toBe(without);
  });

  it('is told no old news when it comes back after a week', async () => {
    let isDown = true;
    const worker = listening(() => (isDown ? Promise.reject(new Error('down')) : undefined));
    for (let n = 0; n < 50; n += 1) await worker.create(marked());
    for (let hour = 0; hour < 7 * 24; hour += 1) {
      await worker.run();
      worker.later(60 * MINUTE);
    }
    const tried = worker.heard.length;
    expect(tried).toBeLessThan(200);
    isDown = false;
    for (let hour = 0; hour < 24; hour += 1) {
      await worker.run();
      worker.later(60 * MINUTE);
    }
    expect(worker.heard).toHaveLength(tried);
    expect(worker.eventsOf('notice.given-up')).toHaveLength(50);
  });

  it.each([
    ['throws before it returns a promise', new Error('at once')],
    ['throws what cannot be read', unreadable()],
  ])('does not fail a check when it %s', async (_what, thrown) => {
    const worker = listening(() => {
      throw thrown;
    });
    await worker.create(marked());
    expect(await worker.run()).toMatchObject({ waiting: 1, brokenOff: 0 });
    expect(worker.eventsOf('notice.not-delivered')).toHaveLength(1);
  });
});

describe('tasks that take all the time of a run', () => {
  it('keep no notice from its listener, and are not run each minute for it', async () => {
    let ran = 0;
    const task = taskOf('hangs', async () => {
      ran += 1;
      await new Promise(() => undefined);
    });
    const silent = async () => tokenOf({ expiresOn: new Date(worker.now().getTime() + 60 * MINUTE) });
    const worker = listening(undefined, { tasks: [task], silent });
    await worker.create(dueAccount({ notice: due('recovered') }));
    for (let n = 0; n < 4; n += 1) {
      await worker.run({ endAfterMs: 1_000 });
      worker.later(MINUTE);
    }
    expect(worker.heard).toMatchObject([{ kind: 'recovered' }]);
    expect(ran).toBe(1);
  });
});

describe('a listener that hangs', () => {
  it('does not keep the slots of the run, and its notices are tried again', async () => {
    const worker = listening(() => new Promise(() => undefined));
    for (let n = 0; n < 40; n += 1) await worker.create(marked());
    for (let n = 0; n < 40; n += 1) await worker.create(dueAccount());
    const [failedBefore, { userTokens }] = [new Set<number>(), worker.app()];
    const { silent } = userTokens;
    userTokens.silent = (...args) => {
      failedBefore.add(worker.eventsOf('notice.not-delivered').length);
      return silent(...args);
    };
    // The ninth notice waits a second for its turn. The refreshes behind it must come before the first one is given up.
    const limits = { concurrency: 2, noticeForMs: 3_000 };
    expect(await worker.run(limits)).toMatchObject({ refreshed: 40, waiting: 40, brokenOff: 0 });
    // Otherwise both slots would be taken until the first notices are given up.
    expect([...failedBefore]).toEqual([0]);
    expect(worker.heard.length).toBeLessThanOrEqual(8);
    expect(worker.eventsOf('notice.not-delivered')).toHaveLength(worker.heard.length);
  });

  it.each<[string, NoticeListener]>([
    ['its signal', (_notice, signal) => endOf(signal)],
    ['no signal', () => new Promise(() => undefined)],
    [
      'its signal, with an error of its own',
      (_notice, signal) =>
        new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(new Error('x')))),
    ],
  ])('and obeys %s is logged as one that took too long', async (_what, listener) => {
    const worker = listening(listener);
    await worker.create(marked());
    await worker.run({ noticeForMs: 100 });
    expect(worker.eventsOf('notice.not-delivered')).toMatchObject([{ error: 'NoticeFailedError:timeout' }]);
  });

  it('is left when the run ends, and the notice is due as before, and may have come', async () => {
    const ending = new AbortController();
    const worker = listening(() => {
      ending.abort();
      return new Promise(() => undefined);
    });
    const { userId } = await worker.create(marked());
    await worker.run({}, ending.signal);
    expect(worker.heard).toHaveLength(1);
    expect(await worker.read(userId)).toMatchObject({ notice: due('needs-user', { attempts: 1 }) });
    expect(worker.eventsOf('notice.not-delivered')).toEqual([]);

    const telling = { id: 'notice-2', kinds: ['recovered'] } as const;
    await change(worker, userId, (now) =>
      visited(now, CALLER, tokenOf({ source: 'network' }), NOW, SCHEDULE, telling),
    );
    expect((await connectedOf(worker, userId)).notice).toMatchObject({ id: 'notice-2', what: 'recovered' });
  });
});

describe('when nobody listens', () => {
  it('no notice begins', async () => {
    const worker = workerOverTwins({ silent: refused });
    const { userId } = await worker.create(dueAccount());
    await worker.run();
    const account = await worker.read(userId);
    expect(account).toMatchObject({ state: 'needs-user' });
    expect(account).not.toHaveProperty('notice');
  });

  it('a notice from before is removed, and the account is not met every minute', async () => {
    const worker = workerOverTwins();
    const { userId } = await worker.create(marked());
    expect(await worker.run()).toMatchObject({ claimed: 1 });
    worker.later(MINUTE);
    expect(await worker.run()).toMatchObject({ claimed: 0 });
    expect(await worker.read(userId)).not.toHaveProperty('notice');
  });

  it('to one kind, the others are told', async () => {
    const heard: string[] = [];
    const onNeedsUser = ({ kind }: UserNotice) => void heard.push(kind);
    const worker = workerOverTwins({ notices: { onNeedsUser } });
    await worker.create(marked());
    const { userId } = await worker.create(dueAccount({ notice: due('recovered') }));
    await worker.run();
    expect(heard).toEqual(['needs-user']);
    expect(await worker.read(userId)).not.toHaveProperty('notice');
  });
});

describe('the account of a former release', () => {
  it('is told of nothing that happened before anybody listened', async () => {
    const worker = listening();
    const { userId } = await worker.create(marked({ notice: undefined }));
    await worker.run();
    worker.later(MINUTE);
    await worker.run();
    expect(worker.heard).toEqual([]);
    expect(dueAt(await connectedOf(worker, userId)) > new Date(NOW.getTime() + DAY)).toBe(true);
  });

  it('is found by the audit if that release has postponed a notice', async () => {
    const worker = listening();
    await worker.create(marked({ nextCheckAt: new Date(NOW.getTime() + 80 * DAY) }));
    await worker.run();
    expect(worker.eventsOf('account.rescheduled')).toHaveLength(1);
    worker.later(MINUTE);
    await worker.run();
    expect(worker.heard).toMatchObject([{ id: 'notice-1' }]);
  });
});
