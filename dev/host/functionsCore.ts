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

/** The version of the Node worker. The library only shows it. */
export const version = '3.14.1';
export const hostVersion = '4.1052.200';

export class Disposable {
  #callOnDispose: (() => unknown) | undefined;

  constructor(callOnDispose: () => unknown) {
    this.#callOnDispose = callOnDispose;
  }

  static from(...disposables: { dispose(): unknown }[]): Disposable {
    return new Disposable(() => {
      for (const disposable of disposables) disposable.dispose();
    });
  }

  dispose(): unknown {
    const callOnDispose = this.#callOnDispose;
    this.#callOnDispose = undefined;
    return callOnDispose?.();
  }
}

/** The library recognizes the errors of its host by this mark. */
function systemError<E extends Error>(error: E): E {
  return Object.assign(error, { isAzureFunctionsSystemError: true });
}

export function setProgrammingModel(model: ProgrammingModel): void {
  registry.model = model;
}

export function getProgrammingModel(): ProgrammingModel | undefined {
  return registry.model;
}

export function log(level: LogLevel, category: LogCategory, message: string): void {
  logThroughHooks(level, category, message);
}

export function registerHook(name: HookName, callback: HookCallback): Disposable {
  const hooks = registry.hooks[name];
  if (!hooks) throw systemError(new RangeError(`There is no hook "${name}".`));
  hooks.push(callback);
  return new Disposable(() => {
    const index = hooks.indexOf(callback);
    if (index >= 0) hooks.splice(index, 1);
  });
}

export function registerFunction(metadata: FunctionMetadata, callback: FunctionCallback): Disposable {
  const { name } = metadata;
  if (registry.locked)
    throw systemError(new Error(`Function "${name}" comes too late: register it while the app loads.`));
  if (registry.functions.has(name))
    throw systemError(new Error(`Two functions are named "${name}": a name must be unique.`));
  const trigger = Object.entries(metadata.bindings).find(([, binding]) => /trigger$/i.test(binding.type));
  if (!trigger) throw systemError(new Error(`Function "${name}" has no trigger.`));
  const [triggerName, binding] = trigger;
  registry.functions.set(name, { name, metadata, callback, trigger: { ...binding, name: triggerName } });
  return new Disposable(() => registry.functions.delete(name));
}
