import { createHash } from 'node:crypto';
import type { Clock } from '../clock.ts';
import { TokenInvalidError, UserTokenError } from '../errors.ts';
import type { Caller, UserToken } from '../ports.ts';
import type { UserId } from '../userId.ts';

export type MemoOptions = {
  clock: Clock;
  /** Assertions remembered at a time; beyond it the one unused for longest goes. */
  maxEntries?: number;
};

/** What one assertion was exchanged for. */
export type Exchanged = {
  token: UserToken;
  /** Until when it may be handed out again. */
  keepUntil: Date;
};

/**
 * One process's memory in front of verification and exchange. Without it two devices of one user would take turns
 * at evicting each other's token from MSAL's cache, which keeps one per user. Nothing is ever shared between two
 * assertions, not even of one user: each may stand for another client, another device, another MFA.
 */
export type AssertionMemo = {
  /** The verified caller: remembered for five minutes at most, and never beyond the token's own `exp`. */
  verified(assertion: string, verify: () => Promise<Caller>): Promise<Caller>;
  /**
   * The assertion's exchange. Requests at a time share one flight; whoever began it leaving does not end it.
   * A refusal is told to all who waited, and remembered for as long as it asks for, or else for a moment.
   * `began` is true for the one whose flight it was.
   */
  exchanged(
    caller: Caller,
    exchange: () => Promise<Exchanged>,
  ): Promise<{ token: UserToken; began: boolean }>;
  /** The same for a token that the API behind no longer takes; another request may have replaced it already. */
  renewed(
    caller: Caller,
    former: UserToken,
    exchange: () => Promise<Exchanged>,
  ): Promise<{ token: UserToken; began: boolean }>;
  /**
   * What is read from the API behind under this name. Requests at a time share one flight, and a refusal is remembered
   * as that of an exchange is; what was read is not. The same name always stands for the same type.
   */
  read<T>(caller: Caller, name: string, read: () => Promise<T>): Promise<{ result: T; began: boolean }>;
  /** Whether the user's row is to be looked at now: true at most once a minute and assertion. */
  isRowReadDue(caller: Caller): boolean;
  /**
   * Drops what is remembered of a user, for all assertions: what was exchanged, and the refusals. The API is asked again,
   * unless it asked for fewer requests, and the time that it gave is not over.
   */
  forget(userId: UserId): void;
};

const MAX_ENTRIES = 5_000;
const VERIFIED_FOR_MS = 300_000;
const READ_ROW_EVERY_MS = 60_000;
/** A refusal without Retry-After: long enough for a page that asks in a loop, short enough for a user who tries again. */
const REFUSED_FOR_MS = 3_000;
/** A throttle without Retry-After: what a caller is told then, too. */
const THROTTLED_FOR_MS = 5_000;
/** An outage must not last longer for being remembered. */
const OUTAGE_FOR_MS = 1_000;
const REFUSED_AT_MOST_MS = 3_600_000;
const EXCHANGE = 'exchange';

type Refusal = { error: Error; until: number };

type Entry = {
  userId: UserId;
  caller: Omit<Caller, 'assertion'>;
  verifiedUntil: number;
  rowReadAt: number;
  exchanged: Exchanged | undefined;
  /** What is under way, and what was refused: the exchange, and what is read, by their names. */
  flights: Map<string, Promise<unknown>>;
  refusals: Map<string, Refusal>;
};

export function createAssertionMemo({ clock, maxEntries = MAX_ENTRIES }: MemoOptions): AssertionMemo {
  /** By SHA-256, so that the memory holds no bearer token; in order of use. */
  const entries = new Map<string, Entry>();
  const keysByUser = new Map<UserId, Set<string>>();

  const keyOf = (assertion: string): string => createHash('sha256').update(assertion).digest('base64');

  function drop(key: string): void {
    const entry = entries.get(key);
    if (entry === undefined) return;
    entries.delete(key);
    const keys = keysByUser.get(entry.userId);
    keys?.delete(key);
    if (keys?.size === 0) keysByUser.delete(entry.userId);
  }

  function use(key: string): Entry | undefined {
    const entry = entries.get(key);
    if (entry === undefined) return undefined;
    entries.delete(key);
    entries.set(key, entry);
    return entry;
  }

  function put(key: string, entry: Entry): void {
    drop(key);
    entries.set(key, entry);
    keysByUser.set(entry.userId, (keysByUser.get(entry.userId) ?? new Set()).add(key));
    const [oldest] = entries.keys();
    if (entries.size > maxEntries && oldest !== undefined) drop(oldest);
  }

  /** One flight at a time for each entry and name, and none while a refusal is remembered. */
  async function share<T>(
    { flights, refusals }: Entry,
    name: string,
    work: () => Promise<T>,
  ): Promise<{ result: T; began: boolean }> {
    const refusal = refusals.get(name);
    if (refusal !== undefined && clock.now().getTime() < refusal.until) throw told(refusal, clock.now());
    refusals.delete(name);
    // Under one name there is one type.
    const known = flights.get(name) as Promise<T> | undefined;
    if (known !== undefined) return { result: await known, began: false };
    const flight = work();
    flights.set(name, flight);
    try {
      return { result: await flight, began: true };
    } catch (error) {
      const rememberForMs = rememberFor(error);
      if (error instanceof Error && rememberForMs > 0) {
        refusals.set(name, { error, until: clock.now().getTime() + rememberForMs });
      }
      throw error;
    } finally {
      flights.delete(name);
    }
  }

  async function exchanged({ assertion }: Caller, exchange: () => Promise<Exchanged>) {
    const entry = use(keyOf(assertion));
    if (entry === undefined) return { token: (await exchange()).token, began: true };
    if (entry.exchanged !== undefined && clock.now() < entry.exchanged.keepUntil) {
      return { token: entry.exchanged.token, began: false };
    }
    const { result, began } = await share(entry, EXCHANGE, exchange);
    if (began) {
      entry.exchanged = result;
      entry.rowReadAt = clock.now().getTime();
    }
    return { token: result.token, began };
  }

  return {
    async verified(assertion, verify) {
      const key = keyOf(assertion);
      const known = use(key);
      if (known !== undefined && clock.now().getTime() < known.verifiedUntil)
        return { ...known.caller, assertion };
      let caller: Caller;
      try {
        caller = await verify();
      } catch (error) {
        if (error instanceof TokenInvalidError) drop(key);
        throw error;
      }
      const verifiedUntil = Math.min(clock.now().getTime() + VERIFIED_FOR_MS, caller.expiresOn.getTime());
      const { assertion: _, ...rest } = caller;
      // What was exchanged outlives the verification, and so does a flight that is under way.
      const entry = use(key);
      if (entry !== undefined) entry.verifiedUntil = verifiedUntil;
      else {
        put(key, {
          userId: caller.userId,
          caller: rest,
          verifiedUntil,
          rowReadAt: clock.now().getTime(),
          exchanged: undefined,
          flights: new Map(),
          refusals: new Map(),
        });
      }
      return caller;
    },

    exchanged,

    async renewed(caller, former, exchange) {
      const entry = use(keyOf(caller.assertion));
      if (entry?.exchanged?.token === former) entry.exchanged = undefined;
      return exchanged(caller, exchange);
    },

    async read({ assertion }, name, read) {
      const entry = use(keyOf(assertion));
      if (entry === undefined) return { result: await read(), began: true };
      return share(entry, `read ${name}`, read);
    },

    isRowReadDue({ assertion }) {
      const entry = use(keyOf(assertion));
      if (entry === undefined) return true;
      const at = clock.now().getTime();
      if (at - entry.rowReadAt < READ_ROW_EVERY_MS) return false;
      entry.rowReadAt = at;
      return true;
    },

    forget(userId) {
      for (const key of keysByUser.get(userId) ?? []) {
        const entry = entries.get(key);
        if (entry === undefined) continue;
        const refusals = new Map([...entry.refusals].filter(([, { error }]) => isThrottle(error)));
        // A new entry: what is under way for the old one ends there, and is not remembered.
        entries.set(key, { ...entry, exchanged: undefined, flights: new Map(), refusals });
      }
    },
  };
}

const isThrottle = (error: unknown): boolean =>
  error instanceof UserTokenError && error.failure.kind === 'throttled';

/** In milliseconds; 0 for what says nothing of the next time. */
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

/** A remembered refusal, with as much of its Retry-After as is left. */
function told({ error, until }: Refusal, now: Date): Error {
  if (!(error instanceof UserTokenError) || error.failure.retryAfterSeconds === undefined) return error;
  const retryAfterSeconds = Math.ceil((until - now.getTime()) / 1_000);
  return new UserTokenError({ ...error.failure, retryAfterSeconds }, { cause: error });
}
