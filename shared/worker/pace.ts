import type { Clock } from '../clock.ts';

/** Spaces the requests of one run to the token endpoint, for each tenant by itself. */
export type Pace = {
  /** Takes the tenant's turn, if it is there at once. */
  take(tid: string): boolean;
  /** How long a new request of the tenant waits for its turn, in milliseconds, behind all that wait already. */
  waitMs(tid: string): number;
  /**
   * Waits for a turn of the tenant, and takes it. Urgent requests go first.
   * @returns false if there was none within `forMs`
   * @throws the signal's reason, as soon as it aborts
   */
  wait(
    tid: string,
    options: { forMs: number; isUrgent: boolean; signal?: AbortSignal | undefined },
  ): Promise<boolean>;
  /** Leaves a turn to a later run. @returns like `waitMs`, also behind all others that were left to later runs */
  leave(tid: string): number;
};

type Waiting = { isUrgent: boolean; go: () => void };
type Tenant = {
  freeAt: number;
  waiting: Waiting[];
  /** How many requests were left to later runs. */
  left: number;
  /** Ends the timer for the next turn. */
  cancel?: (() => void) | undefined;
};

/** Beyond it, tenants whose turn is over are forgotten. */
const REMEMBERED = 5_000;

/**
 * @param perSecond how many requests a second all parts of the run send for one tenant; 0 for as many as there are
 * @param share into how many parts the run was split. Each part keeps to its share, and knows nothing of the others.
 * @param place where this part stands among them, from 0 to less than 1: the part of a turn that it waits before its first request
 */
export function createPace(clock: Clock, perSecond: number, share: number, place = 0): Pace {
  const everyMs = perSecond === 0 ? 0 : (1_000 * share) / perSecond;
  const firstAt = clock.elapsed() + place * everyMs;
  const tenants = new Map<string, Tenant>();

  function forget(now: number): void {
    if (tenants.size <= REMEMBERED) return;
    for (const [tid, { freeAt, waiting }] of tenants) {
      if (freeAt <= now && waiting.length === 0) tenants.delete(tid);
    }
  }

  function tenantOf(tid: string): Tenant {
    const known = tenants.get(tid);
    if (known !== undefined) return known;
    const now = clock.elapsed();
    forget(now);
    const tenant: Tenant = { freeAt: Math.max(now, firstAt), waiting: [], left: 0 };
    tenants.set(tid, tenant);
    return tenant;
  }

  /** Nobody saves turns up. */
  function takeTurn(tenant: Tenant): void {
    tenant.freeAt = Math.max(clock.elapsed(), tenant.freeAt) + everyMs;
  }

  function waitForNext(tenant: Tenant): void {
    if (tenant.cancel !== undefined || tenant.waiting.length === 0) return;
    tenant.cancel = clock.after(Math.max(0, tenant.freeAt - clock.elapsed()), () => {
      tenant.cancel = undefined;
      const next = tenant.waiting.shift();
      if (next === undefined) return;
      takeTurn(tenant);
      next.go();
      waitForNext(tenant);
    });
  }

  function remove(tenant: Tenant, waiting: Waiting): void {
    const index = tenant.waiting.indexOf(waiting);
    if (index >= 0) tenant.waiting.splice(index, 1);
    if (tenant.waiting.length > 0) return;
    tenant.cancel?.();
    tenant.cancel = undefined;
  }

  const waitMsOf = ({ freeAt, waiting }: Tenant, more: number): number =>
    Math.max(0, freeAt - clock.elapsed()) + (waiting.length + more) * everyMs;

  return {
    take(tid) {
      if (everyMs === 0) return true;
      const tenant = tenantOf(tid);
      if (tenant.waiting.length > 0 || tenant.freeAt > clock.elapsed()) return false;
      takeTurn(tenant);
      return true;
    },

    waitMs: (tid) => waitMsOf(tenantOf(tid), 0),

    leave(tid) {
      const tenant = tenantOf(tid);
      tenant.left += 1;
      return waitMsOf(tenant, tenant.left - 1);
    },

    wait(tid, { forMs, isUrgent, signal }) {
      const tenant = tenantOf(tid);
      return new Promise((resolve, reject) => {
        if (signal?.aborted) return reject(signal.reason);
        const waiting: Waiting = { isUrgent, go: () => end(() => resolve(true)) };
        const cancel = clock.after(forMs, () => end(() => resolve(false)));
        const onAbort = () => end(() => reject(signal?.reason));
        function end(settle: () => void): void {
          cancel();
          signal?.removeEventListener('abort', onAbort);
          remove(tenant, waiting);
          settle();
        }
        signal?.addEventListener('abort', onAbort, { once: true });
        const behind = isUrgent ? tenant.waiting.findIndex((one) => !one.isUrgent) : -1;
        tenant.waiting.splice(behind < 0 ? tenant.waiting.length : behind, 0, waiting);
        waitForNext(tenant);
      });
    },
  };
}
