import { describe, expect, it } from 'vitest';
import type { ConnectionTask } from '../../../../shared/wire.ts';
import { taskText } from '../../../../spa/src/connection/connectionText.ts';

const task = (different: Partial<ConnectionTask> = {}): ConnectionTask => ({
  task: 'drive-changes',
  title: 'Changes in your files',
  outcome: 'done',
  last: '2026-11-20T08:00:00.000Z',
  times: 1,
  ...different,
});

describe('the text of a task', () => {
  it('has its title, and what it said last', () => {
    expect(taskText(task({ summary: 'Two files changed.' }))).toEqual({
      title: 'Task “Changes in your files” done',
      text: 'Two files changed.',
      tone: 'good',
    });
  });

  it('has its name if the service does not know a title', () => {
    const { title: _, ...untitled } = task();
    expect(taskText(untitled).title).toBe('Task “drive-changes” done');
  });

  it('says how often it ran, and what it counted', () => {
    expect(taskText(task({ times: 30, count: 7 })).text).toBe(
      'Stead did this in your name. (30 times, 7 in all)',
    );
    expect(taskText(task({ count: 0, summary: 'Nothing new.' })).text).toBe('Nothing new. (0 in all)');
  });

  it('says of one that failed why, as far as users can mend it', () => {
    expect(taskText(task({ outcome: 'failed', kind: 'consent' }))).toMatchObject({
      tone: 'bad',
      text: expect.stringContaining('needs a permission'),
    });
  });
});
