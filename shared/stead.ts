import type { ScheduleSettings } from './account/schedule.ts';
import { createBlobTokenCache } from './adapters/azureStorage/blobTokenCache.ts';
import { createTableAccounts } from './adapters/azureStorage/tableAccounts.ts';
import { createTableTenants } from './adapters/azureStorage/tableTenants.ts';
import { authorityOf } from './adapters/entra/authority.ts';
import { createMsalUserTokens } from './adapters/entra/msal.ts';
import { createSealer } from './adapters/entra/seal.ts';
import { createVerifyToken } from './adapters/entra/verifyToken.ts';
import { createGraphReadProfile, createOpenGraph } from './adapters/graph/graph.ts';
import { createGraphReadPhoto } from './adapters/graph/graphPhoto.ts';
import type { Config } from './config.ts';
import type { Log } from './log.ts';
import type {
  AccountStore,
  OpenGraph,
  ReadPhoto,
  ReadProfile,
  TenantStore,
  TokenCacheStore,
  UserTokens,
  VerifyAccessToken,
} from './ports.ts';
import { GRAPH_SCOPES } from './tokens/graphScopes.ts';
import { createLogId, type LogId, toUserId } from './userId.ts';

/** Everything the functions need, wired once a process. */
export type App = {
  verifyAccessToken: VerifyAccessToken;
  readProfile: ReadProfile;
  readPhoto: ReadPhoto;
  openGraph: OpenGraph;
  accounts: AccountStore;
  tokenCache: TokenCacheStore;
  tenants: TenantStore;
  /** Bound to the invocation's log and id; costs nothing. */
  userTokens: (log: Log, correlationId?: string) => UserTokens;
  logId: LogId;
  schedule: ScheduleSettings;
  /** Reads one row and one cache that are nobody's. @throws {UnavailableError} */
  checkStorage: () => Promise<void>;
};

const TOKEN_TIMEOUT_MS = 10_000;
const GRAPH_TIMEOUT_MS = 10_000;
const KEYS_TIMEOUT_MS = 5_000;
/** Continuous access evaluation: this client understands claims challenges. */
const CLIENT_CAPABILITIES = ['CP1'];

const NOBODY = toUserId({
  tid: '00000000-0000-0000-0000-000000000000',
  oid: '00000000-0000-0000-0000-000000000000',
});

const STORES: Record<Config['tokenCacheStore'], (storage: { connectionString: string }) => TokenCacheStore> =
  {
    blob: createBlobTokenCache,
  };

/** Builds the adapters. No I/O happens here. */
export function compose(config: Config): App {
  const { entra } = config;
  const logId = createLogId(config.logHashKey);
  const storage = { connectionString: config.storageConnectionString };
  const tokenCache = STORES[config.tokenCacheStore](storage);
  const accounts = createTableAccounts(storage);
  const sealer = createSealer(config.cacheKeys);
  const msal = {
    auth: (tid: string) => ({
      clientId: entra.clientId,
      clientSecret: entra.clientSecret,
      clientCapabilities: CLIENT_CAPABILITIES,
      ...authorityOf(entra.authority, tid),
    }),
    scopes: GRAPH_SCOPES,
    timeoutMs: TOKEN_TIMEOUT_MS,
  };
  const graph = { baseUrl: config.graphBaseUrl, timeoutMs: GRAPH_TIMEOUT_MS };
  return {
    verifyAccessToken: createVerifyToken({
      jwksUri: jwksUriOf(config),
      customKeysUri: (tid) => `${entra.authority}/${tid}/discovery/v2.0/keys?appid=${entra.clientId}`,
      rules: config.accessToken,
      timeoutMs: KEYS_TIMEOUT_MS,
    }),
    readProfile: createGraphReadProfile(graph),
    readPhoto: createGraphReadPhoto(graph),
    openGraph: createOpenGraph({ ...graph, inBackground: true }),
    accounts,
    tokenCache,
    tenants: createTableTenants(storage),
    userTokens: (log, correlationId) =>
      createMsalUserTokens(
        { ...msal, correlationId },
        { store: tokenCache, sealer, logId, log, random: Math.random },
      ),
    logId,
    schedule: config.schedule,
    checkStorage: async () => {
      await accounts.read(NOBODY);
      await tokenCache.read(NOBODY);
    },
  };
}

/** A tenant's own key document vouches for that tenant alone; `organizations` has the keys for all. */
function jwksUriOf({ entra, accessToken: { allowedTenants } }: Config): string {
  const ownAlone = allowedTenants !== 'any' && allowedTenants.every((tid) => tid === entra.tenantId);
  return `${entra.authority}/${ownAlone ? entra.tenantId : 'organizations'}/discovery/v2.0/keys`;
}
