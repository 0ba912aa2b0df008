import type { Person } from './entraTypes.ts';
import { dueAtOf, type Facts, isConnected, isDamaged, isTombstone, timeOf } from './facts.ts';
import type { Begun, Operations } from './operations.ts';
import type { Columns } from './tableModel.ts';
import type { ProcessLife, World } from './world.ts';

/** Then a run aborts what still goes on, and its leases end by themselves. */
const RUN_ENDS_AFTER_MS = 60_000;
/** Entra's access tokens live 28 hours at most, and so long a connected account may wait for its next check. */
const LONGEST_WAIT_MS = 30 * 3_600_000;
const CLOCKS_MAY_DIFFER_MS = 6 * 60_000;

/** What must hold once a run, everything that goes on, or a whole history has come to rest. */
export function createRestInvariants(
  world: World,
  people: readonly Person[],
  facts: Facts,
  operations: Operations,
  isHolder: (by: ProcessLife, row: Columns | undefined) => boolean,
) {
  const { of, rowOf, cacheOf, hasEntry, retentionMs, forbid } = facts;
  /** Since when something has been going on; later than any time if nothing is. */
  let busySince = Number.POSITIVE_INFINITY;
  /** Whose secret may be left for a run to delete, because something went wrong. */
  const mayBeLeft = new Set<Person>();

  function onBusy(): void {
    busySince = Math.min(busySince, world.now());
  }

  /** A run that has ended holds nobody. */
  function onRunEnded({ life, begunAt }: Begun): void {
    if (world.now() - begunAt >= RUN_ENDS_AFTER_MS) return;
    for (const person of people) {
      const { leasedAt, storeDisturbedAt, damagedAt } = of(person);
      forbid(
        isHolder(life, rowOf(person)) &&
          leasedAt >= begunAt &&
          storeDisturbedAt < begunAt &&
          damagedAt < begunAt,
        `the run is over, and ${person.name} is still leased for it`,
      );
    }
  }

  /** Whoever stored a cache after the account had ended has met the end since, and has taken the cache back. */
  function onOperationEnded({ life, begunAt }: Begun): void {
    const others = operations.openOf(life);
    for (const person of people) {
      const { endedAt, cacheStoredAt, cacheStoredBy } = of(person);
      const row = rowOf(person);
      const isTheirs = cacheStoredBy === life.number && cacheStoredAt >= begunAt;
      if (!isTheirs || cacheStoredAt < endedAt || others.some((one) => one.begunAt <= cacheStoredAt))
        continue;
      forbid(
        cacheOf(person) !== undefined &&
          isTombstone(row?.state) &&
          !isDamaged(row) &&
          facts.disturbedOf(life) < begunAt,
        `a cache of ${person.name} was stored after their end, and was not taken back`,
      );
    }
  }

  /** Nothing goes on. Whoever stored a secret for an account that had ended has taken it back. */
  function whenIdle(): void {
    for (const person of people) {
      const row = rowOf(person);
      const isLeft = cacheOf(person) !== undefined && (row === undefined || isTombstone(row.state));
      if (!isLeft) mayBeLeft.delete(person);
      else if (isDamaged(row) || of(person).disturbedAt >= busySince) mayBeLeft.add(person);
      else forbid(!mayBeLeft.has(person), `a secret of ${person.name} was left by what ended well`);
    }
    busySince = Number.POSITIVE_INFINITY;
  }

  /** What must hold when everything is quiet, all services are well and a pass of the audit is over. */
  function whenQuiet(checkedSince: number, disconnected: ReadonlyMap<Person, number>): void {
    for (const person of people) {
      const row = rowOf(person);
      const { name } = person;
      const cache = facts.blobs().blob(person.userId);
      forbid(
        cache !== undefined && !isConnected(row?.state) && timeOf(row?.lastActivity) !== undefined,
        `a secret of ${name} is left without an account`,
      );
      if (row === undefined || timeOf(row.lastActivity) === undefined) continue;
      forbid(!hasEntry(person, row), `no run will ever find ${name}`);
      const since = disconnected.get(person) ?? Number.NEGATIVE_INFINITY;
      const isRemembered = world.now() - since < retentionMs - CLOCKS_MAY_DIFFER_MS;
      forbid(
        isRemembered && !of(person).retireOrdered && isConnected(row.state),
        `${name} has disconnected, and is connected`,
      );
      const wait = dueAtOf(row) - world.now();
      forbid(row.state === 'active' && wait > LONGEST_WAIT_MS, `${name} is due too late`);
      forbid(dueAtOf(row) < checkedSince, `${name} was due and was not checked`);
    }
  }

  return { onBusy, onRunEnded, onOperationEnded, whenIdle, whenQuiet };
}
