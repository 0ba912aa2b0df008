import { describe, expect, it } from 'vitest';
import { driveChanges } from '../../../../shared/graphTasks/driveChanges.ts';
import { inboxDigest } from '../../../../shared/graphTasks/inboxDigest.ts';
import { nameOfError } from '../../../../shared/log.ts';
import {
  type Answer,
  BASE,
  BREAKS_OFF,
  createFakeGraph,
  DATE,
  lastPage,
  page,
  runTask,
  TOKEN,
} from './fakeGraph.ts';

const LINK = `${BASE}/v1.0/me/drive/root/delta?token=1`;
const SINCE = '2026-11-20T08:00:00Z';

/** Both tasks go on from a link that they have kept. */
const TASKS = [
  ['drive-changes', driveChanges, LINK],
  ['inbox-digest', inboxDigest, { link: LINK, since: SINCE }],
] as const;

async function failureOf(task: (typeof TASKS)[number][1], answers: readonly Answer[], state: unknown) {
  const fake = createFakeGraph(answers);
  const failure = await runTask(task, fake, state).then(
    (kept) => JSON.stringify(kept),
    (error: unknown) => nameOfError(error),
  );
  return { failure, fake };
}

describe.each(TASKS)('%s', (_name, task, state) => {
  it.each<[string, Answer]>([
    ['no JSON', '<html>gateway</html>'],
    ['nothing', ''],
    ['a list', '[]'],
    ['no entries', { '@odata.deltaLink': LINK }],
    ['entries that are no list', { value: {}, '@odata.deltaLink': LINK }],
    ['an entry that is null', lastPage([null])],
    ['an entry without an id', lastPage([{ file: {} }])],
    ['no link', { value: [] }],
    ['a link that is no text', { value: [], '@odata.deltaLink': { token: '1' } }],
    ['a next link that is no text', { value: [], '@odata.nextLink': 1, '@odata.deltaLink': LINK }],
    ['itself as the next page', { value: [{ id: '1', file: {} }], '@odata.nextLink': LINK }],
  ])('fails alone if it is answered %s', async (_what, answer) => {
    const { failure, fake } = await failureOf(task, [answer], state);
    expect(failure).toBe('DeltaMalformed');
    expect(fake.asked).toHaveLength(1);
  });

  it.each([
    'https://evil.example/v1.0/me/drive/root/delta?token=2',
    'http://graph.microsoft.com/v1.0/me/drive/root/delta?token=2',
    'https://graph.microsoft.com:444/v1.0/me/drive/root/delta?token=2',
    'https://graph.microsoft.com@evil.example/v1.0/delta',
    'https://user:word@graph.microsoft.com/v1.0/delta',
    'https://graph.microsoft.com.evil.example/delta',
    '//evil.example/delta',
    '/v1.0/me/drive/root/delta?token=2',
    'javascript:alert(1)',
    '',
  ])('keeps and follows no link to another service: %s', async (link) => {
    for (const name of ['@odata.deltaLink', '@odata.nextLink']) {
      const { failure, fake } = await failureOf(task, [{ value: [], [name]: link }, lastPage([])], state);
      expect(failure).toBe('ForeignLink');
      expect(fake.asked).toHaveLength(1);
    }
  });

  it.each([
    'https://evil.example/v1.0/me/drive/root/delta?token=2',
    'https://graph.microsoft.us/v1.0/me/drive/root/delta?token=2',
    'not a link',
  ])('sends no token to a stored link of another service, and begins anew: %s', async (link) => {
    const stored = typeof state === 'string' ? link : { ...state, link };
    const fake = createFakeGraph([lastPage([])]);
    expect(await runTask(task, fake, stored)).toMatchObject({ result: { count: 0 } });
    expect(fake.sent.map(({ url }) => new URL(url).origin)).toEqual([BASE]);
    expect(fake.sent[0]).toMatchObject({ authorization: `Bearer ${TOKEN}` });
    expect(fake.asked[0]).not.toContain('evil');
  });

  it.each([400, 404, 410])('begins anew if a stored link is answered %i', async (status) => {
    const fake = createFakeGraph([status, lastPage([])]);
    expect(await runTask(task, fake, state)).toHaveProperty('result.count', 0);
    expect(fake.asked[0]).toBe('/v1.0/me/drive/root/delta?token=1');
    expect(fake.asked[1]).toMatch(/(?:token=latest|receivedDateTime)/);
  });

  it('begins anew if a link is lost half-way', async () => {
    const fake = createFakeGraph([page([{ id: '1', file: {} }], '/v1.0/next?a=1'), 410, lastPage([])]);
    expect(await runTask(task, fake, state)).toHaveProperty('result.count', 0);
    expect(fake.asked).toHaveLength(3);
  });

  it.each([
    410, 400, 429, 503,
  ])('fails if Graph answers %i when it begins anew, and asks no more', async (status) => {
    const { failure, fake } = await failureOf(task, [410, status], state);
    expect(failure).toBe(`GraphRefused:${status}`);
    expect(fake.asked).toHaveLength(2);
  });

  it.each([401, 403, 429, 500, 503])('keeps its link if Graph answers %i', async (status) => {
    const { failure, fake } = await failureOf(task, [status], state);
    expect(failure).toBe(`GraphRefused:${status}`);
    expect(fake.asked).toHaveLength(1);
  });

  it('reads five pages in one run, and keeps the link of the sixth', async () => {
    const pages = [1, 2, 3, 4, 5].map((at) => page([{ id: `${at}`, file: {} }], `/v1.0/next?page=${at + 1}`));
    const kept = await runTask(task, createFakeGraph(pages), state);
    expect(kept).toHaveProperty('result.count', 5);
    expect(kept).toHaveProperty('result.summary', expect.stringContaining('5 new'));
    expect(kept).toHaveProperty('result.summary', expect.stringContaining('so far'));
    expect(JSON.stringify(kept)).toContain(`${BASE}/v1.0/next?page=6`);
  });

  it('keeps what it has read if Graph is so slow that five pages would take all of its time', async () => {
    const pages = [1, 2, 3, 4, 5].map((at) => page([{ id: `${at}`, file: {} }], `/v1.0/next?page=${at + 1}`));
    const slow = createFakeGraph(pages, DATE, 7);
    const kept = await runTask(task, slow, state);
    expect(slow.asked).toHaveLength(3);
    expect(kept).toHaveProperty('result.count', 3);
    expect(kept).toHaveProperty('result.summary', expect.stringContaining('so far'));
    expect(JSON.stringify(kept)).toContain(`${BASE}/v1.0/next?page=4`);
  });

  it('counts what is told several times once, as it is told last', async () => {
    const removed = { id: '2', deleted: {}, '@removed': { reason: 'deleted' } };
    const one = { id: '1', file: {} };
    const fake = createFakeGraph([
      page([one, { id: '2', file: {} }], '/v1.0/next?page=2'),
      lastPage([one, removed]),
    ]);
    expect(await runTask(task, fake, state)).toHaveProperty('result.count', 1);
  });

  it('fails with a link that is too long to be kept, so that the next run asks for the same again', async () => {
    const long = lastPage([{ id: '1', file: {} }], `/v1.0/delta?token=${'x'.repeat(4_096)}`);
    expect(await runTask(task, createFakeGraph([long]), state)).toEqual({ code: 'state-too-large' });
  });

  it('keeps a link of 4,000 characters', async () => {
    const long = lastPage([], `/v1.0/delta?token=${'x'.repeat(3_950)}`);
    expect(await runTask(task, createFakeGraph([long]), state)).toHaveProperty('result.state');
  });

  it('says what is wrong in whole sentences', async () => {
    const answers = [
      '<html>',
      503,
      { value: [], '@odata.deltaLink': 'https://evil.example/' },
      { value: [], '@odata.nextLink': LINK },
    ];
    for (const answer of answers) {
      const error = await runTask(task, createFakeGraph([answer]), state).catch((thrown: Error) => thrown);
      expect(error).toHaveProperty('message', expect.stringMatching(/^[A-Z][^{}]{15,}\.$/));
    }
  });

  it('does not take an answer that breaks off for a malformed one', async () => {
    expect((await failureOf(task, [BREAKS_OFF], state)).failure).toBe('TypeError');
  });

  it.each([
    17,
    null,
    [],
    {},
    { link: 17 },
    { link: 17, since: SINCE },
    { link: LINK },
    { link: LINK, since: 'tomorrow' },
    { link: LINK, since: [SINCE] },
    { link: LINK, since: `${SINCE} or so` },
    { link: LINK, since: `since ${SINCE}` },
  ])('begins anew with a state that is none of its own: %j', async (stored) => {
    const fake = createFakeGraph([lastPage([]), lastPage([])]);
    expect(await runTask(task, fake, stored)).toHaveProperty(
      'result.summary',
      expect.stringMatching(/^Your (?:files are|inbox is) watched from now on\.$/),
    );
  });
});
