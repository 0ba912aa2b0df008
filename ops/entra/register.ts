/** `npm run entra:register`: registers the API and the page in a tenant of Entra. */
import { runCommand } from '../cli/runCommand.ts';
import { print, tell } from '../cli/terminal.ts';
import { type Call, linesOf } from './call.ts';
import { readRegisterCommand } from './commandLine.ts';
import { linesOfResult } from './registrationResult.ts';
import { runRegistration } from './runRegistration.ts';
import { REGISTER_USAGE } from './usage.ts';

await runCommand(REGISTER_USAGE, async (args) => {
  const command = readRegisterCommand(args);
  const { dryRun, json } = command;
  const calls: Call[] = [];
  const onCall = (call: Call) => {
    calls.push(call);
    if (!json) print(...(dryRun ? linesOf(call) : [`${call.why}.`]));
  };
  const { result, notes, sent } = await runRegistration(command, onCall, tell);
  for (const note of notes) tell(note);
  if (json) {
    print(JSON.stringify({ dryRun, calls: calls.map(({ makes: _, ...call }) => call), notes, ...result }));
  } else {
    if (calls.length === 0) print('There is nothing to change.', '');
    else if (dryRun) print(`${calls.length} calls would be sent. Nothing was changed.`, '');
    else print(`${sent} changes were made.`, '');
    print(...linesOfResult(result));
  }
  return 0;
});
