import type { TableClient, TransactionAction } from '@azure/data-tables';
import { storageFaults } from './storageFaults.ts';
import { type Columns, type Row, type RowAction, ServiceRefusal, type TableModel } from './tableModel.ts';
import type { ProcessLife, World } from './world.ts';

type Policy = Parameters<TableClient['pipeline']['addPolicy']>[0];
type Entity = { partitionKey?: string; rowKey?: string } & Record<string, unknown>;
type Options = { abortSignal?: AbortSignal };
type Answer<T> = { value: T; told: () => string };

const RANGE = /^PartitionKey eq '(.*)' and RowKey gt '(.*)' and RowKey lt '(.*)'$/;
const KEYS = { PartitionKey: 'partitionKey', RowKey: 'rowKey' } as Record<string, string>;

/**
 * The SDK's client of a table, over the model of the service. Each method is one request of one process. Only what the
 * adapter uses is here; anything else throws at once.
 * @param nameOf shortens the keys of rows in the history
 */
export function createTableClientModel(
  world: World,
  table: TableModel,
  process: ProcessLife,
  nameOf: (text: string) => string,
): TableClient {
  const policies: Policy[] = [];

  async function send<T>(
    what: () => string,
    effect: () => Answer<T>,
    changes: boolean,
    { abortSignal: signal }: Options = {},
  ): Promise<T> {
    try {
      const { value } = await world.ask<Answer<T>>(process, {
        what: () => `table: ${nameOf(what())}`,
        effect,
        changes,
        faults: storageFaults(changes),
        aborted: () => Object.assign(new Error('aborted'), { name: 'AbortError' }),
        signal,
      });
      await heard();
      return value;
    } catch (error) {
      if (error instanceof ServiceRefusal && error.statusCode !== undefined) await heard();
      throw error;
    }
  }

  /** Gives every answer to the policies: one of them reads its `Date`, which has whole seconds. */
  async function heard(): Promise<void> {
    const date = new Date(world.now()).toUTCString();
    const answer = { headers: { get: () => date } };
    for (const { sendRequest } of policies) {
      await sendRequest({ url: 'https://table.model/' } as never, async () => answer as never);
    }
  }

  /** Lets the policies write the conditions of a batch of deletions, as they write the SDK's text. */
  async function deletionETags(actions: readonly TransactionAction[]): Promise<(string | undefined)[]> {
    const any = actions.map(() => undefined);
    if (!actions.every(([kind]) => kind === 'delete')) return any;
    const request = {
      url: 'https://table.model/$batch',
      body: actions.map(() => 'If-Match: *').join('\r\n'),
      headers: { set: () => undefined },
    };
    for (const { sendRequest } of policies) {
      await sendRequest(request as never, async () => ({ headers: { get: () => null } }) as never);
    }
    return request.body.split('\r\n').map((line) => {
      const etag = line.slice('If-Match: '.length);
      return etag === '*' ? undefined : etag;
    });
  }

  function change(what: () => string, actions: readonly RowAction[], options: Options | undefined) {
    return send(
      what,
      () => ({ value: table.transact(actions, world.current() ?? process), told: () => 'written' }),
      true,
      options,
    );
  }

  async function* pagesOf(
    filter: string,
    select: readonly string[] | undefined,
    { maxPageSize = 1_000, continuationToken }: { maxPageSize?: number; continuationToken?: string },
    options: Options,
  ) {
    const [, partition = '', after = '', before = ''] = RANGE.exec(filter) ?? [];
    if (partition === '') throw new TypeError(`The model cannot read the filter ${filter}`);
    const read = () => {
      const rows = table.between(partition, continuationToken ?? after, before);
      const page = rows.slice(0, maxPageSize);
      const entities = page.map((row) => entityOf(partition, row.rowKey, row, select));
      const last = rows.length > page.length ? page.at(-1)?.rowKey : undefined;
      return {
        value: Object.assign(entities, { continuationToken: last }),
        told: () => `${page.length} rows`,
      };
    };
    // Nobody of this simulation is in an empty partition, so its answer does not depend on when it comes.
    if (SHARD.test(partition) && table.isEmpty(partition)) {
      yield read().value;
      return;
    }
    yield await send(() => `read ${partition} ${after}..${before}`, read, false, options);
  }

  const model = {
    pipeline: { addPolicy: (policy: Policy) => policies.push(policy) },

    getEntity: (partition: string, rowKey: string, options?: Options) =>
      send(
        () => `read ${rowKey}`,
        () => {
          const row = table.row(partition, rowKey);
          if (row === undefined) throw new ServiceRefusal('ResourceNotFound', 404);
          return { value: entityOf(partition, rowKey, row), told: () => toldOf(row.columns) };
        },
        false,
        options,
      ),

    listEntities: ({
      queryOptions,
      abortSignal,
    }: Options & { queryOptions: { filter: string; select?: string[] } }) => ({
      byPage: (settings: { maxPageSize?: number; continuationToken?: string }) =>
        pagesOf(queryOptions.filter, queryOptions.select, settings, abortSignal ? { abortSignal } : {}),
    }),

    async submitTransaction(given: TransactionAction[], options?: Options) {
      const etags = await deletionETags(given);
      const actions = given.map((action, index) => actionOf(action, etags[index]));
      const written = await change(() => actions.map(toldOfAction).join(', '), actions, options);
      return { subResponses: written.map((etag) => ({ etag, status: 204 })) };
    },

    async deleteEntity(partition: string, rowKey: string, options: Options & { etag?: string } = {}) {
      // The SDK sends `*` for any version, and so may the adapter.
      const etag = options.etag === '*' ? undefined : options.etag;
      await change(() => `delete ${rowKey}`, [{ kind: 'delete', partition, rowKey, etag }], options);
    },

    async createEntity(entity: Entity, options?: Options) {
      const action = { kind: 'create', ...keysOf(entity), columns: columnsOf(entity) } as const;
      await change(() => toldOfAction(action), [action], options);
    },

    async updateEntity(entity: Entity, mode: string, options: Options & { etag?: string } = {}) {
      const kind = mode === 'Replace' ? 'replace' : 'merge';
      const { etag } = options;
      const action = { kind, ...keysOf(entity), columns: columnsOf(entity), etag } as const;
      await change(() => toldOfAction(action), [action], options);
    },

    async upsertEntity(entity: Entity, mode: string, options?: Options) {
      const kind = mode === 'Replace' ? 'upsert-replace' : 'upsert-merge';
      const action = { kind, ...keysOf(entity), columns: columnsOf(entity) } as const;
      await change(() => toldOfAction(action), [action], options);
    },
  };
  return model as unknown as TableClient;
}

const SHARD = /^[0-9a-f]$/;

function actionOf([kind, entity, third, fourth]: TransactionAction, deletion: string | undefined): RowAction {
  const keys = keysOf(entity as Entity);
  const columns = columnsOf(entity as Entity);
  switch (kind) {
    case 'create':
      return { kind, ...keys, columns };
    case 'delete':
      return { kind, ...keys, etag: deletion };
    case 'upsert':
      return { kind: third === 'Replace' ? 'upsert-replace' : 'upsert-merge', ...keys, columns };
    case 'update': {
      const { etag } = (fourth ?? {}) as { etag?: string };
      return { kind: third === 'Replace' ? 'replace' : 'merge', ...keys, columns, etag };
    }
    default:
      return kind satisfies never;
  }
}

const keysOf = ({ partitionKey = '', rowKey = '' }: Entity) => ({ partition: partitionKey, rowKey });

/** A column without a value is not sent, so a merge leaves it as it was. */
function columnsOf({ partitionKey: _, rowKey: __, ...columns }: Entity): Columns {
  const sent = Object.entries(columns).filter(([, value]) => value !== undefined && value !== null);
  return Object.fromEntries(sent) as Columns;
}

function entityOf(partition: string, rowKey: string, { columns, etag }: Row, select?: readonly string[]) {
  const chosen =
    select === undefined
      ? columns
      : Object.fromEntries(Object.entries(columns).filter(([name]) => select.includes(name)));
  const keys = { partitionKey: partition, rowKey };
  const named = select?.map((name) => KEYS[name]);
  const kept =
    named === undefined
      ? keys
      : Object.fromEntries(Object.entries(keys).filter(([name]) => named.includes(name)));
  return { ...chosen, ...kept, etag };
}

const toldOfAction = (action: RowAction): string =>
  'columns' in action
    ? `${action.kind} ${action.rowKey} ${toldOf(action.columns)}`.trim()
    : `delete ${action.rowKey}`;

/** What the history shows of a row. */
function toldOf({ state, dueAt, runId }: Columns): string {
  if (state === undefined) return '';
  const due = dueAt instanceof Date ? dueAt.toISOString().slice(0, 19) : dueAt;
  return `(${state}, due ${due}${runId ? `, leased by p${Number.parseInt(String(runId).slice(9, 13), 16)}` : ''})`;
}
