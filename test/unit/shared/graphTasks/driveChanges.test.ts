import { describe, expect, it } from 'vitest';
import { driveChanges } from '../../../../shared/graphTasks/driveChanges.ts';
import { nameOfError } from '../../../../shared/log.ts';
import { BASE, createFakeGraph, lastPage, runTask } from './fakeGraph.ts';

const LINK = `${BASE}/v1.0/me/drive/root/delta?token=1`;
const file = (id: string) => ({ id, name: `Secret ${id}.docx`, file: { mimeType: 'text/plain' } });

describe('drive-changes', () => {
  it('begins with the latest link, so that it reads nothing of the drive', async () => {
    const fake = createFakeGraph([lastPage([])]);
    expect(await runTask(driveChanges, fake)).toEqual({
      result: {
        summary: 'Your files are watched from now on.',
        count: 0,
        state: `${BASE}/v1.0/kept?token=2`,
      },
    });
    expect(fake.asked).toEqual(['/v1.0/me/drive/root/delta?token=latest&$select=id,file,deleted&$top=200']);
  });

  it.each([
    [1, '1 new or changed file'],
    [3, '3 new or changed files'],
  ])('tells of %i, and names none', async (count, summary) => {
    const files = Array.from({ length: count }, (_, at) => file(`${at}`));
    const kept = await runTask(driveChanges, createFakeGraph([lastPage(files)]), LINK);
    expect(kept).toEqual({ result: { summary, count, state: `${BASE}/v1.0/kept?token=2` } });
  });

  it('says nothing new if nothing changed', async () => {
    expect(await runTask(driveChanges, createFakeGraph([lastPage([])]), LINK)).toEqual({
      result: { count: 0, state: `${BASE}/v1.0/kept?token=2` },
    });
  });

  it('counts no folder, no notebook and nothing that was deleted', async () => {
    const others = [
      { id: 'root', root: {}, folder: { childCount: 3 } },
      { id: 'folder', folder: {} },
      { id: 'notebook', package: { type: 'oneNote' } },
      { id: 'gone', deleted: { state: 'deleted' } },
      { id: 'file that is gone', file: {}, deleted: {} },
      { id: 'odd', file: null },
    ];
    const kept = await runTask(driveChanges, createFakeGraph([lastPage([...others, file('1')])]), LINK);
    expect(kept).toMatchObject({ result: { count: 1, summary: '1 new or changed file' } });
  });

  it('says so if changes could not be counted, and counts nothing of that answer', async () => {
    const kept = await runTask(driveChanges, createFakeGraph([410, lastPage([file('1')])]), LINK);
    expect(kept).toMatchObject({
      result: { count: 0, summary: 'Some changes could not be counted. Your files are watched from now on.' },
    });
  });

  it.each([
    [undefined, [404]],
    [LINK, [404, 404]],
  ])('says that there is no drive: %j', async (state, answers) => {
    const failure = await runTask(driveChanges, createFakeGraph(answers), state).catch(nameOfError);
    expect(failure).toBe('NoDrive:404');
  });
});
