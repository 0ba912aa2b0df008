/**
 * The tokens in the links of delta queries (https://learn.microsoft.com/graph/delta-query-overview#state-tokens). They carry
 * the query, and are good for one person and one collection.
 */
import { errors, type JWTPayload } from 'jose';
import type { DemoUser } from './directory.ts';
import { preciseNow } from './faults.ts';
import type { StandIn } from './standIn.ts';

export type DeltaCollection = 'drive' | 'inbox';

/** What the first request of a query asked for, and how far its answers have come. */
export type DeltaState = {
  /** `changed` of the last change that was told. */
  position: number;
  /** True until everything that was there at first has been told. */
  enumerates: boolean;
  select?: string[];
  /** Whole numbers of entries; what the request asked for, if anything. */
  top?: number;
  /** Only what was added. */
  onlyAdded?: boolean;
  /** Only what was received then or later: ISO 8601. */
  receivedSince?: string;
};

/** Why a token brings nothing: it is none of ours or of another person, or it was good once. */
export type DeltaFault = 'malformed' | 'gone';

export const sealDelta = (
  { keys, lifetimes, belongings }: StandIn,
  user: DemoUser,
  collection: DeltaCollection,
  state: DeltaState,
): Promise<string> =>
  keys.seal(
    'delta+jwt',
    { sub: user.name, collection, world: belongings.world, given_at: preciseNow(), state },
    lifetimes.deltaLink,
  );

export async function openDelta(
  { keys, belongings }: StandIn,
  user: DemoUser,
  collection: DeltaCollection,
  token: string,
): Promise<DeltaState | DeltaFault> {
  let claims: JWTPayload;
  try {
    claims = await keys.open('delta+jwt', token);
  } catch (error) {
    return error instanceof errors.JWTExpired ? 'gone' : 'malformed';
  }
  if (claims.sub !== user.name || claims.collection !== collection) return 'malformed';
  const isGone = claims.world !== belongings.world || belongings.isExpired(user, Number(claims.given_at));
  return isGone ? 'gone' : (claims.state as DeltaState);
}

/** One page of what there is to tell, and how far it reaches. */
export function pageOf<T extends { changed: number }>(
  all: readonly T[],
  size: number,
  latest: number,
): { entries: T[]; position: number; isLast: boolean } {
  const entries = all.slice(0, size);
  const isLast = entries.length === all.length;
  return { entries, position: isLast ? latest : (entries.at(-1)?.changed ?? latest), isLast };
}
