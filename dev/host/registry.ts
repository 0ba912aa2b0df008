import type {
  Binding,
  FunctionCallback,
  FunctionMetadata,
  HookCallback,
  HookContext,
  HookName,
  LogCategory,
  LogLevel,
  ProgrammingModel,
} from './coreTypes.ts';
import { writeLog } from './hostLog.ts';

export type RegisteredFunction = {
  name: string;
  metadata: FunctionMetadata;
  callback: FunctionCallback;
  trigger: Binding & { name: string };
};

/**
 * What the app has registered. There is one registry for the process, because the library finds it through a module
 * (`functionsCore.ts`) and not through an argument.
 */
export const registry = {
  model: undefined as ProgrammingModel | undefined,
  functions: new Map<string, RegisteredFunction>(),
  /** After start-up nothing can be registered any more, as in Azure. */
  locked: false,
  hooks: {
    appStart: [] as HookCallback[],
    appTerminate: [] as HookCallback[],
    preInvocation: [] as HookCallback[],
    postInvocation: [] as HookCallback[],
    log: [] as HookCallback[],
  } satisfies Record<HookName, HookCallback[]>,
};

export async function runHooks(name: HookName, context: HookContext): Promise<void> {
  for (const hook of registry.hooks[name]) await hook(context);
}

/** The invocation to which a log line belongs. */
export type LogOrigin = {
  functionName: string;
  hookData: Record<string, unknown>;
  invocationContext: unknown;
};

/** Runs the log hooks and then writes a line of the app or the library. The hooks can change only lines of the app. */
export function logThroughHooks(
  level: LogLevel,
  category: LogCategory,
  message: string,
  origin?: LogOrigin,
): void {
  const context = {
    hookData: origin?.hookData ?? {},
    invocationContext: origin?.invocationContext,
    level,
    category,
    message,
  };
  try {
    for (const hook of registry.hooks.log) hook(context);
  } catch (error) {
    writeLog('warning', 'host', `A log hook failed: ${error}`);
  }
  const line = category === 'user' ? context : { level, message };
  writeLog(line.level, origin?.functionName ?? 'host', line.message);
}
