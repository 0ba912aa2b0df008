import type { Connection } from '../../../shared/wire.ts';

/** Where this tab keeps which task a link is about, because the address of the way back says only that it was linked. */
const KEY = 'stead.turning-on';

/** @param task undefined for a link that is about none */
export function noteTurningOn(task: string | undefined): void {
  if (task === undefined) sessionStorage.removeItem(KEY);
  else sessionStorage.setItem(KEY, task);
}

/** What users call the task that they have just turned on; undefined if they have turned on none. */
export function turnedOn({ tasks = [] }: Connection): string | undefined {
  const wanted = sessionStorage.getItem(KEY);
  return tasks.find(({ task, isOn }) => isOn && task === wanted)?.title;
}
