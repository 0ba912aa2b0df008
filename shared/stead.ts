import { createBlobTokenCache } from './adapters/azureStorage/blobTokenCache.ts';
import type { BlobAccess, TableAccess } from './adapters/azureStorage/storageAccess.ts';
import { IDENTITY_REMEDIES } from './adapters/azureStorage/storageRemedy.ts';
import { createTableAccounts } from './adapters/azureStorage/tableAccounts.ts';
import { createTableSharedState } from './adapters/azureStorage/tableSharedState.ts';
import { authorityOf } from './adapters/entra/authority.ts';
import { createMsalUserTokens } from './adapters/entra/msal.ts';
import { createMsalCredential } from './adapters/entra/msalCredential.ts';
import { createStoreCredential } from './adapters/entra/msalStoreCredential.ts';
import { createTryCredential } from './adapters/entra/msalTryCredential.ts';
import { createSealer } from './adapters/entra/seal.ts';
import { createVerifyToken } from './adapters/entra/verifyToken.ts';
import { graph } from './adapters/graph/graphApi.ts';
import { createGraphReadPhoto } from './adapters/graph/graphPhoto.ts';
import { createGraphReadProfile } from './adapters/graph/graphProfile.ts';
import type { Api, ApiCall, Fetch, OpenApi } from './api.ts';
import { type Clock, systemClock } from './clock.ts';
import { cloudOfGraph, findCloud, graphResourceOf } from './clouds.ts';
import type { Config } from './config.ts';
import { connect, disconnect, getConnection } from './connection/connection.ts';
import { checkStorage } from './health/checkStorage.ts';
import { createReadiness } from './health/readiness.ts';
import { createLog, type Log, type SweepSummary } from './log.ts';
import { createOperators } from './operators/operators.ts';
import type { Operation, Sealer, Services, StoreCredential, TokenCacheStore } from './ports.ts';
import { asUser, type Use } from './profile/asUser.ts';
import { getPhoto, getProfile } from './profile/getProfile.ts';
import { createApp } from './tokens/app.ts';
import { GRAPH_SCOPES } from './tokens/graphScopes.ts';
import { isKnownApi } from './tokens/knownApi.ts';
import { createApiFetch } from './tokens/openApi.ts';
import type { RequestLimits } from './tokens/requestLimits.ts';
import { createLogId } from './userId.ts';
import type { WorkerRun } from './wire.ts';
import type { Task } from './worker/defineTask.ts';
import { type Plan, plan } from './worker/plan.ts';
import { RUN_LIMITS, type RunLimits } from './worker/run.ts';
import { sweep } from './worker/sweep.ts';
import { wake } from './worker/wake.ts';

/** Every port that can be replaced, by name. The other ports are created from the settings. */
export type Adapters = Omit<Services, 'schedule' | 'logChecks' | 'logId' | 'clock'> & { sealer: Sealer };

export type SteadOptions = {
  /** What the worker does as each user. Default: no tasks; the worker then only keeps the tokens valid. */
  tasks?: readonly Task[];
  /** The time, timers, ids and random numbers. Default: the platform's. */
  clock?: Clock;
  /** The log for events that belong to no operation. Default: the console. */
  log?: Log;
  /** Sends all HTTP requests to Entra, Graph and other APIs. Default: the platform's `fetch`. */
  fetch?: Fetch;
  /** Gives the tokens for storage, in place of the identity that `TokenStore__credential` names. */
  storageCredential?: StoreCredential;
  /** Ports that replace the real adapters, such as other stores, or doubles in tests. */
  adapters?: Partial<Adapters>;
  /** How often one user may cause something. Default: the limits of `docs/http.md`. */
  limits?: RequestLimits;
  /** Defaults: 10,000 for tokens and APIs, 5,000 for signing keys. */
  timeouts?: Partial<Timeouts>;
};

/** Milliseconds, each for one request: to the token endpoint, to a downstream API, and for signing keys. */
export type Timeouts = { tokenMs: number; apiMs: number; keysMs: number };

/** The application. A process creates it once with {@link createStead}. */
export type Stead = ReturnType<typeof createStead>;

const TIMEOUTS: Timeouts = { tokenMs: 10_000, apiMs: 10_000, keysMs: 5_000 };
/** Continuous access evaluation: it tells Entra that this client understands claims challenges. */
const CLIENT_CAPABILITIES = ['CP1'];

const STORES: Record<Config['tokenCacheStore'], (storage: BlobAccess & { clock: Clock }) => TokenCacheStore> =
  {
    blob: createBlobTokenCache,
  };

/**
 * Creates the application. This is the only way to get one. It does no I/O.
 * @param config a result of `readConfig`
 * @throws {TypeError} `config` was read with `hasStorageCredential`, but there is no `storageCredential`; or a task's scope is
 * of another cloud.
 */
export function createStead(config: Config, options: SteadOptions = {}) {
  const { tasks = [] } = options;
  checkScopes(tasks, config);
  const services = createServices(config, options);
  const log = options.log ?? createLog(console);
  const app = createApp(services, options.limits);

  return {
    /** The ports, for operators' commands and tests. */
    services,

    /**
     * Calls Graph on behalf of the caller. If Graph asks for more claims, gets another token and calls once more. Stores
     * what the worker needs to act for the caller later.
     * @param accessToken the caller's JWT for this API
     * @throws the errors of {@link asUser} in `profile/asUser.ts`.
     */
    asUser: <T>(operation: Operation, accessToken: string, use: Use<T>) =>
      asUser(app, operation, accessToken, use),
    /** Reads the caller's profile. @throws the errors of `asUser`. */
    profile: (operation: Operation, accessToken: string) => getProfile(app, operation, accessToken),
    /** Reads the caller's photo; `result` is undefined if they have none. @throws the errors of `asUser`. */
    photo: (operation: Operation, accessToken: string) => getPhoto(app, operation, accessToken),

    /** The caller's own connection. @throws the errors that `connection/connection.ts` names. */
    connection: {
      status: (_operation: Operation, accessToken: string) => getConnection(app, accessToken),
      reconnect: (operation: Operation, accessToken: string) => connect(app, operation, accessToken),
      disconnect: (operation: Operation, accessToken: string) => disconnect(app, operation, accessToken),
    },

    worker: {
      /** Finds the shards in which accounts are due. */
      plan: (operation: Operation): Promise<Plan> => plan(app, operation),
      /** Checks every due account of the plan's shards, until its limits or the operation's signal end it. */
      sweep: (operation: Operation, planned: Plan, limits: RunLimits = RUN_LIMITS): Promise<SweepSummary> =>
        sweep(app, operation, tasks, planned, limits),
      /** Does one run in one process: plans and sweeps. */
      run: async (operation: Operation, limits: RunLimits = RUN_LIMITS): Promise<SweepSummary> =>
        sweep(app, operation, tasks, await plan(app, operation), limits),
      /** Does one run for an application, if none began within the last minute. @throws the errors of {@link wake}. */
      wake: (operation: Operation, accessToken: string, limits: RunLimits = RUN_LIMITS): Promise<WorkerRun> =>
        wake(app, operation, accessToken, tasks, limits),
    },

    /** What operators see and do. */
    operators: createOperators(services),

    /**
     * Tries to read an account and a cache that do not exist, and logs whether the stores can be reached.
     * @returns true if they can be reached
     */
    async health(): Promise<boolean> {
      const isReached = await checkStorage(services, log);
      if (isReached) log({ event: 'storage.ready' });
      return isReached;
    },

    /** Whether storage can be reached and Entra accepts the credential. It asks them at most once in 60 s. */
    readiness: createReadiness(services),
  };
}

/** @throws {TypeError} a scope names Graph of another cloud than that of the settings. Entra would refuse each check. */
function checkScopes(tasks: readonly Task[], { entra: { authority } }: Config): void {
  const cloud = findCloud(authority);
  for (const { name, scopes } of tasks) {
    for (const scope of scopes) {
      const theirs = URL.canParse(scope) ? cloudOfGraph(new URL(scope)) : undefined;
      if (cloud === undefined || theirs === undefined || theirs === cloud) continue;
      throw new TypeError(
        `Task "${name}": the scope ${scope} is in the ${theirs.name}, and ENTRA_AUTHORITY in the ${cloud.name}. Write the permission alone, such as User.Read, or with ${cloud.graph[0]}/ before it.`,
      );
    }
  }
}

function createServices(config: Config, options: SteadOptions): Services {
  const { entra } = config;
  const graphResource = graphResourceOf(entra.authority, config.graphBaseUrl);
  const { clock = systemClock, adapters = {} } = options;
  const timeouts = { ...TIMEOUTS, ...options.timeouts };
  // `fetch` is looked up at each call, so that a test may replace the platform's `fetch` later.
  const send = options.fetch ?? ((...request: Parameters<Fetch>) => fetch(...request));
  const logId = createLogId(config.logHashKey);
  const storage = { ...accessOf(config.storage, options.storageCredential, send, clock), clock };
  const tokenCache = adapters.tokenCache ?? STORES[config.tokenCacheStore](storage);
  const sealer = adapters.sealer ?? createSealer(config.cacheKeys);
  const openApi =
    adapters.openApi ?? createOpenApi(config, { fetch: send, clock, timeoutMs: timeouts.apiMs });
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
  return {
    ...createVerifyToken({
      jwksUri: jwksUriOf(config),
      customKeysUri: (tid) => `${entra.authority}/${tid}/discovery/v2.0/keys?appid=${entra.clientId}`,
      rules: config.accessToken,
      tenantId: entra.tenantId,
      timeoutMs: timeouts.keysMs,
      fetch: send,
      clock,
    }),
    userTokens: createMsalUserTokens(
      {
        ...client,
        scopes: GRAPH_SCOPES,
        consentScopes: GRAPH_SCOPES.map((scope) => `${graphResource}/${scope}`),
      },
      { store: tokenCache, sealer, logId, clock },
    ),
    tryCredential: createTryCredential({ ...client, tenantId: entra.tenantId, clock }),
    readProfile: createGraphReadProfile(openApi, clock),
    readPhoto: createGraphReadPhoto(openApi, clock),
    accounts: createTableAccounts(storage),
    sharedState: createTableSharedState(storage),
    ...adapters,
    openApi,
    tokenCache,
    schedule: config.schedule,
    logChecks: config.logChecks,
    logId,
    clock,
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

/** Graph's address comes from the settings of this deployment, not from the definition of the API. */
function createOpenApi(
  { graphBaseUrl }: Config,
  options: { fetch: Fetch; clock: Clock; timeoutMs: number },
): OpenApi {
  return <Clients extends object>(defined: Api<Clients>, call: ApiCall) => {
    if (!isKnownApi(defined)) throw new TypeError('Give it graph, or an API from defineApi.');
    const isGraph: boolean = Object.is(defined, graph);
    const api = isGraph ? { ...defined, baseUrl: graphBaseUrl } : defined;
    const bound = createApiFetch(api, call, options);
    return { ...(api.open?.(bound, api.baseUrl) as Clients), api: { fetch: bound } };
  };
}

/** A tenant's own key document is valid only for that tenant. The document of `organizations` is valid for all tenants. */
export function jwksUriOf({ entra, accessToken: { allowedTenants } }: Config): string {
  const onlyOwnTenant = allowedTenants !== 'any' && allowedTenants.every((tid) => tid === entra.tenantId);
  return `${entra.authority}/${onlyOwnTenant ? entra.tenantId : 'organizations'}/discovery/v2.0/keys`;
}
