import type { Connection, ConnectionChecks, ConnectionEvent } from '../../../shared/wire.ts';
import { type Speech, useSpeech } from '../words/speech.tsx';

type Entry = { key: string; at: string; title: string; text?: string; code?: string };

/** Every check and task as the service tells it, with exact times and codes, newest first. */
export function TechnicalDetails({ connection }: { connection: Connection }) {
  const speech = useSpeech();
  return (
    <details className="technical">
      <summary>{speech.words.activity.technical}</summary>
      <ol>
        {entriesOf(speech, connection).map(({ key, at, title, text, code }) => (
          <li key={key}>
            <time dateTime={at}>{speech.times.exact(new Date(at))}</time>
            <p dir="auto">
              {title}
              {text !== undefined && ` (${text})`} {code !== undefined && <code>{code}</code>}
            </p>
          </li>
        ))}
      </ol>
    </details>
  );
}

function entriesOf(speech: Speech, { checks, history, lastActivity }: Connection): Entry[] {
  const { technical } = speech.words;
  // An earlier release of the service does not send checks.
  const events =
    checks?.flatMap((check) => ofChecks(speech, check)) ?? history.map((event) => ofEvent(speech, event));
  const visit: Entry[] =
    lastActivity === undefined ? [] : [{ key: 'visit', at: lastActivity, title: technical.visit }];
  return [...events, ...visit].sort((one, other) => Date.parse(other.at) - Date.parse(one.at));
}

function ofEvent(speech: Speech, { at, outcome, kind, code, task = '' }: ConnectionEvent): Entry {
  const { technical } = speech.words;
  const titleOf = (): string => {
    switch (outcome) {
      case 'refreshed':
      case 'from-cache':
        return technical[outcome];
      case 'failed':
        return technical.failed[kind ?? 'transient'];
      case 'task-done':
        return technical.taskDone(task);
      case 'task-failed':
        return technical.taskFailed(task);
      default:
        // A newer service may know more outcomes than this page.
        outcome satisfies never;
        return technical.unknown(String(outcome));
    }
  };
  return { key: `${at} ${outcome} ${task}`, at, title: titleOf(), ...(code && { code }) };
}

/** Checks that ended alike are one entry, and so is each of their tasks. */
function ofChecks(
  speech: Speech,
  { first, last, times, outcome, kind, code, keptBy, tasks }: ConnectionChecks,
): Entry[] {
  const { technical } = speech.words;
  const often = (count: number) =>
    technical.times({ count, text: speech.times.number(count) }, speech.times.exact(new Date(first)));
  const entry = (event: ConnectionEvent, count: number, ...more: string[]): Entry => {
    const texts = [...(count === 1 ? [] : [often(count)]), ...more];
    return {
      ...ofEvent(speech, event),
      key: `${first} ${event.outcome} ${event.task ?? ''}`,
      ...(texts.length > 0 && { text: texts.join('; ') }),
    };
  };
  return [
    entry(
      { at: last, outcome, ...(kind && { kind }), ...(code && { code }) },
      times,
      ...(keptBy ? [technical.keptBy[keptBy]] : []),
    ),
    ...tasks.map((task) =>
      entry(
        {
          at: task.last,
          outcome: task.outcome === 'done' ? 'task-done' : 'task-failed',
          task: task.task,
          ...(task.code && { code: task.code }),
        },
        task.times,
      ),
    ),
  ];
}
