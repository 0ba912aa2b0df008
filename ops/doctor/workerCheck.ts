import { UnavailableError } from '../../shared/errors.ts';
import { type Check, ok, skipped, warn } from './check.ts';

/** The alert `workerSilent` begins then, too. */
const SILENT_MS = 5 * 60_000;

/** When the last run of the worker ended. */
export const workerCheck: Check = {
  name: 'worker',
  async run({ isUsable, storageSignIn, stead, clock }) {
    const unknown = skipped('Storage cannot be asked for the last run.', { remedy: 'Mend storage first.' });
    if (!isUsable('storage') || (await storageSignIn()) !== undefined) return [unknown];
    try {
      const { ended, retirement } = await stead.operators.lastRun();
      if (ended === undefined) {
        return [
          warn('No run of the worker has ended yet.', { remedy: 'Start the functions, and wait a minute.' }),
        ];
      }
      const ageMs = clock.now().getTime() - ended.at.getTime();
      const age = ageMs < 2 * 60_000 ? `${Math.round(ageMs / 1_000)} s` : `${Math.round(ageMs / 60_000)} min`;
      const says = `The last run of the worker ended ${age} ago.`;
      const stopped =
        retirement?.order === 'stopped'
          ? [
              warn('Runs retire nobody, because too many accounts were due.', {
                command: 'npm run stead -- accounts retire',
              }),
            ]
          : [];
      return [
        ageMs <= SILENT_MS
          ? ok(says)
          : warn(says, {
              remedy: 'Look for sweep.ended and for errors in the log: docs/runbook.md, "What failed".',
            }),
        ...stopped,
      ];
    } catch (error) {
      if (!(error instanceof UnavailableError)) throw error;
      return [unknown];
    }
  },
};
