import { type WakeResult, wakeUser } from './account/wakeUser.ts';
import type { BlobAccess, TableAccess } from './adapters/azureStorage/storageAccess.ts';
import { IDENTITY_REMEDIES } from './adapters/azureStorage/storageRemedy.ts';
import { authorityOf } from './adapters/entra/authority.ts';
import { createLinkSealer } from './adapters/entra/linkSealer.ts';
import { createMsalUserTokens } from './adapters/entra/msal.ts';
import { createMsalCodeGrants } from './adapters/entra/msalCodeGrants.ts';
import { createMsalCredential } from './adapters/entra/msalCredential.ts';
import { createStoreCredential } from './adapters/entra/msalStoreCredential.ts';
import { createTryCredential } from './adapters/entra/msalTryCredential.ts';
import { createMemorySealer, createSealer } from './adapters/entra/seal.ts';
import { createVerifyToken } from './adapters/entra/verifyToken.ts';
import { graph } from './adapters/graph/graphApi.ts';
import { createNoticeWebhook } from './adapters/webhook/noticeWebhook.ts';
import type { Api, ApiCall, Fetch, OpenApi } from './api.ts';
import { type Clock, systemClock } from './clock.ts';
import { graphResourceOf } from './clouds.ts';
import type { Config, ConfigWithoutStorage, TokenCacheStoreName } from './config.ts';
import { askForLink } from './connection/askForLink.ts';
import { changeConnection, connect, disconnect, getConnection } from './connection/connection.ts';
import { finishLink } from './connection/finishLink.ts';
import { type LinkUse, linkScopes } from './connection/linkScopes.ts';
import { openLink } from './connection/openLink.ts';
import { checkStorage } from './health/checkStorage.ts';
import { createReadiness } from './health/readiness.ts';
import { createLog, type Log, type SweepSummary } from './log.ts';
import type { Notices } from './notices.ts';
import { createOperators } from './operators/operators.ts';
import type { FunctionRequest, HandOver, Operation, Sealer, Services, StoreCredential } from './ports.ts';
import { type Asked, asUser } from './requests/asUser.ts';
import type { UserFunction } from './requests/defineFunction.ts';
import { createApp } from './tokens/app.ts';
import { createCallForRun } from './tokens/heartbeat.ts';
import { isKnownApi, knownApi } from './tokens/knownApi.ts';
import { createApiFetch } from './tokens/openApi.ts';
import type { RequestLimits } from './tokens/requestLimits.ts';
import { createLogId, readUserId } from './userId.ts';
import type { WorkerRun } from './wire.ts';
import { listTasks, type Task } from './worker/defineTask.ts';
import { type Plan, plan } from './worker/plan.ts';
import { RUN_LIMITS, type RunLimits } from './worker/run.ts';
import { sweepOrSplit, sweepPart } from './worker/splitRun.ts';
import { sweep } from './worker/sweep.ts';
import { type WakePermit, wakeWorker } from './worker/wakeWorker.ts';

/** Every port that can be replaced, by name. The other ports are created from the settings. */
export type Adapters = Omit<
  Services,
  | 'graph'
  | 'apis'
  | 'connectWhen'
  | 'notices'
  | 'link'
  | 'schedule'
  | 'logChecks'
  | 'runs'
  | 'logId'
  | 'clock'
> & {
  sealer: Sealer;
};

/** The ports in which everything is kept. */
export type Stores = Pick<Services, 'accounts' | 'tokenCache' | 'sharedState'>;

/** What the stores of a deployment are opened with. */
export type StoresOptions = {
  /** How the storage account of the settings is reached; undefined if they were read with `hasOwnStores`. */
  access: (BlobAccess & TableAccess) | undefined;
  tokenCacheStore: TokenCacheStoreName;
  clock: Clock;
};

export type SteadOptions = {
  /** What the worker does as each user. Default: no tasks; the worker then only keeps the tokens valid. */
  tasks?: readonly Task[];
  /** Who hears what happens while a user is away. Each one takes the place of the settings' webhook for its kind of notice. */
  notices?: Notices;
  /** The time, timers, ids and random numbers. Default: the platform's. */
  clock?: Clock;
  /** The log for events that belong to no operation. Default: the console. */
  log?: Log;
  /** Sends all HTTP requests to Entra, Graph and other APIs. Default: the platform's `fetch`. */
  fetch?: Fetch;
  /** Opens the stores: `azureStores`, `memoryStores`, or a function of your own. Not needed if `adapters` has them all. */
  stores?: (options: StoresOptions) => Stores;
  /** Gives the tokens for storage, in place of the identity that `TokenStore__credential` names. */
  storageCredential?: StoreCredential;
  /** Ports that replace the real adapters, such as other stores, or doubles in tests. */
  adapters?: Partial<Adapters>;
  /** How often one user may cause something. Default: the limits of `docs/http.md`. */
  limits?: RequestLimits;
  /**
   * Gives the address of this deployment's own `POST /api/worker/run`. A visit calls it if no run of the worker has ended for
   * five minutes, and does not wait for the answer. Without it, or if it gives undefined, visits call for no run.
   */
  runUrl?: () => string | undefined;
  /** Defaults: 10,000 for tokens and APIs, 5,000 for signing keys. */
  timeouts?: Partial<Timeouts>;
};

/** Milliseconds, each for one request: to the token endpoint, to a downstream API, and for signing keys. */
export type Timeouts = { tokenMs: number; apiMs: number; keysMs: number };

/** The settings. Without those of storage, the stores have to be others. */
export type AnyConfig = ConfigWithoutStorage & Partial<Pick<Config, 'storage'>>;

/** The application. A process creates it once with {@link createStead}. */
export type Stead = ReturnType<typeof createStead>;

const TIMEOUTS: Timeouts = { tokenMs: 10_000, apiMs: 10_000, keysMs: 5_000 };
/** Continuous access evaluation: it tells Entra that this client understands claims challenges. */
const CLIENT_CAPABILITIES = ['CP1'];

/**
 * Creates the application. This is the only way to get one. It does no I/O.
 * @param config a result of `readConfig`
 * @throws {TypeError} there are no stores, or `config` was read with `hasStorageCredential`, but there is no
 * `storageCredential`, or two tasks or two APIs have the same name.
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
     * @throws {TypeError} another function or another API has the same name, or a link cannot ask for what it needs.
     */
    claimName,

    /**
     * Runs a function on behalf of the caller. If its API asks for more claims, gets another token and runs it once more.
     * Stores what the worker needs to act for the caller later.
     * @param accessToken the caller's JWT for this API
     * @param request what the caller sent beside it
     * @throws the errors of {@link asUser} in `requests/asUser.ts`.
     * @throws {TypeError} another function has the same name.
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
      askForLink: (accessToken: string, read: () => Promise<LinkRequest>) =>
        askForLink(app, accessToken, async () => {
          const { returnUrl, ...chosen } = await read();
          const functions = [...named.values()].map((fn) => ({ ...fn, api: here(fn.api) }));
          const scopes = linkScopes(app.graph, { tasks, functions }, chosen);
          const areChosen = Object.values(chosen).some((names) => names.length > 0);
          return { returnUrl, scopes, areChosen };
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

function createServices(
  config: AnyConfig,
  here: Deployed,
  apis: ReadonlySet<Api>,
  options: SteadOptions,
): Services {
  const { entra } = config;
  const { clock = systemClock, adapters = {} } = options;
  const timeouts = { ...TIMEOUTS, ...options.timeouts };
  // `fetch` is looked up at each call, so that a test may replace the platform's `fetch` later.
  const send = options.fetch ?? ((...request: Parameters<Fetch>) => fetch(...request));
  const logId = createLogId(config.logHashKey);
  const stores = openStores(config, options, send, clock);
  const sealer = adapters.sealer ?? createSealer(config.cacheKeys);
  const openApi = adapters.openApi ?? createOpenApi(here, { fetch: send, clock, timeoutMs: timeouts.apiMs });
  const client = {
    auth: (tid: string) => ({
      clientId: entra.clientId,
      clientCapabilities: CLIENT_CAPABILITIES,
      ...authorityOf(entra.authority, tid),
    }),
    credential: createMsalCredential(entra, { fetch: send, clock, timeoutMs: timeouts.tokenMs }),
    timeoutMs: timeouts.tokenMs,
    fetch: send,
  };
  const caches = { store: stores.tokenCache, sealer, logId, clock };
  const { verifyIdToken, ...verify } = createVerifyToken({
    jwksUri: jwksUriOf(config),
    customKeysUri: (tid) => `${entra.authority}/${tid}/discovery/v2.0/keys?appid=${entra.clientId}`,
    rules: config.accessToken,
    tenantId: entra.tenantId,
    timeoutMs: timeouts.keysMs,
    fetch: send,
    clock,
  });
  return {
    ...verify,
    userTokens: createMsalUserTokens(client, caches),
    codeGrants: createMsalCodeGrants({ ...client, authority: entra.authority, verifyIdToken }, caches),
    linkSealer: createLinkSealer(config.cacheKeys),
    callForRun: options.runUrl && createCallForRun(options.runUrl, { fetch: send, clock }),
    tryCredential: createTryCredential({ ...client, tenantId: entra.tenantId, clock }),
    memorySealer: createMemorySealer(config.cacheKeys),
    ...adapters,
    ...stores,
    graph: here(graph),
    apis,
    openApi,
    connectWhen: config.connectWhen,
    notices: {
      ...(config.noticeWebhook && createNoticeWebhook(config.noticeWebhook, { fetch: send, clock })),
      ...options.notices,
    },
    schedule: config.schedule,
    logChecks: config.logChecks,
    runs: config.runs,
    link: config.link,
    logId,
    clock,
  };
}

/** @throws {TypeError} there are no stores, or no way to reach those of the settings. */
function openStores(config: AnyConfig, options: SteadOptions, send: Fetch, clock: Clock): Stores {
  const { accounts, tokenCache, sharedState } = options.adapters ?? {};
  if (accounts && tokenCache && sharedState) return { accounts, tokenCache, sharedState };
  if (options.stores === undefined) {
    throw new TypeError('Give createStead stores, such as azureStores of @stead/shared/stores/azure.');
  }
  const { storage, tokenCacheStore } = config;
  const access = storage && accessOf(storage, options.storageCredential, send, clock);
  const opened = options.stores({ access, tokenCacheStore, clock });
  return {
    accounts: accounts ?? opened.accounts,
    tokenCache: tokenCache ?? opened.tokenCache,
    sharedState: sharedState ?? opened.sharedState,
  };
}

/** @throws {TypeError} the settings name no identity, and no credential is given. */
function accessOf(
  storage: Config['storage'],
  given: StoreCredential | undefined,
  send: Fetch,
  clock: Clock,
): BlobAccess & TableAccess {
  if ('connectionString' in storage) return storage;
  const { blobServiceUri, tableServiceUri, managedIdentity } = storage;
  const credential =
    given ??
    (managedIdentity &&
      createStoreCredential({ ...managedIdentity, fetch: send, clock, remedies: IDENTITY_REMEDIES }));
  if (credential === undefined) throw new TypeError('Give createStead a storageCredential.');
  return { blobServiceUri, tableServiceUri, credential };
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

/** Gives an API as this deployment reaches it. */
type Deployed = <Clients extends object>(api: Api<Clients>) => Api<Clients>;

/** Graph's address and resource come from the settings of this deployment, not from the definition of the API. */
function createDeployed({ entra: { authority }, graphBaseUrl }: AnyConfig): Deployed {
  const resource = graphResourceOf(authority, graphBaseUrl);
  const deployed = knownApi({ ...graph, resource, baseUrl: graphBaseUrl });
  return <Clients extends object>(api: Api<Clients>) =>
    // The cast is safe because both are Graph.
    Object.is(api, graph) ? (deployed as Api<object> as Api<Clients>) : api;
}

function createOpenApi(here: Deployed, options: { fetch: Fetch; clock: Clock; timeoutMs: number }): OpenApi {
  return <Clients extends object>(defined: Api<Clients>, call: ApiCall) => {
    if (!isKnownApi(defined)) throw new TypeError('Give it graph, or an API from defineApi.');
    const api = here(defined);
    const bound = createApiFetch(api, call, options);
    return { ...(api.open?.(bound, api.baseUrl) as Clients), api: { fetch: bound, baseUrl: api.baseUrl } };
  };
}

/** A tenant's own key document is valid only for that tenant. The document of `organizations` is valid for all tenants. */
export function jwksUriOf({ entra, accessToken: { allowedTenants } }: AnyConfig): string {
  const onlyOwnTenant = allowedTenants !== 'any' && allowedTenants.every((tid) => tid === entra.tenantId);
  return `${entra.authority}/${onlyOwnTenant ? entra.tenantId : 'organizations'}/discovery/v2.0/keys`;
}
