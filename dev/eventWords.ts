/** Every event of the log in words, for the person at the terminal of `npm start`. */
import type { LogEvent, SweepSummary } from '../shared/log.ts';
import { wordsOfCheck } from './demoWords.ts';

type Words = {
  [Name in LogEvent['event']]: (event: Extract<LogEvent, { event: Name }>) => string | undefined;
};

const SOURCES: Record<string, string> = {
  network: 'a new token',
  cache: 'the stored token',
  memory: 'the token in memory',
};

const atTime = (iso: string): string => new Date(iso).toTimeString().slice(0, 8);
const withCode = (text: string, code?: string): string => (code === undefined ? text : `${text} (${code})`);
const NOTICES = {
  'needs-user': 'the user is needed',
  expiring: 'the connection ends soon',
  recovered: 'all is well again',
};

/** What the line of the check has is left out of the others. */
const WORDS: Words = {
  'request.answered': ({ status, code, by, source }) => {
    // The page asks again and again how it stands. What such a request changes has an event of its own.
    if (by === undefined && source === undefined && status < 400) return undefined;
    const what = by === undefined ? 'a request' : `the page asked for "${by}", which`;
    const token = source === undefined ? '' : `, with ${SOURCES[source] ?? source}`;
    return status < 400
      ? `${what} was answered${token}`
      : `${what} was refused: ${withCode(String(status), code)}${token}`;
  },
  'request.failed': ({ status, code }) => `a request failed: ${withCode(String(status), code)}`,
  'upstream.refused': ({ service, code }) =>
    `${service === 'entra' ? 'the directory' : 'Graph'} refused (${code})`,
  'account.seen-first': () => 'is here for the first time, and is connected from now on',
  'account.healed': () => 'came back, and all is well again',
  'account.linked': () => 'stays connected: the connection has a grant of its own',
  'account.not-recorded': ({ error }) => `the visit could not be stored (${error})`,
  'cache.not-read': ({ why }) => `the stored tokens could not be used (${why})`,
  'cache.not-written': ({ why }) => `the new tokens could not be stored (${why})`,
  'memory.not-read': ({ why }) => `what the tasks remember could not be used (${why})`,
  'cache.foreign-entry': () => 'the tokens of somebody else were among theirs, so nothing was stored',
  'cache.former-home-dropped': () => 'has a new home account, so the old tokens are gone',
  'grant.refused': ({ grant }) => `the grant of the ${grant} was refused, so the other one is used`,
  'user.check-ended': (event) => wordsOfCheck(event),
  'user.failed-unexpectedly': ({ error }) => `the check failed unexpectedly (${error})`,
  'lease.abandoned': () => 'an earlier run died while it checked them',
  'account.damaged': () => 'the row in storage is damaged, so the worker leaves it alone',
  'account.rescheduled': () => 'was due far too late, and is due now',
  'index.repaired': () => 'the entry of the index was lost, and is there again',
  'token.custom-key': ({ remedy }) => remedy,
  'credential.refused': ({ code, remedy }) => withCode(remedy, code),
  'credential.unreachable': ({ code }) => `nobody could say whether the credential is accepted (${code})`,
  'token.used': () => undefined,
  'task.ended': () => undefined,
  'task.note': ({ task, note }) => `${task} notes: ${note}`,
  'notice.delivered': ({ notice }) => `your application was told: ${NOTICES[notice]}`,
  'notice.not-delivered': ({ notice, error, nextTryAt }) =>
    `your application could not be told that ${NOTICES[notice]} (${error}); next try at ${atTime(nextTryAt)}`,
  'notice.given-up': ({ notice, error }) =>
    `your application will not be told that ${NOTICES[notice]} (${error})`,
  'account.woken': () => 'is due now, because somebody asked for it',
  'account.ended': () => 'said stop: the tokens and the history are deleted',
  'account.reconnected': () => 'is connected again',
  'cooldown.began': ({ api, whose, code, until }) =>
    `${api === 'graph' ? 'Graph' : 'the directory'} is left alone for ${whose === 'tenant' ? 'a whole organisation' : 'everybody'} until ${atTime(until)} (${code})`,
  'cooldowns.not-read': ({ error }) => `the cooldowns could not be read (${error})`,
  'sweep.misconfigured': ({ code, remedy }) => withCode(remedy, code),
  'sweep.clock-differs': ({ remedy }) => remedy,
  'sweep.shard-failed': ({ shard, error }) => `shard ${shard} could not be read (${error})`,
  'sweep.no-turn': ({ count }) => `${count} checks wait for a turn at the token endpoint in a later run`,
  'sweep.storage-busy': () => 'storage asks for fewer requests, so the run goes on more slowly',
  'sweep.split': ({ parts, due }) => `${due} are due, so the run is split into ${parts} parts`,
  'part.late': ({ shard }) => `a part of a run, shard ${shard}, came too late`,
  'part.repeated': ({ tries }) => `a part of a run comes again, as try ${tries}`,
  'part.unknown': () => 'a message is no part of a run',
  'sweep.retirement-stopped': ({ remedy }) => remedy,
  'sweep.not-audited': ({ error }) => `the audit could not go on (${error})`,
  'sweep.last-run-not-read': ({ error }) => `the last run could not be read (${error})`,
  'sweep.not-recorded': ({ error }) => `the run could not be recorded (${error})`,
  'sweep.failed': ({ error }) => `the run failed (${error})`,
  'sweep.ended': wordsOfRun,
  'worker.woken': ({ by }) => `${by === 'visit' ? 'a visit' : 'an application'} asked for a run`,
  'worker.no-address': ({ remedy }) => remedy,
  'worker.silent': ({ ms, error }) =>
    withCode(`no run has ended for ${Math.round(ms / 60_000)} minutes, so the visit calls for one`, error),
  'storage.unreachable': ({ remedy }) => remedy,
  'storage.ready': () => 'storage is ready',
};

function wordsOfRun({ claimed, refreshed, fromCache, failed, tasks, ms }: SweepSummary): string {
  if (claimed === 0) return 'nobody is due';
  const failures = Object.values(failed).reduce((sum, count) => sum + count, 0);
  const counts = [
    `${claimed} checked`,
    ...(refreshed > 0 ? [`${refreshed} renewed`] : []),
    ...(fromCache > 0 ? [`${fromCache} still good`] : []),
    ...(failures > 0 ? [`${failures} failed`] : []),
    ...(tasks.done > 0 ? [`${tasksText(tasks.done)} done`] : []),
    ...(tasks.failed > 0 ? [`${tasksText(tasks.failed)} failed`] : []),
  ];
  return `${counts.join(', ')}, in ${ms} ms`;
}

const tasksText = (count: number): string => (count === 1 ? '1 task' : `${count} tasks`);

/** @returns undefined for an event that the line of another one tells */
export function wordsOf<E extends LogEvent>(event: E): string | undefined {
  // The table has a function for each event, and TypeScript cannot see that it is the one of this event.
  const words = WORDS[event.event] as ((event: E) => string | undefined) | undefined;
  return words === undefined ? event.event : words(event);
}
