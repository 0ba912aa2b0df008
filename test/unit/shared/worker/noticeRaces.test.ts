/** What comes of a notice if its account changes, or its run dies, while it is delivered. */
import { describe, expect, it } from 'vitest';
import { endAccount } from '../../../../shared/account/endAccount.ts';
import { leased, retried, seen, visited } from '../../../../shared/account/transitions.ts';
import { CALLER } from '../account/everyTransition.ts';
import { change, connectedOf, due, listening, marked, refused } from './listening.ts';
import { ago, DAY, MINUTE, NOW, SCHEDULE, tokenOf } from './workerOverTwins.ts';

describe('an account that changes while its notice is delivered', () => {
  it('is not told twice by the same check', async () => {
    const worker = listening(async ({ userId }) => {
      await change(worker, userId, (now) => seen(now, NOW));
    });
    const { userId } = await worker.create(marked());
    await worker.run();
    expect(worker.heard).toHaveLength(1);
    expect((await connectedOf(worker, userId)).notice).not.toHaveProperty('nextTryAt');
  });

  it('is told of its recovery after it was told that the user is needed', async () => {
    const telling = { id: 'notice-2', kinds: ['recovered'] } as const;
    const worker = listening(async ({ kind, userId }) => {
      if (kind !== 'needs-user') return;
      await change(worker, userId, (now) =>
        visited(now, CALLER, tokenOf({ source: 'network' }), NOW, SCHEDULE, telling),
      );
    });
    const { userId } = await worker.create(marked());
    await worker.run();
    worker.later(MINUTE);
    await worker.run();
    expect(worker.heard.map(({ kind }) => kind)).toEqual(['needs-user', 'recovered']);
    expect(await worker.read(userId)).toMatchObject({ state: 'active' });
  });

  it('is not told again after it was disconnected', async () => {
    const worker = listening(async ({ userId }) => {
      await endAccount(worker.app(), userId, 'disconnected');
      throw new Error('not heard');
    });
    const { userId } = await worker.create(marked());
    expect(await worker.run()).toMatchObject({ superseded: 1 });
    const account = await worker.read(userId);
    expect(account).toMatchObject({ state: 'disconnected' });
    expect(account).not.toHaveProperty('notice');
    worker.later(DAY);
    await worker.run();
    expect(worker.heard).toHaveLength(1);
  });

  it('is not settled by a run that lost the lease', async () => {
    const worker = listening(async ({ userId }) => {
      await change(worker, userId, (now) => leased(now, 'another run', new Date(NOW.getTime() + MINUTE)));
    });
    const { userId } = await worker.create(marked());
    expect(await worker.run()).toMatchObject({ superseded: 1 });
    expect(await worker.read(userId)).toMatchObject({
      lease: { runId: 'another run' },
      notice: due('needs-user'),
    });
  });
});

describe('after a run that died with the account', () => {
  it('the notice waits for its next try, because a listener may have ended the process', async () => {
    const worker = listening();
    const lease = { runId: 'a run that died', until: ago(MINUTE) };
    const { userId } = await worker.create(marked({ lease }));
    await worker.run();
    expect(worker.heard).toEqual([]);
    expect(await worker.read(userId)).toMatchObject({ notice: { id: 'notice-1', attempts: 1 } });
    worker.later(2 * MINUTE);
    await worker.run();
    expect(worker.heard).toMatchObject([{ id: 'notice-1' }]);
  });
});

describe('a run that died while it told that the user is needed', () => {
  it('may have told it, so that the recovery after an operator’s retry is told, too', async () => {
    const worker = listening();
    const lease = { runId: 'a run that died', until: new Date(NOW.getTime() + MINUTE) };
    const { userId } = await worker.create(marked({ lease }));
    await change(worker, userId, (now) => retried(now, NOW));
    for (let n = 0; n < 4; n += 1) {
      worker.later(MINUTE);
      await worker.run();
    }
    expect(worker.heard.map(({ kind }) => kind)).toEqual(['recovered']);
    expect(await worker.read(userId)).not.toHaveProperty('notice');
  });

  it('may have told it, so that nothing is told anew if the retry fails', async () => {
    const worker = listening(undefined, { silent: refused });
    const lease = { runId: 'a run that died', until: new Date(NOW.getTime() + MINUTE) };
    const { userId } = await worker.create(marked({ lease }));
    await change(worker, userId, (now) => retried(now, NOW));
    for (let n = 0; n < 4; n += 1) {
      worker.later(MINUTE);
      await worker.run();
    }
    expect(worker.heard).toMatchObject([{ id: 'notice-1', kind: 'needs-user' }]);
  });
});
