import type { Failure, FailureKind } from '../errors.ts';
import type { ScheduleSettings, UserToken } from '../ports.ts';
import {
  type Account,
  type Active,
  attemptsOf,
  type Connected,
  pendingNotice,
  type Tombstone,
} from './account.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** A tombstone outlives every operation that was running when it was written. */
const TOMBSTONE_FOR_MS = 48 * HOUR;
/** Longer than a function may run. */
const REMOVE_CACHE_AFTER_MS = 10 * MINUTE;
/** Entra's refresh tokens for a SPA's sign-in last 24 h, and Entra rarely says so. An unknown lifetime counts as that. */
const UNKNOWN_REFRESH_TOKEN_LIFE_MS = DAY;
/** A refresh token is exchanged for a new one in the hour that begins two hours before its end. */
const RENEW_FROM_MS = 2 * HOUR;
const RENEW_WINDOW_MS = HOUR;
/** The shortest wait between two checks of an account, however short its tokens last. */
const LEAST_WAIT_MS = 5 * MINUTE;
/** At most this part of the least interval is added to it at random. */
const INTERVAL_SPREAD = 0.1;
/** An access token is renewed within this window before its end. MSAL itself renews only in the last 5 minutes. */
const WARM_FROM_MS = 25 * MINUTE;
const WARM_UNTIL_MS = 6 * MINUTE;
const BACK_OFF_BASE_MS = MINUTE;
const BACK_OFF_CAP_MS = HOUR;
const GRAPH_BACK_OFF_BASE_MS = 30 * SECOND;
/** A tenant's administrators need hours to change something, not minutes. */
const TENANT_BACK_OFF_BASE_MS = 15 * MINUTE;
const COOLDOWN_SPREAD_MS = 5 * MINUTE;
const EVERY_RUN_MS = MINUTE;
/** Longer than any lease. */
const LONGEST_LEASE_MS = HOUR;
/** Longer than Entra's access tokens live, which is at most 28 hours. */
const LONGEST_ACTIVE_WAIT_MS = 29 * HOUR;
/** The user's application hears of the end of a refresh token this long before. A page's refresh token lasts a day. */
const EXPIRING_FROM_MS = 4 * HOUR;
/** A notice is tried for three days. Then its news is old, and operators have seen the failures. */
const NOTICE_FOR_MS = 3 * DAY;
const NOTICE_BACK_OFF_CAP_MS = 6 * HOUR;
const NOTICE_SPREAD_MS = 5 * MINUTE;
/**
 * A refresh token of a web application lasts 90 days from its issue, and each use brings a new one
 * (https://learn.microsoft.com/entra/identity-platform/refresh-tokens#token-lifetime).
 */
export const CODE_GRANT_LIFE_MS = 90 * DAY;

/** Longer than any retention time: `RETENTION_DAYS` is at most 3,650. */
const LONGEST_WAIT_MS = 3_651 * DAY;

/** The failures that may pass by themselves. The user must correct the others. */
export type PassingKind = Exclude<FailureKind, 'needs-user' | 'consent' | 'cache-lost'>;

type Decision =
  | { action: 'refresh'; forceRefresh: boolean; reason: 'first-check' | 'every-run' | 'keep-warm' | 'retry' }
  | { action: 'wait'; until: Date; reason: 'recently-active' | 'needs-user' | 'cooldown' }
  | { action: 'retire'; reason: 'retention' };

type TombstoneDecision =
  /** Makes sure that no cache is left. The next check comes when the tombstone ends. */
  | { action: 'remove-cache'; until: Date; reason: Tombstone['state'] }
  | { action: 'erase'; reason: 'tombstone-over' };

/** Decides what a check of a tombstone does. */
export function decideTombstone(
  tombstone: Tombstone,
  now: Date,
  settings: Pick<ScheduleSettings, 'retentionMs'>,
): TombstoneDecision {
  const until = tombstoneEndsAt(tombstone, settings);
  return now < until
    ? { action: 'remove-cache', until, reason: tombstone.state }
    : { action: 'erase', reason: 'tombstone-over' };
}

/**
 * Decides what a check of a connected account does.
 * @param cooldownUntil the end of a cooldown that concerns the account, from {@link afterCooldown}
 */
export function decideCheck(
  account: Connected,
  now: Date,
  settings: ScheduleSettings,
  cooldownUntil?: Date,
): Decision {
  if (now >= retireAt(account, settings)) return { action: 'retire', reason: 'retention' };
  if (account.state === 'needs-user') {
    return { action: 'wait', until: retireAt(account, settings), reason: 'needs-user' };
  }
  // Another machine's clock may be ahead.
  const idleAt = after(earliest(account.lastActivity, now), settings.idleForMs);
  if (now < idleAt) return { action: 'wait', until: idleAt, reason: 'recently-active' };
  if (cooldownUntil !== undefined && now < cooldownUntil) {
    return {
      action: 'wait',
      until: earliest(cooldownUntil, retireAt(account, settings)),
      reason: 'cooldown',
    };
  }
  if (settings.everyRun) return { action: 'refresh', forceRefresh: false, reason: 'every-run' };
  if (account.state === 'pending' || account.history.length === 0) {
    return { action: 'refresh', forceRefresh: false, reason: 'first-check' };
  }
  const renewFrom = after(refreshTokenEndOf(account), -RENEW_FROM_MS);
  const forceRefresh = now >= earliest(after(account.expiresOn, -WARM_FROM_MS), renewFrom);
  return { action: 'refresh', forceRefresh, reason: account.trouble === undefined ? 'keep-warm' : 'retry' };
}

/** The first check after a visit. */
export function firstCheckAt(lastActivity: Date, settings: ScheduleSettings): Date {
  return after(lastActivity, settings.idleForMs);
}

/** When the account of a user who does not visit again is retired. */
export function retireAt(
  account: Pick<Connected, 'lastActivity'>,
  settings: Pick<ScheduleSettings, 'retentionMs'>,
): Date {
  return after(account.lastActivity, settings.retentionMs);
}

/**
 * The first check of a tombstone. By then every operation that was running has ended, and the process that had to delete
 * the cache has done it or has died.
 */
export function removeCacheAt(now: Date): Date {
  return after(now, REMOVE_CACHE_AFTER_MS);
}

/**
 * True if an account is due later than any right clock can have written, or later than its notice. Otherwise an account
 * that a machine with a wrong clock has leased or settled, or whose row somebody edited, would not be checked for a long time.
 */
export function isDueTooLate(
  account: Account,
  now: Date,
  { minIntervalMs }: Pick<ScheduleSettings, 'minIntervalMs'>,
): boolean {
  const { state, lease, nextCheckAt } = account;
  if (lease !== undefined) return lease.until > after(now, LONGEST_LEASE_MS);
  // A release that does not know notices has postponed the check. The store rounds it up to a whole second. After a check
  // that failed, the notice waits for the next one.
  const notice = pendingNotice(account);
  if (notice && nextCheckAt > now) {
    const waitsUntil = attemptsOf(account) > 0 ? after(now, BACK_OFF_CAP_MS) : now;
    if (nextCheckAt > after(latestOf(notice.nextTryAt, waitsUntil), SECOND)) return true;
  }
  const activeWait = Math.max(LONGEST_ACTIVE_WAIT_MS, 1.2 * minIntervalMs);
  return nextCheckAt > after(now, state === 'active' ? activeWait : LONGEST_WAIT_MS);
}

/** The settings for an account that is over its retention time and may not be retired: as if it had one hour left. */
export function asIfKept(
  { lastActivity }: Pick<Connected, 'lastActivity'>,
  now: Date,
  settings: ScheduleSettings,
): ScheduleSettings {
  return { ...settings, retentionMs: now.getTime() - lastActivity.getTime() + HOUR };
}

/**
 * When a tombstone is erased. A disconnection is remembered for the whole retention time, because a visit after two days
 * would otherwise connect the user against their wish.
 */
export function tombstoneEndsAt(
  { state, since }: Pick<Tombstone, 'state' | 'since'>,
  { retentionMs }: Pick<ScheduleSettings, 'retentionMs'>,
): Date {
  return after(since, state === 'retired' ? TOMBSTONE_FOR_MS : Math.max(TOMBSTONE_FOR_MS, retentionMs));
}

/**
 * The next check after a token was obtained: shortly before it expires, but not sooner than the least interval, and
 * before the refresh token ends. Each of these times has a random part, so that accounts which were connected together
 * are not checked together for ever.
 * @param random uniform in [0, 1)
 */
export function nextCheckAfterSuccess(
  account: Renewable & Pick<Active, 'expiresOn'>,
  now: Date,
  settings: ScheduleSettings,
  random: number,
): Date {
  const retire = retireAt(account, settings);
  if (settings.everyRun) return earliest(after(now, EVERY_RUN_MS), retire);
  const window = WARM_FROM_MS - WARM_UNTIL_MS;
  const warm = after(account.expiresOn, -WARM_FROM_MS + random * window);
  const soonest = after(now, settings.minIntervalMs * (1 + random * INTERVAL_SPREAD));
  return earliest(latestOf(warm, soonest), renewAt(account, now, random), retire);
}

/**
 * The next check after a failure that may pass by itself: exponential with full jitter, and not before the server's
 * Retry-After, but within an hour, and before the refresh token ends.
 * @param attempts how many checks in a row failed, this one included
 * @param random uniform in [0, 1)
 */
export function nextCheckAfterFailure(
  account: Renewable,
  attempts: number,
  kind: PassingKind,
  now: Date,
  settings: ScheduleSettings,
  random: number,
  retryAfterSeconds = 0,
): Date {
  const base = kind === 'tenant' ? TENANT_BACK_OFF_BASE_MS : BACK_OFF_BASE_MS;
  const ceiling = Math.min(BACK_OFF_CAP_MS, base * 2 ** Math.min(attempts, 16));
  const delay = Math.max(random * ceiling, retryAfterSeconds * SECOND, SECOND);
  const check = after(now, Math.min(delay, BACK_OFF_CAP_MS));
  return earliest(check, renewAt(account, now, random), retireAt(account, settings));
}

/** When the cooldown of a tenant ends, after a failure that all of its users would meet. */
export function coolTenantUntil(
  { kind, retryAfterSeconds }: Pick<Failure, 'kind' | 'retryAfterSeconds'>,
  now: Date,
): Date {
  const usual = kind === 'throttled' ? MINUTE : TENANT_BACK_OFF_BASE_MS;
  const asked = retryAfterSeconds === undefined ? usual : retryAfterSeconds * SECOND;
  return after(now, Math.min(asked, BACK_OFF_CAP_MS));
}

/**
 * When the cooldown of an API ends, for a user who met a throttle and for their tenant if the throttle is the tenant's.
 * Graph recommends an exponential back-off if its answer has no Retry-After.
 * @param times how many cooldowns of this user came before, each right after the one before it
 */
export function coolUserUntil(
  { throttle, retryAfterSeconds }: Pick<Failure, 'throttle' | 'retryAfterSeconds'>,
  now: Date,
  times: number,
): Date {
  const base = throttle?.api === 'graph' ? GRAPH_BACK_OFF_BASE_MS : MINUTE;
  const asked =
    retryAfterSeconds === undefined ? base * 2 ** Math.min(times, 16) : retryAfterSeconds * SECOND;
  return after(now, Math.min(asked, BACK_OFF_CAP_MS));
}

/**
 * The next check of an account for which an API has a cooldown. Storing it makes the next run obey the cooldown, too. The
 * check still comes before the refresh token ends.
 * @param until the end of the cooldown
 */
export function nextCheckAfterThrottle(
  account: Renewable & Pick<Active, 'nextCheckAt'>,
  until: Date,
  now: Date,
  settings: ScheduleSettings,
): Date {
  const { nextCheckAt } = account;
  const latest = latestOf(nextCheckAt, renewAt(account, now, 0));
  return earliest(latestOf(nextCheckAt, until), latest, retireAt(account, settings));
}

/**
 * The next check of an account whose tenant has a cooldown. A random part keeps the tenant's accounts from being checked
 * all at once.
 * @param until the end of the cooldown
 * @param random uniform in [0, 1)
 */
export function afterCooldown(until: Date, random: number): Date {
  return after(until, random * COOLDOWN_SPREAD_MS);
}

/**
 * When the stored refresh token ends. For a new one it is the time that the token endpoint gave, or else a day from now.
 * An access token from the cache brings no refresh token, so the known time stays.
 */
export function refreshTokenEndsAt(
  token: Pick<UserToken, 'source' | 'refreshTokenExpiresOn'>,
  known: Date | undefined,
  now: Date,
): Date | undefined {
  if (token.source === 'cache') return known;
  return token.refreshTokenExpiresOn ?? after(now, UNKNOWN_REFRESH_TOKEN_LIFE_MS);
}

/** True in the last hours before a refresh token ends, as far as its end is known. */
export function expiresSoon(account: Renewable, now: Date): boolean {
  const left = refreshTokenEndOf(account).getTime() - now.getTime();
  return left > 0 && left <= EXPIRING_FROM_MS;
}

/**
 * The next try of a notice that was not delivered: exponential with jitter, and not before the receiver's Retry-After.
 * @param attempts how many tries have failed, this one included
 * @param random uniform in [0, 1)
 * @returns undefined if it is given up
 */
export function nextTryOfNotice(
  since: Date,
  attempts: number,
  now: Date,
  random: number,
  retryAfterSeconds = 0,
): Date | undefined {
  const backOff = Math.min(NOTICE_BACK_OFF_CAP_MS, MINUTE * 2 ** Math.min(attempts - 1, 16));
  return whileNews(since, after(now, Math.max(backOff * (0.5 + random / 2), retryAfterSeconds * SECOND)));
}

/**
 * The next try of a notice that was not tried, because the receiver is left alone until then.
 * @param random uniform in [0, 1)
 * @returns undefined if it is given up
 */
export function nextTryAfterGate(since: Date, until: Date, random: number): Date | undefined {
  return whileNews(since, after(until, random * NOTICE_SPREAD_MS));
}

const whileNews = (since: Date, nextTryAt: Date): Date | undefined =>
  nextTryAt < after(since, NOTICE_FOR_MS) ? nextTryAt : undefined;

/** What the end of the refresh token is known from. */
type Renewable = Pick<Active, 'lastActivity' | 'refreshTokenExpiresOn'>;

function refreshTokenEndOf({ refreshTokenExpiresOn, lastActivity }: Renewable): Date {
  return refreshTokenExpiresOn ?? after(lastActivity, UNKNOWN_REFRESH_TOKEN_LIFE_MS);
}

/**
 * When the refresh token must be exchanged for a new one, even if the access token is still valid: between two hours and
 * one hour before its end, or half-way to its end if it ends within four hours. If it ends in less than ten minutes, the
 * result is {@link NEVER}: it no longer limits the next check.
 */
function renewAt(account: Renewable, now: Date, random: number): Date {
  const left = refreshTokenEndOf(account).getTime() - now.getTime();
  const wait = left > 2 * RENEW_FROM_MS ? left - RENEW_FROM_MS + random * RENEW_WINDOW_MS : left / 2;
  return wait < LEAST_WAIT_MS ? NEVER : after(now, wait);
}

/** The latest time that a `Date` can hold. */
const NEVER = new Date(8.64e15);
const after = (at: Date, ms: number): Date => new Date(at.getTime() + ms);
const earliest = (...dates: Date[]): Date => new Date(Math.min(...dates.map(Number)));
const latestOf = (...dates: Date[]): Date => new Date(Math.max(...dates.map(Number)));
