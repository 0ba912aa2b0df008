import { randomUUID } from 'node:crypto';

export type Operation = {
  method: 'PATCH' | 'PUT' | 'DELETE';
  partitionKey: string;
  rowKey: string;
  /** Without it the operation has no condition. */
  ifMatch: string | undefined;
  columns: Record<string, unknown>;
};

export type OperationResult = {
  index: number;
  status: number;
  etag?: string | undefined;
  headers?: Record<string, string>;
  body?: string;
};

const REQUEST_LINE = /^(PATCH|PUT|DELETE) \S+\(PartitionKey='([^']*)',RowKey='([^']*)'\)\S* HTTP\/1\.1\r?$/m;
const IF_MATCH = /^If-Match: (.+?)\r?$/im;
const BODY = /^\{.*\}/m;

/**
 * The operations of an entity-group transaction
 * (https://learn.microsoft.com/rest/api/storageservices/performing-entity-group-transactions); undefined when one of
 * them is of another kind.
 */
export function readOperations(body: string): Operation[] | undefined {
  const [, ...parts] = body.split(/^--changeset_[0-9a-f-]{36}\r?\n/m);
  const operations = parts.map(readOperation);
  return operations.length > 0 && operations.every((operation) => operation !== undefined)
    ? operations
    : undefined;
}

function readOperation(part: string): Operation | undefined {
  const [, method, partitionKey = '', rowKey = ''] = REQUEST_LINE.exec(part) ?? [];
  if (method === undefined) return undefined;
  return {
    method: method as Operation['method'],
    partitionKey: decodeURIComponent(partitionKey),
    rowKey: decodeURIComponent(rowKey),
    ifMatch: IF_MATCH.exec(part)?.[1],
    columns: JSON.parse(BODY.exec(part)?.[0] ?? '{}') as Record<string, unknown>,
  };
}

/** Every operation's result, or the one that refused them all. */
export function formatResults(results: readonly OperationResult[]) {
  const batch = `batchresponse_${randomUUID()}`;
  const changeset = `changesetresponse_${randomUUID()}`;
  const parts = results.flatMap(({ index, status, etag, headers = {}, body = '' }) => [
    `--${changeset}`,
    'Content-Type: application/http',
    'Content-Transfer-Encoding: binary',
    '',
    `HTTP/1.1 ${status} Done`,
    `Content-ID: ${index}`,
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
    ...(etag === undefined ? [] : [`ETag: ${etag}`]),
    '',
    body,
  ]);
  const lines = [
    `--${batch}`,
    `Content-Type: multipart/mixed; boundary=${changeset}`,
    '',
    ...parts,
    `--${changeset}--`,
    `--${batch}--`,
    '',
  ];
  return {
    status: 202,
    headers: { 'content-type': `multipart/mixed; boundary=${batch}` },
    body: lines.join('\r\n'),
  };
}
