import { SHIPPED_TASKS } from '../../shared/config.ts';
import type { Connection } from '../../shared/wire.ts';

const isShipped = ({ task }: { task?: string }): boolean =>
  task === undefined || SHIPPED_TASKS.some((name) => name === task);

/** A connection as it would be without the tasks that an adopter has added to the built functions. */
export function shippedTasksOf({ tasks = [], checks, ...connection }: Connection): Connection {
  const shipped = tasks.filter(isShipped);
  return {
    ...connection,
    history: connection.history.filter(isShipped),
    ...(shipped.length > 0 && { tasks: shipped }),
    ...(checks && { checks: checks.map((check) => ({ ...check, tasks: check.tasks.filter(isShipped) })) }),
  };
}
