/** One answer of a service, before it is sent. */
export type Answer = { status: number; headers?: Record<string, string>; body?: string };

type Row = { etag: string; columns: Record<string, unknown> };
type Rows = Map<string, Row>;

type Change = {
  method: string;
  partitionKey: string;
  rowKey: string;
  /** Undefined for an upsert. */
  ifMatch: string | undefined;
  columns: Record<string, unknown>;
};

const JSON_TYPE = { 'content-type': 'application/json;odata=minimalmetadata' };

/**
 * What the benchmarks need of Azure's table service: rows by key, ranges of a partition, and entity-group transactions under
 * ETags (https://learn.microsoft.com/rest/api/storageservices/table-service-rest-api). It keeps what it is sent in memory.
 */
export function createTableService() {
  const partitions = new Map<string, Rows>();
  let version = 0;

  const rowsOf = (partitionKey: string): Rows => {
    const known = partitions.get(partitionKey) ?? new Map<string, Row>();
    partitions.set(partitionKey, known);
    return known;
  };

  /** The status of a refusal; undefined if the change may be made. */
  function refusalOf({ method, partitionKey, rowKey, ifMatch }: Change): number | undefined {
    const row = rowsOf(partitionKey).get(rowKey);
    if (method === 'POST') return row === undefined ? undefined : 409;
    if (ifMatch === undefined) return undefined;
    if (row === undefined) return 404;
    return ifMatch === '*' || ifMatch === row.etag ? undefined : 412;
  }

  function apply({ method, partitionKey, rowKey, columns }: Change): string {
    const rows = rowsOf(partitionKey);
    if (method === 'DELETE') {
      rows.delete(rowKey);
      return '';
    }
    version += 1;
    const etag = `W/"${version}"`;
    const kept = method === 'PATCH' || method === 'MERGE' ? rows.get(rowKey)?.columns : undefined;
    rows.set(rowKey, { etag, columns: { ...kept, ...columns, PartitionKey: partitionKey, RowKey: rowKey } });
    return etag;
  }

  function transact(body: string): Answer {
    const parts = body.split(/--changeset_[\w-]+\r?\n/).filter((part) => part.includes(' HTTP/1.1'));
    const changes = parts.map(changeIn);
    const refused = changes.findIndex((change) => refusalOf(change) !== undefined);
    const answers =
      refused === -1
        ? changes.map((change) => `HTTP/1.1 204 No Content\r\nETag: ${apply(change)}\r\n\r\n`)
        : [refusalPart(refusalOf(changes[refused] as Change) ?? 500, refused)];
    const boundary = 'changesetresponse_1';
    const head = 'Content-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n\r\n';
    const inner = answers.map((part) => `--${boundary}\r\n${head}${part}\r\n`).join('');
    return {
      status: 202,
      headers: { 'content-type': 'multipart/mixed; boundary=batchresponse_1' },
      body: `--batchresponse_1\r\nContent-Type: multipart/mixed; boundary=${boundary}\r\n\r\n${inner}--${boundary}--\r\n--batchresponse_1--\r\n`,
    };
  }

  function query(url: URL): Answer {
    const filter = url.searchParams.get('$filter') ?? '';
    const [, partitionKey = '', after = '', before = ''] =
      /^PartitionKey eq '(.*?)' and RowKey gt '(.*?)' and RowKey lt '(.*?)'$/.exec(filter) ?? [];
    if (partitionKey === '') return refusal(400, 'InvalidInput');
    const next = url.searchParams.get('NextRowKey') ?? after;
    const top = Number(url.searchParams.get('$top') ?? 1_000);
    const rows = [...rowsOf(partitionKey)]
      .filter(([rowKey]) => rowKey > next && rowKey < before)
      .sort(([one], [other]) => (one < other ? -1 : 1));
    const page = rows.slice(0, top);
    const last = page.at(-1)?.[0] ?? '';
    return {
      status: 200,
      headers: {
        ...JSON_TYPE,
        ...(rows.length > top && {
          'x-ms-continuation-NextPartitionKey': partitionKey,
          'x-ms-continuation-NextRowKey': last,
        }),
      },
      body: JSON.stringify({ value: page.map(([, row]) => shown(row)) }),
    };
  }

  /** Answers a request to the service. @param url the request's, with the path of an emulator (`/account/table(keys)`) */
  function answer(method: string, url: URL, ifMatch: string | undefined, body: string): Answer {
    if (url.pathname.endsWith('/$batch')) return transact(body);
    if (url.pathname.endsWith('/Tables')) return { status: 201, headers: JSON_TYPE, body: '{}' };
    const keys = keysIn(url.pathname);
    if (method === 'GET' && keys === undefined) return query(url);
    const columns = body === '' ? {} : (JSON.parse(body) as Record<string, unknown>);
    const { partitionKey = String(columns.PartitionKey), rowKey = String(columns.RowKey) } = keys ?? {};
    if (method === 'GET') {
      const row = rowsOf(partitionKey).get(rowKey);
      if (row === undefined) return refusal(404, 'ResourceNotFound');
      return { status: 200, headers: { ...JSON_TYPE, etag: row.etag }, body: JSON.stringify(shown(row)) };
    }
    const change = { method, partitionKey, rowKey, ifMatch, columns };
    const refused = refusalOf(change);
    if (refused !== undefined) return refusal(refused, 'Refused');
    return { status: 204, headers: { etag: apply(change) } };
  }

  return { answer, rows: () => [...partitions.values()].reduce((sum, { size }) => sum + size, 0) };
}

const shown = ({ etag, columns }: Row) => ({ 'odata.etag': etag, ...columns });

const refusal = (status: number, code: string): Answer => ({
  status,
  headers: JSON_TYPE,
  body: JSON.stringify({ 'odata.error': { code, message: { lang: 'en-US', value: code } } }),
});

const refusalPart = (status: number, index: number): string =>
  `HTTP/1.1 ${status} Refused\r\nContent-Type: application/json\r\n\r\n{"odata.error":{"code":"Refused","message":{"lang":"en-US","value":"${index}:refused"}}}\r\n`;

function keysIn(path: string): { partitionKey: string; rowKey: string } | undefined {
  const [, partitionKey, rowKey] =
    /\(PartitionKey='(.*?)',RowKey='(.*?)'\)$/.exec(decodeURIComponent(path)) ?? [];
  return partitionKey === undefined || rowKey === undefined ? undefined : { partitionKey, rowKey };
}

/** One part of a transaction: a request line, headers and a body. */
function changeIn(part: string): Change {
  const [, method = '', address = '', headers = '', body = ''] =
    /(\w+) (\S+) HTTP\/1\.1\r?\n([\s\S]*?)\r?\n\r?\n([\s\S]*)$/.exec(part) ?? [];
  const [json = ''] = /\{[\s\S]*\}/.exec(body) ?? [];
  const columns = json === '' ? {} : (JSON.parse(json) as Record<string, unknown>);
  const keys = keysIn(new URL(address).pathname);
  const [, ifMatch] = /^if-match: *(.*?)\r?$/im.exec(headers) ?? [];
  return {
    method,
    partitionKey: keys?.partitionKey ?? String(columns.PartitionKey),
    rowKey: keys?.rowKey ?? String(columns.RowKey),
    ifMatch,
    columns,
  };
}
