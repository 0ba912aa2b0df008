import type { Connection, ConnectionTask } from '../../../shared/wire.ts';
import { useSpeech } from '../words/speech.tsx';
import { useNow } from '../words/useNow.ts';
import type { Words } from '../words/words.ts';
import { type Item, itemsOf, keysOf, passes } from './findings.ts';
import { type PageState, tellsNextCheck } from './pageState.ts';
import { foundText, taskTitle } from './stateText.ts';
import { TechnicalDetails } from './TechnicalDetails.tsx';

type ActivityProps = { connection: Connection; state: PageState };

/** What was done for the person, by days, newest first. It promises nothing that the state of the page does not promise. */
export function Activity({ connection, state }: ActivityProps) {
  const { words, times } = useSpeech();
  const now = useNow(60_000);
  const days = new Map<number, { key: string; item: Item }[]>();
  const all = itemsOf(connection);
  const keys = keysOf(all);
  for (const [index, item] of all.entries()) {
    const day = times.dayNumber(new Date(item.at));
    days.set(day, [...(days.get(day) ?? []), { key: keys[index] ?? '', item }]);
  }
  const goesOn = tellsNextCheck(state);
  return (
    <section aria-labelledby="away-title" className="activity">
      <article>
        <h2 id="away-title">{words.regions.activity}</h2>
        {days.size === 0 && (
          <p className="nothing">
            {words.activity.nothing} {goesOn && words.activity.begins}
          </p>
        )}
        {[...days].map(([day, items]) => (
          <div key={day} className="day">
            <h3>{times.day(new Date(items[0]?.item.at ?? ''), now)}</h3>
            <ul data-clock={times.hasDayPeriods ? 'long' : 'short'}>
              {items.map(({ key, item }) => (
                <ItemLine key={key} item={item} now={now} goesOn={goesOn} />
              ))}
            </ul>
          </div>
        ))}
        {connection.nextCheckAt !== undefined && goesOn && <NextCheck at={connection.nextCheckAt} />}
        {(connection.history.length > 0 || (connection.checks ?? []).length > 0) && (
          <TechnicalDetails connection={connection} />
        )}
      </article>
    </section>
  );
}

type Line = { title: string; text?: string | undefined; tone: 'good' | 'quiet' | 'bad' };

type ItemLineProps = {
  item: Item;
  now: Date;
  /** True if a check comes by itself. */
  goesOn: boolean;
};

function ItemLine({ item, now, goesOn }: ItemLineProps) {
  const { times } = useSpeech();
  const { title, text, tone } = useLine(item, now, goesOn);
  const at = new Date(item.at);
  return (
    <li data-tone={tone}>
      <time dateTime={item.at}>{times.clock(at)}</time>
      <div>
        <p dir="auto">{title}</p>
        {text !== undefined && <p className="more">{text}</p>}
      </div>
    </li>
  );
}

/** Red is only what is still wrong; what is over is grey, and says how long it took. */
function useLine(item: Item, now: Date, goesOn: boolean): Line {
  const speech = useSpeech();
  const { words, times } = speech;
  const texts = words.activity;
  switch (item.kind) {
    case 'found': {
      const { found, summary, from } = item;
      const when = (at: string) => times.when(new Date(at), now).text;
      return {
        title: found.count > 0 ? foundText(speech, found) : `${taskTitle(speech, found)}: ${summary ?? ''}`,
        // To the minute, the first and the last of them may be the same.
        text:
          from === undefined || when(from) === when(item.at)
            ? undefined
            : texts.range(when(from), when(item.at)),
        tone: 'good',
      };
    }
    case 'nothing': {
      const titles = item.tasks.map((task) => taskTitle(speech, task));
      const counts = item.tasks.some((task) => task.counts);
      return {
        title: counts ? texts.nothingNew(times.list(titles)) : texts.did(times.list(titles)),
        tone: 'quiet',
      };
    }
    case 'task-failed': {
      const { task, isStill } = item;
      return {
        title: texts.failed(taskTitle(speech, task)),
        text: isStill ? stillText(texts, task, goesOn) : texts.failedOnce,
        tone: isStill && !passes(task) ? 'bad' : 'quiet',
      };
    }
    case 'task-without':
      return { title: texts.without(taskTitle(speech, item.task)), text: texts.withoutText, tone: 'quiet' };
    case 'trouble': {
      const { failure, from, until, isStill } = item;
      const length = until && times.duration(Date.parse(until) - Date.parse(from));
      return {
        title: texts.trouble[failure],
        text: isStill
          ? texts.troubleStill
          : length === undefined
            ? texts.troubleOver
            : texts.troubleFor(length),
        tone: isStill && failure !== 'transient' && failure !== 'throttled' ? 'bad' : 'quiet',
      };
    }
    default:
      return item satisfies never;
  }
}

/** What has to happen before a task that failed works again. */
function stillText(texts: Words['activity'], { kind }: ConnectionTask, goesOn: boolean): string | undefined {
  if (kind === 'consent') return texts.failedConsent;
  if (kind === 'needs-user') return texts.failedUser;
  return goesOn ? texts.failedStill : undefined;
}

/** The countdown is hidden from screen readers: one that spoke every second would drown everything else. */
function NextCheck({ at }: { at: string }) {
  const { words, times } = useSpeech();
  const now = useNow(1_000);
  const time = new Date(at);
  return (
    <p className="next-check">
      {words.activity.next} <time dateTime={at}>{times.when(time, now).text}</time>
      <span aria-hidden="true"> · {time <= now ? words.activity.anyMoment : times.relative(time, now)}</span>
    </p>
  );
}
