import type { Entra } from '../../dev/entra/startEntra.ts';
import type { AccountStore } from '../accountStore.ts';
import { createSealer } from '../adapters/entra/seal.ts';
import { graph } from '../adapters/graph/graphApi.ts';
import { createMemoryAccountStore } from '../adapters/memory/memoryAccountStore.ts';
import { createMemorySharedState } from '../adapters/memory/memorySharedState.ts';
import { createMemoryTokenCacheStore } from '../adapters/memory/memoryTokenCacheStore.ts';
import { systemClock } from '../clock.ts';
import { readConfig } from '../config.ts';
import type { LogEvent } from '../log.ts';
import type { FunctionRequest, MemorySealer, Operation, ScheduleSettings, Sealer } from '../ports.ts';
import { defineFunction, type UserFunction } from '../requests/defineFunction.ts';
import type { SharedState } from '../sharedState.ts';
import { createStead, type SteadOptions } from '../stead.ts';
import type { TokenCacheStore } from '../tokenCacheStore.ts';
import { RUN_LIMITS, type RunLimits } from '../worker/run.ts';
import { signInAs } from './signInAs.ts';
import { standInSettings } from './standInSettings.ts';
import { createShiftedClock, type ShiftedClock } from './testClock.ts';

export type LocalAppOptions = Pick<SteadOptions, 'tasks' | 'notices' | 'limits' | 'timeouts' | 'fetch'> & {
  accounts?: AccountStore;
  tokenCache?: TokenCacheStore;
  sharedState?: SharedState;
  sealer?: Sealer;
  memorySealer?: MemorySealer;
  schedule?: Partial<ScheduleSettings>;
  /** The app's clock. Give it to the stores, too, if you give any. Default: a new one. */
  clock?: ShiftedClock;
  /** Settings that are added, or that replace the usual ones, by name. */
  settings?: Readonly<Record<string, string>>;
  correlationId?: string;
};

/** What a visit does: it reads the caller's own entry in the directory. */
const VISIT = defineFunction({
  name: 'get-profile',
  api: graph,
  scopes: ['User.Read'],
  run: ({ graph: client }): Promise<{ id: string; givenName?: string }> => client.api('/me').get(),
});

/** A request without the parts that are the same for all callers of a test. */
type OfGraph<Request extends { api: unknown }> = Omit<Request, 'api'> & Partial<Pick<Request, 'api'>>;

/**
 * Creates the application over the stand-in of `startEntra` (with `spaOrigins: ['http://localhost:5173']`). Its stores are
 * in memory, unless others are given. Its clock can be set: `app.clock.aheadMs = 3_600_000`.
 * @throws {ConfigError} the given settings are wrong.
 */
export function createLocalApp(entra: Entra, options: LocalAppOptions = {}) {
  const {
    clock = createShiftedClock(),
    accounts = createMemoryAccountStore({ clock }),
    tokenCache = createMemoryTokenCacheStore({ clock }),
    sharedState = createMemorySharedState({ clock }),
    sealer = createSealer([{ kid: 'test', secret: new Uint8Array(32).fill(7) }]),
  } = options;
  const settings = { ...standInSettings(entra.origin), ...options.settings };
  const config = readConfig(settings, { hasOwnStores: true });
  const events: LogEvent[] = [];
  const operation: Operation = {
    log: (event) => void events.push(event),
    correlationId: options.correlationId,
  };
  const { memorySealer } = options;
  const stores = { accounts, tokenCache, sharedState, sealer, ...(memorySealer && { memorySealer }) };
  // The stand-in and MSAL use the platform's time, so everything that exchanges tokens with them must use it, too.
  const inRealTime = createStead(config, { ...options, clock: systemClock, adapters: stores });
  const { userTokens, codeGrants, verifyAccessToken, verifyAppToken, tryCredential, logId } =
    inRealTime.services;
  const stead = createStead(
    { ...config, schedule: { ...config.schedule, ...options.schedule } },
    {
      ...options,
      clock,
      log: operation.log,
      adapters: { ...stores, userTokens, codeGrants, verifyAccessToken, verifyAppToken, tryCredential },
    },
  );
  const { connection, worker } = stead;

  return {
    stead,
    accounts,
    tokenCache,
    sharedState,
    sealer,
    logId,
    /** All events that were logged, oldest first. */
    events,
    clock,
    now: () => clock.now(),
    verifyAccessToken,
    tokens: {
      onBehalfOf: (request: OfGraph<Parameters<typeof userTokens.onBehalfOf>[1]>) =>
        userTokens.onBehalfOf(operation, { api: stead.services.graph, ...request }),
      silent: (request: OfGraph<Parameters<typeof userTokens.silent>[1]>) =>
        userTokens.silent(operation, { api: stead.services.graph, ...request }),
    },
    connection: {
      get: (accessToken: string) => connection.status(operation, accessToken),
      put: (accessToken: string) => connection.reconnect(operation, accessToken),
      delete: (accessToken: string) => connection.disconnect(operation, accessToken),
    },
    /** Runs a function on behalf of the caller. */
    ask: <T>(fn: UserFunction<T>, accessToken: string, request?: FunctionRequest) =>
      stead.asUser(operation, accessToken, fn, request),
    /** Reads the caller's own entry in the directory, which is a visit. */
    getProfile: (accessToken: string) => stead.asUser(operation, accessToken, VISIT),
    /**
     * Signs in a user of the stand-in and visits as them.
     * @returns the user id
     * @throws {Error} the stand-in has no user with this name.
     */
    async visit(name: string) {
      const { userId, accessToken } = await signInAs(entra.origin, name);
      await stead.asUser(operation, accessToken, VISIT);
      return userId;
    },
    /** Does one run of the worker. @returns its summary */
    sweep: (limits: Partial<RunLimits> = {}, signal?: AbortSignal) =>
      worker.run({ ...operation, signal }, { ...RUN_LIMITS, concurrency: 4, ...limits }),
  };
}

export type LocalApp = ReturnType<typeof createLocalApp>;
