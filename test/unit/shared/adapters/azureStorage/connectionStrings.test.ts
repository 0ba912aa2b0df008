/** One corpus of connection strings for the readers and for the SDKs that get what the readers let through. */
import { TableClient } from '@azure/data-tables';
import { BlobServiceClient } from '@azure/storage-blob';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  readBlobConnection,
  readTableConnection,
} from '../../../../../shared/adapters/azureStorage/storageConnection.ts';
import { isLoopback } from '../../../../../shared/isLoopback.ts';

const SERVICES = {
  Blob: { read: readBlobConnection, open: (text: string) => BlobServiceClient.fromConnectionString(text) },
  Table: {
    read: readTableConnection,
    open: (text: string) => TableClient.fromConnectionString(text, 'rows'),
  },
};

const KEY = 'c2VjcmV0';
const NAMED = `AccountName=stead;AccountKey=${KEY}`;
const AZURE = `DefaultEndpointsProtocol=https;${NAMED};EndpointSuffix=core.windows.net`;
const EMULATED = `DefaultEndpointsProtocol=http;${NAMED};BlobEndpoint=http://127.0.0.1:1/stead;TableEndpoint=http://127.0.0.1:2/stead;`;
const SIGNED =
  'BlobEndpoint=https://stead.blob.core.windows.net/;TableEndpoint=https://stead.table.core.windows.net/;SharedAccessSignature=sv=2024&sig=secret';

const TAKEN = [
  'UseDevelopmentStorage=true',
  'UseDevelopmentStorage=true;',
  AZURE,
  `${AZURE};`,
  ` ${AZURE.replaceAll(';', ' ;\n')}`,
  AZURE.replace('core.windows.net', 'core.chinacloudapi.cn'),
  `${AZURE};BlobEndpoint=https://blobs.example;TableEndpoint=https://rows.example`,
  `DefaultEndpointsProtocol=http;${NAMED};BlobEndpoint=https://blobs.example;TableEndpoint=https://rows.example`,
  `${AZURE};QueueEndpoint=https://stead.queue.core.windows.net/;FileEndpoint=https://stead.file.core.windows.net/`,
  EMULATED,
  EMULATED.replaceAll('127.0.0.1', '[::1]'),
  EMULATED.replaceAll('http:', 'HTTP:'),
  SIGNED,
];

const REFUSED = [
  '',
  'somewhere',
  'https://stead.blob.core.windows.net/?sv=2024&sig=secret',
  'UseDevelopmentStorage=True',
  'usedevelopmentstorage=true',
  'UseDevelopmentStorage=false',
  'UseDevelopmentStorage=true;DevelopmentStorageProxyUri=http://elsewhere.example',
  `UseDevelopmentStorage=true;${AZURE}`,
  AZURE.replace('=https', '=http'),
  AZURE.replace('=https', '=HTTP'),
  AZURE.replace('=https', '=ftp'),
  AZURE.replace('DefaultEndpointsProtocol=https;', ''),
  AZURE.replace(';EndpointSuffix=core.windows.net', ''),
  AZURE.replace('EndpointSuffix=core.windows.net', 'EndpointSuffix='),
  AZURE.replace('AccountName=stead;', ''),
  AZURE.replace('AccountName=stead', 'AccountName='),
  AZURE.replace('AccountName=stead', 'AccountName=stead@elsewhere.example/'),
  AZURE.replace(`AccountKey=${KEY}`, 'AccountKey='),
  AZURE.replace(`AccountKey=${KEY}`, 'AccountKey=any prose will do'),
  AZURE.replace(`;AccountKey=${KEY}`, ''),
  AZURE.replace(/EndpointSuffix=[^;]*/, 'EndpointSuffix=0'),
  AZURE.replace(/EndpointSuffix=[^;]*/, 'EndpointSuffix=a.0x7'),
  AZURE.replace('AccountName=stead', 'AccountName=xn--0'),
  AZURE.toLowerCase(),
  AZURE.replace('AccountName', 'accountName'),
  AZURE.replace('AccountName=', 'AccountName ='),
  `"${AZURE}"`,
  `'${AZURE}'`,
  `${AZURE};AccountKey=${KEY}`,
  `BlobEndpoint=https://stead.blob.core.windows.net;AccountKey=${KEY}`,
  `BlobEndpoint=HTTP://blobs.example;TableEndpoint=HTTP://rows.example;${AZURE}`,
  `BlobEndpoint=ftp://blobs.example;TableEndpoint=ftp://rows.example;${AZURE}`,
  `BlobEndpoint=https://blobs.example?sv=1;TableEndpoint=https://rows.example?sv=1;${AZURE}`,
  EMULATED.replaceAll('127.0.0.1', '10.0.0.7'),
  EMULATED.replaceAll('127.0.0.1', 'localhost.elsewhere.example'),
  SIGNED.replace('SharedAccessSignature=', 'SharedAccessSignature=?'),
  SIGNED.replace(/SharedAccessSignature=.*/, 'SharedAccessSignature='),
  SIGNED.replace(/SharedAccessSignature=.*/, ''),
  SIGNED.replace('https://stead.blob.core.windows.net/', '').replace(
    'https://stead.table.core.windows.net/',
    '',
  ),
  `AccountName=stead;${SIGNED.replace(/.*Shared/, 'Shared')}`,
];

/** What an SDK makes of a string: where it leads, or that it throws. */
function opened(open: (text: string) => { url: string }, text: string): URL | undefined {
  try {
    return new URL(open(text).url);
  } catch {
    return undefined;
  }
}

function expectAgreement(service: keyof typeof SERVICES, text: string): boolean {
  const { read, open } = SERVICES[service];
  const connection = read(text.trim());
  const url = opened(open, text.trim());
  if (!connection.ok) {
    expect(connection.problems).not.toEqual([]);
    expect(connection.problems.join()).not.toMatch(/stead|secret|c2VjcmV0|elsewhere|example/);
    return false;
  }
  // Whatever is let through, the SDK takes; and it goes where the reader says it does.
  expect([url?.origin, url?.pathname.replace(/\/$/, '')]).toEqual([
    connection.url.origin,
    connection.url.pathname.replace(/\/$/, ''),
  ]);
  expect(url?.protocol === 'https:' || (url !== undefined && isLoopback(url))).toBe(true);
  return true;
}

describe.each(['Blob', 'Table'] as const)('the reader of connection strings for %s', (service) => {
  it.each(TAKEN)('takes what its SDK takes: %j', (text) => {
    expect(expectAgreement(service, text)).toBe(true);
  });

  it.each(REFUSED)('refuses: %j', (text) => {
    expect(expectAgreement(service, text)).toBe(false);
  });

  it('lets nothing through that its SDK refuses or sends in clear', () => {
    const part = fc.oneof(
      fc.constantFrom(...[AZURE, EMULATED, SIGNED].flatMap((text) => text.split(';'))),
      fc
        .tuple(
          fc.constantFrom(
            'DefaultEndpointsProtocol',
            'AccountName',
            'accountname',
            'AccountKey',
            'EndpointSuffix',
            'BlobEndpoint',
            'TableEndpoint',
            'SharedAccessSignature',
            'UseDevelopmentStorage',
          ),
          fc.oneof(
            fc.constantFrom(
              '',
              'true',
              'http',
              'HTTPS',
              'ftp',
              KEY,
              'http://a.example',
              'https://a.example/',
            ),
            fc.constantFrom('http://localhost', 'https:a.example', 'https://', '?sig=x', '.', 'a.b', 'x y'),
            fc.string({ maxLength: 6 }),
          ),
        )
        .map(([name, value]) => `${name}=${value}`),
    );
    let taken = 0;
    fc.assert(
      fc.property(fc.array(part, { maxLength: 6 }), (parts) => {
        if (expectAgreement(service, parts.join(';'))) taken += 1;
      }),
      { numRuns: 5_000 },
    );
    expect(taken).toBeGreaterThan(0);
  });
});

describe('the table service’s SDK', () => {
  it('refuses a signature for an address without the account name, as the SDK does', () => {
    const text = SIGNED.replace('https://stead.table.core.windows.net/', 'https://rows.example/');
    expect(opened(SERVICES.Table.open, text)).toBeUndefined();
    expect(readTableConnection(text)).toEqual({
      ok: false,
      problems: ['has a TableEndpoint without the account name, which a SharedAccessSignature needs'],
    });
    expect(readTableConnection(text.replace('rows.example/', 'rows.example/stead')).ok).toBe(true);
  });
});
