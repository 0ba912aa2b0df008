import { describe, expect, it } from 'vitest';
import { inboxDigest } from '../../../../shared/graphTasks/inboxDigest.ts';
import { nameOfError } from '../../../../shared/log.ts';
import { BASE, createFakeGraph, lastPage, page, runTask } from './fakeGraph.ts';

const LINK = `${BASE}/v1.0/me/mailFolders/inbox/messages/delta?$deltatoken=1`;
const LAST = { link: LINK, since: '2026-11-20T08:00:00Z' };
/** Of the header `Date` of all answers. */
const NOW = '2026-11-20T08:14:30Z';
const KEPT = { link: `${BASE}/v1.0/kept?token=2`, since: NOW };
const startAt = (since: string) =>
  `/v1.0/me/mailFolders/inbox/messages/delta?changeType=created&$select=isRead&$filter=receivedDateTime%20ge%20${since}`;

describe('inbox-digest', () => {
  it('begins with the time of Graph, so that it reads nothing of the inbox', async () => {
    const fake = createFakeGraph([{ id: 'inbox' }, lastPage([])]);
    expect(await runTask(inboxDigest, fake)).toEqual({
      result: { summary: 'Your inbox is watched from now on.', count: 0, state: KEPT },
    });
    expect(fake.asked).toEqual(['/v1.0/me/mailFolders/inbox?$select=id', startAt(NOW)]);
    expect(fake.sent[1]?.prefer).toBe('odata.maxpagesize=50');
  });

  it.each([
    [[false], '1 new message, 1 unread'],
    [[true], '1 new message, 0 unread'],
    [[true, false, false], '3 new messages, 2 unread'],
    [[null, 'false', undefined], '3 new messages, 0 unread'],
  ])('tells how many came, and how many are unread: %j', async (read, summary) => {
    const messages = read.map((isRead, at) => ({ id: `${at}`, isRead, subject: 'Secret' }));
    const fake = createFakeGraph([lastPage(messages)]);
    expect(await runTask(inboxDigest, fake, LAST)).toEqual({
      result: { summary, count: read.length, state: KEPT },
    });
    expect(fake.asked).toHaveLength(1);
  });

  it('says nothing new if nothing came, and counts nothing that was moved or deleted', async () => {
    const gone = [
      { id: '1', '@removed': { reason: 'deleted' } },
      { id: '2', '@removed': { reason: 'changed' }, isRead: false },
    ];
    expect(await runTask(inboxDigest, createFakeGraph([lastPage(gone)]), LAST)).toEqual({
      result: { count: 0, state: KEPT },
    });
  });

  it('loses no message with a link: it asks for all that came since the link was good', async () => {
    const fake = createFakeGraph([410, lastPage([{ id: '1', isRead: false }])]);
    expect(await runTask(inboxDigest, fake, LAST)).toEqual({
      result: { summary: '1 new message, 1 unread', count: 1, state: KEPT },
    });
    expect(fake.asked[1]).toBe(startAt(LAST.since));
  });

  it('moves that time on only when it has read everything', async () => {
    const pages = [1, 2, 3, 4, 5].map((at) => page([], `/v1.0/next?page=${at + 1}`));
    const kept = await runTask(inboxDigest, createFakeGraph(pages), LAST);
    expect(kept).toEqual({ result: { count: 0, state: { ...LAST, link: `${BASE}/v1.0/next?page=6` } } });
  });

  it.each([null, 'yesterday'])('does not begin by a time that Graph did not give: %j', async (date) => {
    const fake = createFakeGraph([{ id: 'inbox' }, lastPage([])], date);
    const error = await runTask(inboxDigest, fake).catch((thrown: unknown) => thrown);
    expect(nameOfError(error)).toBe('DeltaMalformed');
    expect(error).toHaveProperty('message', 'The answer does not say when it was given.');
  });

  it.each([
    [undefined, [404]],
    [LAST, [404, 404]],
  ])('says that there is no mailbox: %j', async (state, answers) => {
    const failure = await runTask(inboxDigest, createFakeGraph(answers), state).catch(nameOfError);
    expect(failure).toBe('NoMailbox:404');
  });
});
