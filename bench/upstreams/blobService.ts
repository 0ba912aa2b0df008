import type { Answer } from './tableService.ts';

/**
 * What the benchmarks need of Azure's blob service: block blobs by name, under ETags
 * (https://learn.microsoft.com/rest/api/storageservices/blob-service-rest-api). It keeps them in memory.
 */
export function createBlobService() {
  const blobs = new Map<string, { etag: string; content: string }>();
  let version = 0;

  /** Answers a request to the service. */
  function answer(
    method: string,
    url: URL,
    headers: Partial<Record<string, string | string[]>>,
    body: string,
  ): Answer {
    const name = decodeURIComponent(url.pathname);
    const blob = blobs.get(name);
    const ifMatch = headers['if-match'];
    const isRefused =
      (ifMatch !== undefined && ifMatch !== '*' && ifMatch !== blob?.etag) ||
      (headers['if-none-match'] === '*' && blob !== undefined);
    if (url.searchParams.get('restype') === 'container') return { status: 201, headers: { etag: '"0"' } };
    if (isRefused) return { status: 412, headers: { 'x-ms-error-code': 'ConditionNotMet' } };
    if (method === 'PUT') {
      version += 1;
      const etag = `"${version}"`;
      blobs.set(name, { etag, content: body });
      return { status: 201, headers: { etag, 'last-modified': new Date().toUTCString() } };
    }
    if (blob === undefined) return { status: 404, headers: { 'x-ms-error-code': 'BlobNotFound' } };
    if (method === 'DELETE') {
      blobs.delete(name);
      return { status: 202 };
    }
    return {
      status: 200,
      headers: { etag: blob.etag, 'content-type': 'application/jose', 'x-ms-blob-type': 'BlockBlob' },
      body: blob.content,
    };
  }

  return { answer, count: () => blobs.size };
}
