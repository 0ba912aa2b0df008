import { randomBytes, randomUUID } from 'node:crypto';
import { inspect } from 'node:util';
import type {
  Binding,
  CoreInvocationContext,
  HookContext,
  InputData,
  InvocationRequest,
  InvocationResponse,
  OutputData,
  TriggerMetadata,
} from './coreTypes.ts';
import { writeLog } from './hostLog.ts';
import { type LogOrigin, logThroughHooks, type RegisteredFunction, registry, runHooks } from './registry.ts';

const running = new Set<Promise<unknown>>();

/** Resolves when no invocation is running. */
export async function whenIdle(): Promise<void> {
  while (running.size > 0) await Promise.allSettled(running);
}

/** Writes a value to an output binding. It is called when the function has ended, as in Azure. */
export type WriteOutput = (binding: Binding, data: OutputData) => Promise<void>;

let writeOutput: WriteOutput = () => Promise.reject(new Error('This host has no such output.'));

/** Sets who writes to output bindings. A host has one, like its registry. */
export function setWriteOutput(write: WriteOutput): void {
  writeOutput = write;
}

/**
 * Runs a function once: arguments, preInvocation hooks, handler, postInvocation hooks, response, output bindings. Writes a line
 * `Executed 'name' (Succeeded|Failed, id=..., N ms)` at the end.
 * @returns the library's form of what the handler returned.
 * @throws whatever the handler, a hook or the library threw; it is in the log already.
 */
export async function invoke(
  fn: RegisteredFunction,
  data: InputData,
  triggerMetadata: TriggerMetadata = {},
): Promise<InvocationResponse> {
  const invocationId = randomUUID();
  const startedAt = performance.now();
  const executed = (outcome: 'Succeeded' | 'Failed') => {
    const ms = Math.round(performance.now() - startedAt);
    writeLog('information', fn.name, `Executed '${fn.name}' (${outcome}, id=${invocationId}, ${ms} ms)`);
  };
  const invocation = runStages(fn, rpcRequest(fn, data, triggerMetadata, invocationId));
  running.add(invocation);
  try {
    const response = await invocation;
    executed('Succeeded');
    return response;
  } catch (error) {
    writeLog('error', fn.name, inspect(error));
    executed('Failed');
    throw error;
  } finally {
    running.delete(invocation);
  }
}

async function runStages(fn: RegisteredFunction, request: InvocationRequest): Promise<InvocationResponse> {
  if (!registry.model) throw new Error('No programming model is set.');
  const hookData: Record<string, unknown> = {};
  const origin: LogOrigin = { functionName: fn.name, hookData, invocationContext: undefined };
  const core: CoreInvocationContext = {
    invocationId: request.invocationId,
    metadata: fn.metadata,
    request,
    state: undefined,
    log: (level, category, message) => logThroughHooks(level, category, message, origin),
  };
  const during = async (state: CoreInvocationContext['state'], stage: () => Promise<void>) => {
    core.state = state;
    try {
      await stage();
    } finally {
      core.state = undefined;
    }
  };

  const model = registry.model.getInvocationModel(core);
  const { context, inputs } = await model.getArguments();
  origin.invocationContext = context;

  const before = { hookData, invocationContext: context, inputs, functionCallback: fn.callback };
  await during('preInvocationHooks', () => runHooks('preInvocation', before));

  const after: HookContext & { result: unknown; error: unknown } = {
    hookData,
    invocationContext: context,
    inputs: before.inputs,
    result: null,
    error: null,
  };
  await during('invocation', async () => {
    try {
      after.result = await model.invokeFunction(context, before.inputs, before.functionCallback);
    } catch (error) {
      after.error = error ?? new Error(`The handler threw ${error}.`);
    }
  });
  await during('postInvocationHooks', () => runHooks('postInvocation', after));
  if (after.error !== null && after.error !== undefined) throw after.error;
  const response = await model.getResponse(context, after.result);
  for (const { name, data } of response.outputData ?? []) {
    const binding = fn.metadata.bindings[name];
    if (binding) await writeOutput(binding, data);
  }
  return response;
}

function rpcRequest(
  fn: RegisteredFunction,
  data: InputData,
  triggerMetadata: TriggerMetadata,
  invocationId: string,
): InvocationRequest {
  const traceParent = `00-${randomBytes(16).toString('hex')}-${randomBytes(8).toString('hex')}-01`;
  return {
    invocationId,
    functionId: fn.name,
    inputData: [{ name: fn.trigger.name, data }],
    triggerMetadata,
    traceContext: { traceParent, traceState: '', attributes: {} },
  };
}
