import { profile } from '../../functions/profile/profile.ts';
import { graph } from '../../shared/adapters/graph/graphApi.ts';
import { UnavailableError } from '../../shared/errors.ts';
import { defineFunction, type UserFunction } from '../../shared/requests/defineFunction.ts';
import { defineTask, listTasks, type Task } from '../../shared/worker/defineTask.ts';
import { answerOf } from './entraModel.ts';
import type { ApiName } from './entraTypes.ts';
import { NOTES } from './notesApi.ts';
import type { TaskInvariants } from './taskInvariants.ts';
import type { ProcessLife } from './world.ts';

/** What an API of the model says of the user whose token it was given. */
type Answered = { id: string };

const notes = defineFunction({
  name: 'notes',
  api: NOTES,
  scopes: ['api://notes/Notes.Read'],
  async run({ api }): Promise<Answered> {
    return answered(await api.fetch('notes'));
  },
});

/** What a visit asks for, by the API that it needs. */
export const FUNCTIONS: Readonly<Record<ApiName, UserFunction<Answered>>> = { graph: profile, notes };

/** What the task that remembers keeps. It is wrong if another user's task gets it. */
export type NotesState = { of: string; serial: number };

/** The tasks of one process. The one of the other API comes first, so that its trouble could reach the one of Graph. */
export function createTasks(life: ProcessLife, watch: TaskInvariants, notesEveryMs: number): readonly Task[] {
  const syncNotes = defineTask({
    name: 'sync-notes',
    api: NOTES,
    scopes: ['api://notes/Notes.Read'],
    every: { minutes: notesEveryMs / 60_000 },
    async run({ user, api, state }) {
      const { serial, end } = watch.begin(life, 'sync-notes', user.oid, state);
      try {
        // What a task does to its former state must not be kept if the task then fails.
        const kept = (state ?? {}) as Partial<NotesState>;
        Object.assign(kept, { of: user.oid, serial });
        const { id } = await answered(await api.fetch('notes'));
        watch.onAnswer(answerOf('notes', user.oid), id);
        end(true);
        return { state: kept, count: 1, summary: `notes of ${user.oid}` };
      } finally {
        end(false);
      }
    },
  });
  const readMe = defineTask({
    name: 'read-me',
    api: graph,
    scopes: ['User.Read'],
    async run({ user, api, state }) {
      const { end } = watch.begin(life, 'read-me', user.oid, state);
      try {
        const { id } = await answered(await api.fetch('me'));
        watch.onAnswer(user.oid, id);
        end(true);
      } finally {
        end(false);
      }
    },
  });
  return watch.hasNotes ? listTasks(syncNotes, readMe) : listTasks(readMe);
}

async function answered(response: Response): Promise<Answered> {
  if (!response.ok) throw new UnavailableError('api');
  return (await response.json()) as Answered;
}
