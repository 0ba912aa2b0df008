/** The process of one run of the refresh worker, so that its CPU time and its memory are the worker's alone. */
import { type Progress, runSweep, type SweepRun, type Swept } from './runSweep.ts';

export type FromSweep = { progress: Progress } | { swept: Swept };

const say = (message: FromSweep) => process.send?.(message);

process.once('disconnect', () => process.exit());
process.once('message', async ({ run, origin }: { run: SweepRun; origin: string }) => {
  say({ swept: await runSweep(run, origin, (progress) => say({ progress })) });
  process.disconnect();
});
