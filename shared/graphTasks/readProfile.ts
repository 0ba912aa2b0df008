import { graph } from '../adapters/graph/graphApi.ts';
import { defineTask } from '../worker/defineTask.ts';

/** Reads the user's profile, and keeps nothing of it. It shows that the token for Graph works. */
export const readProfile = defineTask({
  name: 'read-profile',
  api: graph,
  scopes: ['User.Read'],
  async run({ graph }) {
    await graph.api('/me').select('id,displayName').get();
  },
});
