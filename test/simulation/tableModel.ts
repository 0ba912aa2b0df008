import type { ProcessLife } from './world.ts';

type Column = string | number | boolean | Date;
/** A row without its keys. */
export type Columns = Readonly<Record<string, Column>>;
export type Row = { columns: Columns; etag: string };

/** One action of a transaction. `etag` undefined means any version; `upsert` needs no row. */
export type RowAction =
  | {
      kind: 'create' | 'upsert-replace' | 'upsert-merge';
      partition: string;
      rowKey: string;
      columns: Columns;
    }
  | {
      kind: 'replace' | 'merge';
      partition: string;
      rowKey: string;
      columns: Columns;
      etag: string | undefined;
    }
  | { kind: 'delete'; partition: string; rowKey: string; etag: string | undefined };

/** A row before and after a transaction. */
export type RowChange = {
  partition: string;
  rowKey: string;
  before: Columns | undefined;
  after: Columns | undefined;
};

/** Everything that one transaction changed, and whose it was. */
export type Commit = { by: ProcessLife | undefined; changes: readonly RowChange[] };

/** What the service answers if it refuses. The SDK's errors have the same members. */
export class ServiceRefusal extends Error {
  override readonly name = 'RestError';
  readonly code: string;
  readonly statusCode: number | undefined;

  constructor(code: string, statusCode?: number) {
    super(statusCode === undefined ? code : `${statusCode} ${code}`);
    this.code = code;
    this.statusCode = statusCode;
  }
}

export type TableModel = ReturnType<typeof createTableModel>;

/**
 * Table Storage as far as Stead uses it: rows by partition and key, each with an ETag; transactions within a partition, all
 * or nothing, in which no row may occur twice; merges that leave other columns as they are
 * (https://learn.microsoft.com/rest/api/storageservices/performing-entity-group-transactions).
 */
export function createTableModel(onCommit: (commit: Commit) => void) {
  const partitions = new Map<string, Map<string, Row>>();
  let version = 0;

  const rowsOf = (partition: string): Map<string, Row> => partitions.get(partition) ?? new Map();

  /** The row after the action. @throws {ServiceRefusal} the action's condition does not hold. */
  function applied(action: RowAction, row: Row | undefined): Columns | undefined {
    switch (action.kind) {
      case 'create':
        if (row !== undefined) throw new ServiceRefusal('EntityAlreadyExists', 409);
        return action.columns;
      case 'upsert-replace':
        return action.columns;
      case 'upsert-merge':
        return { ...row?.columns, ...action.columns };
      case 'replace':
        check(action.etag, row);
        return action.columns;
      case 'merge':
        return { ...check(action.etag, row).columns, ...action.columns };
      case 'delete':
        check(action.etag, row);
        return undefined;
      default:
        return action satisfies never;
    }
  }

  function check(etag: string | undefined, row: Row | undefined): Row {
    if (row === undefined) throw new ServiceRefusal('ResourceNotFound', 404);
    if (etag !== undefined && etag !== row.etag) throw new ServiceRefusal('UpdateConditionNotSatisfied', 412);
    return row;
  }

  return {
    row: (partition: string, rowKey: string): Row | undefined => rowsOf(partition).get(rowKey),

    /** The rows between two keys, neither of them included, in order. */
    between(partition: string, after: string, before: string): (Row & { rowKey: string })[] {
      return [...rowsOf(partition)]
        .filter(([rowKey]) => rowKey > after && rowKey < before)
        .sort(([one], [other]) => (one < other ? -1 : 1))
        .map(([rowKey, row]) => ({ rowKey, ...row }));
    },

    isEmpty: (partition: string): boolean => rowsOf(partition).size === 0,

    /** @returns the new ETags, in the order of the actions; a deletion has none */
    transact(actions: readonly RowAction[], by: ProcessLife | undefined): (string | undefined)[] {
      const keys = new Set(actions.map(({ rowKey }) => rowKey));
      if (keys.size < actions.length) throw new ServiceRefusal('InvalidDuplicateRow', 400);
      const ends = actions.map((action) => {
        const row = rowsOf(action.partition).get(action.rowKey);
        return { action, row, after: applied(action, row) };
      });
      const etags = ends.map(({ action: { partition, rowKey }, after }) => {
        const rows = rowsOf(partition);
        partitions.set(partition, rows);
        if (after === undefined) {
          rows.delete(rowKey);
          return undefined;
        }
        version += 1;
        const etag = `W/"${version}"`;
        rows.set(rowKey, { columns: after, etag });
        return etag;
      });
      onCommit({
        by,
        changes: ends.map(({ action: { partition, rowKey }, row, after }) => ({
          partition,
          rowKey,
          before: row?.columns,
          after,
        })),
      });
      return etags;
    },
  };
}
