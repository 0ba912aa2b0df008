import type { Connection } from '../../../shared/wire.ts';
import type { Speech } from '../words/speech.tsx';
import { type Found, findingsSince } from './findings.ts';
import type { PageState } from './pageState.ts';

export type StateText = { title: string; text?: string };

/** What a task found, in words. */
export function foundText({ words, times }: Speech, { task, title, count }: Found): string {
  const text = times.number(count);
  const known = Object.hasOwn(words.found, task) ? words.found[task] : undefined;
  return known?.({ count, text }) ?? words.foundBy(title ?? task, text);
}

/** What users call a task. */
export const taskTitle = ({ words }: Speech, { task, title }: { task: string; title?: string }): string =>
  (Object.hasOwn(words.tasks, task) ? words.tasks[task] : undefined) ?? title ?? task;

/**
 * The state of the page as a headline and what it means. The two states with a notice of their own, `sign-in` and `refused`, have
 * none.
 * @param visitedAt when the person was here last, ISO 8601; undefined if they were not here before
 */
export function stateText(
  speech: Speech,
  state: Exclude<PageState, { name: 'sign-in' | 'refused' | 'loading' }>,
  connection: Connection,
  visitedAt: string | undefined,
  now: Date,
): StateText {
  const { words, times } = speech;
  const texts = words.state;
  const when = (at: string) => times.when(new Date(at), now);
  const promise = promiseOf(speech, connection, now);
  switch (state.name) {
    case 'well': {
      const summary = summaryOf(speech, connection, visitedAt, now, texts.well);
      if (state.repaired)
        return { title: texts.repaired, text: [summary && `${summary}.`, promise].filter(Boolean).join(' ') };
      return { title: summary ?? texts.newcomer, text: promise };
    }
    case 'partly':
      return {
        title: summaryOf(speech, connection, visitedAt, now, texts.partly) ?? texts.newcomer,
        text: promise,
      };
    case 'paused':
      return { title: texts.paused(when(state.until)), text: texts.pausedText };
    case 'starting':
      return { title: texts.starting, text: promise };
    case 'waiting':
      return state.failure.kind === 'throttled'
        ? { title: texts.throttled(when(state.since)), text: texts.throttledText }
        : { title: texts.waiting(when(state.since)), text: texts.waitingText };
    case 'blocked':
      return state.by === 'organisation'
        ? { title: texts.blockedTenant, text: texts.blockedTenantText }
        : { title: texts.blockedService, text: texts.blockedServiceText };
    case 'stopped':
      return {
        title: state.since === undefined ? words.refusal.signInAgain : texts.stopped(when(state.since)),
        text: stoppedText(speech, state.consent, connection, now),
      };
    case 'ended':
      return {
        title: state.at === undefined ? texts.ended : texts.endedOn(when(state.at)),
        text: texts.endedText,
      };
    case 'not-connected':
      return { title: texts.notConnected, text: texts.notConnectedText };
    case 'none':
      return { title: texts.none, text: texts.noneText };
    default:
      return state satisfies never;
  }
}

/** What one step of the person brings after a stop. A pause goes on all the same. */
export function stoppedText(
  { words, times }: Speech,
  consent: boolean,
  { tasksPausedUntil }: Connection,
  now: Date,
): string {
  const texts = words.state;
  if (tasksPausedUntil === undefined) return consent ? texts.stoppedConsent : texts.stoppedText;
  const until = times.when(new Date(tasksPausedUntil), now);
  return consent ? texts.stoppedConsentPaused(until) : texts.stoppedPaused(until);
}

/** How long it goes on, as far as that is known: docs/http.md says what each answer means. */
function promiseOf({ words, times }: Speech, { staysConnected, endsAt }: Connection, now: Date): string {
  const texts = words.state;
  if (staysConnected !== undefined) {
    const until = new Date(staysConnected.until);
    const left = until.getTime() - now.getTime();
    return staysConnected.isEstimate
      ? texts.goesOnAbout(times.duration(left))
      : texts.goesOnUntil(times.date(until, now));
  }
  return endsAt === undefined ? texts.goesOn : texts.goesOnUntilVisit(times.when(new Date(endsAt), now));
}

function summaryOf(
  speech: Speech,
  connection: Connection,
  visitedAt: string | undefined,
  now: Date,
  sentence: Speech['words']['state']['well'],
): string | undefined {
  const findings = findingsSince(connection, visitedAt);
  if (findings === undefined) return undefined;
  const { since, found } = findings;
  const list = found?.map((one) => foundText(speech, one));
  const text = list && (list.length === 0 ? speech.words.state.nothingNew : speech.times.list(list));
  return sentence(speech.times.when(new Date(since), now), text);
}
