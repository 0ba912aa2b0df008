import { describe, expect, it } from 'vitest';
import type { Connection, ConnectionChecks, ConnectionTask } from '../../../../shared/wire.ts';
import {
  failingSince,
  failingTasks,
  findingsSince,
  itemsOf,
  keysOf,
} from '../../../../spa/src/connection/findings.ts';
import type { PageState } from '../../../../spa/src/connection/pageState.ts';
import { stateText } from '../../../../spa/src/connection/stateText.ts';
import { en } from '../../../../spa/src/words/en.ts';
import { createTimes } from '../../../../spa/src/words/times.ts';

const FRIDAY = Date.UTC(2026, 10, 27, 17, 4);
/** Minutes after Friday 17:04. */
const at = (minutes: number): string => new Date(FRIDAY + minutes * 60_000).toISOString();
const MONDAY = new Date(Date.UTC(2026, 10, 30, 8));

const task = (name: string, minutes: number, more: Partial<ConnectionTask> = {}): ConnectionTask => ({
  task: name,
  outcome: 'done',
  last: at(minutes),
  times: 1,
  ...more,
});
const check = (from: number, to: number, tasks: ConnectionTask[] = []): ConnectionChecks => ({
  first: at(from),
  last: at(to),
  times: 1,
  outcome: 'refreshed',
  tasks,
});
const failed = (from: number, to = from, kind: ConnectionChecks['kind'] = 'transient'): ConnectionChecks => ({
  ...check(from, to),
  outcome: 'failed',
  ...(kind && { kind }),
  code: 'c',
});
const connection = (checks: ConnectionChecks[], more: Partial<Connection> = {}): Connection => ({
  state: 'active',
  history: [],
  checks,
  ...more,
});
const files = (minutes: number, count: number) => task('drive-changes', minutes, { count });
const mail = (minutes: number, count: number) => task('inbox-digest', minutes, { count });

describe('what was found since the last visit', () => {
  it('is the sum of each task after it, and nothing before', () => {
    const checks = [
      check(-60, -30, [files(-29, 70)]),
      check(10, 300, [files(301, 1), mail(301, 5)]),
      check(900, 900, [files(901, 2), mail(901, 7)]),
    ];
    expect(findingsSince(connection(checks), at(0))).toEqual({
      since: at(0),
      found: [
        { task: 'drive-changes', count: 3 },
        { task: 'inbox-digest', count: 12 },
      ],
    });
  });

  it('begins with the entry in which the visit was, because an entry is counted whole', () => {
    const checks = [check(-60, 60, [files(61, 4)])];
    expect(findingsSince(connection(checks), at(0))).toMatchObject({ since: at(-60) });
  });

  it('begins with the oldest of a full list, because what was dropped is not counted', () => {
    const checks = Array.from({ length: 20 }, (_, n) => check(100 + n, 100 + n, [files(100 + n, 1)]));
    expect(findingsSince(connection(checks), at(0))).toMatchObject({
      since: at(100),
      found: [{ count: 20 }],
    });
    expect(findingsSince(connection(checks.slice(1)), at(0))).toMatchObject({ since: at(0) });
  });

  it('is empty if tasks counted and found nothing, and unknown if none counts', () => {
    expect(findingsSince(connection([check(1, 1, [files(1, 0)])]), at(0))?.found).toEqual([]);
    expect(findingsSince(connection([check(1, 1, [task('read-profile', 1)])]), at(0))?.found).toBeUndefined();
  });

  it('is not there for a person who was not here before, and of whom nothing was done', () => {
    expect(findingsSince(connection([]), undefined)).toBeUndefined();
    expect(findingsSince(connection([]), at(0))).toEqual({ since: at(0), found: [] });
    expect(findingsSince(connection([check(5, 5)]), undefined)).toMatchObject({ since: at(5) });
  });

  it('of a service of an earlier release has no counts', () => {
    const history = [{ at: at(5), outcome: 'refreshed' as const }];
    expect(findingsSince({ state: 'active', history }, at(0))).toEqual({ since: at(0), found: undefined });
  });
});

describe('what was done', () => {
  it('is newest first, and joins what found nothing', () => {
    const items = itemsOf(
      connection([
        check(1, 1, [files(2, 3)]),
        check(60, 60, [files(61, 0), mail(62, 0), task('read-profile', 63)]),
      ]),
    );
    expect(items).toMatchObject([
      {
        kind: 'nothing',
        at: at(63),
        tasks: [{ task: 'drive-changes' }, { task: 'inbox-digest' }, { task: 'read-profile' }],
      },
      { kind: 'found', at: at(2), found: { count: 3 } },
    ]);
  });

  it('says nothing of what found nothing beside what found something', () => {
    const items = itemsOf(connection([check(60, 60, [files(61, 2), mail(62, 0), task('read-profile', 63)])]));
    expect(items).toMatchObject([{ kind: 'found', found: { task: 'drive-changes', count: 2 } }]);
  });

  it('has what the organisation has not set up for a person once, and as nothing that fails', () => {
    const none = (minutes: number) =>
      task('drive-changes', minutes, { outcome: 'failed', code: 'NoDrive:404' });
    const checks = [check(0, 0, [none(1)]), check(9, 9, [none(10)])];
    expect(itemsOf(connection(checks))).toEqual([{ kind: 'task-without', at: at(10), task: none(10) }]);
    expect(failingTasks(checks)).toEqual([]);
    const refused = task('drive-changes', 21, { outcome: 'failed', code: 'GraphRefused:404' });
    expect(failingTasks([...checks, check(20, 20, [refused])])).toEqual([refused]);
  });

  it('has a trouble that is over with its length, and one that is not without an end', () => {
    const outage = [check(0, 0), failed(10), failed(20, 30, 'throttled'), check(35, 35)];
    expect(itemsOf(connection(outage))).toEqual([
      {
        kind: 'trouble',
        at: at(35),
        failure: 'throttled',
        code: 'c',
        from: at(20),
        until: at(35),
        isStill: false,
      },
      {
        kind: 'trouble',
        at: at(20),
        failure: 'transient',
        code: 'c',
        from: at(10),
        until: at(20),
        isStill: false,
      },
    ]);
  });

  it('has a trouble that goes on at its first failed check, as the headline does, and not at the last try', () => {
    const failure = { kind: 'transient', code: 'c', at: at(90) } as const;
    // A visit in between makes two entries of checks that failed alike.
    const outage = connection([check(35, 35), failed(50, 70), failed(80, 90)], { failure });
    expect(itemsOf(outage)).toEqual([
      { kind: 'trouble', at: at(50), failure: 'transient', code: 'c', from: at(50), isStill: true },
    ]);
    expect(failingSince(outage)).toBe(at(50));
  });

  it('began with the failure itself if no check has met it, and did not begin if nothing is wrong', () => {
    const failure = { kind: 'needs-user', code: 'c', at: at(90) } as const;
    expect(failingSince(connection([failed(50, 70)], { failure }))).toBe(at(90));
    expect(failingSince(connection([failed(50, 70)]))).toBeUndefined();
  });

  it('has a trouble that a visit ended without a length, because the last visit need not be that one', () => {
    for (const visit of [20, 4_000]) {
      const [item] = itemsOf(connection([failed(10, 10, 'needs-user')], { lastActivity: at(visit) }));
      expect(item).toMatchObject({ kind: 'trouble', at: at(10), from: at(10), isStill: false });
      expect(item).not.toHaveProperty('until');
    }
  });

  it('has an end that no later visit and no later check moves', () => {
    const ended = [failed(10, 10, 'needs-user'), check(30, 30)];
    for (const [more, visit] of [
      [[], 20],
      [[], 4_000],
      [[check(40, 90)], 9_000],
    ] as const) {
      const items = itemsOf(connection([...ended, ...more], { lastActivity: at(visit) }));
      expect(items.find(({ kind }) => kind === 'trouble')).toMatchObject({ from: at(10), until: at(30) });
    }
  });

  it('has a name for each line, which no other line has and which stays', () => {
    const same = (name: string) => task(name, 41, { outcome: 'failed', code: 'c' });
    const before = [check(0, 0), failed(10), failed(20, 20, 'throttled')];
    const after = [
      ...before,
      check(30, 30),
      check(40, 40, [files(41, 1), mail(41, 1), same('a'), same('b')]),
    ];
    const failure = { kind: 'throttled', code: 'c', at: at(20) } as const;
    const names = keysOf(itemsOf(connection(after)));
    expect(names).toHaveLength(6);
    expect(new Set(names).size).toBe(names.length);
    expect(names).toEqual(expect.arrayContaining(keysOf(itemsOf(connection(before, { failure })))));
    const twice = itemsOf(connection([check(1, 1, [files(2, 1), files(2, 1)])]));
    expect(new Set(keysOf(twice)).size).toBe(2);
  });

  it('tells a task that failed and works again from one that still fails', () => {
    const broken = (minutes: number) => task('inbox-digest', minutes, { outcome: 'failed', code: 'c' });
    const items = itemsOf(
      connection([check(0, 0, [broken(1)]), check(9, 9, [mail(10, 1)]), check(20, 20, [broken(21)])]),
    );
    expect(items.filter(({ kind }) => kind === 'task-failed')).toMatchObject([
      { isStill: true },
      { isStill: false },
    ]);
  });
});

describe('the sentence', () => {
  const speech = { words: en('Orchard'), times: createTimes('en-GB', 'UTC'), locale: 'en-GB' };
  type Told = Parameters<typeof stateText>[1];
  const told = (state: Told, checks: ConnectionChecks[], more: Partial<Connection> = {}) => {
    const { title, text = '' } = stateText(speech, state, connection(checks, more), at(0), MONDAY);
    return { title: title.replaceAll('\u00a0', ' '), text: text.replaceAll('\u00a0', ' ') };
  };
  const weekend = [check(10, 3_000, [files(3_000, 3), mail(3_000, 12)])];
  const failure = { kind: 'needs-user', code: 'c', at: '2026-11-28T09:12:00Z' } as const;

  it('of a weekend says what was found, that all is well, and what to expect', () => {
    expect(told({ name: 'well', repaired: false }, weekend)).toEqual({
      title: 'Since Friday 17:04: 3 new or changed files, 12 new messages; all well',
      text: 'You can close this page. Orchard goes on until your organisation asks to see you again; that can be after a day.',
    });
  });

  it('promises a date only if it is known', () => {
    const linked = { staysConnected: { until: '2027-02-27T10:00:00Z' } };
    expect(told({ name: 'well', repaired: false }, weekend, linked).text).toBe(
      'You can close this page. Orchard goes on until 27 February 2027, even if you do not come back.',
    );
  });

  it.each<[known: Partial<Connection>, says: string]>([
    [
      { staysConnected: { until: '2027-02-28T09:00:00Z', isEstimate: true } },
      'goes on for about 90 days, even',
    ],
    [
      { staysConnected: { until: '2026-12-01T09:00:00Z', isEstimate: true } },
      'goes on for about 25 hours, even',
    ],
    [{ endsAt: '2026-12-01T14:00:00Z' }, 'goes on until tomorrow 14:00, and longer if you come back before'],
  ])('promises of %j no more than is known', (known, says) => {
    expect(told({ name: 'well', repaired: false }, weekend, known).text).toContain(says);
  });

  it('after a repair says so first', () => {
    const { title, text } = told({ name: 'well', repaired: true }, weekend);
    expect(title).toBe('All set again');
    expect(text).toMatch(/^Since Friday 17:04: .*all well\. You can close this page\./);
  });

  it.each<[state: PageState['name'], told: Told, title: string, text: string]>([
    [
      'stopped',
      { name: 'stopped', failure, since: failure.at, consent: false },
      'Stopped on Saturday 09:12',
      'One sign-in starts it again; nothing is lost.',
    ],
    ['paused', { name: 'paused', until: '2026-12-01T08:00:00Z' }, 'Paused until tomorrow 08:00', ''],
    ['ended', { name: 'ended', at: '2026-11-29T08:00:00Z' }, 'You stopped Orchard yesterday at 08:00', ''],
    [
      'waiting',
      {
        name: 'waiting',
        failure: { ...failure, kind: 'transient', at: '2026-11-30T07:00:00Z' },
        since: failure.at,
      },
      'No answer since Saturday 09:12',
      'You do not have to do anything.',
    ],
  ])('of a page that is %s names the time', (_name, state, title, text) => {
    const found = told(state, weekend);
    expect(found.title).toBe(title);
    expect(found.text).toContain(text);
  });

  it.each([
    [false, 'One sign-in starts it again', 'One sign-in puts that right; nothing is lost.'],
    [true, 'Give it again to start', 'A permission is missing. Give it again; nothing is lost.'],
  ])('of a stop (consent: %s) knows of a pause that goes on', (consent, without, paused) => {
    const stopped = { name: 'stopped', failure, since: failure.at, consent } as const;
    expect(told(stopped, weekend).text).toContain(without);
    const pause = { tasksPausedUntil: '2026-12-01T08:00:00Z' };
    expect(told(stopped, weekend, pause).text).toBe(`${paused} Your pause goes on until tomorrow 08:00.`);
  });

  it('uses the words of a task that the page does not know', () => {
    const checks = [check(1, 1, [task('birthdays', 2, { title: 'Birthdays', count: 1_200 })])];
    expect(told({ name: 'well', repaired: false }, checks).title).toBe(
      'Since Friday 17:04: Birthdays: 1,200; all well',
    );
  });

  it('says that there is nothing new only if something was counted', () => {
    const counted = [check(1, 1, [files(2, 0)])];
    const uncounted = [check(1, 1, [task('read-profile', 2)])];
    const well = { name: 'well', repaired: false } as const;
    expect(told(well, counted).title).toBe('Since Friday 17:04: nothing new; all well');
    expect(told(well, uncounted).title).toBe('Since Friday 17:04: all well');
  });
});
