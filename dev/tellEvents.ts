/** Tells at the terminal what the functions log: one readable line for each event. */
import type { LogEvent } from '../shared/log.ts';
import type { UserId } from '../shared/userId.ts';
import { type EndOfTask, wordsOfTask } from './demoWords.ts';
import { wordsOf } from './eventWords.ts';
import { readEvent } from './readEvent.ts';
import type { News } from './taskNews.ts';

export type Listeners = {
  say(line: string): void;
  /** The demo users by their log ids. Only the local platform has such a list: the log itself names nobody. */
  people: ReadonlyMap<string, { name: string; userId: UserId }>;
  /** What the tasks have newly told a user. */
  newsOf(userId: UserId): Promise<News>;
};

/** `[time] level function message`, as the host writes it. */
const HOST_LINE = /^\[[^\]]*\] (\w+) (\S+) (.*)$/;

/**
 * @returns takes the lines of the host, one after the other, and resolves when it has told everything. A line without an event
 * is told if it is a warning or an error, or comes from elsewhere.
 */
export function createTeller({ say, people, newsOf }: Listeners): (line: string) => Promise<void> {
  const tasks = new Map<string, EndOfTask[]>();
  let told = Promise.resolve();

  async function tell(event: LogEvent, at: string): Promise<void> {
    const user = 'user' in event ? event.user : undefined;
    if (event.event === 'task.ended') {
      tasks.set(event.user, [...(tasks.get(event.user) ?? []), event]);
      return;
    }
    const words = wordsOf(event);
    if (words === undefined) return;
    const person = user === undefined ? undefined : people.get(user);
    const who = person?.name ?? user ?? (event.event.startsWith('sweep.') ? 'worker' : 'stead');
    say(`${at}  ${who}: ${[words, ...(await tasksOf(event, person?.userId))].join('; ')}`);
  }

  async function tasksOf(event: LogEvent, userId: UserId | undefined): Promise<string[]> {
    if (event.event !== 'user.check-ended') return [];
    const ended = tasks.get(event.user) ?? [];
    tasks.delete(event.user);
    // Storage may be gone, and the check has ended all the same.
    const news = userId === undefined ? undefined : await newsOf(userId).catch(() => undefined);
    return ended.map((end) => wordsOfTask({ ...end, news: news?.get(end.task) }));
  }

  return (line) => {
    const event = readEvent(line);
    const at = new Date().toTimeString().slice(0, 8);
    told = told.then(async () => {
      if (event !== undefined) return tell(event, at);
      const [, level, source, message] = HOST_LINE.exec(line) ?? [];
      if (level === undefined) say(line);
      else if (level !== 'information') say(`${at}  ${source}: ${level}: ${message}`);
    });
    return told;
  };
}
