import { coolTenantUntil, coolUserUntil } from '../account/schedule.ts';
import type { Clock } from '../clock.ts';
import { type Failure, type Throttle, UserTokenError } from '../errors.ts';
import type { Cooldown } from '../sharedState.ts';
import { partsOf, type UserId } from '../userId.ts';

type Api = Throttle['api'];

/**
 * The cooldowns that this process knows, for requests and for the worker. Cooldowns of a tenant or of everybody are
 * stored, too, and read again at intervals.
 */
export type Cooldowns = {
  /**
   * Begins the cooldown that a failure asks for, if it asks for one: of the user, of their tenant, or of everybody.
   * @returns the new cooldowns that must be stored, because they concern more than this user
   */
  note(userId: UserId, failure: Failure): Cooldown[];
  /** The cooldown could not be stored, so this process obeys it until its end, although it reads nothing of it. */
  notStored(cooldown: Cooldown): void;
  /** When the API's throttle ends for this user; undefined if there is none. */
  throttledUntil(userId: UserId, api: Api): Date | undefined;
  /** @throws {UserTokenError} of kind `throttled`: the API has a throttle that concerns this user. */
  check(userId: UserId, api: Api): void;
  /** When the tenant's cooldown at the token endpoint ends, whatever began it; undefined if there is none. */
  tenantUntil(tid: string): Date | undefined;
  /** Whether the caller must read the stored cooldowns now: true at most once in 30 seconds. */
  isReadDue(): boolean;
  /**
   * Replaces the known cooldowns of tenants and of everybody by the stored ones.
   * @param since when the reading began; cooldowns that began later may not be stored yet, and stay
   */
  load(stored: readonly Cooldown[], since: Date): void;
};

type CooldownOptions = {
  clock: Clock;
  /** The most users, and the most tenants, that are remembered. Beyond it, the oldest one is removed. Default 5,000. */
  maxUsers?: number;
};

const MAX_USERS = 5_000;
const READ_EVERY_MS = 30_000;
/** Retry-After counts for an hour at most. The rest is for clocks that differ a little. */
const LONGEST_COOLDOWN_MS = 2 * 3_600_000;
const EVERY_TENANT = '*';
/**
 * How many users of a tenant must meet a throttle, and within which time, before it counts as the tenant's. Most limits
 * of Graph concern one mailbox, so Graph needs more users; each of its throttles counts for as long as it lasts.
 */
const TENANTS_OWN = {
  token: { users: 2, withinMs: 60_000 },
  graph: { users: 3, withinMs: undefined },
} as const satisfies Record<Api, unknown>;

type UserEntry = { until: Date; times: number };
type SharedEntry = { cooldown: Cooldown; notedAt: number; isNotStored?: true };

export function createCooldowns({ clock, maxUsers = MAX_USERS }: CooldownOptions): Cooldowns {
  const now = (): Date => clock.now();
  const users = new Map<string, UserEntry>();
  const shared = new Map<string, SharedEntry>();
  /** For each API and tenant: the users who met a throttle, and until when each of them counts. */
  const witnesses = new Map<string, Map<UserId, number>>();
  let readAt = Number.NEGATIVE_INFINITY;

  /**
   * Whether a cooldown goes on. None lasts longer: if the clock was ahead when the cooldown began, and was set right since, its
   * end would be as far away as the clock was wrong.
   */
  const goesOn = (until: Date | undefined): until is Date =>
    until !== undefined && until > now() && until.getTime() <= now().getTime() + LONGEST_COOLDOWN_MS;

  /** Puts the entry last, and removes the first one if there are too many. */
  function keep<T>(map: Map<string, T>, key: string, value: T): void {
    map.delete(key);
    map.set(key, value);
    const [oldest] = map.keys();
    if (map.size > maxUsers && oldest !== undefined) map.delete(oldest);
  }

  function sharedUntil(tenant: string, api: Api, kinds: readonly Cooldown['kind'][]): Date | undefined {
    const cooldown = shared.get(`${api} ${tenant}`)?.cooldown;
    return cooldown !== undefined && goesOn(cooldown.until) && kinds.includes(cooldown.kind)
      ? cooldown.until
      : undefined;
  }

  /** Returns nothing if a known cooldown lasts at least as long. */
  function share(cooldown: Cooldown): Cooldown[] {
    const key = `${cooldown.api} ${cooldown.tenant}`;
    const known = shared.get(key)?.cooldown.until;
    if (cooldown.until <= now() || (goesOn(known) && cooldown.until <= known)) return [];
    keep(shared, key, { cooldown, notedAt: now().getTime() });
    return [cooldown];
  }

  function isTenantsOwn(userId: UserId, tid: string, api: Api, until: Date): boolean {
    const at = now().getTime();
    const { users: enough, withinMs } = TENANTS_OWN[api];
    const key = `${api} ${tid}`;
    const met = new Map([...(witnesses.get(key) ?? [])].filter(([, counts]) => goesOn(new Date(counts))));
    met.set(userId, withinMs === undefined ? until.getTime() : at + withinMs);
    keep(witnesses, key, met);
    if (met.size < enough) return false;
    witnesses.delete(key);
    return true;
  }

  /** A throttle met during the user's cooldown is the same one. A throttle met soon after its end is the next in a row. */
  function timesOf({ until, times }: UserEntry, failure: Failure): number {
    if (now() < until) return times;
    return now() < coolUserUntil(failure, until, times) ? times + 1 : 0;
  }

  function noteThrottle(userId: UserId, failure: Failure, { api, scope }: Throttle): Cooldown[] {
    const key = `${api} ${userId}`;
    const known = users.get(key);
    const before = known !== undefined && known.until > now() && !goesOn(known.until) ? undefined : known;
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

    notStored(cooldown) {
      const known = shared.get(`${cooldown.api} ${cooldown.tenant}`);
      if (known?.cooldown === cooldown) known.isNotStored = true;
    },

    throttledUntil(userId, api) {
      const own = users.get(`${api} ${userId}`)?.until;
      const all = [
        goesOn(own) ? own : undefined,
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
      // A time ahead was read by a wrong clock.
      if (at >= readAt && at - readAt < READ_EVERY_MS) return false;
      readAt = at;
      return true;
    },

    load(stored, since) {
      readAt = now().getTime();
      const latest = now().getTime() + LONGEST_COOLDOWN_MS;
      for (const [key, { cooldown, notedAt, isNotStored }] of shared) {
        const goesOn = isNotStored && cooldown.until > now() && cooldown.until.getTime() <= latest;
        if (notedAt < since.getTime() && !goesOn) shared.delete(key);
      }
      for (const cooldown of stored) {
        // No cooldown lasts so long. A wrong clock wrote it, and would keep a tenant waiting for its whole error.
        if (cooldown.until.getTime() > latest) continue;
        const key = `${cooldown.api} ${cooldown.tenant}`;
        const known = shared.get(key);
        const isLonger = known?.isNotStored && cooldown.until > known.cooldown.until;
        if (known === undefined || isLonger) keep(shared, key, { cooldown, notedAt: 0 });
      }
    },
  };
  return cooldowns;
}
