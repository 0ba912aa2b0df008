/** The function that docs/functions.md shows for a refusal that is normal, over the stand-in. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { filesOrNone } from '../../../examples/drive/filesOrNone.ts';
import { GRAPH_APP_ID } from '../../../shared/clouds.ts';
import { createLocalApp } from '../../../shared/testing/localApp.ts';
import { type LocalEntra, startEntra } from '../../../shared/testing/startEntra.ts';

let entra: LocalEntra;
beforeAll(async () => {
  const requiredResourceAccess = [{ resource: GRAPH_APP_ID, permissions: ['User.Read', 'Files.Read'] }];
  entra = await startEntra({ apps: { api: { requiredResourceAccess } } });
});
afterAll(() => entra?.close());

it.each<[who: string, files: string[]]>([
  ['adele', ['Berths.xlsx', 'Tides of November.pdf']],
  ['bruno', []],
  // She has no drive at all, which Graph answers with 404.
  ['dana', []],
])('answers %s', async (who, files) => {
  const app = createLocalApp(entra);
  const { accessToken } = await entra.signIn(who);
  expect((await app.ask(filesOrNone, accessToken)).result).toEqual(files);
  expect(app.events.filter(({ event }) => event === 'upstream.refused')).toEqual([]);
});
