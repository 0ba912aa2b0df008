import { describe, expect, it } from 'vitest';
import { tasksOf } from '../../../../functions/refreshWorker/tasks.ts';
import { SHIPPED_TASKS, type ShippedTaskName } from '../../../../shared/config.ts';
import { shippedTasks } from '../../../../shared/graphTasks/shippedTasks.ts';

describe('the shipped tasks', () => {
  it('have the names by which the settings know them, and the permissions that docs/tasks.md names', () => {
    expect(shippedTasks(SHIPPED_TASKS).map(({ name, scopes }) => [name, scopes])).toEqual([
      ['read-profile', ['User.Read']],
      ['drive-changes', ['Files.Read']],
      ['inbox-digest', ['Mail.ReadBasic']],
    ]);
  });

  it('run if they are named, and no others, before those that an adopter has added', () => {
    const namesOf = (shipped: readonly ShippedTaskName[]) => tasksOf(shipped).map(({ name }) => name);
    const added = namesOf([]);
    expect(namesOf(['drive-changes'])).toEqual(['drive-changes', ...added]);
    expect(namesOf(SHIPPED_TASKS)).toEqual([...SHIPPED_TASKS, ...added]);
    expect(added.filter((name) => SHIPPED_TASKS.some((shipped) => shipped === name))).toEqual([]);
  });
});
