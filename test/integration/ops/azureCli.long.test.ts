/** The operators' command without a key: over Azurite with https and tokens, and with a stand-in for `az`. */
import { randomUUID } from 'node:crypto';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Azurite, startAzurite } from '../../../dev/azurite.ts';
import { createCertificate } from '../../../dev/certificate.ts';
import { createBlobTokenCache } from '../../../shared/adapters/azureStorage/blobTokenCache.ts';
import { createTableAccounts } from '../../../shared/adapters/azureStorage/tableAccounts.ts';
import { type AzuriteProxy, startAzuriteProxy } from '../../support/azuriteProxy.ts';
import { tokenFor } from '../../support/identityEndpoint.ts';
import { sampleActive } from '../../support/sampleAccount.ts';
import { trustCertificate } from '../../support/trustCertificate.ts';
import { runStead } from './runStead.ts';

const STORAGE = 'https://storage.azure.com';

// On Windows `az` is a batch file, which this stand-in is not.
describe.skipIf(process.platform === 'win32')('npm run stead without a key', () => {
  let folder: string;
  let azurite: Azurite;
  let blobs: AzuriteProxy;
  let tables: AzuriteProxy;
  beforeAll(async () => {
    const certificate = createCertificate(new Date());
    trustCertificate(certificate);
    azurite = await startAzurite({ certificate });
    blobs = await startAzuriteProxy(azurite, 'blob');
    tables = await startAzuriteProxy(azurite, 'table');
    folder = await mkdtemp(join(tmpdir(), 'stead-az-'));
    await writeFile(join(folder, 'cert.pem'), certificate.cert);
  });
  beforeEach(() => {
    for (const { seen } of [blobs, tables]) seen.length = 0;
  });
  afterAll(async () => {
    await tables.close();
    await blobs.close();
    await azurite.stop();
    await rm(folder, { recursive: true });
  });

  /** The program is Node, because the command's PATH has no shell's tools. */
  async function installAz(script: string): Promise<void> {
    const file = join(folder, 'az');
    await writeFile(
      file,
      `#!${process.execPath}\nrequire('fs').appendFileSync(${JSON.stringify(join(folder, 'calls'))}, process.argv.slice(2).join(' ') + '\\n');\n${script}\n`,
    );
    await chmod(file, 0o700);
  }
  const saying = (token: string) =>
    `console.log(${JSON.stringify(JSON.stringify({ accessToken: token, expires_on: Math.floor(Date.now() / 1_000) + 3_600 }))})`;

  const stead = (args: string[], settings: Record<string, string> = {}) =>
    runStead(
      args,
      {
        PATH: [folder, dirname(process.execPath)].join(delimiter),
        NODE_EXTRA_CA_CERTS: join(folder, 'cert.pem'),
        TokenStore__blobServiceUri: blobs.serviceUri,
        TokenStore__tableServiceUri: tables.serviceUri,
        ...settings,
      },
      folder,
    );

  it('acts as the person who is signed in to the Azure CLI', async () => {
    const { connectionString } = azurite;
    const { userId } = await createTableAccounts({ connectionString }).create(sampleActive());
    await createBlobTokenCache({ connectionString }).write(userId, 'sealed', undefined);
    await installAz(saying(tokenFor(STORAGE)));
    expect(await stead(['accounts', 'erase', userId, '--yes'])).toMatchObject({ exitCode: 0, errors: [] });
    expect(await createBlobTokenCache({ connectionString }).read(userId)).toBeUndefined();
    expect(await readFile(join(folder, 'calls'), 'utf8')).toBe(
      `account get-access-token --resource ${STORAGE} --output json\n`,
    );
    const seen = [...blobs.seen, ...tables.seen];
    expect(seen.length).toBeGreaterThan(3);
    for (const { authorization } of seen) expect(authorization).toMatch(/^Bearer eyJ/);
  });

  it('takes its settings from the environment alone, although the file has a connection string', async () => {
    await installAz(saying(tokenFor(STORAGE)));
    const file = join(folder, 'local.settings.json');
    await writeFile(file, JSON.stringify({ Values: { TokenStore: 'UseDevelopmentStorage=true' } }));
    expect(await stead(['accounts', 'list'])).toMatchObject({ exitCode: 0, errors: [] });
    await rm(file);
  });

  it('goes on without the role that shows whether erased caches are kept', async () => {
    await installAz(saying(tokenFor(STORAGE)));
    const code = 'AuthorizationPermissionMismatch';
    blobs.next(({ url }) => url.searchParams.get('restype') === 'service', {
      status: 403,
      headers: { 'x-ms-error-code': code, 'content-type': 'application/xml' },
      body: `<Error><Code>${code}</Code></Error>`,
    });
    expect(await stead(['orphans'])).toMatchObject({
      exitCode: 0,
      errors: [expect.stringMatching(/is not known: .* role Reader/)],
    });
  });

  it.each([
    [
      'nobody is signed in',
      "console.error('ERROR: Please run \\'az login\\''); process.exit(1)",
      /az_not_signed_in.*Run az login/,
    ],
    [
      'az speaks of a person',
      "console.error('AADSTS50173: adele@contoso.example'); process.exit(1)",
      /az_AADSTS50173/,
    ],
  ])('says so in one line if %s', async (_what, script, line) => {
    await installAz(script);
    expect(await stead(['accounts', 'list'])).toEqual({
      exitCode: 1,
      lines: [],
      errors: [expect.stringMatching(line)],
    });
    expect(tables.seen).toEqual([]);
  });

  it('says so in one line if there is no az', async () => {
    const { errors } = await stead(['accounts', 'list'], { PATH: join(folder, 'nowhere') });
    expect(errors).toEqual([expect.stringMatching(/az_missing.*Install it/)]);
  });

  it('says in one line that the storage account does not believe the token', async () => {
    await installAz(saying(tokenFor('https://graph.microsoft.com')));
    const { exitCode, errors } = await stead(['accounts', 'list']);
    expect({ exitCode, errors }).toEqual({
      exitCode: 1,
      errors: [
        expect.stringMatching(
          /cannot be reached \(accounts: AuthenticationFailed 403\)\. .*az login --tenant/,
        ),
      ],
    });
  });

  it('says what is wrong with the settings', async () => {
    const { errors } = await stead(['accounts', 'list'], { TokenStore__clientId: randomUUID() });
    expect(errors).toEqual([
      'Some settings are wrong:',
      expect.stringContaining('TokenStore__clientId: stands without TokenStore__credential'),
    ]);
  });
});
