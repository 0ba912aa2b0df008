import { type Answer, type Call, notSpoken } from './call.ts';
import { formatResults, type Operation, readOperations } from './tableBatch.ts';
import { createTableRows, type Entity } from './tableRows.ts';

const FILTER = /^PartitionKey eq '([^']*)' and RowKey ge '([^']*)' and RowKey lt '([^']*)'$/;
const ENTITY = /\(PartitionKey='([^']*)',RowKey='([^']*)'\)$/;
const JSON_TYPE = { 'content-type': 'application/json;odata=minimalmetadata' };

/**
 * One table, in memory: as much of Azure Table's REST interface as a refresh run speaks. Ranges of row keys page by
 * page, one entity, and entity-group transactions of updates, upserts and deletions
 * (https://learn.microsoft.com/rest/api/storageservices/table-service-rest-api).
 */
export function createTableService() {
  const rows = createTableRows();

  function query({ searchParams }: URL): Answer {
    const [, partition = '', from = '', to = ''] = FILTER.exec(searchParams.get('$filter') ?? '') ?? [];
    const most = Number(searchParams.get('$top'));
    if (to === '' || most < 1) return notSpoken;
    const begin = searchParams.get('NextRowKey') ?? from;
    const { entities, next } = rows.range(partition, begin, to, most);
    const more: Record<string, string> =
      next === undefined
        ? {}
        : { 'x-ms-continuation-nextpartitionkey': partition, 'x-ms-continuation-nextrowkey': next };
    return {
      name: 'query',
      status: 200,
      headers: { ...JSON_TYPE, ...more },
      body: JSON.stringify({ value: entities }),
    };
  }

  function readRow(path: string): Answer {
    const [, partition = '', rowKey = ''] = ENTITY.exec(path) ?? [];
    const entity = rows.get(partition, rowKey);
    if (entity === undefined) return { name: 'rowRead', ...refusal('ResourceNotFound') };
    return { name: 'rowRead', status: 200, headers: JSON_TYPE, body: JSON.stringify(entity) };
  }

  /** All or nothing. */
  function transact(body: string): Answer {
    const operations = readOperations(body);
    if (operations === undefined) return notSpoken;
    for (const [index, operation] of operations.entries()) {
      const refused = refuse(operation, rows.get(operation.partitionKey, operation.rowKey));
      if (refused !== undefined) {
        return { name: 'transaction', ...formatResults([{ index, ...refusal(refused) }]) };
      }
    }
    const results = operations.map((operation, index) => ({ index, status: 204, etag: apply(operation) }));
    return { name: 'transaction', ...formatResults(results) };
  }

  function apply({ method, partitionKey, rowKey, columns }: Operation): string | undefined {
    if (method === 'DELETE') {
      rows.delete(partitionKey, rowKey);
      return undefined;
    }
    const stored = method === 'PATCH' ? rows.get(partitionKey, rowKey) : undefined;
    return rows.put({ ...stored, ...columns, PartitionKey: partitionKey, RowKey: rowKey });
  }

  return {
    rows,
    answer({ method, url, body }: Call): Answer {
      const path = decodeURIComponent(url.pathname);
      if (method === 'POST' && path.endsWith('/$batch')) return transact(body.toString());
      if (method !== 'GET') return notSpoken;
      return path.endsWith('()') ? query(url) : readRow(path);
    },
  };
}

function refuse({ ifMatch }: Operation, stored: Entity | undefined): RefusalCode | undefined {
  if (ifMatch === undefined) return undefined;
  if (stored === undefined) return 'ResourceNotFound';
  return ifMatch === '*' || ifMatch === stored['odata.etag'] ? undefined : 'UpdateConditionNotSatisfied';
}

const REFUSALS = { ResourceNotFound: 404, UpdateConditionNotSatisfied: 412 } as const;
type RefusalCode = keyof typeof REFUSALS;

const refusal = (code: RefusalCode) => ({
  status: REFUSALS[code],
  headers: JSON_TYPE,
  body: JSON.stringify({ 'odata.error': { code, message: { lang: 'en-US', value: code } } }),
});
