/**
 * What the page's demo controls do. Each one does at once what it says, for one person alone, whatever was pressed before:
 * it puts right what an earlier one has left.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { ConflictError } from '../shared/errors.ts';
import type { Stead } from '../shared/stead.ts';
import { toUserId, type UserId } from '../shared/userId.ts';
import { type FaultName, type Language, SAYS } from './demoSays.ts';
import { WITHOUT } from './demoWords.ts';
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

/** The faults that people can cause at the directory. */
const FAULTS: Record<FaultName, object> = {
  revoke: { kind: 'revoked' },
  mfa: { kind: 'claims' },
  consent: { kind: 'consent' },
  // So short that it is over when the next control has been found.
  throttle: { kind: 'throttled', retryAfter: 1 },
  outage: { kind: 'server-error' },
  silence: { kind: 'hang', times: 1 },
};

/** What the tasks of a check found, as sentences; what they found is in `news`. */
function wordsOfFound(
  entries: readonly { outcome: string; task?: string; code?: string }[],
  news: News,
  { run }: (typeof SAYS)[Language],
): string {
  const tasks = entries.filter(({ task }) => task !== undefined);
  if (tasks.length === 0) return run.paused;
  const found = [...news.values()].map((text) => text.replace(/\.$/, ''));
  const failed = tasks.filter(({ outcome }) => outcome === 'task-failed');
  const namesOf = (some: typeof failed) => some.map(({ task = '' }) => task);
  const without = namesOf(failed.filter(({ code }) => WITHOUT.has(code)));
  const broken = namesOf(failed.filter(({ code }) => !WITHOUT.has(code)));
  return [
    found.length === 0 ? run.nothingNew : run.tells(found),
    ...(without.length === 0 ? [] : [run.without(without)]),
    ...(broken.length === 0 ? [] : [run.tasksFailed(broken)]),
  ].join(' ');
}

/** Every control, by its name in the address. */
export const CONTROLS = [
  'short-tokens',
  'hour-tokens',
  ...(Object.keys(FAULTS) as FaultName[]),
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
  async function run(userId: UserId, language: Language): Promise<string> {
    await newsOf(userId);
    const before = await lastEntryAt(userId);
    for (let tries = 0; tries < RUNS; tries += 1) {
      await makeDue(userId);
      await runWorker();
      if ((await lastEntryAt(userId)) > before) break;
    }
    return report(userId, before, SAYS[language]);
  }

  async function historyOf(userId: UserId) {
    const account = await operators.show(userId);
    return account !== undefined && 'history' in account ? account.history : [];
  }
  const lastEntryAt = async (userId: UserId): Promise<number> =>
    (await historyOf(userId)).at(-1)?.at.getTime() ?? 0;

  async function report(userId: UserId, before: number, says: (typeof SAYS)[Language]): Promise<string> {
    const account = await operators.show(userId);
    if (account === undefined) return says.run.nothingKept;
    if (!('history' in account)) return says.run.notConnected;
    const news = await newsOf(userId);
    const entries = account.history.filter(({ at }) => at.getTime() > before);
    const [check] = entries.filter(({ task }) => task === undefined);
    if (check === undefined) return account.state === 'needs-user' ? says.run.needsYou : says.run.waits;
    if (check.outcome === 'failed') return says.run.failed[check.kind ?? 'transient'];
    const token = check.outcome === 'refreshed' ? says.run.renewed : says.run.stillGood;
    return `${token} ${wordsOfFound(entries, news, says)}`;
  }

  /** The first check uses the token that the visit has brought, and would meet no fault. So it comes before the fault. */
  async function passFirstCheck(userId: UserId): Promise<void> {
    const account = await operators.show(userId);
    const isConnected = account?.state === 'pending' || account?.state === 'active';
    if (isConnected && account.history.length === 0) await run(userId, 'en');
  }

  async function isInTrouble(userId: UserId): Promise<boolean> {
    const account = await operators.show(userId);
    if (account?.state === 'needs-user') return true;
    return account !== undefined && 'trouble' in account && account.trouble !== undefined;
  }

  async function leave(user: DemoUser, userId: UserId, language: Language): Promise<string> {
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
    return `${SAYS[language].away} ${await run(userId, language)}`;
  }

  async function startOver({ name, tid }: DemoUser, userId: UserId): Promise<void> {
    await operators.retire(userId);
    const tombstone = await operators.show(userId);
    if (tombstone !== undefined) await services.accounts.erase(tombstone);
    await standIn('POST', `/users/${name}/reset`, {});
    await endThrottle(tid, userId);
  }

  /**
   * Does what a control says.
   * @returns what was done, for the person, in a language of the page
   * @throws {Error} a part of the platform does not answer, or refuses, or the person is not connected.
   */
  return async function press(user: DemoUser, control: Control, language: Language = 'en'): Promise<string> {
    const userId = toUserId(user);
    const says = SAYS[language];
    if (!WITHOUT_CONNECTION.has(control) && !('history' in ((await operators.show(userId)) ?? {})))
      throw new Error(says.notConnected);
    switch (control) {
      case 'short-tokens':
        await restore(user, userId);
        await standIn('DELETE', `/users/${user.name}/lifetimes`);
        await passFirstCheck(userId);
        await makeDue(userId, true);
        return says.shortTokens;
      case 'hour-tokens':
        await restore(user, userId);
        await standIn('PUT', `/users/${user.name}/lifetimes`, { graphAccessToken: null });
        await passFirstCheck(userId);
        await makeDue(userId, true);
        return says.hourTokens;
      case 'well':
        await restore(user, userId);
        await standIn('DELETE', `/users/${user.name}/lifetimes`);
        // The page says that something is wrong until a check has found that nothing is.
        return (await isInTrouble(userId)) ? `${says.well} ${await run(userId, language)}` : says.well;
      case 'run':
        return run(userId, language);
      case 'leave':
        return leave(user, userId, language);
      case 'return':
        // A revocation stays: the new sign-in is younger, and so it repairs the connection.
        await standIn('DELETE', `/users/${user.name}/fault`);
        await endThrottle(user.tid, userId);
        if (!('history' in ((await operators.show(userId)) ?? {})))
          await platform.callApi(user, 'PUT', '/api/connection');
        await platform.callApi(user, 'GET', '/api/profile');
        return says.returned;
      case 'disconnect':
        await platform.callApi(user, 'DELETE', '/api/connection');
        return says.stopped;
      case 'start-over':
        await startOver(user, userId);
        return says.startedOver;
      default: {
        await restore(user, userId);
        await passFirstCheck(userId);
        await standIn('PUT', `/users/${user.name}/fault`, FAULTS[control]);
        if (control === 'throttle') throttled.add(userId);
        await makeDue(userId, true);
        return says.faults[control];
      }
    }
  };
}
