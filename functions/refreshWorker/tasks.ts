import { defineTask, listTasks, type Task } from '../../shared/worker/defineTask.ts';

const readProfile = defineTask({
  name: 'read-profile',
  scopes: ['User.Read'],
  async run({ graph }) {
    await graph.api('/me').select('id,displayName').get();
  },
});

/** What the worker does as the user, in this order, after each look that got a token: `docs/tasks.md`. */
export const tasks: readonly Task[] = listTasks(readProfile);
