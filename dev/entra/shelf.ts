/** Things of one kind that one person has, with the order in which they were added, changed and removed. */

export type Shelved<T> = {
  thing: T;
  /** Counts all changes of the shelf; the larger one came later. */
  changed: number;
  /** `changed` as it was when the thing was added. */
  added: number;
  isRemoved: boolean;
};

export type Shelf<T extends { id: string }> = {
  /** `changed` of the latest change; 0 if there was none. */
  latest(): number;
  /** What is there, oldest first. */
  there(): T[];
  /** What was changed after that, in the order of the changes. A thing is there once, as it is now. */
  changedAfter(position: number): Shelved<T>[];
  add(thing: T): void;
  /** @returns false if it is not there */
  change(id: string, patch: Partial<T>): boolean;
  /** @returns false if it is not there */
  remove(id: string): boolean;
};

export function createShelf<T extends { id: string }>(): Shelf<T> {
  const all = new Map<string, Shelved<T>>();
  let latest = 0;

  const find = (id: string): Shelved<T> | undefined => {
    const found = all.get(id);
    return found?.isRemoved ? undefined : found;
  };
  /** Whatever was written last comes last. */
  const put = (shelved: Omit<Shelved<T>, 'changed'>): void => {
    latest += 1;
    all.delete(shelved.thing.id);
    all.set(shelved.thing.id, { ...shelved, changed: latest });
  };

  return {
    latest: () => latest,
    there: () => {
      const there = [...all.values()].filter(({ isRemoved }) => !isRemoved);
      return there.sort((one, other) => one.added - other.added).map(({ thing }) => thing);
    },
    changedAfter: (position) => [...all.values()].filter(({ changed }) => changed > position),
    add: (thing) => put({ thing, added: latest + 1, isRemoved: false }),
    change: (id, patch) => {
      const found = find(id);
      if (found) put({ ...found, thing: { ...found.thing, ...patch } });
      return found !== undefined;
    },
    remove: (id) => {
      const found = find(id);
      if (found) put({ ...found, isRemoved: true });
      return found !== undefined;
    },
  };
}
