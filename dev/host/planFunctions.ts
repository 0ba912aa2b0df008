import { PlainError } from '../../ops/cli/errors.ts';
import type { Binding } from './coreTypes.ts';
import { writeLog } from './hostLog.ts';
import { createHttpRoute, type HttpRoute } from './httpRoutes.ts';
import type { RegisteredFunction } from './registry.ts';
import { parseSchedule, type Schedule } from './schedule.ts';
import { resolveSettings } from './settings.ts';

export type TimerPlan = { fn: RegisteredFunction; schedule: Schedule; expression: string };
export type QueuePlan = { fn: RegisteredFunction; queueName: string; connectionString: string };
export type FunctionPlan = { routes: HttpRoute[]; timers: TimerPlan[]; queues: QueuePlan[] };

/**
 * Decides which functions are served over HTTP, which run on a timer and which take messages of a queue. For each function that does not run here, the
 * log says why: it is switched off, it needs something that this host does not have, or its options are wrong. As in
 * Azure, the other functions still run.
 */
export function planFunctions(
  functions: Iterable<RegisteredFunction>,
  routePrefix: string,
  env: NodeJS.ProcessEnv,
): FunctionPlan {
  const plan: FunctionPlan = { routes: [], timers: [], queues: [] };
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
  const outputs = others.filter(([, binding]) => isQueueOutput(binding));
  // If its storage is not named, the function does not run, as in Azure.
  for (const [, binding] of outputs) connectionOf(binding, env);
  if (others.length > outputs.length)
    throw new PlainError(
      `it has more than a trigger (${others.map(([, { direction, type }]) => `${type}, ${direction}`).join('; ')}), and this local host has no other inputs and outputs than queues to write to.`,
    );
  const type = triggerType.toLowerCase();
  if (type === 'httptrigger') plan.routes.push(createHttpRoute(fn, routePrefix));
  else if (type === 'timertrigger') {
    const expression = resolveSettings(String(fn.trigger.schedule), env);
    plan.timers.push({ fn, expression, schedule: parseSchedule(expression) });
  } else if (type === 'queuetrigger') {
    const queueName = resolveSettings(String(fn.trigger.queueName), env);
    plan.queues.push({ fn, queueName, connectionString: connectionOf(fn.trigger, env) });
  } else throw new PlainError(`this local host has no ${triggerType}.`);
}

export const isQueueOutput = ({ type, direction }: Binding): boolean =>
  direction === 'out' && type.toLowerCase() === 'queue';

/**
 * The connection string that a binding names. `TokenStore` may also be the setting `AzureWebJobsTokenStore`.
 * @throws PlainError when it is missing. This local host knows no identity.
 */
export function connectionOf({ connection }: Binding, env: NodeJS.ProcessEnv): string {
  const name = typeof connection === 'string' && connection !== '' ? connection : 'AzureWebJobsStorage';
  const value = env[`AzureWebJobs${name}`] || env[name];
  if (!value) throw new PlainError(`the setting ${name} is missing, and this local host knows no identity.`);
  return value;
}

/** The setting that switches a function off. Source: "How to disable functions in Azure Functions". */
function killSwitch(name: string, env: NodeJS.ProcessEnv): string | undefined {
  return [`AzureWebJobs.${name}.Disabled`, `AzureWebJobs_${name}_Disabled`].find((key) =>
    /^(?:true|1)$/i.test(env[key] ?? ''),
  );
}
