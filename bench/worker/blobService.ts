import { type Answer, type Call, notSpoken } from './call.ts';

type Blob = { content: Buffer; version: number };

/**
 * Block blobs, in memory: whole reads, and whole writes under If-Match
 * (https://learn.microsoft.com/rest/api/storageservices/blob-service-rest-api).
 */
export function createBlobService() {
  const blobs = new Map<string, Blob>();
  const stampOf = ({ version }: Blob) => ({
    etag: `"${version}"`,
    'last-modified': new Date().toUTCString(),
    'x-ms-version': '2021-12-02',
  });

  function read(blob: Blob | undefined): Answer {
    if (blob === undefined) {
      return { name: 'cacheRead', status: 404, headers: { 'x-ms-error-code': 'BlobNotFound' } };
    }
    const headers = { ...stampOf(blob), 'content-type': 'application/jose', 'x-ms-blob-type': 'BlockBlob' };
    return { name: 'cacheRead', status: 200, headers, body: blob.content };
  }

  function write(path: string, ifMatch: string, content: Buffer): Answer {
    const stored = blobs.get(path);
    if (stored === undefined || ifMatch !== stampOf(stored).etag) {
      return { name: 'cacheWrite', status: 412, headers: { 'x-ms-error-code': 'ConditionNotMet' } };
    }
    const blob = { content, version: stored.version + 1 };
    blobs.set(path, blob);
    return { name: 'cacheWrite', status: 201, headers: stampOf(blob) };
  }

  return {
    /** By container and name. */
    blobs,
    answer({ method, url, headers, body }: Call): Answer {
      const path = decodeURIComponent(url.pathname).replace(/^\/blob\//, '');
      if (method === 'GET') return read(blobs.get(path));
      const ifMatch = headers['if-match'];
      return method === 'PUT' && ifMatch !== undefined ? write(path, ifMatch, body) : notSpoken;
    },
  };
}
