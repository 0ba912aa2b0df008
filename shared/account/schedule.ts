import type { Failure, FailureKind } from '../errors.ts';
import type { AccountFields, AccountState, ScheduleSettings, UserToken } from '../ports.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** A tombstone outlives every operation that was in flight when it was set. */
const TOMBSTONE_FOR_MS = 48 * HOUR;
/** Longer than a function may run. */
const REMOVE_CACHE_AFTER_MS = 10 * MINUTE;
/** Entra gives 24 h where the sign-in came from a SPA, and rarely says so: the unknown is taken as that. */
const UNKNOWN_REFRESH_TOKEN_LIFE_MS = DAY;
/** A refresh token is traded for its successor between these two times before its end. */
const RENEW_FROM_MS = 2 * HOUR;
const RENEW_WINDOW_MS = HOUR;
/** Nobody is looked at again sooner, however short the tokens are. */
const LEAST_WAIT_MS = 5 * MINUTE;
/** Of the least interval, on top of it. */
const INTERVAL_SPREAD = 0.1;
/** Keep-warm window before an access token's expiry. MSAL itself renews only within the last 5 minutes. */
const WARM_FROM_MS = 25 * MINUTE;
const WARM_UNTIL_MS = 6 * MINUTE;
const BACK_OFF_BASE_MS = MINUTE;
const BACK_OFF_CAP_MS = HOUR;
/** One tenant's administrators need hours, not minutes. */
const GRAPH_BACK_OFF_BASE_MS = 30 * SECOND;
const TENANT_BACK_OFF_BASE_MS = 15 * MINUTE;
const COOLING_SPREAD_MS = 5 * MINUTE;
const EVERY_RUN_MS = MINUTE;

export type Decision =
  | { action: 'refresh'; forceRefresh: boolean; reason: 'first-check' | 'every-run' | 'keep-warm' | 'retry' }
  | { action: 'wait'; until: Date; reason: 'recently-active' | 'needs-user' | 'cooldown' }
  /** Makes sure that no cache is left, and looks again at the end. */
  | { action: 'remove-cache'; until: Date; reason: 'tombstone' }
  | { action: 'retire'; reason: 'retention' }
  | { action: 'erase'; reason: 'tombstone-over' };

/**
 * What is to be done about a due user.
 * @param notBefore when their tenant is left in peace: the end of that, from {@link afterCooldown}
 */
export function decideCheck(
  account: AccountFields,
  now: Date,
  settings: ScheduleSettings,
  notBefore?: Date,
): Decision {
  switch (account.state) {
    case 'disconnected':
    case 'retired': {
      const ends = tombstoneEndsAt(account.state, account.lastActivity, settings);
      return now < ends
        ? { action: 'remove-cache', until: ends, reason: 'tombstone' }
        : { action: 'erase', reason: 'tombstone-over' };
    }
    case 'pending':
    case 'active':
    case 'needs-user':
      break;
    default:
      return account.state satisfies never;
  }
  if (now >= retireAt(account, settings)) return { action: 'retire', reason: 'retention' };
  if (account.state === 'needs-user') {
    return { action: 'wait', until: retireAt(account, settings), reason: 'needs-user' };
  }
  const idleAt = after(account.lastActivity, settings.idleForMs);
  if (now < idleAt) return { action: 'wait', until: idleAt, reason: 'recently-active' };
  if (notBefore !== undefined && now < notBefore) {
    return {
      action: 'wait',
      until: earliest(notBefore, retireAt(account, settings)),
      reason: 'cooldown',
    };
  }
  if (settings.everyRun) return { action: 'refresh', forceRefresh: false, reason: 'every-run' };
  if (account.history.length === 0 || account.expiresOn === undefined) {
    return { action: 'refresh', forceRefresh: false, reason: 'first-check' };
  }
  const renewFrom = after(refreshTokenEndOf(account), -RENEW_FROM_MS);
  const forceRefresh = now >= earliest(after(account.expiresOn, -WARM_FROM_MS), renewFrom);
  return { action: 'refresh', forceRefresh, reason: account.attempts > 0 ? 'retry' : 'keep-warm' };
}

/** The first look at a user who was just seen. */
export function firstCheckAt(lastActivity: Date, settings: ScheduleSettings): Date {
  return after(lastActivity, settings.idleForMs);
}

/** When a user who is not heard of again is forgotten. */
export function retireAt(account: Pick<AccountFields, 'lastActivity'>, settings: ScheduleSettings): Date {
  return after(account.lastActivity, settings.retentionMs);
}

/**
 * The first look at a tombstone: when everything that was in flight has ended, and whoever was to delete the cache has
 * done so or died.
 */
export function removeCacheAt(now: Date): Date {
  return after(now, REMOVE_CACHE_AFTER_MS);
}

/**
 * When a tombstone is erased. One that the user asked for stays as long as anything is kept of anybody, or else a
 * visit after two days would connect them again unasked.
 * @param since when it was set, or prolonged by a visit
 */
export function tombstoneEndsAt(
  state: 'disconnected' | 'retired',
  since: Date,
  { retentionMs }: Pick<ScheduleSettings, 'retentionMs'>,
): Date {
  return after(since, state === 'retired' ? TOMBSTONE_FOR_MS : Math.max(TOMBSTONE_FOR_MS, retentionMs));
}

/**
 * The next look after a token was had: shortly before it expires, but not sooner than the least interval, and never so
 * late that the refresh token would end first. Whichever decides, it is spread out, so that those who came at the same
 * time do not come together ever after.
 * @param random uniform in [0, 1)
 */
export function nextCheckAfterSuccess(
  account: AccountFields & { expiresOn: Date },
  now: Date,
  settings: ScheduleSettings,
  random: number,
): Date {
  const retire = retireAt(account, settings);
  if (settings.everyRun) return earliest(after(now, EVERY_RUN_MS), retire);
  const window = WARM_FROM_MS - WARM_UNTIL_MS;
  const warm = after(account.expiresOn, -WARM_FROM_MS + random * window);
  const rested = after(now, settings.minIntervalMs * (1 + random * INTERVAL_SPREAD));
  return earliest(latestOf(warm, rested), renewAt(account, now, random), retire);
}

/**
 * The next look after a failure that may pass by itself: exponential with full jitter, and not before the server's
 * Retry-After; but within the cap, and before the refresh token ends.
 * @param account with this failure counted in `attempts`
 * @param random uniform in [0, 1)
 */
export function nextCheckAfterFailure(
  account: AccountFields,
  kind: Exclude<FailureKind, 'needs-user' | 'consent' | 'cache-lost'>,
  now: Date,
  settings: ScheduleSettings,
  random: number,
  retryAfterSeconds = 0,
): Date {
  const base = kind === 'tenant' ? TENANT_BACK_OFF_BASE_MS : BACK_OFF_BASE_MS;
  const ceiling = Math.min(BACK_OFF_CAP_MS, base * 2 ** Math.min(account.attempts, 16));
  const delay = Math.max(random * ceiling, retryAfterSeconds * SECOND, SECOND);
  const check = after(now, Math.min(delay, BACK_OFF_CAP_MS));
  return earliest(check, renewAt(account, now, random), retireAt(account, settings));
}

/** Until when a tenant is left in peace after a failure that all of its users would meet. */
export function coolTenantUntil(
  { kind, retryAfterSeconds }: Pick<Failure, 'kind' | 'retryAfterSeconds'>,
  now: Date,
): Date {
  const usual = kind === 'throttled' ? MINUTE : TENANT_BACK_OFF_BASE_MS;
  const asked = retryAfterSeconds === undefined ? usual : retryAfterSeconds * SECOND;
  return after(now, Math.min(asked, BACK_OFF_CAP_MS));
}

/**
 * Until when an API is left alone for one user who met a throttle, and for their tenant if it is the tenant's. Graph
 * recommends an exponential back-off where its answer has no Retry-After.
 * @param times how often the user met it before, one time right after the other
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
 * The next look at a user for whom an API is left alone until then, so that the next run heeds it, too. It never comes so
 * late that the refresh token would end first.
 */
export function nextCheckAfterThrottle(
  account: AccountFields,
  until: Date,
  now: Date,
  settings: ScheduleSettings,
): Date {
  const latest = latestOf(account.dueAt, renewAt(account, now, 0));
  return earliest(latestOf(account.dueAt, until), latest, retireAt(account, settings));
}

/**
 * A user's next look in a tenant that is left in peace: spread out, so that its users do not all come at once.
 * @param random uniform in [0, 1)
 */
export function afterCooldown(until: Date, random: number): Date {
  return after(until, random * COOLING_SPREAD_MS);
}

/**
 * When the refresh token that is now stored ends: what the token endpoint said of a new one, or else a day;
 * a token from the cache brought none, so what was known stays known.
 */
export function refreshTokenEndsAt(
  token: Pick<UserToken, 'source' | 'refreshTokenExpiresOn'>,
  known: Date | undefined,
  now: Date,
): Date | undefined {
  if (token.source === 'cache') return known;
  return token.refreshTokenExpiresOn ?? after(now, UNKNOWN_REFRESH_TOKEN_LIFE_MS);
}

/** A row that is kept for a while, so that whoever was at work meanwhile sees that the user is gone. */
export const isTombstone = (state: AccountState): state is 'disconnected' | 'retired' =>
  state === 'disconnected' || state === 'retired';

function refreshTokenEndOf({ refreshTokenExpiresOn, lastActivity }: AccountFields): Date {
  return refreshTokenExpiresOn ?? after(lastActivity, UNKNOWN_REFRESH_TOKEN_LIFE_MS);
}

/**
 * When the refresh token has to be traded for its successor, even if the access token lives on: in the second to last
 * hour of its life; half-way, if it has no more than a few. Of one that is over, or as good as over, it is too late to
 * hurry.
 */
function renewAt(account: AccountFields, now: Date, random: number): Date {
  const left = refreshTokenEndOf(account).getTime() - now.getTime();
  const wait = left > 2 * RENEW_FROM_MS ? left - RENEW_FROM_MS + random * RENEW_WINDOW_MS : left / 2;
  return wait < LEAST_WAIT_MS ? NEVER : after(now, wait);
}

/** The latest time that there is. */
const NEVER = new Date(8.64e15);
const after = (at: Date, ms: number): Date => new Date(at.getTime() + ms);
const earliest = (...dates: Date[]): Date => new Date(Math.min(...dates.map(Number)));
const latestOf = (...dates: Date[]): Date => new Date(Math.max(...dates.map(Number)));
