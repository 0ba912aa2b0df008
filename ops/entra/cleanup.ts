/** `npm run entra:cleanup`: deletes what `npm run entra:register` has created. */
import { systemClock } from '../../shared/clock.ts';
import { runCommand } from '../cli/runCommand.ts';
import { print, tell } from '../cli/terminal.ts';
import { type Call, linesOf } from './call.ts';
import { cleanUpApplications } from './cleanUpApplications.ts';
import { readCleanUpCommand } from './commandLine.ts';
import { openGraph } from './openGraph.ts';
import { CLEANUP_USAGE } from './usage.ts';

await runCommand(CLEANUP_USAGE, async (args) => {
  const { graph, name, tenantId, dryRun, json } = readCleanUpCommand(args);
  const calls: Call[] = [];
  await cleanUpApplications({
    graph: await openGraph(graph, tenantId, tell),
    name,
    tenantId,
    dryRun,
    clock: systemClock,
    tell,
    onCall(call) {
      calls.push(call);
      if (!json) print(...(dryRun ? linesOf(call) : [`${call.why}.`]));
    },
  });
  if (json) print(JSON.stringify({ dryRun, calls: calls.map(({ mayBeGone: _, ...call }) => call) }));
  else if (calls.length === 0) print('There is nothing to delete.');
  else if (dryRun) print(`${calls.length} calls would be sent. Nothing was changed.`);
  else print('Deleted.');
  return 0;
});
