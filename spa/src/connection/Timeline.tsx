import type { Connection } from '../../../shared/wire.ts';
import { absoluteText, relativeText, useNow } from '../ui/times.ts';
import { eventText } from './connectionText.ts';

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

function entriesOf({ history, lastActivity }: Connection): Entry[] {
  const events = history.map((event): Entry => {
    const { title, text, tone } = eventText(event);
    return {
      key: `${event.at} ${event.outcome} ${event.task ?? ''}`,
      at: event.at,
      title,
      text,
      tone,
      ...(event.code && { code: event.code }),
    };
  });
  const visit: Entry[] =
    lastActivity === undefined
      ? []
      : [{ key: 'visit', at: lastActivity, title: 'You were here', tone: 'visit' }];
  return [...events, ...visit].sort((one, other) => Date.parse(other.at) - Date.parse(one.at));
}
