import { nowByStore } from './account/nowByStore.ts';
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
import type { Config } from './config.ts';
import type { Services, StoreCredential } from './ports.ts';
import type { AnyConfig, SteadOptions, Stores, Timeouts } from './steadOptions.ts';
import { createCallForRun } from './tokens/heartbeat.ts';
import { isKnownApi, knownApi } from './tokens/knownApi.ts';
import { createApiFetch } from './tokens/openApi.ts';
import { createLogId } from './userId.ts';

const TIMEOUTS: Timeouts = { tokenMs: 10_000, apiMs: 10_000, keysMs: 5_000 };
/** Continuous access evaluation: it tells Entra that this client understands claims challenges. */
const CLIENT_CAPABILITIES = ['CP1'];

/**
 * Creates every port that is not given.
 * @param apis every API that a task or a function uses; more may be added later
 * @throws {TypeError} there are no stores, or no way to reach those of the settings.
 */
export function createServices(
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
  const storeNow = () => nowByStore({ accounts: stores.accounts, clock });
  const caches = { store: stores.tokenCache, sealer, logId, clock, storeNow };
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

/** Gives an API as this deployment reaches it. */
export type Deployed = <Clients extends object>(api: Api<Clients>) => Api<Clients>;

/** Graph's address and resource come from the settings of this deployment, not from the definition of the API. */
export function createDeployed({ entra: { authority }, graphBaseUrl }: AnyConfig): Deployed {
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
