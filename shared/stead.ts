import { endAccount, removeCache } from './account/endAccount.ts';
import { createBlobTokenCache } from './adapters/azureStorage/blobTokenCache.ts';
import { createTableAccounts } from './adapters/azureStorage/tableAccounts.ts';
import { createTableTenants } from './adapters/azureStorage/tableTenants.ts';
import { authorityOf } from './adapters/entra/authority.ts';
import { createMsalUserTokens } from './adapters/entra/msal.ts';
import { createSealer } from './adapters/entra/seal.ts';
import { createVerifyToken } from './adapters/entra/verifyToken.ts';
import { graph } from './adapters/graph/graphApi.ts';
import { createGraphReadPhoto } from './adapters/graph/graphPhoto.ts';
import { createGraphReadProfile } from './adapters/graph/graphProfile.ts';
import { type Clock, systemClock, withTimeout } from './clock.ts';
import type { Config } from './config.ts';
import { connect, disconnect, getConnection } from './connection/connection.ts';
import { createLog, type Log, nameOfError, type SweepSummary } from './log.ts';
import type { Api, ApiCall, Fetch, OpenApi, Operation, Sealer, Services, TokenCacheStore } from './ports.ts';
import { asUser, type Use } from './profile/asUser.ts';
import { getPhoto, getProfile } from './profile/getProfile.ts';
import { createApp } from './tokens/app.ts';
import { GRAPH_SCOPES } from './tokens/graphScopes.ts';
import { createApiFetch } from './tokens/openApi.ts';
import type { RequestLimits } from './tokens/requestLimits.ts';
import { createLogId, toUserId, type UserId } from './userId.ts';
import type { Task } from './worker/defineTask.ts';
import { type Plan, plan } from './worker/plan.ts';
import { RUN_LIMITS, type RunLimits } from './worker/run.ts';
import { sweep } from './worker/sweep.ts';

/** Every port that can be replaced, by its name. What is not replaced is made from the settings. */
export type Adapters = Omit<Services, 'schedule' | 'logId' | 'clock'> & { sealer: Sealer };

export type SteadOptions = {
  /** What the worker does as each user. Default: nothing but to keep their token. */
  tasks?: readonly Task[];
  /** Default: the platform's time, timers, ids and chance. */
  clock?: Clock;
  /** For what belongs to no operation. Default: to the console. */
  log?: Log;
  /** For all HTTP requests to Entra, Graph and other APIs. Default: the platform's. */
  fetch?: Fetch;
  /** Stores, models or doubles in the place of the real adapters. */
  adapters?: Partial<Adapters>;
  /** What one user may cause. Default: `docs/http.md`. */
  limits?: RequestLimits;
  /** In milliseconds, each for one request. */
  timeouts?: Partial<Timeouts>;
};

export type Timeouts = { tokenMs: number; apiMs: number; keysMs: number };

/** The application: made once in a process by {@link createStead}, and used by whatever runs it. */
export type Stead = ReturnType<typeof createStead>;

const TIMEOUTS: Timeouts = { tokenMs: 10_000, apiMs: 10_000, keysMs: 5_000 };
/** Continuous access evaluation: this client understands claims challenges. */
const CLIENT_CAPABILITIES = ['CP1'];

const NOBODY = toUserId({
  tid: '00000000-0000-0000-0000-000000000000',
  oid: '00000000-0000-0000-0000-000000000000',
});

const STORES: Record<
  Config['tokenCacheStore'],
  (storage: { connectionString: string; clock: Clock }) => TokenCacheStore
> = {
  blob: createBlobTokenCache,
};

/** The one door to the application. No I/O happens here. */
export function createStead(config: Config, options: SteadOptions = {}) {
  const { tasks = [] } = options;
  const services = createServices(config, options);
  const { accounts, tokenCache, clock } = services;
  const log = options.log ?? createLog(console);
  const app = createApp(services, options.limits);

  return {
    /** The ports themselves, for operators' commands and tests. */
    services,

    /**
     * Does something at Graph on the caller's behalf, again with a better token when Graph asks for more, and leaves behind
     * what the worker needs to go on for them.
     * @param accessToken the caller's JWT for this API
     * @throws what {@link asUser} throws.
     */
    asUser: <T>(operation: Operation, accessToken: string, use: Use<T>) =>
      asUser(app, operation, accessToken, use),
    /** @throws what {@link asUser} throws. */
    profile: (operation: Operation, accessToken: string) => getProfile(app, operation, accessToken),
    /** @throws what {@link asUser} throws. */
    photo: (operation: Operation, accessToken: string) => getPhoto(app, operation, accessToken),

    /** The caller's own connection. @throws what the functions of `connection/connection.ts` throw. */
    connection: {
      status: (_operation: Operation, accessToken: string) => getConnection(app, accessToken),
      reconnect: (operation: Operation, accessToken: string) => connect(app, operation, accessToken),
      disconnect: (operation: Operation, accessToken: string) => disconnect(app, operation, accessToken),
    },

    worker: {
      /** The shards in which accounts are due. */
      plan: (operation: Operation): Promise<Plan> => plan(app, operation),
      /** Checks every due account of a plan's shards. It ends by its limits, or with the operation's signal. */
      sweep: (operation: Operation, planned: Plan, limits: RunLimits = RUN_LIMITS): Promise<SweepSummary> =>
        sweep(app, operation, tasks, planned, limits),
      /** One run in one process: plans and sweeps. It ends by itself. */
      run: (operation: Operation, limits: RunLimits = RUN_LIMITS): Promise<SweepSummary> =>
        withTimeout(
          clock,
          limits.endAfterMs,
          async (signal) => {
            const bound = { ...operation, signal };
            return sweep(app, bound, tasks, await plan(app, bound), limits);
          },
          operation.signal,
        ),
    },

    /** What an operator may do to one account, beside reading. */
    operators: {
      /** @throws what {@link endAccount} throws. */
      retire: (userId: UserId) => endAccount(services, userId, 'retired'),
      /** @throws what {@link removeCache} throws. */
      removeCache: (userId: UserId) => removeCache(services, userId),
    },

    /**
     * Reads one row and one cache that are nobody's, and logs whether that can be done.
     * @returns whether it can
     */
    async health(): Promise<boolean> {
      try {
        await accounts.read(NOBODY);
        await tokenCache.read(NOBODY);
        log({ event: 'storage.ready' });
        return true;
      } catch (error) {
        log({
          event: 'storage.unreachable',
          setting: 'TokenStore',
          remedy:
            'Start Azurite, or check TokenStore and the firewall of its account. Until then nothing is kept.',
          error: nameOfError(error),
        });
        return false;
      }
    },
  };
}

function createServices(config: Config, options: SteadOptions): Services {
  const { entra } = config;
  const { clock = systemClock, adapters = {} } = options;
  const timeouts = { ...TIMEOUTS, ...options.timeouts };
  // Looked up at each call, so that whoever replaces the platform's own later is heeded.
  const send = options.fetch ?? ((...request: Parameters<Fetch>) => fetch(...request));
  const logId = createLogId(config.logHashKey);
  const storage = { connectionString: config.storageConnectionString, clock };
  const tokenCache = adapters.tokenCache ?? STORES[config.tokenCacheStore](storage);
  const sealer = adapters.sealer ?? createSealer(config.cacheKeys);
  const openApi =
    adapters.openApi ?? createOpenApi(config, { fetch: send, clock, timeoutMs: timeouts.apiMs });
  return {
    verifyAccessToken: createVerifyToken({
      jwksUri: jwksUriOf(config),
      customKeysUri: (tid) => `${entra.authority}/${tid}/discovery/v2.0/keys?appid=${entra.clientId}`,
      rules: config.accessToken,
      timeoutMs: timeouts.keysMs,
      fetch: send,
      clock,
    }),
    userTokens: createMsalUserTokens(
      {
        auth: (tid) => ({
          clientId: entra.clientId,
          clientSecret: entra.clientSecret,
          clientCapabilities: CLIENT_CAPABILITIES,
          ...authorityOf(entra.authority, tid),
        }),
        scopes: GRAPH_SCOPES,
        timeoutMs: timeouts.tokenMs,
        fetch: send,
      },
      { store: tokenCache, sealer, logId, clock },
    ),
    readProfile: createGraphReadProfile(openApi, clock),
    readPhoto: createGraphReadPhoto(openApi, clock),
    accounts: createTableAccounts(storage),
    tenants: createTableTenants(storage),
    ...adapters,
    openApi,
    tokenCache,
    schedule: config.schedule,
    logId,
    clock,
  };
}

/** Graph is where this deployment's settings say, whatever the task that asks for it was defined with. */
function createOpenApi(
  { graphBaseUrl }: Config,
  options: { fetch: Fetch; clock: Clock; timeoutMs: number },
): OpenApi {
  return <Clients extends object>(defined: Api<Clients>, call: ApiCall) => {
    const api = defined.name === graph.name ? { ...defined, baseUrl: graphBaseUrl } : defined;
    const bound = createApiFetch(api, call, options);
    return { ...(api.open?.(bound, api.baseUrl) as Clients), api: { fetch: bound } };
  };
}

/** A tenant's own key document vouches for that tenant alone; `organizations` has the keys for all. */
function jwksUriOf({ entra, accessToken: { allowedTenants } }: Config): string {
  const ownAlone = allowedTenants !== 'any' && allowedTenants.every((tid) => tid === entra.tenantId);
  return `${entra.authority}/${ownAlone ? entra.tenantId : 'organizations'}/discovery/v2.0/keys`;
}
