import { graph } from '../../shared/adapters/graph/graphApi.ts';
import { defineFunction } from '../../shared/requests/defineFunction.ts';

/** As `drive`, and a person without OneDrive has no files. */
export const filesOrNone = defineFunction({
  name: 'files-or-none',
  api: graph,
  scopes: ['Files.Read'],
  async run({ api }) {
    const answer = await api.fetch('/v1.0/me/drive/root/children');
    if (answer.status === 404) return [];
    if (!answer.ok) throw new Error('Graph refuses the files.');
    const { value } = (await answer.json()) as { value: { name: string }[] };
    return value.map(({ name }) => name);
  },
});
