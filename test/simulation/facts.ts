import { dueRowKey } from '../../shared/adapters/azureStorage/rowKeys.ts';
import { shardOf } from '../../shared/adapters/shards.ts';
import type { BlobModel } from './blobModel.ts';
import type { EntraModel } from './entraModel.ts';
import type { Person } from './entraTypes.ts';
import { type OpenCache, readOpenCache } from './openSealer.ts';
import type { Columns, TableModel } from './tableModel.ts';
import type { ProcessLife, World } from './world.ts';

export type Services = {
  retentionMs: number;
  /** Whether a run comes whenever somebody is due. */
  runsInTime: boolean;
  /** Whether every run checks everybody. */
  everyRun: boolean;
  /** Whether a visit connects a user, or they are asked first. */
  connect: 'visit' | 'ask';
  /** Whether somebody listens to notices. */
  hears: boolean;
  /** How many token requests a second a run may send for one tenant; 0 for as many as there are. */
  tokenRequestsPerSecond: number;
  /** Whether Stead can know when a refresh token ends. */
  endsAreKnown: boolean;
  table: () => TableModel;
  blobs: () => BlobModel;
  tokenOf: (text: string) => ReturnType<EntraModel['token']>;
};

/** What is known of one user's account beside what is stored: in true time, whatever clocks have written. */
export type Known = {
  /** When a visit was last written down. */
  lastSeenAt: number;
  /** Whether an operator ever retired them. */
  retireOrdered: boolean;
  endedAt: number;
  /** When the account last came into its state. */
  inStateSince: number;
  generations: string[];
  /** When the latest lease was taken, by which process, and what the account was then. */
  leasedAt: number;
  leasedBy: number;
  /** When each process last leased the account. It may go on after another one has leased it. */
  leases: Map<number, number>;
  leasedIn: unknown;
  /** Until when the user's tasks rested then. */
  pausedAtLease: number;
  leasedAfterEnd: boolean;
  /** Whether a run had left the account with a lease of its own. */
  leaseWasAbandoned: boolean;
  /** How many times others changed the account or its cache since. */
  changesSinceLease: number;
  posts: Map<string, number>;
  /** The processes that were doing something when somebody last damaged what is stored of the user. */
  busyAtDamage: Set<number>;
  /** When somebody last damaged what is stored. */
  damagedAt: number;
  /** Until when the user's cache was one that somebody has damaged: later than any time if it still is. */
  cacheDamagedUntil: number;
  /** When a request about the user last went wrong, or what asked for it ended early. */
  disturbedAt: number;
  /** When a grant of a code was first stored for the user. */
  linkedAt: number;
  /** When the user was last given a token of Graph. */
  graphTokenAt: number;
  /** When a request to a store about the user last went wrong. */
  storeDisturbedAt: number;
  /** When the user's cache was last written, and by which process. */
  cacheStoredAt: number;
  cacheStoredBy: number;
  /** When something last happened for which a token that is still good may be had again. */
  unsettledAt: number;
};

const never = Number.NEGATIVE_INFINITY;

export const isTombstone = (state: unknown): boolean => state === 'disconnected' || state === 'retired';
export const isConnected = (state: unknown): boolean =>
  state === 'pending' || state === 'active' || state === 'needs-user';
/** A time that somebody made unreadable counts as 1970, so that the account is found at once. */
export const dueAtOf = ({ dueAt }: Columns): number => timeOf(dueAt) ?? 0;
export const timeOf = (value: unknown): number | undefined =>
  value instanceof Date ? value.getTime() : undefined;
export const isDamaged = (row: Columns | undefined): boolean =>
  row !== undefined && timeOf(row.lastActivity) === undefined;

/** A clock that differs more from that of the table is known to be wrong, and is not used. */
const SEEN_SKEW_MS = 5 * 60_000;
export const unseenSkewOf = ({ skewMs }: ProcessLife): number =>
  Math.abs(skewMs) <= SEEN_SKEW_MS ? skewMs : 0;

export type Facts = ReturnType<typeof createFacts>;

/** What all invariants look at. */
export function createFacts(world: World, people: readonly Person[], services: Services) {
  const { table, blobs } = services;
  const known = new Map<Person, Known>(
    people.map((person) => [
      person,
      {
        lastSeenAt: never,
        retireOrdered: false,
        endedAt: never,
        inStateSince: never,
        generations: [],
        leasedAt: never,
        leasedBy: 0,
        leases: new Map(),
        leasedIn: undefined,
        pausedAtLease: never,
        leasedAfterEnd: false,
        leaseWasAbandoned: false,
        changesSinceLease: 0,
        posts: new Map(),
        busyAtDamage: new Set(),
        damagedAt: never,
        cacheDamagedUntil: never,
        disturbedAt: never,
        linkedAt: never,
        graphTokenAt: never,
        storeDisturbedAt: never,
        cacheStoredAt: never,
        cacheStoredBy: 0,
        unsettledAt: never,
      },
    ]),
  );
  const disturbedProcesses = new Map<number, number>();
  const of = (person: Person): Known => known.get(person) as Known;
  const rowOf = ({ userId, tid, oid }: Person): Columns | undefined =>
    table().row(shardOf(userId), `user|${tid}_${oid}`)?.columns;

  return {
    ...services,
    of,
    all: () => [...known.values()],
    rowOf,
    /** When the process last leased the account: earlier than any time if it never did. */
    leasedAt: (person: Person, { number }: ProcessLife): number => of(person).leases.get(number) ?? never,
    personIn: (rowKey: string): Person | undefined =>
      people.find(({ tid, oid }) => rowKey.endsWith(`${tid}_${oid}`)),
    hasEntry: ({ userId }: Person, row: Columns): boolean =>
      table().row(shardOf(userId), dueRowKey(new Date(dueAtOf(row)), userId)) !== undefined,
    /** The user's stored cache, if it can be read. */
    cacheOf: ({ userId }: Person): OpenCache | undefined =>
      readOpenCache(blobs().blob(userId)?.content ?? ''),

    forbid(isViolated: boolean, what: string): void {
      if (isViolated) world.violated(what);
    },

    /** A request went wrong, or nobody waits for it any more. @param what the line of the history, with names of users */
    disturbed(what: string, by: ProcessLife): void {
      disturbedProcesses.set(by.number, world.now());
      for (const [name] of what.matchAll(/\bu\d+\b/g)) {
        const person = people.find((one) => one.name === name);
        if (person === undefined) continue;
        this.disturb(person);
        if (!what.startsWith('token endpoint')) of(person).storeDisturbedAt = world.now();
      }
    },
    /** When a request of the process last went wrong. */
    disturbedOf: ({ number }: ProcessLife): number => disturbedProcesses.get(number) ?? never,
    disturb(person: Person): void {
      const facts = of(person);
      facts.disturbedAt = world.now();
      facts.unsettledAt = world.now();
    },
    unsettle(person: Person): void {
      of(person).unsettledAt = world.now();
    },
  };
}
