/**
 * What the page's demo controls do. Each one does at once what it says, for one person alone, whatever was pressed before:
 * it puts right what an earlier one has left.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { ConflictError } from '../shared/errors.ts';
import type { Stead } from '../shared/stead.ts';
import { toUserId, type UserId } from '../shared/userId.ts';
import { wordsOfCheck } from './demoWords.ts';
import type { DemoUser } from './entra/directory.ts';
import { createTaskNews, type News } from './taskNews.ts';

export type DemoPlatform = {
  stead: Stead;
  /** Sends a request to `/dev/…` of the stand-in. @throws {Error} it refuses the request. */
  standIn(method: string, path: string, body?: object): Promise<void>;
  /** Runs the worker once, in the process in which it runs anyway. */
  runWorker(): Promise<void>;
  /** Signs the person in at the stand-in, and sends a request to the API as they do. @throws {Error} it is refused. */
  callApi(user: DemoUser, method: string, path: string): Promise<void>;
  /** Default: waits in real time. */
  wait?(ms: number): Promise<unknown>;
};

/** The faults that people can cause, and what each control says. */
const FAULTS = {
  revoke: {
    fault: { kind: 'revoked' },
    says: 'Your organisation has ended all your sign-ins. Run the worker: it will need you.',
  },
  mfa: {
    fault: { kind: 'claims' },
    says: 'Your organisation asks you for one more step. Run the worker: it will need you.',
  },
  consent: {
    fault: { kind: 'consent' },
    says: 'Your permission is withdrawn. Run the worker: it will need you.',
  },
  throttle: {
    // So short that it is over when the next control has been found.
    fault: { kind: 'throttled', retryAfter: 1 },
    says: 'The directory now refuses each request of yours, because there are too many. Run the worker: it waits, and does not need you.',
  },
  outage: {
    fault: { kind: 'server-error' },
    says: 'The directory is down for you. Run the worker: it tries again later, and does not need you.',
  },
  silence: {
    fault: { kind: 'hang', times: 1 },
    says: 'The directory will leave one request of yours without an answer. Run the worker: after ten seconds it gives up, and it tries again later.',
  },
} as const;

/** What the tasks of a check found, as sentences; what they found is in `news`. */
function wordsOfFound(entries: readonly { outcome: string; task?: string }[], news: News): string {
  const tasks = entries.filter(({ task }) => task !== undefined);
  if (tasks.length === 0) return 'Your tasks are paused.';
  const found = [...news.values()].map((text) => text.replace(/\.$/, ''));
  const failed = tasks.filter(({ outcome }) => outcome === 'task-failed').map(({ task }) => task);
  return [
    found.length === 0 ? 'There is nothing new.' : `Your tasks say: ${found.join('; ')}.`,
    ...(failed.length === 0 ? [] : [`These tasks failed: ${failed.join(', ')}.`]),
  ].join(' ');
}

/** Every control, by its name in the address. */
export const CONTROLS = [
  'short-tokens',
  'hour-tokens',
  ...(Object.keys(FAULTS) as (keyof typeof FAULTS)[]),
  'well',
  'run',
  'leave',
  'return',
  'disconnect',
  'start-over',
] as const;
export type Control = (typeof CONTROLS)[number];

/** What somebody can do who is not connected. The others would promise what does not happen. */
const WITHOUT_CONNECTION: ReadonlySet<Control> = new Set([
  'well',
  'run',
  'return',
  'disconnect',
  'start-over',
]);

/** Longer than the API's throttle lasts, for clocks that round. */
const THROTTLE_MS = 1_500;
/** Longer than a check that gets no answer. */
const LEASE_PATIENCE_MS = 12_000;
const RUNS = 3;
const NEW_FILES = 3;
const NEW_MESSAGES = 12;

export function createDemoPerson(platform: DemoPlatform) {
  const { stead, standIn, runWorker, wait = sleep } = platform;
  const { services, operators } = stead;
  const newsOf = createTaskNews(services);
  const now = () => services.clock.now();
  /** Whose requests the directory refuses, or has refused, as too many. */
  const throttled = new Set<UserId>();

  /** Ends what an earlier control has begun, at the directory and here. Lifetimes stay. */
  async function restore({ name, tid }: DemoUser, userId: UserId): Promise<void> {
    await standIn('POST', `/users/${name}/restore`, {});
    await endThrottle(tid, userId);
    await operators.retry(userId, true);
    await makeDue(userId);
  }

  async function endThrottle(tid: string, userId: UserId): Promise<void> {
    await operators.endCooldowns(tid);
    // What the API's own process remembers cannot be taken away. It ends by itself.
    if (throttled.delete(userId)) await wait(THROTTLE_MS);
  }

  /**
   * As if the person had left a while ago: the account is due, a back-off and a lease of a run that has died are over, and the
   * worker asks for a new token if `isTokenOver`.
   */
  async function makeDue(userId: UserId, isTokenOver = false): Promise<void> {
    for (let waited = 0; ; waited += 100) {
      const account = await operators.show(userId);
      if (account?.state !== 'pending' && account?.state !== 'active') return;
      const { lease, ...free } = account;
      if (lease !== undefined && lease.until > now() && waited < LEASE_PATIENCE_MS) {
        await wait(100);
        continue;
      }
      const left = new Date(now().getTime() - services.schedule.idleForMs - 1_000);
      const lastActivity = free.lastActivity < left ? free.lastActivity : left;
      // Stores round it up to a whole second.
      const due = { ...free, lastActivity, nextCheckAt: new Date(now().getTime() - 2_000) };
      const to = isTokenOver && due.state === 'active' ? { ...due, expiresOn: now() } : due;
      try {
        await services.accounts.update(account, to);
        return;
      } catch (error) {
        // A visit or a run of the timer was faster.
        if (!(error instanceof ConflictError)) throw error;
      }
    }
  }

  /** @returns what the worker did for the person, as a sentence */
  async function run(userId: UserId): Promise<string> {
    await newsOf(userId);
    const before = await lastEntryAt(userId);
    for (let tries = 0; tries < RUNS; tries += 1) {
      await makeDue(userId);
      await runWorker();
      if ((await lastEntryAt(userId)) > before) break;
    }
    return report(userId, before);
  }

  async function historyOf(userId: UserId) {
    const account = await operators.show(userId);
    return account !== undefined && 'history' in account ? account.history : [];
  }
  const lastEntryAt = async (userId: UserId): Promise<number> =>
    (await historyOf(userId)).at(-1)?.at.getTime() ?? 0;

  async function report(userId: UserId, before: number): Promise<string> {
    const account = await operators.show(userId);
    if (account === undefined) return 'The worker has run. Nothing is kept of you: sign in first.';
    if (!('history' in account)) return 'The worker has run, and did nothing for you: you are not connected.';
    const news = await newsOf(userId);
    const entries = account.history.filter(({ at }) => at.getTime() > before);
    const [check] = entries.filter(({ task }) => task === undefined);
    if (check === undefined) {
      return account.state === 'needs-user'
        ? 'The worker has run, and asked nobody for you: it needs you first.'
        : 'The worker has run, and waits with you: there were too many requests.';
    }
    const { outcome, kind, code } = check;
    if (outcome === 'failed') {
      const end = { outcome, ...(kind && { kind }), ...(code && { code }) };
      return `The worker has run for you: ${wordsOfCheck(end, 'you')}.`;
    }
    const token = outcome === 'refreshed' ? 'your token was renewed' : 'your token is still good';
    return `The worker has run for you: ${token}. ${wordsOfFound(entries, news)}`;
  }

  /** The first check uses the token that the visit has brought, and would meet no fault. So it comes before the fault. */
  async function passFirstCheck(userId: UserId): Promise<void> {
    const account = await operators.show(userId);
    const isConnected = account?.state === 'pending' || account?.state === 'active';
    if (isConnected && account.history.length === 0) await run(userId);
  }

  async function leave(user: DemoUser, userId: UserId): Promise<string> {
    const { name } = user;
    await restore(user, userId);
    // The tasks watch from their first check on.
    await passFirstCheck(userId);
    for (const [what, count] of [
      ['files', NEW_FILES],
      ['messages', NEW_MESSAGES],
    ] as const) {
      for (let i = 0; i < count; i += 1) {
        // Some people have no drive and no mailbox.
        await standIn('POST', `/users/${name}/${what}`, {}).catch(() => undefined);
      }
    }
    return `You were away for a while. ${await run(userId)}`;
  }

  async function startOver({ name, tid }: DemoUser, userId: UserId): Promise<string> {
    await operators.retire(userId);
    const tombstone = await operators.show(userId);
    if (tombstone !== undefined) await services.accounts.erase(tombstone);
    await standIn('POST', `/users/${name}/reset`, {});
    await endThrottle(tid, userId);
    return 'Nothing is kept of you any more, and you have consented to nothing. Sign in to begin again.';
  }

  /**
   * Does what a control says.
   * @returns what was done, for the person
   * @throws {Error} a part of the platform does not answer, or refuses, or the person is not connected.
   */
  return async function press(user: DemoUser, control: Control): Promise<string> {
    const userId = toUserId(user);
    if (!WITHOUT_CONNECTION.has(control) && !('history' in ((await operators.show(userId)) ?? {})))
      throw new Error('you are not connected. Connect on the page first.');
    switch (control) {
      case 'short-tokens':
        await restore(user, userId);
        await standIn('DELETE', `/users/${user.name}/lifetimes`);
        await passFirstCheck(userId);
        await makeDue(userId, true);
        return 'From now on your tokens last half a minute. The worker renews yours each time it runs.';
      case 'hour-tokens':
        await restore(user, userId);
        await standIn('PUT', `/users/${user.name}/lifetimes`, { graphAccessToken: null });
        await passFirstCheck(userId);
        await makeDue(userId, true);
        return 'Your next token lasts an hour. The worker renews it once, and then finds it still good.';
      case 'well':
        await restore(user, userId);
        await standIn('DELETE', `/users/${user.name}/lifetimes`);
        return 'All is well again: nothing is wrong at the directory, and the worker may try at once.';
      case 'run':
        return run(userId);
      case 'leave':
        return leave(user, userId);
      case 'return':
        // A revocation stays: the new sign-in is younger, and so it repairs the connection.
        await standIn('DELETE', `/users/${user.name}/fault`);
        await endThrottle(user.tid, userId);
        if (!('history' in ((await operators.show(userId)) ?? {})))
          await platform.callApi(user, 'PUT', '/api/connection');
        await platform.callApi(user, 'GET', '/api/profile');
        return 'You have signed in once more, and the worker goes on.';
      case 'disconnect':
        await platform.callApi(user, 'DELETE', '/api/connection');
        return 'It has stopped. The tokens and the history are deleted.';
      case 'start-over':
        return startOver(user, userId);
      default: {
        const { fault, says } = FAULTS[control];
        await restore(user, userId);
        await passFirstCheck(userId);
        await standIn('PUT', `/users/${user.name}/fault`, fault);
        if (control === 'throttle') throttled.add(userId);
        await makeDue(userId, true);
        return says;
      }
    }
  };
}
