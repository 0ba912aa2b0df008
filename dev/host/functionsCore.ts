/**
 * The module that `require('@azure/functions-core')` gives to `@azure/functions`: see `appLoader.ts`.
 */
import type {
  FunctionCallback,
  FunctionMetadata,
  HookCallback,
  HookName,
  LogCategory,
  LogLevel,
  ProgrammingModel,
} from './coreTypes.ts';
import { logThroughHooks, registry } from './registry.ts';

type Disposable = { dispose(): void };

/** The library recognizes the errors of its host by this mark. */
function systemError<E extends Error>(error: E): E {
  return Object.assign(error, { isAzureFunctionsSystemError: true });
}

export function setProgrammingModel(model: ProgrammingModel): void {
  registry.model = model;
}

export function log(level: LogLevel, category: LogCategory, message: string): void {
  logThroughHooks(level, category, message);
}

export function registerHook(name: HookName, callback: HookCallback): Disposable {
  const hooks = registry.hooks[name];
  if (!hooks) throw systemError(new RangeError(`There is no hook "${name}".`));
  hooks.push(callback);
  return {
    dispose() {
      const index = hooks.indexOf(callback);
      if (index >= 0) hooks.splice(index, 1);
    },
  };
}

export function registerFunction(metadata: FunctionMetadata, callback: FunctionCallback): void {
  const { name } = metadata;
  if (registry.locked)
    throw systemError(new Error(`Function "${name}" comes too late: register it while the app loads.`));
  if (registry.functions.has(name))
    throw systemError(new Error(`Two functions are named "${name}": a name must be unique.`));
  const trigger = Object.entries(metadata.bindings).find(([, binding]) => /trigger$/i.test(binding.type));
  if (!trigger) throw systemError(new Error(`Function "${name}" has no trigger.`));
  const [triggerName, binding] = trigger;
  registry.functions.set(name, { name, metadata, callback, trigger: { ...binding, name: triggerName } });
}
