/** Columns as they are on the wire, with `@odata.type` beside those that are not plain JSON. */
export type Entity = Record<string, unknown> & { PartitionKey: string; RowKey: string; 'odata.etag': string };

type Partition = { entities: Map<string, Entity> /** In order. */; keys: string[] };

/** The rows of one table, in the order of their keys. */
export function createTableRows() {
  const partitions = new Map<string, Partition>();
  let version = 0;

  function partitionOf(name: string): Partition {
    const partition = partitions.get(name) ?? { entities: new Map(), keys: [] };
    partitions.set(name, partition);
    return partition;
  }

  return {
    get: (partitionKey: string, rowKey: string): Entity | undefined =>
      partitions.get(partitionKey)?.entities.get(rowKey),

    /** Answers the new ETag. */
    put(row: Record<string, unknown> & Pick<Entity, 'PartitionKey' | 'RowKey'>): string {
      version += 1;
      const etag = `W/"${version}"`;
      const { entities, keys } = partitionOf(row.PartitionKey);
      if (!entities.has(row.RowKey)) keys.splice(placeOf(keys, row.RowKey), 0, row.RowKey);
      entities.set(row.RowKey, { ...row, 'odata.etag': etag });
      return etag;
    },

    delete(partitionKey: string, rowKey: string): void {
      const { entities, keys } = partitionOf(partitionKey);
      if (entities.delete(rowKey)) keys.splice(placeOf(keys, rowKey), 1);
    },

    /** At most so many from one row key up to another, and the row key to go on from. */
    range(partitionKey: string, from: string, to: string, most: number) {
      const { entities, keys } = partitionOf(partitionKey);
      const first = placeOf(keys, from);
      const end = placeOf(keys, to);
      const last = Math.min(end, first + most);
      return {
        entities: keys.slice(first, last).flatMap((key) => entities.get(key) ?? []),
        next: last < end ? keys[last] : undefined,
      };
    },

    *all(): Generator<Entity> {
      for (const { entities } of partitions.values()) yield* entities.values();
    },
  };
}

/** Where a key stands or would stand. */
function placeOf(keys: readonly string[], key: string): number {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((keys[middle] ?? '') < key) low = middle + 1;
    else high = middle;
  }
  return low;
}
