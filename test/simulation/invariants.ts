import {
  ConflictError,
  TokenInvalidError,
  TooManyRequestsError,
  UnavailableError,
  UserTokenError,
} from '../../shared/errors.ts';
import type { LogEvent } from '../../shared/log.ts';
import { createCacheInvariants } from './cacheInvariants.ts';
import type { ApiName, EntraWatch, Person } from './entraModel.ts';
import {
  createFacts,
  dueAtOf,
  isConnected,
  isDamaged,
  isTombstone,
  type Services,
  timeOf,
  unseenSkewOf,
} from './facts.ts';
import type { Begun, Operations } from './operations.ts';
import { createReasons } from './reasons.ts';
import { accessTokensIn, refreshTokensIn } from './storedTokens.ts';
import type { Columns, Commit, RowChange } from './tableModel.ts';
import { createTaskInvariants } from './taskInvariants.ts';
import { createTokenInvariants } from './tokenInvariants.ts';
import { makerOf, type ProcessLife, type World } from './world.ts';

const CLOCKS_MAY_DIFFER_MS = 6 * 60_000;
/** Two hours before its end the worker begins to renew a refresh token, and again at every failure. */
const RENEWAL_WINDOW_MS = 2 * 3_600_000;
/** Entra's access tokens live 28 hours at most, and so long a connected account may wait for its next check. */
const LONGEST_WAIT_MS = 30 * 3_600_000;
const TOMBSTONE_MS = 48 * 3_600_000;
/** However short tokens last, so long a check that got one is good for. */
const LEAST_WAIT_MS = 5 * 60_000;
/** A refresh token that ends sooner no longer decides when the next check is. */
const NO_TIME_LEFT_MS = 20 * 60_000;
/** A process reads the account of a user whose token it remembers once a minute. */
const ROW_IS_READ_EVERY_MS = 61_000;
/** Then a run aborts what still goes on, and its leases end by themselves. */
const RUN_ENDS_AFTER_MS = 60_000;
const SLOW_RUN_MS = 40_000;
/** No lease is longer, unless a wrong clock made it. */
const LONGEST_LEASE_MS = 3_600_000;
const UNEXPECTED = /^(?:TypeError|RangeError|ReferenceError|SyntaxError|Error)\b/;
/** When the newest entry of a history happened. An older entry may be written anew in other words. */
const lastIn = (history: unknown): unknown =>
  (JSON.parse(String(history || '[]')) as { at?: unknown }[]).at(-1)?.at;

/** What must hold of every history: DESIGN's "Never", and the budgets. A fault is told once, and ends the history. */
export function createInvariants(
  world: World,
  people: readonly Person[],
  services: Services & { hasNotes: boolean },
  operations: Operations,
) {
  const { retentionMs, runsInTime, everyRun, endsAreKnown, hasNotes } = services;
  const facts = createFacts(world, people, services);
  const { of, rowOf, cacheOf, hasEntry, tokenOf, personIn, forbid } = facts;
  const reasons = createReasons(world, facts);
  const tokens = createTokenInvariants(world, facts, reasons, operations);
  const runBegunAt = (by: ProcessLife): number =>
    operations.openOf(by).find(({ kind }) => kind === 'run')?.begunAt ?? 0;
  const tasks = createTaskInvariants(world, people, facts, reasons, runBegunAt, hasNotes);
  const caches = createCacheInvariants(world, people, facts, tokens, operations);
  const edges = new Set<string>();
  const events = new Map<string, number>();
  let clocksDiffered = false;
  /** Until when something was not well, as far as that is known. */
  let unwellUntil = Number.NEGATIVE_INFINITY;
  /** Since when something has been going on; later than any time if nothing is. */
  let busySince = Number.POSITIVE_INFINITY;
  /** Whose secret may be left for a run to delete, because something went wrong. */
  const mayBeLeft = new Set<Person>();
  function onCommit({ by, changes }: Commit): void {
    if (by === undefined) return;
    for (const change of changes) {
      const person = personIn(change.rowKey);
      if (person === undefined) continue;
      if (change.rowKey.startsWith('user|')) onAccount(by, person, change);
      if (change.rowKey.startsWith('due|') && change.after === undefined) onEntryDeleted(by, person);
    }
  }

  /** Whoever deletes an entry knows by which other one the account is found. */
  function onEntryDeleted(by: ProcessLife, person: Person): void {
    const row = rowOf(person);
    if (row === undefined || timeOf(row.lastActivity) === undefined) return;
    if (of(person).busyAtDamage.has(by.number)) return;
    forbid(!hasEntry(person, row), `the last entry by which a run finds ${person.name} was deleted`);
  }

  function onAccount(by: ProcessLife, person: Person, change: RowChange): void {
    const { before, after } = change;
    const { name } = person;
    const facts = of(person);
    const wasDamaged = before !== undefined && timeOf(before.lastActivity) === undefined;
    const from = wasDamaged ? 'damaged' : String(before?.state ?? '[*]');
    const to = String(after?.state ?? '[*]');
    if (from !== to && !(wasDamaged && before?.state === after?.state)) edges.add(`${from} --> ${to}`);
    if (after === undefined) {
      facts.inStateSince = world.now();
      onErased(person, before, wasDamaged);
      return;
    }

    if (after.runId === before?.runId) facts.changesSinceLease += 1;
    onLease(by, person, before, after);
    if (!wasDamaged) onSettled(by, person, before, after);
    tasks.onMemory(by, person, change, isHolder(by, before));
    if (isTombstone(after.state)) onEnded(person, before, after, wasDamaged);
    if (isConnected(after.state)) onConnection(person, before, after);
    forbid(
      !hasEntry(person, after) && timeOf(after.lastActivity) !== undefined,
      `no run finds ${name} after this write`,
    );
    if (after.state === 'needs-user' && before?.state !== 'needs-user') {
      const hasReason = reasons.spendReasonToMark(person, by);
      forbid(!hasReason, `${name} was marked, and nothing was wrong with them`);
    }
    if (after.state === 'active' && before?.state !== 'active') onActive(by, person, before, after);
    // Only a visit writes this time, whatever the clock of its process says.
    if (timeOf(after.lastActivity) !== timeOf(before?.lastActivity)) facts.lastSeenAt = world.now();
    if (isTombstone(after.state) && !isTombstone(before?.state)) facts.endedAt = world.now();
    if (after.state !== before?.state) facts.inStateSince = world.now();
    if (after.state !== before?.state || after.generation !== before?.generation)
      facts.unsettledAt = world.now();
  }

  /** What makes an account active is a token that was stored for this connection. */
  function onActive(by: ProcessLife, person: Person, before: Columns | undefined, after: Columns): void {
    const { cacheDamagedUntil, disturbedAt, graphTokenAt } = of(person);
    const cache = cacheOf(person);
    const isRetried = operations.open().some(({ kind }) => kind === 'retry' || kind === 'retry-by-force');
    const isExcused = isRetried || cacheDamagedUntil > world.now() || disturbedAt > world.now() - 120_000;
    forbid(
      !isExcused && (cache === undefined || cache.gen !== after.generation),
      `${person.name} is active, and nothing is stored for this connection`,
    );
    const visits = operations.openOf(by).filter(({ kind, person: of }) => kind === 'visit' && of === person);
    const since = Math.min(...visits.map(({ begunAt }) => begunAt));
    forbid(
      before?.state === 'needs-user' && !isRetried && graphTokenAt < since,
      `${person.name} was healed, and Graph's token was not had again`,
    );
  }

  function onLease(by: ProcessLife, person: Person, before: Columns | undefined, after: Columns): void {
    if (!after.runId || after.runId === before?.runId) return;
    const facts = of(person);
    const dueAt = before === undefined ? undefined : dueAtOf(before);
    forbid(
      makerOf(String(after.runId)) !== by.number,
      `${person.name} was leased for a run of another process`,
    );
    forbid(
      dueAt !== undefined && dueAt > world.now() + unseenSkewOf(by) + 1_000,
      `${person.name} was leased before they were due`,
    );
    facts.leasedAt = world.now();
    facts.leasedBy = by.number;
    facts.leases.set(by.number, world.now());
    facts.leaseWasAbandoned = Boolean(before?.runId);
    facts.leasedIn = before?.state;
    facts.leasedAfterEnd = isTombstone(before?.state);
    facts.posts.clear();
    facts.changesSinceLease = 0;
  }

  const isHolder = (by: ProcessLife, before: Columns | undefined): boolean =>
    Boolean(before?.runId) && makerOf(String(before?.runId)) === by.number;

  /** Only the run that holds the lease may settle the account or give it back; and nobody else ends a lease that lives. */
  function onSettled(by: ProcessLife, person: Person, before: Columns | undefined, after: Columns): void {
    if (before === undefined || before.generation !== after.generation) return;
    if (isTombstone(after.state) !== isTombstone(before.state)) return;
    const isHeld = isHolder(by, before);
    const settled = before.history !== after.history && lastIn(before.history) !== lastIn(after.history);
    forbid(settled && !isHeld, `${person.name} was settled by a run without the lease`);
    if (settled && isHeld) onRefusedCheck(by, person, after);
    if (settled && isHeld) onCheckSettled(by, person, before, after);
    const gaveBack = Boolean(before.runId) && !after.runId;
    // Nobody else may give back a lease, unless only a wrong clock can have made it so long.
    const mayBeLate = dueAtOf(before) > world.now() + LONGEST_LEASE_MS - CLOCKS_MAY_DIFFER_MS;
    forbid(gaveBack && !isHeld && !mayBeLate, `${person.name} was given back by somebody without the lease`);
    const wasSeen = timeOf(before.lastActivity) ?? 0;
    const isSeen = timeOf(after.lastActivity) ?? 0;
    forbid(!clocksDiffered && isSeen < wasSeen, `a visit of ${person.name} was overwritten`);
  }

  /** A check that got something out of the token endpoint, or a refusal, knows when the next check must be. */
  function onCheckSettled(by: ProcessLife, person: Person, before: Columns, after: Columns): void {
    if (after.state !== 'active' || after.runId) return;
    if (!after.failure && !after.attempts) tasks.onSettled(by, person, before);
    const soonest = world.now() + unseenSkewOf(by) + LEAST_WAIT_MS - 1_000;
    // The next check is counted from the token. The tasks came after it.
    const wasSlow = world.now() - runBegunAt(by) > SLOW_RUN_MS;
    const retiresAt = (timeOf(after.lastActivity) ?? 0) + retentionMs;
    forbid(
      !everyRun && !wasSlow && !after.failure && dueAtOf(after) < Math.min(soonest, retiresAt),
      `${person.name} was checked and nothing failed, and is due again at once`,
    );
    onKept(by, person, after);
    const ends = refreshTokenEndOf(person);
    forbid(
      ends - world.now() > NO_TIME_LEFT_MS && dueAtOf(after) > ends,
      `the next check of ${person.name} comes after the end of their refresh token`,
    );
  }

  /** What the account says of its token is true of a stored token. */
  function onKept(by: ProcessLife, person: Person, after: Columns): void {
    const { disturbedAt, damagedAt } = of(person);
    if (after.failure || Math.max(disturbedAt, damagedAt) >= facts.leasedAt(person, by)) return;
    const msal = cacheOf(person)?.msal ?? '{}';
    const ends = accessTokensIn(msal).flatMap((secret) => {
      const token = tokenOf(secret);
      return token?.api === 'graph' ? token.ends : [];
    });
    forbid(
      (timeOf(after.expiresOn) ?? 0) > Math.max(...ends) + CLOCKS_MAY_DIFFER_MS,
      `${person.name} was settled with a token that is not stored`,
    );
  }

  /** Whom the token endpoint has refused for a reason of theirs is asked for no more. */
  function onRefusedCheck(by: ProcessLife, person: Person, after: Columns): void {
    const { disturbedAt, changesSinceLease, leasedBy } = of(person);
    const leasedAt = facts.leasedAt(person, by);
    if (disturbedAt >= leasedAt || changesSinceLease > 0 || leasedBy !== by.number) return;
    // A task asked for claims. What the token endpoint then says of them is no answer to the check.
    if (reasons.wasRefused(person, 'graph', leasedAt, 'challenged')) return;
    forbid(
      isConnected(after.state) &&
        after.state !== 'needs-user' &&
        reasons.wasRefused(person, 'graph', leasedAt, 'revoked', 'consent', 'refresh-token-over') &&
        !operations.openOf(by).some(({ kind }) => kind === 'visit'),
      `${person.name} was refused, and would be asked for again`,
    );
  }

  /** Later than any time if nobody could know it: it is not told, and it does not slide. */
  function refreshTokenEndOf(person: Person): number {
    const cache = cacheOf(person);
    const ends = cache && refreshTokensIn(cache.msal).map((secret) => tokenOf(secret)?.ends ?? 0);
    return endsAreKnown && ends?.[0] !== undefined ? Math.max(...ends) : Number.POSITIVE_INFINITY;
  }

  function onEnded(person: Person, before: Columns | undefined, after: Columns, wasDamaged: boolean): void {
    const { name } = person;
    const kept = [
      'generation',
      'history',
      'accountIdentifier',
      'userPrincipalName',
      'failure',
      'memory',
      'checks',
    ];
    forbid(
      kept.some((column) => column in after),
      `the tombstone of ${name} has something of the person`,
    );
    if (after.state !== 'retired' || before?.state === 'retired' || of(person).retireOrdered) return;
    forbid(wasDamaged, `${name} was retired because of a damaged row`);
    const sinceMs = world.now() - of(person).lastSeenAt;
    forbid(
      sinceMs < retentionMs - CLOCKS_MAY_DIFFER_MS,
      `${name} was retired, and was here ${Math.round(sinceMs / 60_000)} minutes ago`,
    );
  }

  function onConnection(person: Person, before: Columns | undefined, after: Columns): void {
    const { generations } = of(person);
    const generation = String(after.generation);
    const isNew = !generations.includes(generation);
    if (isNew) generations.push(generation);
    forbid(!isNew && isTombstone(before?.state), `an ended connection of ${person.name} was brought back`);
  }

  function onErased(person: Person, before: Columns | undefined, wasDamaged: boolean): void {
    const { lastSeenAt, endedAt } = of(person);
    forbid(wasDamaged || !isTombstone(before?.state), `${person.name} was erased, and had not ended`);
    const least = before?.state === 'disconnected' ? retentionMs : TOMBSTONE_MS;
    const since = before?.state === 'disconnected' ? Math.max(endedAt, lastSeenAt - 86_400_000) : endedAt;
    forbid(
      world.now() - since < least - CLOCKS_MAY_DIFFER_MS,
      `the tombstone of ${person.name} was erased too early`,
    );
  }

  function onLog(event: LogEvent): void {
    events.set(event.event, (events.get(event.event) ?? 0) + 1);
    forbid(event.event === 'cache.foreign-entry', 'a cache had entries of another account');
    const error = 'error' in event ? event.error : undefined;
    // A task may fail as it likes.
    const isOurs = event.event !== 'task.ended';
    forbid(
      isOurs && error !== undefined && UNEXPECTED.test(error),
      `an error that nobody expects: ${event.event} ${error}`,
    );
  }

  /** A refresh token that ended is only our fault if there was time to renew it, and nothing stood in the way. */
  function onRefreshTokenOver(person: Person, endedAt: number): void {
    const wellSince = Math.max(unwellUntil, world.faultAt());
    forbid(
      runsInTime && wellSince < endedAt - RENEWAL_WINDOW_MS,
      `the refresh token of ${person.name} ended, and everything was well`,
    );
  }

  /** A refusal of a visit must have a reason that is the user's, of this very visit or remembered for a moment. */
  function onRefused({ life, begunAt }: Begun, person: Person, asked: ApiName, error: unknown): boolean {
    if (!(error instanceof UserTokenError)) return error instanceof TokenInvalidError;
    const { kind, code } = error.failure;
    const wrongly = `${person.name} was refused (${code}), and nothing was wrong with them`;
    switch (kind) {
      case 'needs-user':
      case 'cache-lost':
        forbid(!reasons.mayRefuse(person, asked, life, begunAt, 'user'), wrongly);
        return true;
      case 'consent':
        forbid(!reasons.mayRefuse(person, asked, life, begunAt, 'consent'), wrongly);
        return true;
      case 'throttled': {
        const at = code.startsWith('graph') || code.startsWith('notes') ? asked : 'token';
        forbid(
          !reasons.isThrottled(person, at, clocksDiffered),
          `${person.name} was refused (${code}), and nobody had asked for it`,
        );
        return true;
      }
      case 'tenant':
      case 'misconfigured':
        world.violated(`${person.name} was refused (${kind}: ${code}), and nothing is wrong with the tenant`);
        return true;
      case 'transient':
        return true;
      default:
        return kind satisfies never;
    }
  }

  /** A visit that was answered has read the account, and has ended what only a visit can end. */
  function onVisited(begun: Begun, person: Person, api: ApiName, source: string): void {
    if (source === 'memory') tokens.onRemembered(begun, person, api);
    const { life, begunAt, endedAt } = begun;
    const { state } = rowOf(person) ?? {};
    const { inStateSince, disturbedAt } = of(person);
    if (state === 'disconnected' && disturbedAt < begunAt) {
      of(person).lastSeenAt = Math.max(of(person).lastSeenAt, begunAt - ROW_IS_READ_EVERY_MS);
    }
    const others = operations.concerning(person, begunAt, endedAt).filter((one) => one !== begun);
    const isNew = inStateSince > begunAt - ROW_IS_READ_EVERY_MS;
    forbid(
      api === 'graph' &&
        (state === 'needs-user' || state === 'pending') &&
        !isNew &&
        disturbedAt < begunAt &&
        life.skewMs === 0 &&
        others.length === 0,
      `${person.name} visited and was answered, and their account is as it was (${state})`,
    );
  }

  /** A run that has ended holds nobody. */
  function onRunEnded({ life, begunAt }: Begun): void {
    if (world.now() - begunAt >= RUN_ENDS_AFTER_MS) return;
    for (const person of people) {
      const { leasedAt, disturbedAt, damagedAt } = of(person);
      forbid(
        isHolder(life, rowOf(person)) && leasedAt >= begunAt && disturbedAt < begunAt && damagedAt < begunAt,
        `the run is over, and ${person.name} is still leased for it`,
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

  const entraWatch: EntraWatch = {
    onPost: tokens.onPost,
    onPresented: tokens.onPresented,
    onRefreshTokenOver,
    onRefusal: reasons.onRefusal,
    onThrottled: reasons.onThrottled,
    onTrouble: reasons.onTrouble,
    onIssued(person, api) {
      if (api === 'graph') of(person).graphTokenAt = world.now();
    },
  };

  return {
    edges,
    events,
    tasks,
    entraWatch,
    onCommit,
    onBlobChange: caches.onBlobChange,
    onLog,
    onRefused,
    onVisited,
    onDisturbed: (what: string) => facts.disturbed(what),
    unsettle: (person: Person) => facts.unsettle(person),
    onForgotten: tokens.onForgotten,
    /** Something is not well until that time, so whatever is late may be late because of it. */
    onUnwell(until: number): void {
      unwellUntil = Math.max(unwellUntil, until);
    },
    onKeysDiffer(): void {
      tokens.onKeysDiffer();
      tasks.onKeysDiffer();
    },
    onClockChanged(life: ProcessLife): void {
      reasons.onClockChanged(life);
      if (life.skewMs !== 0) clocksDiffered = true;
    },
    onAnswer: tasks.onAnswer,

    /** When a run meets the account next; undefined if there is none, or if it is damaged. */
    dueAt(person: Person): number | undefined {
      const row = rowOf(person);
      return row === undefined || isDamaged(row) ? undefined : dueAtOf(row);
    },

    onDamage(person: Person, ofCache: boolean): void {
      const known = of(person);
      known.busyAtDamage = new Set(operations.open().map(({ life }) => life.number));
      known.damagedAt = world.now();
      if (ofCache) known.cacheDamagedUntil = Number.POSITIVE_INFINITY;
      facts.disturb(person);
    },
    onRetireOrdered(person: Person): void {
      of(person).retireOrdered = true;
    },

    onBegun(): void {
      busySince = Math.min(busySince, world.now());
    },
    onEnded(begun: Begun): void {
      if (begun.kind === 'run') onRunEnded(begun);
      if (!operations.isBusy(begun.life)) {
        for (const { busyAtDamage } of facts.all()) busyAtDamage.delete(begun.life.number);
      }
      if (operations.isIdle() && world.late().length === 0) whenIdle();
    },
    onCrash(lost: readonly Begun[]): void {
      for (const { person } of lost) {
        for (const one of person === undefined ? people : [person]) facts.disturb(one);
      }
    },

    onUnexpected(what: string, error: unknown): void {
      const isExpected =
        error instanceof UserTokenError ||
        error instanceof TokenInvalidError ||
        error instanceof UnavailableError ||
        error instanceof ConflictError ||
        error instanceof TooManyRequestsError;
      forbid(
        !isExpected,
        `an error that nobody expects: ${what} ${error instanceof Error ? error.stack : error}`,
      );
    },

    /** What must hold when everything is quiet, all services are well and a pass of the audit is over. */
    whenQuiet(checkedSince: number, disconnected: ReadonlySet<Person>): void {
      for (const person of people) {
        const row = rowOf(person);
        const { name } = person;
        const cache = services.blobs().blob(person.userId);
        forbid(
          cache !== undefined && !isConnected(row?.state) && timeOf(row?.lastActivity) !== undefined,
          `a secret of ${name} is left without an account`,
        );
        if (row === undefined || timeOf(row.lastActivity) === undefined) continue;
        forbid(!hasEntry(person, row), `no run will ever find ${name}`);
        const { endedAt, retireOrdered } = of(person);
        const isRemembered = world.now() - endedAt < retentionMs - CLOCKS_MAY_DIFFER_MS;
        forbid(
          disconnected.has(person) && isRemembered && !retireOrdered && isConnected(row.state),
          `${name} has disconnected, and is connected`,
        );
        const wait = dueAtOf(row) - world.now();
        forbid(row.state === 'active' && wait > LONGEST_WAIT_MS, `${name} is due too late`);
        forbid(dueAtOf(row) < checkedSince, `${name} was due and was not checked`);
      }
    },
  };
}
