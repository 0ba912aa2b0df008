import { readFileSync } from 'node:fs';
import { beforeEach, describe, expect, it } from 'vitest';
import { wordsOf } from '../../../dev/eventWords.ts';
import type { News } from '../../../dev/taskNews.ts';
import { createTeller } from '../../../dev/tellEvents.ts';
import type { LogEvent } from '../../../shared/log.ts';
import { toUserId } from '../../../shared/userId.ts';

const ADELE = toUserId({
  tid: '11111111-1111-4111-8111-111111111111',
  oid: '22222222-2222-4222-8222-222222222222',
});
const USER = '9389e13d78094ae2';
const OTHER = '0123456789abcdef';

let said: string[];
let news: News | Error;
beforeEach(() => {
  said = [];
  news = new Map();
});

async function told(...lines: (LogEvent | string)[]): Promise<string[]> {
  const tell = createTeller({
    say: (line) => said.push(line),
    people: new Map([[USER, { name: 'adele', userId: ADELE }]]),
    newsOf: async (userId) => {
      expect(userId).toBe(ADELE);
      if (news instanceof Error) throw news;
      return news;
    },
  });
  const ends = lines.map((line) =>
    tell(
      typeof line === 'string'
        ? line
        : `[2026-11-29T09:41:07.123Z] information refreshWorker ${JSON.stringify(line)}`,
    ),
  );
  await Promise.all(ends);
  return said.map((line) => line.replace(/^\d\d:\d\d:\d\d {2}/, ''));
}

const checked = (user: string): LogEvent => ({
  event: 'user.check-ended',
  user,
  outcome: 'from-cache',
  ms: 3,
  source: 'cache',
  reason: 'first-check',
});
const task = (name: string, outcome: 'done' | 'failed' = 'done', user = USER): LogEvent => ({
  event: 'task.ended',
  user,
  task: name,
  outcome,
  ms: 4,
});

describe('the terminal of npm start', () => {
  it('tells a check and its tasks in one line, with the name of a demo user', async () => {
    news = new Map([['drive-changes', '3 new files.']]);
    expect(await told(task('drive-changes'), task('inbox-digest', 'failed'), checked(USER))).toEqual([
      'adele: token still good; drive-changes: 3 new files; inbox-digest: failed',
    ]);
  });

  it('tells of a person without a drive or a mailbox that there is nothing to read, and not that it failed', async () => {
    const ended = (name: string, error: string): LogEvent => ({
      ...(task(name, 'failed') as Extract<LogEvent, { event: 'task.ended' }>),
      error,
    });
    const [drive, mail] = [ended('drive-changes', 'NoDrive:404'), ended('inbox-digest', 'NoMailbox:404')];
    expect(await told(drive, mail, ended('other', 'Other:404'), checked(USER))).toEqual([
      'adele: token still good; drive-changes: nothing to read; inbox-digest: nothing to read; other: failed',
    ]);
  });

  it('begins each line with the time of day', async () => {
    await told(checked(USER));
    expect(said).toEqual([expect.stringMatching(/^\d\d:\d\d:\d\d {2}adele: token still good$/)]);
  });

  it('keeps the tasks of two users apart, and names nobody else', async () => {
    const lines = await told(
      task('one', 'done', OTHER),
      task('two'),
      checked(OTHER),
      checked(USER),
      checked(USER),
    );
    expect(lines).toEqual([
      `${OTHER}: token still good; one: done`,
      'adele: token still good; two: done',
      'adele: token still good',
    ]);
  });

  it('tells a check even if storage is gone', async () => {
    news = new Error('gone');
    expect(await told(task('one'), checked(USER))).toEqual(['adele: token still good; one: done']);
  });

  it("leaves out what the host says of itself, but not warnings, errors and what is not the host's", async () => {
    expect(
      await told(
        "[2026-11-29T09:41:07.123Z] information profile Executed 'profile' (Succeeded, id=1, 2 ms)",
        '[2026-11-29T09:41:07.123Z] error profile Something broke',
        'Segmentation fault',
        '[2026-11-29T09:41:07.123Z] information profile {"event":"torn',
      ),
    ).toEqual(['profile: error: Something broke', 'Segmentation fault']);
  });
});

describe('the words of an event', () => {
  /** Every event of the log, as its type names them. */
  const source = readFileSync(new URL('../../../shared/log.ts', import.meta.url), 'utf8');
  const names = [...source.matchAll(/event: '([a-z.-]+)'/g)].map(([, name]) => name as LogEvent['event']);
  const TOLD_BY_THE_CHECK = ['task.ended', 'token.used'];

  it.each([...new Set(names)])('say what %s means, without braces and without "undefined"', (event) => {
    const filled = new Proxy({ event } as LogEvent, {
      get: (_, field) => {
        if (field === 'event') return event;
        if (['status', 'ms', 'claimed', 'refreshed', 'fromCache'].includes(String(field))) return 1;
        if (['until', 'nextTryAt'].includes(String(field))) return '2026-11-29T09:41:07.000Z';
        if (field === 'tasks') return { done: 1, failed: 0 };
        if (field === 'failed') return { transient: 1 };
        if (field === 'outcome') return 'failed';
        if (field === 'kind') return 'transient';
        if (field === 'notice') return 'recovered';
        return 'x';
      },
    });
    const words = wordsOf(filled);
    if (TOLD_BY_THE_CHECK.includes(event)) {
      expect(words).toBeUndefined();
      return;
    }
    expect(words).toMatch(/^[^{}]+$/);
    expect(words).not.toContain('undefined');
    expect(words).not.toBe(event);
  });

  it('leave out the requests by which the page only asks how it stands', () => {
    const answered = { event: 'request.answered', status: 200, ms: 3 } as const;
    expect(wordsOf(answered)).toBeUndefined();
    expect(wordsOf({ ...answered, by: 'profile', source: 'network' })).toBe(
      'the page asked for "profile", which was answered, with a new token',
    );
    expect(wordsOf({ ...answered, status: 401, code: 'TOKEN_INVALID' })).toBe(
      'a request was refused: 401 (TOKEN_INVALID)',
    );
  });

  it('are the name of an event of another release', () => {
    expect(wordsOf({ event: 'of.tomorrow' } as unknown as LogEvent)).toBe('of.tomorrow');
  });

  it('say how a run ended', () => {
    const none = { refreshed: 0, fromCache: 0, failed: {}, tasks: { done: 0, failed: 0 }, ms: 7 };
    const run = (more: object) => wordsOf({ event: 'sweep.ended', claimed: 0, ...none, ...more } as LogEvent);
    expect(run({})).toBe('nobody is due');
    expect(run({ claimed: 1, fromCache: 1 })).toBe('1 checked, 1 still good, in 7 ms');
    expect(
      run({ claimed: 4, refreshed: 2, failed: { consent: 1, transient: 1 }, tasks: { done: 5, failed: 1 } }),
    ).toBe('4 checked, 2 renewed, 2 failed, 5 tasks done, 1 task failed, in 7 ms');
  });
});
