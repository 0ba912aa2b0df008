/** A server that stops while a run is at work, as docs/extend.md shows it. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Entra } from '../../../../dev/entra/startEntra.ts';
import { graph } from '../../../../shared/adapters/graph/graphApi.ts';
import { createFetchHandlers } from '../../../../shared/serve/fetchHandlers.ts';
import { createLocalApp } from '../../../../shared/testing/localApp.ts';
import { defineTask } from '../../../../shared/worker/defineTask.ts';
import { accountOf } from '../../../support/accountOf.ts';
import { startLinkEntra } from '../../../support/linkBrowser.ts';

let entra: Entra;
beforeAll(async () => {
  entra = await startLinkEntra();
});
afterAll(() => entra?.close());

it('gives back what the run holds, so that the next check of the user runs all tasks', async () => {
  const server = new AbortController();
  let tries = 0;
  const waiting = defineTask({
    name: 'waiting',
    api: graph,
    scopes: ['User.Read'],
    run: async ({ signal }) => {
      tries += 1;
      if (tries > 1) return;
      server.abort();
      await new Promise((_resolve, reject) => signal.addEventListener('abort', reject));
    },
  });
  const app = createLocalApp(entra, { tasks: [waiting] });
  const lines: string[] = [];
  const keep = (line: string) => void lines.push(line);
  const { refreshWorker } = createFetchHandlers(app.stead, { sink: { info: keep, warn: keep, error: keep } });
  const user = await app.visit('adele');
  app.clock.aheadMs = 120_000;
  expect(await refreshWorker(server.signal)).toMatchObject({ due: 1, stoppedBy: 'deadline' });
  expect((await accountOf(app, user))?.lease).toBeUndefined();
  app.clock.aheadMs += 3_600_000;
  expect(await refreshWorker()).toMatchObject({ due: 1, tasks: { done: 1, failed: 0 } });
  expect(lines.filter((line) => line.includes('"event":"sweep.ended"'))).toHaveLength(2);
});
