import { graph } from '../../shared/adapters/graph/graphApi.ts';
import { defineTask, listTasks, type Task } from '../../shared/worker/defineTask.ts';

const readProfile = defineTask({
  name: 'read-profile',
  api: graph,
  scopes: ['User.Read'],
  async run({ graph }) {
    await graph.api('/me').select('id,displayName').get();
  },
});

/** What the worker does as the user, in this order, after each check that got a token: `docs/tasks.md`. */
export const tasks: readonly Task[] = listTasks(readProfile);
