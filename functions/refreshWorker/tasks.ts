import type { ShippedTaskName } from '../../shared/config.ts';
import { shippedTasks } from '../../shared/graphTasks/shippedTasks.ts';
import { listTasks, type Task } from '../../shared/worker/defineTask.ts';

/**
 * The tasks, in the order in which they run after each check that obtained a token: `docs/tasks.md`. Add your own behind the
 * shipped ones.
 * @param shipped the shipped tasks that the setting `TASKS` names
 */
export const tasksOf = (shipped: readonly ShippedTaskName[]): readonly Task[] =>
  listTasks(...shippedTasks(shipped));
