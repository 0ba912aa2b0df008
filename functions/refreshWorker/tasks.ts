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

/** The tasks, in the order in which they run after each check that obtained a token: `docs/tasks.md`. */
export const tasks: readonly Task[] = listTasks(readProfile);
