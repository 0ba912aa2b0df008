/** What a cold start loads, in counts. How long that takes is measured by `npm run bench -- cold-start`. */
import { execFile } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Metafile } from 'esbuild';
import { decodeProtectedHeader } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildFunctions } from '../../../dev/buildFunctions.ts';
import { loadedAtStart, renamedClasses, START_BUDGET, startFaults } from '../../support/startBudget.ts';

let folder: string;
let metafile: Metafile;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'stead-start-'));
  metafile = await buildFunctions(join(folder, 'functions'));
});
afterAll(() => rm(folder, { recursive: true }));

const built = (name: string, main: string) => buildFunctions(join(folder, name), main);

describe('a cold start', () => {
  it('loads what its budget allows, and not much less', () => {
    expect(startFaults(metafile)).toEqual([]);
    const { bytes, inputs } = loadedAtStart(metafile);
    expect(bytes).toBeGreaterThan(START_BUDGET.bytes * 0.9);
    expect(inputs.length).toBeGreaterThan(START_BUDGET.modules * 0.9);
  });

  it('is found to load too much', async () => {
    expect(startFaults(metafile, { bytes: 1_000, modules: 10 })).toEqual([
      expect.stringMatching(/^It loads \d+ bytes, and may load 1000\.$/),
      expect.stringMatching(/^It loads \d+ modules, and may load 10\.$/),
    ]);
    const arrow = await built(
      'arrow',
      "import { tableFromIPC } from 'apache-arrow'; console.log(tableFromIPC);",
    );
    expect(startFaults(arrow)).toContainEqual(expect.stringContaining('apache-arrow'));
    const crc = await built(
      'crc',
      "import crc from '../node_modules/@azure/storage-common/dist/esm/crc64.js'; console.log(crc);",
    );
    expect(startFaults(crc)).toContainEqual(expect.stringMatching(/^It loads .*crc64\.js\.$/));
    const jwt = await built('jwt', "import jwt from 'jsonwebtoken'; console.log(jwt);");
    expect(startFaults(jwt)).toContainEqual(expect.stringMatching(/runs jsonwebtoken at the start\.$/));
  });

  it('leaves the classes their names by which the SDKs know them', async () => {
    const code = await readFile(join(folder, 'functions/main.js'), 'utf8');
    expect(code).toContain('constructor.name==="StorageSharedKeyCredential"');
    expect(renamedClasses(code)).toEqual([]);
    const renamed = code.replace(/\bStorageSharedKeyCredential=class/, 'a=class');
    expect(renamedClasses(renamed)).toContain('StorageSharedKeyCredential');
  });
});

describe('a checksum of the SDK of blobs', () => {
  it('is computed in the bundle, where its WebAssembly is loaded when it is used', async () => {
    await built('checksum', CHECKSUM);
    const { stdout } = await promisify(execFile)(process.execPath, [join(folder, 'checksum/main.js')]);
    // CRC-64/NVME of its check value: https://reveng.sourceforge.io/crc-catalogue/17plus.htm#crc.cat.crc-64-nvme
    expect(stdout.trim()).toBe('ae8b14860a799888');
  });
});

const CHECKSUM = `
import { StorageCRC64Calculator } from '../node_modules/@azure/storage-common/dist/esm/StorageCRC64Calculator.js';
await StorageCRC64Calculator.init();
const bytes = Buffer.from('123456789');
console.log(Buffer.from(new StorageCRC64Calculator().final(bytes, bytes.length)).reverse().toString('hex'));
`;

describe('a certificate', () => {
  it('signs in the bundle, where jsonwebtoken is loaded when it is used', async () => {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2_048 });
    const key = privateKey.export({ type: 'pkcs8', format: 'pem' });
    await built('certificate', signingWith(String(key)));
    const file = join(folder, 'certificate/main.js');
    const { stdout } = await promisify(execFile)(process.execPath, [file]);
    expect(decodeProtectedHeader(stdout)).toMatchObject({ alg: 'PS256', 'x5t#S256': expect.any(String) });
  });
});

/** An entry file that prints the assertion which MSAL sends. */
const signingWith = (privateKey: string) => `
import { ConfidentialClientApplication } from '@azure/msal-node';
const tenant = 'https://localhost/tenant';
const networkClient = {
  sendPostRequestAsync: async (_url, { body }) => {
    process.stdout.write(new URLSearchParams(body).get('client_assertion'));
    return { status: 200, headers: {}, body: { access_token: 'token', expires_in: 3600, token_type: 'Bearer' } };
  },
};
const client = new ConfidentialClientApplication({
  auth: {
    clientId: 'client',
    authority: tenant,
    knownAuthorities: ['localhost'],
    authorityMetadata: JSON.stringify({
      issuer: tenant,
      authorization_endpoint: tenant,
      token_endpoint: tenant,
      end_session_endpoint: tenant,
      jwks_uri: tenant,
    }),
    clientCertificate: { thumbprintSha256: '${'ab'.repeat(32)}', privateKey: ${JSON.stringify(privateKey)} },
  },
  system: { networkClient },
});
await client.acquireTokenByClientCredential({ scopes: ['api/.default'] });
`;
