import { systemClock } from '../../shared/clock.ts';
import type { Call } from './call.ts';
import type { RegisterCommand } from './commandLine.ts';
import { openGraph } from './openGraph.ts';
import { registerApplications } from './registerApplications.ts';
import { type RegistrationResult, resultOf } from './registrationResult.ts';

export type Registration = {
  /** What the functions and the page need to know. */
  result: RegistrationResult;
  /** What is unusual and left as it is. */
  notes: string[];
  /** How many changes were made; none in a dry run. */
  sent: number;
};

/**
 * Does what a command line asks for.
 * @param onCall is called before each call is sent, or for each call of a dry run
 * @param tell prints a line for whoever is waiting
 * @throws {PlainError} there is no token, Graph refuses, or something is in the way.
 */
export async function runRegistration(
  command: RegisterCommand,
  onCall: (call: Call) => void,
  tell: (line: string) => void,
): Promise<Registration> {
  const { wish, graph, tenantId, dryRun } = command;
  const { registered, plan, sent } = await registerApplications({
    graph: await openGraph(graph, tenantId, tell),
    wish,
    tenantId,
    dryRun,
    clock: systemClock,
    tell,
    onCall,
  });
  return { result: resultOf(command, registered), notes: plan.notes, sent };
}
