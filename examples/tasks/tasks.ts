import { graph } from '../../shared/adapters/graph/graphApi.ts';
import { defineTask } from '../../shared/worker/defineTask.ts';

export const noteOffice = defineTask({
  name: 'note-office',
  api: graph,
  scopes: ['User.Read'],
  async run({ graph, log }) {
    const me = await graph.api('/me').select('officeLocation').get();
    log(me.officeLocation === null ? 'has no office' : 'has an office');
  },
});

export const countVisits = defineTask({
  name: 'count-visits',
  title: 'Counting',
  api: graph,
  scopes: ['User.Read'],
  every: { hours: 12 },
  async run({ state }) {
    const times = typeof state === 'number' ? state + 1 : 1;
    return { summary: `Stead was here ${times} times.`, count: 1, state: times };
  },
});
