import type { ShippedTaskName } from '../config.ts';
import type { Task } from '../worker/defineTask.ts';
import { driveChanges } from './driveChanges.ts';
import { inboxDigest } from './inboxDigest.ts';
import { readProfile } from './readProfile.ts';

const SHIPPED: Readonly<Record<ShippedTaskName, Task>> = {
  'read-profile': readProfile,
  'drive-changes': driveChanges,
  'inbox-digest': inboxDigest,
};

/**
 * The tasks that Stead brings along, by their names.
 * @param names what the setting `TASKS` names (`config.shippedTasks`)
 */
export const shippedTasks = (names: readonly ShippedTaskName[]): Task[] => names.map((name) => SHIPPED[name]);
