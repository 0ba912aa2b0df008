/** Whatever happens to a user, what their application was told last is true in the end. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Account, type Connected, isConnected } from '../../../../shared/account/account.ts';
import { changeAccount } from '../../../../shared/account/changeAccount.ts';
import { tellingOf } from '../../../../shared/account/tellingOf.ts';
import { seen, visited } from '../../../../shared/account/transitions.ts';
import { wakeUser } from '../../../../shared/account/wakeUser.ts';
import { NoticeFailedError, UserTokenError } from '../../../../shared/errors.ts';
import type { UserNotice } from '../../../../shared/notices.ts';
import { retryAccount } from '../../../../shared/operators/retryAccount.ts';
import { CALLER } from '../account/everyTransition.ts';
import { dueAccount, MINUTE, SCHEDULE, tokenOf, workerOverTwins } from './workerOverTwins.ts';

const EVENTS = [
  'run',
  'run',
  'run',
  'killed',
  'visit',
  'seen',
  'retry',
  'wake',
  'minutes',
  'hours',
  'release',
] as const;
const TOKENS = ['good', 'short', 'refused', 'outage', 'no-key'] as const;
const RECEIVERS = ['takes', 'takes', 'fails', 'lost-answer', 'busy'] as const;

const step = fc.record({
  event: fc.constantFrom(...EVENTS),
  tokens: fc.constantFrom(...TOKENS),
  receiver: fc.constantFrom(...RECEIVERS),
  during: fc.constantFrom(undefined, undefined, undefined, 'visit' as const, 'retry' as const),
});
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

const stepOf = (event: Step['event'], tokens: Step['tokens'] = 'good', more: Partial<Step> = {}): Step => ({
  event,
  tokens,
  receiver: 'takes',
  during: undefined,
  ...more,
});
/** Histories after which the application waited for a user who was there. */
const FOUND: readonly Step[][] = [
  [
    stepOf('run', 'refused'),
    stepOf('run', 'good', { during: 'visit' }),
    stepOf('run', 'short'),
    stepOf('run'),
  ],
  [
    stepOf('run', 'refused'),
    stepOf('run'),
    stepOf('visit'),
    stepOf('run', 'refused'),
    stepOf('retry'),
    stepOf('run'),
  ],
  [stepOf('run', 'refused'), stepOf('killed'), stepOf('retry'), stepOf('run')],
];

async function live(steps: readonly Step[]) {
  const heard: UserNotice[] = [];
  let now: Step = { event: 'run', tokens: 'good', receiver: 'takes', during: undefined };
  let during: Step['during'];
  const hear = async (notice: UserNotice) => {
    const act = during;
    during = undefined;
    if (now.receiver !== 'fails' && now.receiver !== 'busy') heard.push(notice);
    if (act) await happens(act);
    if (now.receiver === 'fails' || now.receiver === 'lost-answer') throw new Error('down');
    if (now.receiver === 'busy') throw new NoticeFailedError('http_429', { retryAfterSeconds: 600 });
  };
  const worker = workerOverTwins({
    notices: { onNeedsUser: hear, onExpiring: hear, onRecovered: hear },
    silent: async () => {
      const at = worker.now().getTime();
      switch (now.tokens) {
        case 'refused':
          throw new UserTokenError({ kind: 'needs-user', code: 'AADSTS50173' });
        case 'outage':
          throw new UserTokenError({ kind: 'transient', code: 'http_503' });
        case 'no-key':
          throw new UserTokenError({ kind: 'misconfigured', code: 'cache_unknown_key' });
        default:
          return tokenOf({
            source: 'network',
            expiresOn: new Date(at + 60 * MINUTE),
            refreshTokenExpiresOn: new Date(at + (now.tokens === 'short' ? 3 : 24) * 60 * MINUTE),
          });
      }
    },
  });
  const { userId } = await worker.create(dueAccount());
  const change = (to: (at: Connected) => Account) =>
    changeAccount(worker.app(), userId, (at) => (at && isConnected(at) ? to(at) : 'keep'));

  async function happens(event: Step['event']) {
    const { app } = worker;
    switch (event) {
      case 'run':
        await worker.run();
        return;
      case 'killed': {
        // The run holds its lease, and writes no more.
        const { update } = worker.accounts;
        worker.accounts.update = () => Promise.reject(new Error('killed'));
        await worker.run();
        worker.accounts.update = update;
        worker.restart();
        return;
      }
      case 'visit':
        await change((at) =>
          visited(
            at,
            CALLER,
            tokenOf({ source: 'network', expiresOn: new Date(worker.now().getTime() + 60 * MINUTE) }),
            worker.now(),
            SCHEDULE,
            tellingOf(app()),
          ),
        );
        return;
      case 'seen':
        await change((at) => seen(at, worker.now()));
        return;
      case 'retry':
        await retryAccount(app(), userId, true);
        return;
      case 'wake':
        await wakeUser(app(), userId);
        return;
      case 'minutes':
        worker.later(7 * MINUTE);
        return;
      case 'hours':
        worker.later(150 * MINUTE);
        return;
      case 'release':
        worker.restart();
        return;
      default:
        event satisfies never;
    }
  }
  for (const one of steps) {
    now = one;
    during = one.during;
    await happens(one.event);
    worker.later(MINUTE);
  }
  // Everything is well again, and the user stays away.
  const before = await worker.read(userId);
  now = {
    event: 'run',
    tokens: before?.state === 'needs-user' ? 'refused' : 'good',
    receiver: 'takes',
    during: undefined,
  };
  during = undefined;
  for (let n = 0; n < 48; n += 1) {
    await worker.run();
    worker.later(10 * MINUTE);
  }
  return { heard, account: await worker.read(userId), worker };
}

/** A user who is away stays marked, and a user who is not is not waited for. */
async function expectTruth(steps: readonly Step[]) {
  const { heard, account, worker } = await live(steps);
  const first = new Map(heard.toReversed().map((notice) => [notice.id, notice]));
  for (const { id, kind, since } of heard) expect(first.get(id)).toMatchObject({ kind, since });
  // Then the log has an error.
  if (worker.eventsOf('notice.given-up').length > 0) return;
  const isWaitedFor = heard.at(-1)?.kind === 'needs-user';
  expect(isWaitedFor).toBe(account?.state === 'needs-user');
}

describe('a history of one user', () => {
  it.each(FOUND)('ends with the truth: what was found', (...steps) => expectTruth(steps));

  it('ends with the truth', async () => {
    await fc.assert(fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 25 }), expectTruth), {
      numRuns: 100,
    });
  });
});
