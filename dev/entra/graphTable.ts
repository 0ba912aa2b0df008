/** Objects of Graph as a directory with several replicas keeps them: what was written is seen some time later. */

export type GraphObject = { id: string } & Record<string, unknown>;

export type GraphTable = {
  /** What a reader sees now, oldest first. */
  seen(): GraphObject[];
  /** What was written last, whether a reader sees it already or not. Constraints are checked against it. */
  newest(): GraphObject[];
  add(object: GraphObject): void;
  /** Replaces the object of the same id. */
  change(object: GraphObject): void;
  remove(id: string): void;
};

type Version = { at: number; object: GraphObject | undefined };

/**
 * @param now epoch milliseconds
 * @param settleMs how long a write takes until readers see it
 */
export function createGraphTable(now: () => number, settleMs: number): GraphTable {
  const rows = new Map<string, Version[]>();

  function write(id: string, object: GraphObject | undefined): void {
    rows.set(id, [...(rows.get(id) ?? []), { at: now(), object }]);
  }

  function objects(until: number): GraphObject[] {
    return [...rows.values()].flatMap((versions) => {
      const object = versions.findLast(({ at }) => at <= until)?.object;
      return object === undefined ? [] : [structuredClone(object)];
    });
  }

  return {
    seen: () => objects(now() - settleMs),
    newest: () => objects(now()),
    add: (object) => write(object.id, object),
    change: (object) => write(object.id, object),
    remove: (id) => write(id, undefined),
  };
}
