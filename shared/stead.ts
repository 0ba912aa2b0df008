import { type WakeResult, wakeUser } from './account/wakeUser.ts';
import { graph } from './adapters/graph/graphApi.ts';
import type { Api } from './api.ts';
import { askForLink } from './connection/askForLink.ts';
import { changeConnection, connect, disconnect, getConnection } from './connection/connection.ts';
import { finishLink } from './connection/finishLink.ts';
import { chosenUses, type LinkUse, linkScopes } from './connection/linkScopes.ts';
import { openLink } from './connection/openLink.ts';
import { createDeployed, createServices } from './createServices.ts';
import { checkStorage } from './health/checkStorage.ts';
import { createReadiness } from './health/readiness.ts';
import { createLog, type SweepSummary } from './log.ts';
import { createOperators } from './operators/operators.ts';
import type { FunctionRequest, HandOver, Operation } from './ports.ts';
import { type Asked, asUser } from './requests/asUser.ts';
import type { UserFunction } from './requests/defineFunction.ts';
import type { AnyConfig, SteadOptions } from './steadOptions.ts';
import { createApp } from './tokens/app.ts';
import { checkDefined } from './tokens/useOfApi.ts';
import { readUserId } from './userId.ts';
import type { WorkerRun } from './wire.ts';
import { listTasks } from './worker/defineTask.ts';
import { type Plan, plan } from './worker/plan.ts';
import { RUN_LIMITS, type RunLimits } from './worker/run.ts';
import { sweepOrSplit, sweepPart } from './worker/splitRun.ts';
import { sweep } from './worker/sweep.ts';
import { type WakePermit, wakeWorker } from './worker/wakeWorker.ts';

export type { Adapters, AnyConfig, SteadOptions, Stores, StoresOptions, Timeouts } from './steadOptions.ts';

/** The application. A process creates it once with {@link createStead}. */
export type Stead = ReturnType<typeof createStead>;

/**
 * Creates the application. This is the only way to get one. It does no I/O.
 * @param config a result of `readConfig`
 * @throws {TypeError} there are no stores, or `config` was read with `hasStorageCredential`, but there is no
 * `storageCredential`, or two tasks or two APIs have the same name, or a task cannot be a result of `defineTask`.
 */
export function createStead(config: AnyConfig, options: SteadOptions = {}) {
  const here = createDeployed(config);
  const tasks = listTasks(...(options.tasks ?? [])).map((task) => ({ ...task, api: here(task.api) }));
  for (const task of tasks) checkLinked('Task', task, here(graph));
  const byName = new Map(tasks.map((task) => [task.name, task]));
  const apis = new Set<Api>();
  for (const api of [here(graph), ...tasks.map(({ api }) => api)]) addApi(apis, api);
  const services = createServices(config, here, apis, options);
  const log = options.log ?? createLog(console);
  const app = createApp(services, options.limits);
  const named = new Map<string, Named>();
  /** The functions as this deployment runs them, so that a request does not make them anew. */
  const deployed = new WeakMap<UserFunction<never>, UserFunction<never>>();

  function deployedOf<T>(fn: UserFunction<T>): UserFunction<T> {
    // The casts are safe because a function and its deployed form have the same results.
    const known = deployed.get(fn as UserFunction<never>) as UserFunction<T> | undefined;
    if (known !== undefined) return known;
    claimName(fn);
    const made = { ...fn, api: here(fn.api) };
    deployed.set(fn as UserFunction<never>, made as UserFunction<never>);
    return made;
  }

  function claimName(fn: Named): void {
    checkDefined('Function', fn);
    if ((named.get(fn.name) ?? fn) !== fn) {
      throw new TypeError(
        `Two functions have the name "${fn.name}", and requests of one user share the result of a name. Rename one; if it is one function that is defined anew for each request, define it once, outside of the handler.`,
      );
    }
    checkLinked('Function', { ...fn, api: here(fn.api) }, here(graph));
    addApi(apis, here(fn.api));
    named.set(fn.name, fn);
  }

  return {
    /** The ports, for operators' commands and tests. */
    services,

    /**
     * Takes the name of a function, so that a second one is found at the start, not by a request.
     * @throws {TypeError} it cannot be a result of `defineFunction`, another function or another API has the same name, or a link
     * cannot ask for what it needs.
     */
    claimName,

    /**
     * Runs a function on behalf of the caller. If its API asks for more claims, gets another token and runs it once more.
     * Stores what the worker needs to act for the caller later.
     * @param accessToken the caller's JWT for this API
     * @param request what the caller sent beside it
     * @throws the errors of {@link asUser} in `requests/asUser.ts`.
     * @throws {TypeError} it cannot be a result of `defineFunction`, or another function has the same name.
     */
    async asUser<T>(
      operation: Operation,
      accessToken: string,
      fn: UserFunction<T>,
      request?: FunctionRequest,
    ): Promise<Asked<T>> {
      return asUser(app, operation, accessToken, deployedOf(fn), request);
    },

    /** The caller's own connection. @throws the errors that `connection/connection.ts` names. */
    connection: {
      /**
       * A ticket for a link.
       * @param read gives what the caller asks for. It is called once it is known who they are.
       * @throws {RequestMalformedError} a link asks for nothing of such a task or function.
       * @throws the errors of `connection/askForLink.ts`
       */
      askForLink: (operation: Operation, accessToken: string, read: () => Promise<LinkRequest>) =>
        askForLink(app, operation, accessToken, async () => {
          const { returnUrl, ...names } = await read();
          const uses = { tasks, functions: [...named.values()].map((fn) => ({ ...fn, api: here(fn.api) })) };
          const chosen = chosenUses(app.graph, uses, names);
          return {
            returnUrl,
            scopesFor: (granted) => linkScopes(app.graph, uses, chosen, granted),
            areChosen: chosen.length > 0,
          };
        }),
      /** @throws the errors of `connection/openLink.ts` */
      openLink: (ticket: string) => openLink(app, ticket),
      /** @throws the errors of `connection/finishLink.ts` */
      finishLink: (operation: Operation, query: URLSearchParams, cookie: string | undefined) =>
        finishLink(app, operation, query, cookie),
      status: (operation: Operation, accessToken: string) =>
        getConnection(app, operation, accessToken, byName),
      reconnect: (operation: Operation, accessToken: string) => connect(app, operation, accessToken, byName),
      /** Does what the JSON asks for that `read` gives: `ConnectionChange` of `wire.ts`. Undefined connects the caller. */
      change: (operation: Operation, accessToken: string, read: () => Promise<unknown>) =>
        changeConnection(app, operation, accessToken, byName, read),
      disconnect: (operation: Operation, accessToken: string) => disconnect(app, operation, accessToken),
    },

    worker: {
      /** Finds the shards in which accounts are due. */
      plan: (operation: Operation): Promise<Plan> => plan(app, operation),
      /** Checks every due account of the plan's shards, until its limits or the operation's signal end it. */
      sweep: (operation: Operation, planned: Plan, limits: RunLimits = RUN_LIMITS): Promise<SweepSummary> =>
        sweep(app, operation, tasks, planned, limits),
      /**
       * Does one run: plans, and sweeps in this process.
       * @param handOver gets the parts of the run if more accounts are due than one process shall sweep
       */
      run: async (
        operation: Operation,
        limits: RunLimits = RUN_LIMITS,
        handOver?: HandOver,
      ): Promise<SweepSummary> =>
        sweepOrSplit(app, operation, tasks, await plan(app, operation), { limits, handOver }),
      /** Sweeps one part of a run that another process has planned. Undefined if it is too late, or no part. */
      sweepPart: (
        operation: Operation,
        part: unknown,
        limits: RunLimits = RUN_LIMITS,
      ): Promise<SweepSummary | undefined> => sweepPart(app, operation, tasks, part, limits),
      /** Does one run for an application or a visit, if none began within the last minute. @throws the errors of {@link wakeWorker}. */
      wake: (
        operation: Operation,
        permit: WakePermit,
        limits: RunLimits = RUN_LIMITS,
        handOver?: HandOver,
      ): Promise<WorkerRun> => wakeWorker(app, operation, permit, tasks, { limits, handOver }),
    },

    /**
     * Makes one user due now, at most once a minute, because something has changed for them: for change notifications of an
     * API, and push of any kind. The next run then checks the user. Whoever calls it must know that the user id is genuine.
     * @param userId `<tid>/<oid>`
     * @throws {TypeError} it is not a user id.
     * @throws the errors of {@link wakeUser}.
     */
    async wake(userId: string, { log: to, signal }: Operation = { log }): Promise<WakeResult> {
      const known = readUserId(userId);
      if (known === undefined) throw new TypeError('A user id is <tid>/<oid>, both of them GUIDs.');
      const result = await wakeUser(services, known, signal);
      if (result === 'woken') to({ event: 'account.woken', user: services.logId(known) });
      return result;
    },

    /** What operators see and do. */
    operators: createOperators(services),

    /**
     * Tries to read an account and a cache that do not exist, and logs whether the stores can be reached.
     * @returns true if they can be reached
     */
    async health(): Promise<boolean> {
      const { storage } = await checkStorage(services, log);
      const isReached = storage === 'ready';
      if (isReached) log({ event: 'storage.ready' });
      return isReached;
    },

    /** Whether storage can be reached, Entra accepts the credential, and when the last run ended. It asks them at most once in 60 s. */
    readiness: createReadiness(services),
  };
}

/** What a page asks for with a link. */
export type LinkRequest = { returnUrl?: string; tasks?: readonly string[]; functions?: readonly string[] };

/** A function, as far as its name and a link are concerned. */
type Named = LinkUse;

/** @throws {TypeError} a link cannot ask for its permissions. */
function checkLinked(what: 'Task' | 'Function', { name, api, consent }: LinkUse, linked: Api): void {
  if (consent !== 'link' || api === linked) return;
  throw new TypeError(
    `${what} "${name}": a link asks for permissions of Microsoft Graph alone, so leave consent out.`,
  );
}

/** @throws {TypeError} another API has the same name. */
function addApi(apis: Set<Api>, api: Api): void {
  if ([...apis].some((other) => other.name === api.name && other !== api)) {
    throw new TypeError(
      `Two APIs have the name "${api.name}". Rename one, because logs and permissions are by name; if it is one API, define it once.`,
    );
  }
  apis.add(api);
}
