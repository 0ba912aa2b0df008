import { PlainError } from '../../ops/cli/errors.ts';
import { writeLog } from './hostLog.ts';
import { createHttpRoute, type HttpRoute } from './httpRoutes.ts';
import type { RegisteredFunction } from './registry.ts';
import { parseSchedule, type Schedule } from './schedule.ts';
import { resolveSettings } from './settings.ts';

export type TimerPlan = { fn: RegisteredFunction; schedule: Schedule; expression: string };
export type FunctionPlan = { routes: HttpRoute[]; timers: TimerPlan[] };

/**
 * Decides which functions are served over HTTP and which run on a timer. For each function that does not run here, the
 * log says why: it is switched off, it needs something that this host does not have, or its options are wrong. As in
 * Azure, the other functions still run.
 */
export function planFunctions(
  functions: Iterable<RegisteredFunction>,
  routePrefix: string,
  env: NodeJS.ProcessEnv,
): FunctionPlan {
  const plan: FunctionPlan = { routes: [], timers: [] };
  for (const fn of functions) {
    const switchedOffBy = killSwitch(fn.name, env);
    if (switchedOffBy) {
      writeLog('information', fn.name, `Disabled by the setting ${switchedOffBy}`);
      continue;
    }
    try {
      addTo(plan, fn, routePrefix, env);
    } catch (error) {
      if (!(error instanceof PlainError)) throw error;
      writeLog('error', fn.name, `Will not run: ${error.message}`);
    }
  }
  return plan;
}

function addTo(
  plan: FunctionPlan,
  fn: RegisteredFunction,
  routePrefix: string,
  env: NodeJS.ProcessEnv,
): void {
  if (fn.metadata.retryOptions)
    throw new PlainError('it has a retry policy ("retry"), and this local host runs none.');
  const { name: triggerName, type: triggerType } = fn.trigger;
  const others = Object.entries(fn.metadata.bindings).filter(
    ([name, binding]) => name !== triggerName && binding.type !== 'http',
  );
  if (others.length > 0)
    throw new PlainError(
      `it has more than a trigger (${others.map(([, { direction, type }]) => `${type}, ${direction}`).join('; ')}), and this local host has no other inputs and outputs.`,
    );
  const type = triggerType.toLowerCase();
  if (type === 'httptrigger') plan.routes.push(createHttpRoute(fn, routePrefix));
  else if (type === 'timertrigger') {
    const expression = resolveSettings(String(fn.trigger.schedule), env);
    plan.timers.push({ fn, expression, schedule: parseSchedule(expression) });
  } else throw new PlainError(`this local host has no ${triggerType}.`);
}

/** The setting that switches a function off. Source: "How to disable functions in Azure Functions". */
function killSwitch(name: string, env: NodeJS.ProcessEnv): string | undefined {
  return [`AzureWebJobs.${name}.Disabled`, `AzureWebJobs_${name}_Disabled`].find((key) =>
    /^(?:true|1)$/i.test(env[key] ?? ''),
  );
}
