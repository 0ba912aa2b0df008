/** The people whom a running server knows: the demo users and those that it was started with. */
import { ALL_USERS, type DemoUser, type Identity, identityIn, TENANT_IDS } from './directory.ts';
import { InputError } from './input.ts';

export type People = {
  all: readonly DemoUser[];
  named(name: unknown): DemoUser | undefined;
  /** The identity that an access token's `tid` and `oid` name. */
  identityOf(tid: unknown, oid: unknown): Identity | undefined;
  isTenant(tid: string): boolean;
};

/** @throws InputError if two people share a name, or an object id within a tenant */
export function createPeople(others: readonly DemoUser[]): People {
  const all = [...ALL_USERS, ...others];
  const byName = new Map<unknown, DemoUser>();
  const byObjectId = new Map<string, Identity>();
  for (const user of all) {
    if (byName.has(user.name)) throw new InputError(`users: there are two called "${user.name}"`);
    byName.set(user.name, user);
    for (const tid of new Set([user.tid, user.homeTid])) {
      const identity = identityIn(tid, user);
      if (!identity) continue;
      const key = `${tid} ${identity.oid}`;
      if (byObjectId.has(key))
        throw new InputError(`users: there are two with the object id ${identity.oid}`);
      byObjectId.set(key, identity);
    }
  }
  const tenants = new Set([...TENANT_IDS, ...all.flatMap((user) => [user.tid, user.homeTid])]);
  return {
    all,
    named: (name) => byName.get(name),
    identityOf: (tid, oid) => byObjectId.get(`${tid} ${oid}`),
    isTenant: (tid) => tenants.has(tid),
  };
}
