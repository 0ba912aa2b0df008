import { createHash } from 'node:crypto';
import type { Api } from '../api.ts';
import type { Clock } from '../clock.ts';
import { TokenInvalidError, UserTokenError } from '../errors.ts';
import type { Caller, UserToken } from '../ports.ts';
import type { UserId } from '../userId.ts';

export type MemoOptions = {
  clock: Clock;
  /** The most assertions that are remembered. Beyond it, the least recently used one is removed. Default 5,000. */
  maxEntries?: number;
};

/** The result of exchanging one assertion for one API. */
export type Exchanged = {
  token: UserToken;
  /** Until when the token may be used again. */
  keepUntil: Date;
};

/**
 * Remembers verified assertions and their exchanges, in this process only. Without it, two devices of one user would
 * evict each other's token from MSAL's cache again and again, because that cache keeps one token for each user. Two
 * assertions never share anything, even if they are of one user: they may differ in client, device or MFA.
 */
export type AssertionMemo = {
  /** The verified caller. It is remembered for at most five minutes, and never beyond the assertion's `exp`. */
  verified(assertion: string, verify: () => Promise<Caller>): Promise<Caller>;
  /**
   * The assertion's exchange for an API. Requests at the same time share one call of `exchange`, which continues if the request
   * that began it is cancelled. If it fails, all of them get the error, which is also remembered: for its Retry-After,
   * or else for a few seconds.
   * @returns `began` is true for the request that called `exchange`
   */
  exchanged(
    caller: Caller,
    api: Api,
    exchange: () => Promise<Exchanged>,
  ): Promise<{ token: UserToken; began: boolean }>;
  /**
   * Exchanges again, for a token that does not do. Another request may have replaced it already.
   * @param isStillGood whether the token still does for other requests, if there is no new one. Default false.
   */
  renewed(
    caller: Caller,
    api: Api,
    former: UserToken,
    exchange: () => Promise<Exchanged>,
    isStillGood?: boolean,
  ): Promise<{ token: UserToken; began: boolean }>;
  /**
   * Requests with the same assertion and name at the same time share one call of `work`. An error is remembered like that
   * of an exchange; a result is not remembered. One name always has one type of result.
   */
  shared<T>(caller: Caller, name: string, work: () => Promise<T>): Promise<{ result: T; began: boolean }>;
  /** Whether the request must read the user's row: true at most once a minute for each assertion and API. */
  isRowReadDue(caller: Caller, api: Api): boolean;
  /**
   * Forgets the exchanges and errors of a user, for all their assertions. Throttles are still remembered, because the
   * service has asked for fewer requests until a certain time.
   */
  forget(userId: UserId): void;
};

const MAX_ENTRIES = 5_000;
const VERIFIED_FOR_MS = 300_000;
const READ_ROW_EVERY_MS = 60_000;
/** For a refusal without Retry-After: long enough to stop a page that loops, short enough for a user who tries again. */
const REFUSED_FOR_MS = 3_000;
/** For a throttle without Retry-After. It equals the Retry-After that the caller then gets. */
const THROTTLED_FOR_MS = 5_000;
/** For an outage. It is short, so that remembering does not make the outage longer. */
const OUTAGE_FOR_MS = 1_000;
const REFUSED_AT_MOST_MS = 3_600_000;

const exchangeOf = ({ resource }: Api): string => `exchange ${resource}`;

type Refusal = { error: Error; until: number };

type Entry = {
  userId: UserId;
  caller: Omit<Caller, 'assertion'>;
  verifiedUntil: number;
  /** By the API's resource. An exchange reads the row, too. */
  rowReadAt: Map<string, number>;
  /** By the API's resource. */
  exchanged: Map<string, Exchanged>;
  /** Calls that are running, by name: exchanges, and what is read. */
  flights: Map<string, Promise<unknown>>;
  /** Errors that are remembered, by the same names. */
  refusals: Map<string, Refusal>;
};

export function createAssertionMemo({ clock, maxEntries = MAX_ENTRIES }: MemoOptions): AssertionMemo {
  /** Keys are SHA-256, so that this memory holds no access token of a caller. Entries are in order of use. */
  const entries = new Map<string, Entry>();
  const keysByUser = new Map<UserId, Set<string>>();

  /** The keys of callers that were given out, because one request asks several times. */
  const keysOfCallers = new WeakMap<Caller, string>();

  const keyOf = (assertion: string): string => createHash('sha256').update(assertion).digest('base64');
  const entryOf = (caller: Caller): Entry | undefined =>
    entries.get(keysOfCallers.get(caller) ?? keyOf(caller.assertion));
  function given(caller: Caller, key: string): Caller {
    keysOfCallers.set(caller, key);
    return caller;
  }

  function remove(key: string): void {
    const entry = entries.get(key);
    if (entry === undefined) return;
    entries.delete(key);
    const keys = keysByUser.get(entry.userId);
    keys?.delete(key);
    if (keys?.size === 0) keysByUser.delete(entry.userId);
  }

  /** Puts the entry last. It is done once for each request, when its assertion is looked up. */
  function use(key: string): Entry | undefined {
    const entry = entries.get(key);
    if (entry === undefined) return undefined;
    entries.delete(key);
    entries.set(key, entry);
    return entry;
  }

  function put(key: string, entry: Entry): void {
    remove(key);
    entries.set(key, entry);
    keysByUser.set(entry.userId, (keysByUser.get(entry.userId) ?? new Set()).add(key));
    const [oldest] = entries.keys();
    if (entries.size > maxEntries && oldest !== undefined) remove(oldest);
  }

  /** Runs one call at a time for each entry and name, and none while an error is remembered. */
  async function share<T>(
    { flights, refusals }: Entry,
    name: string,
    work: () => Promise<T>,
  ): Promise<{ result: T; began: boolean }> {
    const refusal = refusals.get(name);
    if (refusal !== undefined && clock.elapsed() < refusal.until) throw errorOf(refusal, clock.elapsed());
    refusals.delete(name);
    // The cast is safe because one name always has one type.
    const known = flights.get(name) as Promise<T> | undefined;
    if (known !== undefined) return { result: await known, began: false };
    const flight = work();
    flights.set(name, flight);
    try {
      return { result: await flight, began: true };
    } catch (error) {
      const rememberForMs = rememberFor(error);
      if (error instanceof Error && rememberForMs > 0) {
        refusals.set(name, { error, until: clock.elapsed() + rememberForMs });
      }
      throw error;
    } finally {
      flights.delete(name);
    }
  }

  /** @param isUseless whether a remembered token does not do */
  async function exchanged(
    caller: Caller,
    api: Api,
    exchange: () => Promise<Exchanged>,
    isUseless: (token: UserToken) => boolean = () => false,
  ) {
    const entry = entryOf(caller);
    if (entry === undefined) return { token: (await exchange()).token, began: true };
    const known = entry.exchanged.get(api.resource);
    if (known !== undefined && clock.now() < known.keepUntil && !isUseless(known.token)) {
      return { token: known.token, began: false };
    }
    const { result, began } = await share(entry, exchangeOf(api), exchange);
    if (began) {
      entry.exchanged.set(api.resource, result);
      entry.rowReadAt.set(api.resource, clock.elapsed());
    }
    return { token: result.token, began };
  }

  return {
    async verified(assertion, verify) {
      const key = keyOf(assertion);
      const known = use(key);
      if (known !== undefined && clock.now().getTime() < known.verifiedUntil)
        return given({ ...known.caller, assertion }, key);
      let caller: Caller;
      try {
        caller = await verify();
      } catch (error) {
        if (error instanceof TokenInvalidError) remove(key);
        throw error;
      }
      const verifiedUntil = Math.min(clock.now().getTime() + VERIFIED_FOR_MS, caller.expiresOn.getTime());
      const { assertion: _, ...rest } = caller;
      // The exchange, and a call that is running, stay valid when the verification is repeated.
      const entry = use(key);
      if (entry !== undefined) entry.verifiedUntil = verifiedUntil;
      else {
        put(key, {
          userId: caller.userId,
          caller: rest,
          verifiedUntil,
          rowReadAt: new Map(),
          exchanged: new Map(),
          flights: new Map(),
          refusals: new Map(),
        });
      }
      return given(caller, key);
    },

    exchanged: (caller, api, exchange) => exchanged(caller, api, exchange),

    async renewed(caller, api, former, exchange, isStillGood = false) {
      const { exchanged: known } = entryOf(caller) ?? {};
      if (!isStillGood && known?.get(api.resource)?.token === former) known.delete(api.resource);
      return exchanged(caller, api, exchange, (token) => token === former);
    },

    async shared(caller, name, work) {
      const entry = entryOf(caller);
      if (entry === undefined) return { result: await work(), began: true };
      return share(entry, name, work);
    },

    isRowReadDue(caller, { resource }) {
      const entry = entryOf(caller);
      if (entry === undefined) return true;
      const at = clock.elapsed();
      if (at - (entry.rowReadAt.get(resource) ?? at) < READ_ROW_EVERY_MS) return false;
      entry.rowReadAt.set(resource, at);
      return true;
    },

    forget(userId) {
      for (const key of keysByUser.get(userId) ?? []) {
        const entry = entries.get(key);
        if (entry === undefined) continue;
        const refusals = new Map([...entry.refusals].filter(([, { error }]) => isThrottle(error)));
        // Calls that are running write to the old entry, so their results are not remembered.
        const rowReadAt = new Map(entry.rowReadAt);
        entries.set(key, { ...entry, rowReadAt, exchanged: new Map(), flights: new Map(), refusals });
      }
    },
  };
}

const isThrottle = (error: unknown): boolean =>
  error instanceof UserTokenError && error.failure.kind === 'throttled';

/** In milliseconds; 0 for an error that says nothing about the next call. */
function rememberFor(error: unknown): number {
  if (error instanceof TokenInvalidError) return REFUSED_FOR_MS;
  if (!(error instanceof UserTokenError)) return 0;
  const { kind, retryAfterSeconds } = error.failure;
  const passes = kind === 'throttled' || kind === 'transient';
  if (passes && retryAfterSeconds !== undefined) {
    return Math.min(retryAfterSeconds * 1_000, REFUSED_AT_MOST_MS);
  }
  if (kind === 'throttled') return THROTTLED_FOR_MS;
  return kind === 'transient' ? OUTAGE_FOR_MS : REFUSED_FOR_MS;
}

/** The remembered error. Its Retry-After is the time that is left. */
function errorOf({ error, until }: Refusal, now: number): Error {
  if (!(error instanceof UserTokenError) || error.failure.retryAfterSeconds === undefined) return error;
  const retryAfterSeconds = Math.ceil((until - now) / 1_000);
  return new UserTokenError({ ...error.failure, retryAfterSeconds }, { cause: error });
}
