import { coolTenantUntil, coolUserUntil } from '../account/schedule.ts';
import type { Clock } from '../clock.ts';
import { type Failure, type Throttle, UserTokenError } from '../errors.ts';
import type { Cooldown } from '../ports.ts';
import { partsOf, type UserId } from '../userId.ts';

type Api = Throttle['api'];

/**
 * One process's memory of who asked for fewer requests, for requests and the worker alike. What concerns a tenant or
 * everybody is stored, too, and read again now and then.
 */
export type Cooldowns = {
  /**
   * Heeds a failure. It may concern the user alone, their tenant, or everybody.
   * @returns what concerns more than the user, to be stored
   */
  note(userId: UserId, failure: Failure): Cooldown[];
  /** Until when the API is left alone for this user because of too many requests; undefined when it is not. */
  throttledUntil(userId: UserId, api: Api): Date | undefined;
  /** @throws {UserTokenError} the API is left alone for this user because of too many requests. */
  check(userId: UserId, api: Api): void;
  /** Until when no token is asked for in a tenant, for whatever reason. */
  tenantUntil(tid: string): Date | undefined;
  /** True at most every half a minute: then what is stored is to be read. */
  isReadDue(): boolean;
  /**
   * Takes over what is stored, instead of what was known of tenants before.
   * @param since when the reading began; what was noted later may not be stored yet, and stays
   */
  load(stored: readonly Cooldown[], since: Date): void;
};

export type CooldownOptions = {
  clock: Clock;
  /** Users remembered at a time; beyond it the one who was noted first goes. */
  maxUsers?: number;
};

const MAX_USERS = 5_000;
const READ_EVERY_MS = 30_000;
const EVERY_TENANT = '*';
/**
 * How many users have to meet a throttle, and within which time, until it is taken for their tenant's. Graph's limits are
 * mostly those of one mailbox, and each of its throttles counts for as long as it lasts.
 */
const TENANTS_OWN = {
  token: { users: 2, withinMs: 60_000 },
  graph: { users: 3, withinMs: undefined },
} as const satisfies Record<Api, unknown>;

type UserEntry = { until: Date; times: number };
type SharedEntry = { cooldown: Cooldown; notedAt: number };

export function createCooldowns({ clock, maxUsers = MAX_USERS }: CooldownOptions): Cooldowns {
  const now = (): Date => clock.now();
  const users = new Map<string, UserEntry>();
  const shared = new Map<string, SharedEntry>();
  /** For each tenant and API: which users met a throttle, and until when that counts. */
  const witnesses = new Map<string, Map<UserId, number>>();
  let readAt = Number.NEGATIVE_INFINITY;

  /** In order of use, and no more than so many. */
  function keep<T>(map: Map<string, T>, key: string, value: T): void {
    map.delete(key);
    map.set(key, value);
    const [oldest] = map.keys();
    if (map.size > maxUsers && oldest !== undefined) map.delete(oldest);
  }

  function sharedUntil(tenant: string, api: Api, kinds: readonly Cooldown['kind'][]): Date | undefined {
    const cooldown = shared.get(`${api} ${tenant}`)?.cooldown;
    return cooldown !== undefined && cooldown.until > now() && kinds.includes(cooldown.kind)
      ? cooldown.until
      : undefined;
  }

  /** Answers nothing if it is left alone for as long as that anyway. */
  function share(cooldown: Cooldown): Cooldown[] {
    const key = `${cooldown.api} ${cooldown.tenant}`;
    if (cooldown.until <= now() || cooldown.until <= (shared.get(key)?.cooldown.until ?? 0)) return [];
    keep(shared, key, { cooldown, notedAt: now().getTime() });
    return [cooldown];
  }

  function isTenantsOwn(userId: UserId, tid: string, api: Api, until: Date): boolean {
    const at = now().getTime();
    const { users: enough, withinMs } = TENANTS_OWN[api];
    const key = `${api} ${tid}`;
    const met = new Map([...(witnesses.get(key) ?? [])].filter(([, counts]) => counts > at));
    met.set(userId, withinMs === undefined ? until.getTime() : at + withinMs);
    keep(witnesses, key, met);
    if (met.size < enough) return false;
    witnesses.delete(key);
    return true;
  }

  /** What is met right after the end of the last time is met once more; what is met during it is the same one. */
  function timesOf({ until, times }: UserEntry, failure: Failure): number {
    if (now() < until) return times;
    return now() < coolUserUntil(failure, until, times) ? times + 1 : 0;
  }

  function noteThrottle(userId: UserId, failure: Failure, { api, scope }: Throttle): Cooldown[] {
    const key = `${api} ${userId}`;
    const before = users.get(key);
    const times = before === undefined ? 0 : timesOf(before, failure);
    const until = coolUserUntil(failure, now(), times);
    keep(users, key, { until: before && before.until > until ? before.until : until, times });
    const { tid } = partsOf(userId);
    const cooldown = { api, until, kind: 'throttled' } as const;
    if (scope === 'application') return share({ ...cooldown, tenant: EVERY_TENANT });
    if (scope === 'tenant' || isTenantsOwn(userId, tid, api, until))
      return share({ ...cooldown, tenant: tid });
    return [];
  }

  const cooldowns: Cooldowns = {
    note(userId, failure) {
      if (failure.throttle !== undefined) return noteThrottle(userId, failure, failure.throttle);
      if (!failure.tenantWide) return [];
      const until = coolTenantUntil(failure, now());
      return share({ tenant: partsOf(userId).tid, api: 'token', until, kind: 'tenant' });
    },

    throttledUntil(userId, api) {
      const own = users.get(`${api} ${userId}`)?.until;
      const all = [
        own !== undefined && own > now() ? own : undefined,
        sharedUntil(partsOf(userId).tid, api, ['throttled']),
        sharedUntil(EVERY_TENANT, api, ['throttled']),
      ].filter((until) => until !== undefined);
      return all.length === 0 ? undefined : new Date(Math.max(...all.map(Number)));
    },

    check(userId, api) {
      const until = cooldowns.throttledUntil(userId, api);
      if (until === undefined) return;
      const retryAfterSeconds = Math.ceil((until.getTime() - now().getTime()) / 1_000);
      throw new UserTokenError({ kind: 'throttled', code: `${api}_cooldown`, retryAfterSeconds });
    },

    tenantUntil: (tid) => sharedUntil(tid, 'token', ['throttled', 'tenant', undefined]),

    isReadDue() {
      const at = now().getTime();
      if (at - readAt < READ_EVERY_MS) return false;
      readAt = at;
      return true;
    },

    load(stored, since) {
      readAt = now().getTime();
      for (const [key, { notedAt }] of shared) {
        if (notedAt < since.getTime()) shared.delete(key);
      }
      for (const cooldown of stored) {
        const key = `${cooldown.api} ${cooldown.tenant}`;
        if (!shared.has(key)) keep(shared, key, { cooldown, notedAt: 0 });
      }
    },
  };
  return cooldowns;
}
