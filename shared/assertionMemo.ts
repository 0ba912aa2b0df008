import { createHash } from 'node:crypto';
import { TokenInvalidError } from './errors.ts';
import type { Caller, UserToken } from './ports.ts';
import type { UserId } from './userId.ts';

export type MemoOptions = {
  now: () => Date;
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
   * The assertion's exchange. Requests at a time share one flight; whoever began it leaving does not end it,
   * and a failure is told to all who waited and not remembered. `began` is true for the one whose flight it was.
   */
  exchanged(
    caller: Caller,
    exchange: () => Promise<Exchanged>,
  ): Promise<{ token: UserToken; began: boolean }>;
  /** Whether the user's row is to be looked at now: true at most once a minute and assertion. */
  isLookDue(caller: Caller): boolean;
  /** Drops what is remembered of a user, for all assertions. */
  forget(userId: UserId): void;
};

const MAX_ENTRIES = 5_000;
const VERIFIED_FOR_MS = 300_000;
const LOOK_EVERY_MS = 60_000;

type Entry = {
  userId: UserId;
  caller: Omit<Caller, 'assertion'>;
  verifiedUntil: number;
  lookedAt: number;
  flight: Promise<Exchanged> | undefined;
  exchanged: Exchanged | undefined;
};

export function createAssertionMemo({ now, maxEntries = MAX_ENTRIES }: MemoOptions): AssertionMemo {
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

  return {
    async verified(assertion, verify) {
      const key = keyOf(assertion);
      const known = use(key);
      if (known !== undefined && now().getTime() < known.verifiedUntil) return { ...known.caller, assertion };
      let caller: Caller;
      try {
        caller = await verify();
      } catch (error) {
        if (error instanceof TokenInvalidError) drop(key);
        throw error;
      }
      const verifiedUntil = Math.min(now().getTime() + VERIFIED_FOR_MS, caller.expiresOn.getTime());
      const { assertion: _, ...rest } = caller;
      // What was exchanged outlives the verification, and so does a flight that is under way.
      const entry = use(key);
      if (entry !== undefined) entry.verifiedUntil = verifiedUntil;
      else {
        const lookedAt = now().getTime();
        put(key, {
          userId: caller.userId,
          caller: rest,
          verifiedUntil,
          lookedAt,
          flight: undefined,
          exchanged: undefined,
        });
      }
      return caller;
    },

    async exchanged({ assertion }, exchange) {
      const entry = use(keyOf(assertion));
      if (entry === undefined) return { token: (await exchange()).token, began: true };
      if (entry.exchanged !== undefined && now() < entry.exchanged.keepUntil) {
        return { token: entry.exchanged.token, began: false };
      }
      if (entry.flight !== undefined) return { token: (await entry.flight).token, began: false };
      const flight = exchange();
      entry.flight = flight;
      try {
        const exchanged = await flight;
        entry.exchanged = exchanged;
        entry.lookedAt = now().getTime();
        return { token: exchanged.token, began: true };
      } finally {
        entry.flight = undefined;
      }
    },

    isLookDue({ assertion }) {
      const entry = use(keyOf(assertion));
      if (entry === undefined) return true;
      const at = now().getTime();
      if (at - entry.lookedAt < LOOK_EVERY_MS) return false;
      entry.lookedAt = at;
      return true;
    },

    forget(userId) {
      for (const key of [...(keysByUser.get(userId) ?? [])]) drop(key);
    },
  };
}
