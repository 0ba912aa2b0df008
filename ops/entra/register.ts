/** `npm run entra:register`: registers the API and the page in a tenant of Entra. */
import { systemClock } from '../../shared/clock.ts';
import { runCommand } from '../cli/runCommand.ts';
import { type Call, linesOf } from './call.ts';
import { readRegisterCommand } from './commandLine.ts';
import { openGraph } from './openGraph.ts';
import { registerApplications } from './registerApplications.ts';
import { linesOfResult, resultOf } from './registrationResult.ts';
import { print, tell } from './terminal.ts';
import { REGISTER_USAGE } from './usage.ts';

await runCommand(REGISTER_USAGE, async (args) => {
  const command = readRegisterCommand(args);
  const { wish, graph, tenantId, dryRun, json } = command;
  const calls: Call[] = [];
  const { registered, plan, sent } = await registerApplications({
    graph: await openGraph(graph, tenantId, tell),
    wish,
    tenantId,
    dryRun,
    clock: systemClock,
    tell,
    onCall(call) {
      calls.push(call);
      if (!json) print(...(dryRun ? linesOf(call) : [`${call.why}.`]));
    },
  });
  for (const note of plan.notes) tell(note);
  const result = resultOf(command, registered);
  if (json) {
    const { notes } = plan;
    print(JSON.stringify({ dryRun, calls: calls.map(({ makes: _, ...call }) => call), notes, ...result }));
  } else {
    if (calls.length === 0) print('There is nothing to change.', '');
    else if (dryRun) print(`${calls.length} calls would be sent. Nothing was changed.`, '');
    else print(`${sent} changes were made.`, '');
    print(...linesOfResult(result));
  }
  return 0;
});
