import {
  ConflictError,
  TokenInvalidError,
  TooManyRequestsError,
  UnavailableError,
  UserTokenError,
} from '../../shared/errors.ts';
import type { LogEvent } from '../../shared/log.ts';
import { createCacheInvariants } from './cacheInvariants.ts';
import { createCooldownInvariants } from './cooldownInvariants.ts';
import { createEndInvariants } from './endInvariants.ts';
import type { EntraWatch, Person, Token } from './entraTypes.ts';
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
import { createFulfilmentInvariants } from './fulfilmentInvariants.ts';
import { createGrantInvariants } from './grantInvariants.ts';
import { createHistoryInvariants } from './historyInvariants.ts';
import { createNoticeInvariants } from './noticeInvariants.ts';
import type { Begun, Operations } from './operations.ts';
import { createRateInvariants } from './rateInvariants.ts';
import { createReasons } from './reasons.ts';
import { createRenewalInvariants } from './renewalInvariants.ts';
import { createRestInvariants } from './restInvariants.ts';
import { createSettleInvariants } from './settleInvariants.ts';
import type { Columns, Commit, RowChange } from './tableModel.ts';
import { createTaskInvariants } from './taskInvariants.ts';
import { createTokenInvariants } from './tokenInvariants.ts';
import { createVisitInvariants } from './visitInvariants.ts';
import { createWishInvariants, pauseOf } from './wishInvariants.ts';
import { makerOf, type ProcessLife, type World } from './world.ts';

const CLOCKS_MAY_DIFFER_MS = 6 * 60_000;
/** A cooldown that a right clock stored, and what is added to it at random. */
const LONGEST_COOLDOWN_MS = 3_600_000 + 6 * 60_000;
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
  services: Services & { hasNotes: boolean; notesEveryMs: number },
  operations: Operations,
) {
  const facts = createFacts(world, people, services);
  const { of, rowOf, cacheOf, hasEntry, personIn, forbid } = facts;
  const reasons = createReasons(world, facts);
  const tokens = createTokenInvariants(world, facts, reasons, operations);
  const runOf = (by: ProcessLife) => operations.runOf(by, world.askedAt());
  const runBegunAt = (by: ProcessLife): number => runOf(by)?.begunAt ?? 0;
  const tasks = createTaskInvariants(world, people, facts, reasons, runBegunAt, services);
  const wishes = createWishInvariants(world, facts, operations, countChange);
  const grants = createGrantInvariants(world, facts, reasons);
  const caches = createCacheInvariants(world, people, facts, tokens, wishes, operations, grants);
  const edges = new Set<string>();
  const events = new Map<string, number>();
  let clocksDiffered = false;
  const notices = createNoticeInvariants(world, facts, () => clocksDiffered, countChange);
  const histories = createHistoryInvariants(world, facts);
  const renewals = createRenewalInvariants(world, facts, operations, () => clocksDiffered);

  /** A change of an account that is no edge of the diagram: it stays in its state. */
  function countChange(change: string): void {
    events.set(`change.${change}`, (events.get(`change.${change}`) ?? 0) + 1);
  }

  const isHolder = (by: ProcessLife, row: Columns | undefined): boolean =>
    Boolean(row?.runId) && makerOf(String(row?.runId)) === by.number;
  const visits = createVisitInvariants(world, facts, reasons, tokens, operations, () => clocksDiffered);
  const settles = createSettleInvariants(world, facts, reasons, tasks, operations, runBegunAt);
  const ends = createEndInvariants(world, facts);
  const rates = createRateInvariants(world, facts, operations);
  const cooldowns = createCooldownInvariants(world, facts, operations);
  const fulfilments = createFulfilmentInvariants(world, facts, operations);
  const rest = createRestInvariants(world, people, facts, operations, isHolder);

  function onCommit({ by, changes }: Commit): void {
    if (by === undefined) return;
    for (const change of changes) {
      cooldowns.onChange(change);
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
      ends.onErased(person, before, wasDamaged);
      return;
    }

    if (after.runId === before?.runId) facts.changesSinceLease += 1;
    onLease(by, person, before, after);
    wishes.onStored(person, before, after);
    notices.onStored(person, before, after);
    grants.onAccountStored(person, before, after);
    if (!wasDamaged) onSettled(by, person, before, after);
    tasks.onMemory(by, person, change, isHolder(by, before));
    if (isTombstone(after.state)) ends.onEnded(by, person, before, after, wasDamaged);
    if (isConnected(after.state)) onConnection(person, before, after);
    forbid(
      !hasEntry(person, after) && timeOf(after.lastActivity) !== undefined,
      `no run finds ${name} after this write`,
    );
    if (after.state === 'needs-user' && before?.state !== 'needs-user') {
      grants.onMarked(by, person);
      const run = runOf(by)?.correlationId;
      const reasonAt = reasons.lastReasonToMarkAt(person, run);
      forbid(
        reasonAt !== undefined && reasonAt < of(person).lastSeenAt,
        `${name} was marked, and has visited since that reason`,
      );
      const hasReason = reasons.spendReasonToMark(person, by, run);
      forbid(!hasReason, `${name} was marked, and nothing was wrong with them`);
    }
    if (after.state === 'active' && before?.state !== 'active') onActive(by, person, before, after);
    // Only a visit writes this time, whatever the clock of its process says.
    if (timeOf(after.lastActivity) !== timeOf(before?.lastActivity)) onSeen(person, after);
    if (isTombstone(after.state) && !isTombstone(before?.state)) facts.endedAt = world.now();
    if (after.state !== before?.state) facts.inStateSince = world.now();
    if (after.state !== before?.state || after.generation !== before?.generation)
      facts.unsettledAt = world.now();
  }

  /** The time of a visit is one at which it was going on, whatever the clock of its machine says. */
  function onSeen(person: Person, after: Columns): void {
    of(person).lastSeenAt = world.now();
    if (!isConnected(after.state)) return;
    const askedAt = world.askedAt();
    const begun = operations.concerning(person, askedAt, askedAt).map(({ begunAt }) => begunAt);
    const isVisited = operations
      .concerning(person, askedAt, world.now())
      .some(({ kind }) => kind === 'visit' || kind === 'reconnect' || kind === 'link');
    forbid(!isVisited, `a visit of ${person.name} was written down, and there was none`);
    const seenAt = timeOf(after.lastActivity) ?? 0;
    const isEarly = seenAt < Math.min(askedAt, ...begun) - CLOCKS_MAY_DIFFER_MS;
    const isLate = seenAt > world.now() + CLOCKS_MAY_DIFFER_MS;
    forbid(isEarly || isLate, `a visit of ${person.name} was dated by a wrong clock`);
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
    // A write may arrive late, when the visit that asked for it has given up and ended.
    const visits = operations
      .concerning(person, world.askedAt(), world.now())
      .filter(({ kind, life }) => (kind === 'visit' || kind === 'link') && life === by);
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
    facts.pausedAtLease = pauseOf(before);
    notices.onLease(by, person, before);
    facts.leasedAfterEnd = isTombstone(before?.state);
    facts.posts.clear();
    facts.changesSinceLease = 0;
  }

  /** Only the run that holds the lease may settle the account or give it back; and nobody else ends a lease that lives. */
  function onSettled(by: ProcessLife, person: Person, before: Columns | undefined, after: Columns): void {
    if (before === undefined || before.generation !== after.generation) return;
    // No lease is needed to end an account, to connect it anew, or to make a tombstone one of the other kind.
    const isEnd = isTombstone(after.state) || isTombstone(before.state);
    if (isEnd && after.state !== before.state) return;
    const isHeld = isHolder(by, before);
    const settled = before.history !== after.history && lastIn(before.history) !== lastIn(after.history);
    forbid(settled && !isHeld, `${person.name} was settled by a run without the lease`);
    if (settled && isHeld) {
      settles.onSettled(by, person, before, after);
      if (!after.runId) grants.onSettled(by, person, after);
    }
    const hasToken = settled && isHeld && !after.runId && after.state === 'active' && !after.failure;
    if (!isTombstone(after.state)) histories.onStored(by, person, before, after, hasToken);
    const gaveBack = Boolean(before.runId) && !after.runId;
    // Nobody else may give back a lease, unless only a wrong clock can have made it so long.
    const mayBeLate = dueAtOf(before) > world.now() + LONGEST_LEASE_MS - CLOCKS_MAY_DIFFER_MS;
    forbid(gaveBack && !isHeld && !mayBeLate, `${person.name} was given back by somebody without the lease`);
    const wasSeen = timeOf(before.lastActivity) ?? 0;
    const isSeen = timeOf(after.lastActivity) ?? 0;
    forbid(!clocksDiffered && isSeen < wasSeen, `a visit of ${person.name} was overwritten`);
  }

  function onConnection(person: Person, before: Columns | undefined, after: Columns): void {
    const { generations } = of(person);
    const generation = String(after.generation);
    const isNew = !generations.includes(generation);
    if (isNew) generations.push(generation);
    forbid(!isNew && isTombstone(before?.state), `an ended connection of ${person.name} was brought back`);
  }

  /** A check, or a task, waits for a cooldown only if somebody has asked for one. */
  function onWaiting(event: LogEvent, person: Person): void {
    const isCheck = event.event === 'user.check-ended' && event.reason === 'cooldown';
    const isTask = event.event === 'task.ended' && event.outcome === 'waiting';
    if (!isCheck && !isTask) return;
    const at = isCheck ? 'token' : 'graph';
    // A tenant that has removed the application is left alone for a while.
    if (isCheck && reasons.wasBlameless(person, world.now() - LONGEST_COOLDOWN_MS, 'removed', 'bare')) return;
    forbid(
      !reasons.isThrottled(person, at, clocksDiffered),
      `${person.name} had to wait for the ${at}, and nobody had asked for it`,
    );
  }

  /** Others learn of a cooldown only from what is stored. It has whole seconds. */
  function isStored(until: string): boolean {
    const rows = ['tenants', 'cooldowns'].flatMap((partition) =>
      services.table().between(partition, '', '~'),
    );
    const isIt = (at: number | undefined) => at !== undefined && Math.abs(at - Date.parse(until)) <= 1_000;
    return rows.some(({ columns }) => isIt(timeOf(columns.until)));
  }

  function onLog(by: ProcessLife, event: LogEvent, person: Person | undefined): void {
    if (event.event === 'task.ended' && event.outcome === 'done' && person !== undefined)
      histories.onTaskDone(by, person, event.task);
    if (person !== undefined) onWaiting(event, person);
    // A process that was stopped goes on when the time of its request is over.
    const isGivenUp = event.event === 'cache.not-written' && event.why.includes('AbortError');
    if (person !== undefined && isGivenUp) facts.disturb(person);
    cooldowns.onLog(by, event);
    if (event.event === 'sweep.not-recorded') ends.onNotCounted(by);
    events.set(event.event, (events.get(event.event) ?? 0) + 1);
    forbid(
      event.event === 'cooldown.began' && event.error === undefined && !isStored(event.until),
      'a cooldown that concerns others began, and it was not stored',
    );
    forbid(event.event === 'cache.foreign-entry', 'a cache had entries of another account');
    const error = 'error' in event ? event.error : undefined;
    // A task may fail as it likes.
    const isOurs = event.event !== 'task.ended';
    forbid(
      isOurs && error !== undefined && UNEXPECTED.test(error),
      `an error that nobody expects: ${event.event} ${error}`,
    );
  }

  function onRefreshTokenOver(person: Person, over: Token): void {
    // As long as there is the longer grant, nobody renews the other one.
    if (over.grant !== 'exchange' || !grants.hasCode(person)) renewals.onOver(person, over);
  }

  const entraWatch: EntraWatch = {
    onPost(post) {
      tokens.onPost(post);
      grants.onPost(post);
      rates.onPost(post);
      cooldowns.onPost(post);
    },
    onCodeSpentTwice: ({ name }) => world.violated(`a code of ${name} was redeemed twice`),
    onPresented(presented) {
      tokens.onPresented(presented);
      cooldowns.onPresented(presented);
    },
    onRefreshTokenOver,
    onRefusal: reasons.onRefusal,
    onThrottled: reasons.onThrottled,
    onTrouble: reasons.onTrouble,
    onBlameless: reasons.onBlameless,
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
    onRefused: visits.onRefused,
    onVisited: visits.onVisited,
    onFulfilled: fulfilments.onFulfilled,
    onDisturbed: (what: string, by: ProcessLife) => facts.disturbed(what, by),
    unsettle: (person: Person) => facts.unsettle(person),
    onForgotten: tokens.onForgotten,
    onLinked: grants.onLinked,
    onLinkUnavailable: visits.onLinkUnavailable,
    onUnwell: renewals.onUnwell,
    onKeysDiffer(): void {
      tokens.onKeysDiffer();
      tasks.onKeysDiffer();
    },
    onClockChanged(life: ProcessLife): void {
      reasons.onClockChanged(life);
      cooldowns.onClockChanged(life);
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
    /** Since when the user has been disconnected; undefined if they are not. */
    endedSince: (person: Person): number | undefined =>
      rowOf(person)?.state === 'disconnected' ? of(person).endedAt : undefined,
    wasDamaged: () => facts.all().some(({ damagedAt }) => damagedAt > 0),
    onRetireOrdered(person: Person): void {
      of(person).retireOrdered = true;
    },

    onBegun: rest.onBusy,
    onEnded(begun: Begun): void {
      if (begun.kind === 'run') {
        rest.onRunEnded(begun);
        renewals.onRunEnded(begun);
      }
      rest.onOperationEnded(begun);
      if (!operations.isBusy(begun.life)) {
        for (const { busyAtDamage } of facts.all()) busyAtDamage.delete(begun.life.number);
      }
      if (operations.isIdle() && world.late().length === 0) rest.whenIdle();
    },
    onCrash(lost: readonly Begun[]): void {
      for (const { person, life } of lost) {
        ends.onNotCounted(life);
        for (const one of person === undefined ? people : [person]) facts.disturb(one);
      }
    },

    onUnexpected(what: string, error: unknown, begun: Begun): void {
      const { person } = begun;
      if (error instanceof TooManyRequestsError && person) visits.onTooMany(begun, person);
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
    receiverWatch: notices,
    whenQuiet(checkedSince: number, disconnected: ReadonlyMap<Person, number>): void {
      rest.whenQuiet(checkedSince, disconnected);
      notices.whenQuiet(people, checkedSince);
    },
  };
}
