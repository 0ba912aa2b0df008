/** The tasks that docs/tasks.md shows, over the stand-in. */
import { afterAll, beforeAll, expect, it } from 'vitest';

import { countVisits, noteOffice } from '../../../examples/tasks/tasks.ts';
import { createLocalApp } from '../../../shared/testing/localApp.ts';
import { type LocalEntra, startEntra } from '../../../shared/testing/startEntra.ts';

const HOUR = 3_600_000;

let entra: LocalEntra;
beforeAll(async () => {
  entra = await startEntra();
});
afterAll(() => entra?.close());

it('tell an operator something that names nobody, and their user what they did', async () => {
  const app = createLocalApp(entra, { tasks: [noteOffice, countVisits] });
  await app.visit('adele');
  const checkAfter = async (hours: number) => {
    app.clock.aheadMs += hours * HOUR;
    return (await app.sweep()).tasks;
  };
  expect(await checkAfter(1)).toEqual({ done: 2, failed: 0 });
  // The second task rests, because it ran an hour ago.
  expect(await checkAfter(1)).toEqual({ done: 1, failed: 0 });
  expect(await checkAfter(12)).toEqual({ done: 2, failed: 0 });
  expect(app.events.flatMap((event) => (event.event === 'task.note' ? event.note : []))).toEqual(
    Array(3).fill('has an office'),
  );
  app.clock.aheadMs = 0;
  const { accessToken } = await entra.signIn('adele');
  const { connection } = await app.connection.get(accessToken);
  expect(connection.checks?.at(-1)?.tasks).toMatchObject([
    { task: 'note-office', title: 'Note office', outcome: 'done' },
    { task: 'count-visits', title: 'Counting', count: 1, summary: 'Stead was here 2 times.' },
  ]);
});
