/** What `createStead` is given beside the settings. This file has only types. */

import type { BlobAccess, TableAccess } from './adapters/azureStorage/storageAccess.ts';
import type { Fetch } from './api.ts';
import type { Clock } from './clock.ts';
import type { Config, ConfigWithoutStorage, TokenCacheStoreName } from './config.ts';
import type { Log } from './log.ts';
import type { Notices } from './notices.ts';
import type { Sealer, Services, StoreCredential } from './ports.ts';
import type { RequestLimits } from './tokens/requestLimits.ts';
import type { Task } from './worker/defineTask.ts';

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
