import type { PlantedFault } from './plantedFaults.ts';

/** Faults of runs whose shards are handed to other processes. Only histories of split runs meet them. */
export const SPLIT_FAULTS: Readonly<Record<string, PlantedFault>> = {
  'part of a run leases under the id of its run': {
    file: 'shared/worker/sweep.ts',
    text: 'const run = beginRun(app, { ...operation, signal }, tasks, planned, limits);',
    by: 'const run = beginRun(app, { ...operation, signal }, tasks, planned, limits);\n      if (part !== undefined) run.summary.runId = part;',
    form: 'split',
    seed: 1,
    history: 8,
    found: /lease/,
  },
  'lost parts of runs swept by nobody': {
    file: 'shared/worker/parts.ts',
    text: 'unansweredRuns >= UNANSWERED_RUNS;',
    by: 'unansweredRuns < -UNANSWERED_RUNS;',
    form: 'split',
    seed: 1,
    history: 0,
    found: /nobody gets the parts of runs/,
  },
  'part of a run sweeps another shard': {
    file: 'shared/worker/splitRun.ts',
    text: 'shards: [{ shard, dueSince: begunAt }],',
    by: 'shards: [{ shard: shards[Math.max(0, shards.indexOf(shard) - 1)] as string, dueSince: begunAt }],',
    form: 'split',
    seed: 1,
    history: 0,
    found: /every part of a run was swept/,
  },
  'deadline of a part ignored': {
    file: 'shared/worker/parts.ts',
    text: 'Math.min(runForMs, Date.parse(deadline) - now.getTime());',
    by: 'Math.min(runForMs, Date.parse(deadline));',
    form: 'split',
    seed: 1,
    history: 5,
    found: /after its deadline/,
  },
};
