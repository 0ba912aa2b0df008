import type { Person } from './entraTypes.ts';
import { dueAtOf, type Facts, isConnected, isDamaged, isTombstone, timeOf } from './facts.ts';
import type { Came } from './receiverModel.ts';
import type { Columns } from './tableModel.ts';
import type { ProcessLife, World } from './world.ts';

const CLOCKS_MAY_DIFFER_MS = 6 * 60_000;
/** The first back-off is a minute, and at least half of it. */
const LEAST_BACK_OFF_MS = 30_000;
const LONGEST_BACK_OFF_MS = 6 * 3_600_000;
/** After a check that failed, a notice waits for the next one. */
const LONGEST_WAIT_FOR_CHECK_MS = 3_600_000;
/** A notice is tried for three days. */
const NEWS_FOR_MS = 3 * 86_400_000;
/** In the last four hours of a refresh token its end is told, if that token was new, or if checks have failed three times. */
const EXPIRING_FROM_MS = 4 * 3_600_000;
const TROUBLED_AFTER = 3;

type StoredNotice = {
  generation: string;
  id: string;
  what: Came['what'];
  since: string;
  attempts?: number;
  nextTryAt?: string;
};

/** The notice of an account, as it is stored for this connection. */
export function noticeOf(row: Columns | undefined): StoredNotice | undefined {
  const notice = JSON.parse(String(row?.notice || 'null')) as StoredNotice | null;
  return notice !== null && notice.generation === row?.generation ? notice : undefined;
}

/** What must hold of notices: which are stored, which are sent, how often, and that none is lost. */
export function createNoticeInvariants(
  world: World,
  facts: Facts,
  clocksDiffered: () => boolean,
  count: (change: string) => void,
) {
  const { of, hears, rowOf, forbid } = facts;
  /** What each process read of a user when it leased them. */
  const leases = new Map<string, { state: unknown; at: number }>();
  /** By id: what was stored under it, before anything of it may be sent. */
  const known = new Map<string, { person: Person; what: string; generation: unknown; at: number }>();
  const tries = new Map<string, { at: number; count: number; by: ProcessLife }>();
  /** By id: when the receiver took it, and whether something went wrong around that. */
  const taken = new Map<string, number>();

  const keyOf = ({ number }: ProcessLife, { name }: Person) => `${number} ${name}`;

  /** A try must have been asked for by a check that may send it, of what was stored before. */
  function onCame({ by, person, id, what }: Came): void {
    const { name } = person;
    const told = `a notice of ${name} (${what})`;
    const stored = known.get(id);
    forbid(stored === undefined, `${told} was sent, and it was never stored`);
    forbid(
      stored !== undefined && (stored.person !== person || stored.what !== what),
      `${told} was sent as another one`,
    );
    const lease = leases.get(keyOf(by, person));
    const isLeasedSince = lease !== undefined && lease.at <= world.askedAt();
    forbid(lease === undefined, `${told} was sent by a process that never had a lease`);
    forbid(isLeasedSince && isTombstone(lease.state), `${told} was sent after they had ended`);
    // Only the run itself marks the user while it has the lease, and then it tells of it in the next check.
    forbid(
      isLeasedSince && what === 'needs-user' && lease.state !== 'needs-user',
      `${told} was sent, and nothing was wrong with them`,
    );
    forbid(
      isLeasedSince && what === 'expiring' && lease.state !== 'active',
      `${told} was sent, and they were not active`,
    );
    const now = world.now();
    const before = tries.get(id);
    tries.set(id, { at: now, count: (before?.count ?? 0) + 1, by });
    const isPlain = by.skewMs === 0 && !clocksDiffered();
    if (before === undefined || !isPlain || of(person).disturbedAt >= before.at) return;
    forbid(taken.has(id), `${told} was taken, and it was sent again`);
    forbid(before.by === by && isLeasedSince && lease.at < before.at, `${told} was tried twice in one check`);
    // A run that has died counts as one try.
    const leastMs = Math.min(LONGEST_BACK_OFF_MS, LEAST_BACK_OFF_MS * 2 ** (before.count - 1));
    forbid(
      now - before.at < leastMs - 1_000 && of(person).leasedAt > before.at && before.count < 4,
      `${told} was tried again too soon`,
    );
  }

  function onStored(person: Person, before: Columns | undefined, after: Columns): void {
    const { name } = person;
    const [was, is] = [noticeOf(before), noticeOf(after)];
    if (!hears) {
      forbid(is !== undefined, `${name} has a notice, and nobody listens`);
      return;
    }
    const isSame = before !== undefined && before.generation === after.generation;
    if (is !== undefined && was?.id !== is.id) {
      const { generation } = after;
      forbid(known.has(is.id), `${name} has another notice with the id of a former one`);
      known.set(is.id, { person, what: is.what, generation, at: world.now() });
    }
    forbid(
      is?.nextTryAt !== undefined && Date.parse(is.nextTryAt) - Date.parse(is.since) > NEWS_FOR_MS,
      `a notice of ${name} will be tried after three days`,
    );
    if (is !== undefined && was?.id === is.id && was.nextTryAt !== is.nextTryAt) count('told');
    const wasMarked = before?.state !== 'needs-user' && after.state === 'needs-user';
    forbid(
      isSame && wasMarked && is?.what !== 'needs-user',
      `${name} was marked, and no notice of it was stored`,
    );
    forbid(
      after.state === 'active' &&
        is?.what === 'needs-user' &&
        before?.state === 'needs-user' &&
        !isRetry(before, after),
      `${name} was healed, and keeps the notice that they are needed`,
    );
    if (isSame && before !== undefined) onExpiring(person, before, after);
    if (!isSame || was === undefined) return;
    const wasTaken = taken.has(was.id);
    forbid(
      was.what === 'needs-user' &&
        wasTaken &&
        before?.state === 'needs-user' &&
        after.state === 'active' &&
        is?.what !== 'recovered' &&
        !isRetry(before, after),
      `${name} was healed, and the receiver that was told of the need is not told of it`,
    );
    const isOver = Date.parse(was.since) + NEWS_FOR_MS / 2 < world.now();
    forbid(
      goesOn(was, before, after) &&
        was.nextTryAt !== undefined &&
        !wasTaken &&
        !isOver &&
        !clocksDiffered() &&
        (is?.id !== was.id || is.nextTryAt === undefined),
      `the notice of ${name} was lost, and nobody took it`,
    );
    const nextTryAt = is?.nextTryAt === undefined ? Number.POSITIVE_INFINITY : Date.parse(is.nextTryAt);
    const isTrue = (is?.what === 'needs-user') === (after.state === 'needs-user');
    const waitsUntil = Number(after.attempts ?? 0) > 0 ? world.now() + LONGEST_WAIT_FOR_CHECK_MS : 0;
    const foundBy = Math.max(nextTryAt, waitsUntil);
    forbid(
      isTrue && !after.runId && before.runId !== after.runId && dueAtOf(after) > foundBy + 1_001,
      `${name} is due after the next try of their notice`,
    );
  }

  /** A check that settles the account knows when its refresh token ends, and begins to tell it. */
  function onExpiring(person: Person, before: Columns, after: Columns): void {
    const settled = Boolean(before.runId) && !after.runId && before.history !== after.history;
    const { leasedAt, graphTokenAt, lastSeenAt, disturbedAt } = of(person);
    const isActive = before.state === 'active' && after.state === 'active';
    if (!settled || !isActive || noticeOf(before) || lastSeenAt >= leasedAt || disturbedAt >= leasedAt)
      return;
    const left = (timeOf(after.refreshTokenExpiresOn) ?? 0) - world.now();
    const isSoon = left > CLOCKS_MAY_DIFFER_MS && left < EXPIRING_FROM_MS - CLOCKS_MAY_DIFFER_MS;
    const isNew = !after.failure && graphTokenAt >= leasedAt;
    const isTroubled = Boolean(after.failure) && Number(after.attempts ?? 0) >= TROUBLED_AFTER;
    forbid(
      isSoon && (isNew || isTroubled) && !clocksDiffered() && noticeOf(after)?.what !== 'expiring',
      `the refresh token of ${person.name} ends soon, and no notice of it was stored`,
    );
  }

  /** Whoever took the latest need of a connection is told of its end, too: the notice was taken, waits, or is too old. */
  function isToldOfRecovery(person: Person, row: Columns): boolean {
    const ofConnection = [...known].filter(
      ([, one]) => one.person === person && one.generation === row.generation,
    );
    const need = ofConnection.findLast(([id, { what }]) => what === 'needs-user' && taken.has(id));
    // An operator tries again: nobody knows yet whether the user is still needed.
    if (need === undefined || noticeOf(row)?.what === 'needs-user') return true;
    return ofConnection.some(
      ([id, { what, at }]) =>
        what === 'recovered' &&
        at >= need[1].at &&
        (taken.has(id) || noticeOf(row)?.id === id || world.now() - at > NEWS_FOR_MS / 2),
    );
  }

  return {
    onCame,

    onTaken({ id }: Came): void {
      taken.set(id, world.now());
    },

    onLease(by: ProcessLife, person: Person, before: Columns | undefined): void {
      leases.set(keyOf(by, person), { state: before?.state, at: world.now() });
    },

    onStored,

    /** All is well, everybody was checked, and so every notice that may be due was tried. */
    whenQuiet(people: readonly Person[], checkedSince: number): void {
      for (const person of people) {
        const row = rowOf(person);
        forbid(
          row?.state === 'active' && !isDamaged(row) && !clocksDiffered() && !isToldOfRecovery(person, row),
          `${person.name} is active, and the receiver that was told of the need is not told of it`,
        );
        const notice = row && isConnected(row.state) && !isDamaged(row) ? noticeOf(row) : undefined;
        const isTrue = (notice?.what === 'needs-user') === (row?.state === 'needs-user');
        forbid(
          isTrue && notice?.nextTryAt !== undefined && Date.parse(notice.nextTryAt) < checkedSince,
          `a notice of ${person.name} was due and was not tried`,
        );
      }
    },
  };
}

/** Whether what a notice says is as true after a change as it was before. */
function goesOn(was: StoredNotice, before: Columns | undefined, after: Columns): boolean {
  const state = was.what === 'needs-user' ? 'needs-user' : 'active';
  const stays = before?.state === state && after.state === state;
  if (was.what !== 'expiring') return stays;
  const [ended, ends] = [timeOf(before?.refreshTokenExpiresOn), timeOf(after.refreshTokenExpiresOn)];
  return stays && ended === ends;
}

/** An operator's retry keeps the notice until a check has got a token, or has not. A visit is written down with its time. */
const isRetry = (before: Columns | undefined, after: Columns): boolean =>
  before?.lastActivity instanceof Date &&
  after.lastActivity instanceof Date &&
  before.lastActivity.getTime() === after.lastActivity.getTime();
