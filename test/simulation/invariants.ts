import { dueRowKey } from '../../shared/adapters/azureStorage/rowKeys.ts';
import { shardOf } from '../../shared/adapters/shards.ts';
import {
  ConflictError,
  TokenInvalidError,
  TooManyRequestsError,
  UnavailableError,
  UserTokenError,
} from '../../shared/errors.ts';
import type { LogEvent } from '../../shared/log.ts';
import type { BlobChange, BlobModel } from './blobModel.ts';
import type { EntraModel, Person, TokenPost } from './entraModel.ts';
import { readOpenCache } from './openSealer.ts';
import type { Columns, Commit, RowChange, TableModel } from './tableModel.ts';
import { makerOf, type ProcessLife, type World } from './world.ts';

type Services = {
  retentionMs: number;
  /** Whether a run comes whenever somebody is due. */
  runsInTime: boolean;
  table: () => TableModel;
  blobs: () => BlobModel;
  tokenOf: (text: string) => ReturnType<EntraModel['token']>;
};

/** What is known of one user's account beside what is stored: in true time, whatever clocks have written. */
type Known = {
  /** When a visit was last written down. */
  lastSeenAt: number;
  /** Whether an operator ever retired them. */
  retireOrdered: boolean;
  endedAt: number;
  generations: string[];
  /** The lease that is held now, and what the account was when it was taken. */
  leasedIn: unknown;
  leasedAfterEnd: boolean;
  posts: Map<string, number>;
  /** The processes that were doing something when somebody last damaged what is stored of the user. */
  busyAtDamage: Set<number>;
};

const CLOCKS_MAY_DIFFER_MS = 6 * 60_000;
/** Two hours before its end the worker begins to renew a refresh token, and again at every failure. */
const RENEWAL_WINDOW_MS = 2 * 3_600_000;
/** Entra's access tokens live 28 hours at most, and so long a connected account may wait for its next check. */
const LONGEST_WAIT_MS = 30 * 3_600_000;
const TOMBSTONE_MS = 48 * 3_600_000;
/** Whatever one visit or check meets, it sends no more requests to the token endpoint than this for one user. */
const MOST_POSTS = 6;
const UNEXPECTED = /^(?:TypeError|RangeError|ReferenceError|SyntaxError|Error)\b/;
const REASONS = ['revoked', 'consent', 'challenged', 'refresh-token-over', 'cache-damaged'] as const;
const isTombstone = (state: unknown): boolean => state === 'disconnected' || state === 'retired';
const isConnected = (state: unknown): boolean =>
  state === 'pending' || state === 'active' || state === 'needs-user';
/** A time that somebody made unreadable counts as 1970, so that the account is found at once. */
const dueAtOf = ({ dueAt }: Columns): number => timeOf(dueAt) ?? 0;
const timeOf = (value: unknown): number | undefined => (value instanceof Date ? value.getTime() : undefined);

/** When the newest entry of a history happened. An older entry may be written anew in other words. */
const lastIn = (history: unknown): unknown =>
  (JSON.parse(String(history || '[]')) as { at?: unknown }[]).at(-1)?.at;

export type Invariants = ReturnType<typeof createInvariants>;

/** What must hold of every history: DESIGN's "Never", and the budgets. A fault is told once, and ends the history. */
export function createInvariants(
  world: World,
  people: readonly Person[],
  { retentionMs, runsInTime, table, blobs, tokenOf }: Services,
) {
  const known = new Map<Person, Known>(
    people.map((person) => [
      person,
      {
        lastSeenAt: Number.NEGATIVE_INFINITY,
        retireOrdered: false,
        endedAt: Number.NEGATIVE_INFINITY,
        generations: [],
        leasedIn: undefined,
        leasedAfterEnd: false,
        posts: new Map(),
        busyAtDamage: new Set(),
      },
    ]),
  );
  const edges = new Set<string>();
  const events = new Map<string, number>();
  let clocksDiffered = false;
  /** Until when something was not well, as far as that is known. */
  let unwellUntil = Number.NEGATIVE_INFINITY;
  const of = (person: Person): Known => known.get(person) as Known;
  const personIn = (rowKey: string): Person | undefined =>
    people.find(({ tid, oid }) => rowKey.endsWith(`${tid}_${oid}`));
  const rowOf = ({ userId, tid, oid }: Person): Columns | undefined =>
    table().row(shardOf(userId), `user|${tid}_${oid}`)?.columns;
  const hasEntry = ({ userId }: Person, row: Columns): boolean =>
    table().row(shardOf(userId), dueRowKey(new Date(dueAtOf(row)), userId)) !== undefined;
  const forbid = (isViolated: boolean, what: string): void => {
    if (isViolated) world.violated(what);
  };

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

  function onAccount(by: ProcessLife, person: Person, { before, after }: RowChange): void {
    const { name } = person;
    const facts = of(person);
    const wasDamaged = before !== undefined && timeOf(before.lastActivity) === undefined;
    const from = wasDamaged ? 'damaged' : String(before?.state ?? '[*]');
    const to = String(after?.state ?? '[*]');
    if (from !== to && !(wasDamaged && before?.state === after?.state)) edges.add(`${from} --> ${to}`);
    if (after === undefined) {
      onErased(person, before, wasDamaged);
      return;
    }

    onLease(by, person, before, after);
    if (!wasDamaged) onSettled(by, person, before, after);
    if (isTombstone(after.state)) onEnded(person, before, after, wasDamaged);
    if (isConnected(after.state)) onConnection(person, before, after);
    forbid(
      !hasEntry(person, after) && timeOf(after.lastActivity) !== undefined,
      `no run finds ${name} after this write`,
    );
    if (after.state === 'needs-user' && before?.state !== 'needs-user') {
      forbid(!hasReason(person), `${name} was marked, and nothing was wrong with them`);
    }
    // Only a visit writes this time, whatever the clock of its process says.
    if (timeOf(after.lastActivity) !== timeOf(before?.lastActivity)) facts.lastSeenAt = world.now();
    if (isTombstone(after.state) && !isTombstone(before?.state)) facts.endedAt = world.now();
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
      dueAt !== undefined && dueAt > world.now() + by.skewMs + 1_000,
      `${person.name} was leased before they were due`,
    );
    facts.leasedIn = before?.state;
    facts.leasedAfterEnd = isTombstone(before?.state);
    facts.posts.clear();
  }

  /** Only the run that holds the lease may settle the account or give it back; everybody may make it due now. */
  function onSettled(by: ProcessLife, person: Person, before: Columns | undefined, after: Columns): void {
    if (before === undefined || before.generation !== after.generation) return;
    if (isTombstone(after.state) !== isTombstone(before.state)) return;
    const isHolder = Boolean(before.runId) && makerOf(String(before.runId)) === by.number;
    const settled = before.history !== after.history && lastIn(before.history) !== lastIn(after.history);
    forbid(settled && !isHolder, `${person.name} was settled by a run without the lease`);
    const gaveBack = Boolean(before.runId) && !after.runId;
    const dueAt = dueAtOf(after);
    forbid(
      gaveBack && !isHolder && dueAt > world.now() + by.skewMs + 1_000,
      `${person.name} was given back by a run without the lease`,
    );
    const wasSeen = timeOf(before.lastActivity) ?? 0;
    const isSeen = timeOf(after.lastActivity) ?? 0;
    forbid(!clocksDiffered && isSeen < wasSeen, `a visit of ${person.name} was overwritten`);
  }

  function onEnded(person: Person, before: Columns | undefined, after: Columns, wasDamaged: boolean): void {
    const { name } = person;
    const kept = ['generation', 'history', 'accountIdentifier', 'userPrincipalName', 'failure'];
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

  const hasReason = ({ ever }: Person): boolean => REASONS.some((reason) => ever.has(reason));

  function onBlobChange({ by, name, before, after }: BlobChange): void {
    const person = people.find(({ userId }) => userId === name);
    if (by === undefined || person === undefined) return;
    const was = before === undefined ? undefined : readOpenCache(before);
    if (after === undefined) {
      const row = rowOf(person);
      const isLiving = isConnected(row?.state) && was !== undefined && row?.generation === was.gen;
      forbid(isLiving, `the cache of ${person.name}'s living connection was deleted`);
      return;
    }
    const is = readOpenCache(after);
    if (is === undefined) {
      world.violated(`the cache of ${person.name} cannot be opened`);
      return;
    }
    const secrets = secretsIn(is.msal);
    const foreign = secrets.some((secret) => tokenOf(secret)?.person !== person);
    forbid(foreign || is.sub !== name, `the cache of ${person.name} has another user's token`);
    if (was === undefined || was.sub !== name) return;
    const { generations } = of(person);
    forbid(
      generations.indexOf(is.gen) < generations.indexOf(was.gen),
      `an earlier connection overwrote the cache of ${person.name}'s later one`,
    );
    if (is.gen === was.gen) onRenewed(person, refreshTokensIn(was.msal), refreshTokensIn(is.msal));
  }

  /** A refresh token may be replaced by one of the user's own visit, or by one that was got for it. */
  function onRenewed({ name }: Person, before: readonly string[], after: readonly string[]): void {
    const [was] = before;
    const [is] = after;
    if (was === undefined || is === was) return;
    if (is === undefined) {
      world.violated(`the refresh token of ${name} was lost in a write`);
      return;
    }
    let ancestor: string | undefined = is;
    while (ancestor !== undefined && ancestor !== was) ancestor = tokenOf(ancestor)?.parent;
    forbid(
      tokenOf(is)?.origin !== 'request' && ancestor !== was,
      `the worker overwrote a newer refresh token of ${name}`,
    );
  }

  function onPost({ person, grant, correlationId = '' }: TokenPost): void {
    const facts = of(person);
    const count = (facts.posts.get(correlationId) ?? 0) + 1;
    facts.posts.set(correlationId, count);
    forbid(count > MOST_POSTS, `one operation sent ${count} requests for ${person.name}`);
    if (grant === 'exchange') return;
    const { state } = rowOf(person) ?? {};
    forbid(
      facts.leasedAfterEnd && isTombstone(state),
      `a token of ${person.name} was asked for after they had ended`,
    );
    forbid(facts.leasedIn === 'needs-user', `a token of ${person.name} was asked for, who needs to sign in`);
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
    person.ever.add('refresh-token-over');
    const wellSince = Math.max(unwellUntil, world.faultAt());
    forbid(
      runsInTime && wellSince < endedAt - RENEWAL_WINDOW_MS,
      `the refresh token of ${person.name} ended, and everything was well`,
    );
  }

  return {
    edges,
    onRefreshTokenOver,
    /** Something is not well until that time, so whatever is late may be late because of it. */
    onUnwell(until: number): void {
      unwellUntil = Math.max(unwellUntil, until);
    },
    onWellAgain(): void {
      unwellUntil = world.now();
    },
    events,
    onCommit,
    onBlobChange,
    onPost,
    onLog,
    hasReason,
    /** When a run meets the account next; undefined if there is none, or if it is damaged. */
    dueAt(person: Person): number | undefined {
      const row = rowOf(person);
      return row === undefined || timeOf(row.lastActivity) === undefined ? undefined : dueAtOf(row);
    },
    known: of,

    onDamage(person: Person, busy: Iterable<ProcessLife>): void {
      of(person).busyAtDamage = new Set([...busy].map(({ number }) => number));
    },
    onIdle({ number }: ProcessLife): void {
      for (const { busyAtDamage } of known.values()) busyAtDamage.delete(number);
    },
    onRetireOrdered(person: Person): void {
      of(person).retireOrdered = true;
    },
    onClocksDiffer(): void {
      clocksDiffered = true;
    },
    onAnswer(asked: string, answered: string): void {
      forbid(asked !== answered, "a user was given another user's answer");
    },

    /** A refusal of a visit must have a reason that is the user's. */
    onRefused(person: Person, error: unknown): boolean {
      if (!(error instanceof UserTokenError)) return error instanceof TokenInvalidError;
      const { kind, code } = error.failure;
      const others = people.filter(({ tid }) => tid === person.tid);
      switch (kind) {
        case 'needs-user':
        case 'consent':
        case 'cache-lost':
          forbid(!hasReason(person), `${person.name} was refused (${code}), and nothing was wrong with them`);
          return true;
        case 'throttled': {
          const api = code.startsWith('graph') ? 'throttled-graph' : 'throttled-token';
          forbid(
            !others.some(({ ever }) => ever.has(api)),
            `${person.name} was refused (${code}), and nobody had asked for it`,
          );
          return true;
        }
        case 'tenant':
        case 'misconfigured':
          world.violated(
            `${person.name} was refused (${kind}: ${code}), and nothing is wrong with the tenant`,
          );
          return true;
        case 'transient':
          return true;
        default:
          return kind satisfies never;
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
        const { name, userId } = person;
        const cache = blobs().blob(userId);
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

type MsalCache = Record<string, Record<string, { secret?: string }> | undefined>;

const secretsOf = (cache: MsalCache, section: string): string[] =>
  Object.values(cache[section] ?? {}).flatMap(({ secret }) => secret ?? []);

const secretsIn = (msal: string): string[] => {
  const cache = JSON.parse(msal) as MsalCache;
  return [...secretsOf(cache, 'AccessToken'), ...secretsOf(cache, 'RefreshToken')];
};

const refreshTokensIn = (msal: string): string[] => secretsOf(JSON.parse(msal) as MsalCache, 'RefreshToken');
