import { shardOf } from '../../shared/adapters/shards.ts';
import { type LogId, toUserId } from '../../shared/userId.ts';
import type { Person } from './entraTypes.ts';

const TENANTS = ['aaaaaaaa-0000-4000-8000-000000000001', 'aaaaaaaa-0000-4000-8000-000000000002'] as const;

const idsOf = (number: number, tid: string) => {
  const oid = `bbbbbbbb-0000-4000-8000-${String(number).padStart(12, '0')}`;
  return { tid, oid, userId: toUserId({ tid, oid }) };
};

function* idsIn(shard: string, tid: string) {
  for (let number = 1; ; number += 1) {
    const ids = idsOf(number, tid);
    if (shardOf(ids.userId) === shard) yield ids;
  }
}

/** The first two share a shard and a tenant, so that they meet in one sweep. The third shares neither. */
const FIRST_THREE = (() => {
  const together = idsIn('0', TENANTS[0]);
  const apart = idsIn('1', TENANTS[1]);
  return [together.next().value, together.next().value, apart.next().value];
})();

/**
 * @param count how many; the first is called `u1`
 * @param together whether all of them share one shard and one tenant
 */
export function createPeople(count: number, together = false): Person[] {
  const crowd = idsIn('0', TENANTS[0]);
  return Array.from({ length: count }, (_, index) => {
    const ids =
      (together ? crowd.next().value : FIRST_THREE[index]) ??
      idsOf(1_000_000 + index, TENANTS[index % 2] ?? TENANTS[0]);
    return {
      name: `u${index + 1}`,
      ...ids,
      consented: { graph: true, notes: true },
      consentLacksScope: false,
      revokedAt: 0,
      revokedGrantAt: { exchange: 0, code: 0 },
      challengedAt: { graph: 0, notes: 0 },
      policies: {},
    };
  });
}

/** Shortens the ids of users in a text to their names. */
export function nameIn(people: readonly Person[], logId: LogId): (text: string) => string {
  const names = new Map(
    people.flatMap(({ tid, oid, userId, name }) => [
      [`${tid}_${oid}`, name],
      [userId, name],
      [logId(userId), name],
    ]),
  );
  return (text) => text.replace(ID, (id) => names.get(id) ?? id);
}

/** A row's or a blob's name for a user, or a log id. */
const ID = /[0-9a-f-]{36}[_/][0-9a-f-]{36}|\b[0-9a-f]{16}\b/g;
