import { setTimeout as delay } from 'node:timers/promises';
import { inspect } from 'node:util';
import { PlainError } from '../../ops/cli/errors.ts';
import { type LocalSettings, readLocalSettings } from '../../ops/cli/localSettings.ts';
import { loadApp } from './appLoader.ts';
import type { CommandLine } from './commandLine.ts';
import { createCors } from './cors.ts';
import { readHostJson } from './hostJson.ts';
import { setMinimumLevel, writeLog } from './hostLog.ts';
import { setWriteOutput, whenIdle } from './invoke.ts';
import { listenOnLoopback } from './loopbackServer.ts';
import { type FunctionPlan, planFunctions } from './planFunctions.ts';
import { registry, runHooks } from './registry.ts';
import { createRequestListener } from './requestListener.ts';
import { applySettings } from './settings.ts';
import { startQueue } from './startQueue.ts';
import { type RunningTimer, startTimer } from './startTimer.ts';
import { openTimerStatusFile } from './timerStatusStore.ts';
import { createWriteQueue } from './writeQueue.ts';

export type RunningHost = {
  port: number;
  /** Stops timers, queues and the server, waits up to 5 s for what is running, then runs the appTerminate hooks (5 s). */
  stop(): Promise<void>;
};

const DEFAULT_PORT = 7071;
const STOP_PATIENCE_MS = 5000;

/** What Azure's Node worker tells the library about itself. */
const WORKER_CAPABILITIES = {
  RawHttpBodyBytes: 'true',
  RpcHttpTriggerMetadataRemoved: 'true',
  RpcHttpBodyOnly: 'true',
  IgnoreEmptyValuedRpcHttpHeaders: 'true',
  UseNullableValueDictionaryForHttp: 'true',
  WorkerStatus: 'true',
  TypedDataCollection: 'true',
  HandlesWorkerTerminateMessage: 'true',
};

/**
 * Loads the app and serves it. This works once in a process, because the library exists once in a process. Puts the
 * settings into `env` and makes the app's folder the working directory, as Azure's worker does.
 * @throws PlainError when something is wrong with the app, its settings or the port.
 */
export async function startHost(options: CommandLine, env: NodeJS.ProcessEnv): Promise<RunningHost> {
  const { root } = options;
  const { routePrefix, logLevel, queues: queueSettings } = await readHostJson(root);
  setMinimumLevel(logLevel);
  const settings: LocalSettings = options.settings
    ? await readLocalSettings(root)
    : { values: {}, corsCredentials: false };
  applySettings(settings.values, env);
  Object.assign(env, { AZURE_FUNCTIONS_ENVIRONMENT: 'Development', AzureWebJobsScriptRoot: root });
  const applyCors = createCors(options.cors ?? settings.cors ?? '', settings.corsCredentials);

  const hookData = {};
  await startApp(root, hookData);
  const plan = planFunctions(registry.functions.values(), routePrefix, env);
  const timers = new Map<string, RunningTimer>();
  const listener = createRequestListener({ routes: plan.routes, timers, applyCors });
  const server = await listenOnLoopback(listener, options.port ?? settings.localHttpPort ?? DEFAULT_PORT);
  // Core Tools does so, too. The app has no other way to learn its own address.
  env.WEBSITE_HOSTNAME ||= `localhost:${server.port}`;
  // Timers start only now: without its port the host does not run, so nothing may run before.
  const store = openTimerStatusFile(options.timerStatus);
  for (const { fn, schedule } of plan.timers)
    timers.set(fn.name, startTimer(fn, schedule, store, { isSilent: !options.timers }));
  setWriteOutput(createWriteQueue(queueSettings, env));
  const queues = plan.queues.map((queue) => startQueue(queue, queueSettings));
  listFunctions(plan, server.port);

  return {
    port: server.port,
    async stop() {
      for (const running of [...timers.values(), ...queues]) running.stop();
      server.refuse();
      await Promise.race([Promise.all([whenIdle(), listener.whenIdle()]), delay(STOP_PATIENCE_MS)]);
      server.close();
      const hooks = runHooks('appTerminate', { hookData }).catch((error) =>
        writeLog('error', 'host', `An appTerminate hook failed: ${inspect(error)}`),
      );
      await Promise.race([hooks, delay(STOP_PATIENCE_MS)]);
    },
  };
}

async function startApp(root: string, hookData: Record<string, unknown>): Promise<void> {
  process.chdir(root);
  await loadApp(root);
  await runHooks('appStart', { hookData, functionAppDirectory: root });
  if (!registry.model || registry.functions.size === 0)
    throw new PlainError(
      'The app registered no function: "main" must call app.http or app.timer of @azure/functions.',
    );
  const { HttpUri } = await registry.model.getCapabilities({ ...WORKER_CAPABILITIES });
  // With streaming, the library expects HTTP requests at a server of its own, to which only a streaming host forwards.
  if (HttpUri !== undefined)
    throw new PlainError(
      `The app calls app.setup({ enableHttpStream: true }), and this local host does not stream HTTP, so none of its functions (${[...registry.functions.keys()].join(', ')}) can run. Leave the option out here.`,
    );
  registry.locked = true;
}

function listFunctions({ routes, timers, queues }: FunctionPlan, port: number): void {
  for (const { fn, methods, template } of routes)
    writeLog('information', fn.name, `[${methods}] http://localhost:${port}/${template}`);
  for (const { fn, expression } of timers) writeLog('information', fn.name, `timer ${expression}`);
  for (const { fn, queueName } of queues) writeLog('information', fn.name, `queue ${queueName}`);
  writeLog('information', 'host', `Listening on http://localhost:${port}`);
}
