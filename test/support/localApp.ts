/** The use cases with their real adapters over the stand-in; rows and caches are in memory, the clock can be set. */
import { API_CLIENT_ID } from '../../dev/entra/directory.ts';
import type { Entra } from '../../dev/entra/startEntra.ts';
import type { ScheduleSettings } from '../../shared/account/schedule.ts';
import { createVerifyToken } from '../../shared/adapters/entra/verifyToken.ts';
import { createGraphReadProfile, createOpenGraph } from '../../shared/adapters/graph/graph.ts';
import { createGraphReadPhoto } from '../../shared/adapters/graph/graphPhoto.ts';
import { createMemoryAccountStore } from '../../shared/adapters/memory/memoryAccountStore.ts';
import { createMemoryTenantStore } from '../../shared/adapters/memory/memoryTenantStore.ts';
import { connect, disconnect, getConnection } from '../../shared/connection/connection.ts';
import type { AccountStore, TenantStore } from '../../shared/ports.ts';
import { getProfile } from '../../shared/profile/getProfile.ts';
import { createAssertionMemo } from '../../shared/tokens/assertionMemo.ts';
import { createCooldowns } from '../../shared/tokens/cooldowns.ts';
import { createRequestLimits } from '../../shared/tokens/requestLimits.ts';
import { createLogId } from '../../shared/userId.ts';
import { type SweepDeps, type SweepLimits, sweep } from '../../shared/worker/sweep.ts';
import { callerFor, createTestTokens, type TestTokensOptions } from './userTokens.ts';

const SCHEDULE: ScheduleSettings = {
  idleForMs: 60_000,
  minIntervalMs: 300_000,
  everyRun: false,
  retentionMs: 90 * 86_400_000,
};
const LIMITS: SweepLimits = { concurrency: 4, runForMs: 50_000, leaseForMs: 300_000 };

export function createLocalApp(
  entra: Entra,
  options: TestTokensOptions & {
    schedule?: Partial<ScheduleSettings>;
    accounts?: AccountStore;
    tenants?: TenantStore;
    tasks?: SweepDeps['tasks'];
  } = {},
) {
  const { tokens, store, sealer, events } = createTestTokens(entra, options);
  const clock = { aheadMs: 0 };
  const graph = { baseUrl: entra.origin, timeoutMs: 5_000 };
  const now = () => new Date(Date.now() + clock.aheadMs);
  const accounts = options.accounts ?? createMemoryAccountStore();
  const deps = {
    verifyAccessToken: createVerifyToken({
      jwksUri: `${entra.origin}/organizations/discovery/v2.0/keys`,
      customKeysUri: (tid) => `${entra.origin}/${tid}/discovery/v2.0/keys?appid=${API_CLIENT_ID}`,
      rules: {
        clientId: API_CLIENT_ID,
        scope: 'access_as_user',
        authority: entra.origin,
        allowedTenants: 'any',
        allowedClients: undefined,
      },
      timeoutMs: 5_000,
    }),
    readProfile: createGraphReadProfile(graph),
    readPhoto: createGraphReadPhoto(graph),
    openGraph: createOpenGraph({ ...graph, inBackground: true }),
    tasks: options.tasks ?? [],
    userTokens: tokens,
    correlationId: options.correlationId,
    accounts,
    tokenCache: store,
    tenants: options.tenants ?? createMemoryTenantStore(),
    schedule: { ...SCHEDULE, ...options.schedule },
    logId: createLogId(new Uint8Array(32)),
    log: (event: (typeof events)[number]) => void events.push(event),
    now,
    random: Math.random,
    cooldowns: createCooldowns({ now }),
    limits: createRequestLimits({ now }),
  };
  const memo = createAssertionMemo({ now: deps.now });
  return {
    ...deps,
    sealer,
    events,
    clock,
    connection: {
      get: (assertion: string) => getConnection({ ...deps, memo }, assertion),
      put: (assertion: string) => connect({ ...deps, memo }, assertion),
      delete: (assertion: string) => disconnect({ ...deps, memo }, assertion),
    },
    getProfile: (assertion: string) => getProfile({ ...deps, memo }, assertion),
    /** The user signs in anew and asks for their profile. */
    async visit(name: string) {
      const caller = await callerFor(entra, name);
      await getProfile({ ...deps, memo }, caller.assertion);
      return caller.userId;
    },
    sweep: (limits: Partial<SweepLimits> = {}, signal = AbortSignal.timeout(60_000)) =>
      sweep(deps, { ...LIMITS, ...limits }, signal),
  };
}
