import { graph } from '../../shared/adapters/graph/graphApi.ts';
import { defineFunction } from '../../shared/requests/defineFunction.ts';

/** The names and sizes of the files in the root of the caller's OneDrive. */
export const drive = defineFunction({
  name: 'drive',
  api: graph,
  scopes: ['Files.Read'],
  async run({ graph }) {
    const files = await graph.api('/me/drive/root/children').select('name,size').get();
    return files.value;
  },
});
