/** The parts of the application for unit tests: stores in memory, a clock that stands still, and no network. */
import { createMemoryAccountStore } from '../../shared/adapters/memory/memoryAccountStore.ts';
import { createMemorySharedState } from '../../shared/adapters/memory/memorySharedState.ts';
import { createMemoryTokenCacheStore } from '../../shared/adapters/memory/memoryTokenCacheStore.ts';
import type { Clock } from '../../shared/clock.ts';
import { readConfig } from '../../shared/config.ts';
import type { Notices } from '../../shared/notices.ts';
import { type Adapters, createStead } from '../../shared/stead.ts';
import { createTestClock } from '../../shared/testing/testClock.ts';
import { type App, createApp } from '../../shared/tokens/app.ts';
import type { RequestLimits } from '../../shared/tokens/requestLimits.ts';

const GUID = '11111111-2222-4333-8444-555555555555';

export type TestAppOptions = Partial<Adapters> & {
  clock?: Clock;
  limits?: RequestLimits;
  graphBaseUrl?: string;
  /** `LOG_CHECKS` */
  logChecks?: string;
  /** `CONNECT` */
  connect?: string;
  /** `SPLIT_RUNS_ABOVE` */
  splitAbove?: string;
  /** `TOKEN_REQUESTS_PER_SECOND` */
  tokenRequests?: string;
  notices?: Notices;
  /** Default: there is no network. */
  fetch?: typeof fetch;
};

export function createTestApp(options: TestAppOptions = {}): App {
  const {
    clock = createTestClock(),
    limits,
    graphBaseUrl,
    logChecks,
    connect,
    splitAbove,
    tokenRequests,
    notices = {},
    fetch = noNetwork,
    ...adapters
  } = options;
  const config = readConfig({
    ENTRA_TENANT_ID: GUID,
    ENTRA_CLIENT_ID: GUID,
    ENTRA_CLIENT_SECRET: 'not used here',
    GRAPH_BASE_URL: graphBaseUrl,
    LOG_CHECKS: logChecks,
    CONNECT: connect,
    SPLIT_RUNS_ABOVE: splitAbove,
    TOKEN_REQUESTS_PER_SECOND: tokenRequests,
    TokenStore: 'UseDevelopmentStorage=true',
  });
  const { services } = createStead(config, {
    clock,
    fetch,
    notices,
    adapters: {
      accounts: createMemoryAccountStore({ clock }),
      tokenCache: createMemoryTokenCacheStore({ clock }),
      sharedState: createMemorySharedState({ clock }),
      ...adapters,
    },
  });
  return createApp(services, limits);
}

const noNetwork: typeof fetch = () => Promise.reject(new TypeError('there is no network in this test'));

const bottomless = { take: () => undefined };

/** For attacks, drills and storms, in which a user does in seconds what others do in weeks. */
export const UNLIMITED: RequestLimits = {
  exchanges: bottomless,
  changes: bottomless,
  wakes: bottomless,
};
