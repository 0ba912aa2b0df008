import type { Connection, ConnectionChecks, ConnectionEvent, ConnectionTask } from '../../../shared/wire.ts';
import { absoluteText, relativeText, useNow } from '../ui/times.ts';
import { eventText, taskText } from './connectionText.ts';

type Entry = { key: string; at: string; title: string; text?: string; tone: string; code?: string };

/** What happened, newest first, with the person's last visit in its place. */
export function Timeline({ connection }: { connection: Connection }) {
  const now = useNow(1_000);
  if (connection.history.length === 0) {
    return (
      <p className="nothing">
        Nothing has happened yet. If you close this page, Stead soon checks your connection for the first
        time.
      </p>
    );
  }
  return (
    <ol className="timeline">
      {entriesOf(connection).map(({ key, at, title, text, tone, code }) => (
        <li key={key} data-tone={tone}>
          <div>
            <TimeAgo at={at} now={now} /> <strong>{title}</strong>
          </div>
          {text !== undefined && <p>{text}</p>}
          {code !== undefined && <code>{code}</code>}
        </li>
      ))}
    </ol>
  );
}

function TimeAgo({ at, now }: { at: string; now: Date }) {
  const time = new Date(at);
  return (
    <time dateTime={at} title={absoluteText(time)}>
      {relativeText(time, now)}
    </time>
  );
}

function entriesOf({ checks, history, lastActivity }: Connection): Entry[] {
  // An earlier release of the service does not send checks.
  const events = checks?.flatMap(ofChecks) ?? history.map(ofEvent);
  const visit: Entry[] =
    lastActivity === undefined
      ? []
      : [{ key: 'visit', at: lastActivity, title: 'You were here', tone: 'visit' }];
  return [...events, ...visit].sort((one, other) => Date.parse(other.at) - Date.parse(one.at));
}

function ofEvent(event: ConnectionEvent): Entry {
  const { at, outcome, task = '', code } = event;
  return { key: `${at} ${outcome} ${task}`, at, ...eventText(event), ...(code && { code }) };
}

/** Checks that ended alike are one entry, and so is each of their tasks. */
function ofChecks({ first, last, times, outcome, kind, code, tasks }: ConnectionChecks): Entry[] {
  const { title, text, tone } = eventText({ at: last, outcome, ...(kind && { kind }) });
  const since = `${times} times since ${absoluteText(new Date(first))}.`;
  return [
    {
      key: `${first} ${outcome}`,
      at: last,
      title,
      text: times === 1 ? text : `${text} ${since}`,
      tone,
      ...(code && { code }),
    },
    ...tasks.map((task) => ofTask(first, task)),
  ];
}

function ofTask(first: string, task: ConnectionTask): Entry {
  const { last, code } = task;
  return { key: `${first} ${task.task}`, at: last, ...taskText(task), ...(code && { code }) };
}
