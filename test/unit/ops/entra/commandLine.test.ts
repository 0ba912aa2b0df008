import { describe, expect, it } from 'vitest';
import { UsageError } from '../../../../ops/cli/errors.ts';
import { readCleanUpCommand, readRegisterCommand } from '../../../../ops/entra/commandLine.ts';
import { PUBLIC_CLOUD } from '../../../../shared/clouds.ts';

const ID = 'AAAAAAAA-2222-4333-8444-555555555555';
const words = (line: string): string[] => line.split(' ').filter(Boolean);

describe('readRegisterCommand', () => {
  it('has defaults for everything', () => {
    expect(readRegisterCommand([])).toEqual({
      graph: 'https://graph.microsoft.com',
      apiUrl: 'http://localhost:7071',
      tenantId: undefined,
      dryRun: false,
      json: false,
      wish: {
        name: 'stead',
        pageUrls: ['http://localhost:3000'],
        permissions: ['User.Read'],
        managedIdentity: undefined,
        wakeWorker: false,
        linkUrl: undefined,
        adminConsent: false,
        multiTenant: false,
        apiClientId: undefined,
        pageClientId: undefined,
        cloud: PUBLIC_CLOUD,
      },
    });
  });

  it('adds no address of a page that has none yet', () => {
    expect(readRegisterCommand(['--no-page-url']).wish.pageUrls).toEqual([]);
  });

  it('reads every option', () => {
    const line = `--name demo-2 --tenant ${ID} --dry-run --json --page-url https://a.example/ --page-url http://localhost:3000 --api-url https://api.example --permission Mail.Read --permission User.Read --managed-identity ${ID} --wake-worker --link-url https://api.example/api/connection/link/callback --admin-consent --multi-tenant --api-client-id ${ID}`;
    const { tenantId, dryRun, json, apiUrl, wish } = readRegisterCommand(words(line));
    const id = ID.toLowerCase();
    expect({ tenantId, dryRun, json, apiUrl }).toEqual({
      tenantId: id,
      dryRun: true,
      json: true,
      apiUrl: 'https://api.example',
    });
    expect(wish).toMatchObject({
      name: 'demo-2',
      pageUrls: ['https://a.example', 'http://localhost:3000'],
      permissions: ['User.Read', 'Mail.Read'],
      managedIdentity: id,
      wakeWorker: true,
      linkUrl: 'https://api.example/api/connection/link/callback',
      adminConsent: true,
      multiTenant: true,
      apiClientId: id,
    });
  });

  it.each([
    ['https://graph.microsoft.com/', 'https://login.microsoftonline.com', 'api://AzureADTokenExchange'],
    ['https://graph.microsoft.us', 'https://login.microsoftonline.us', 'api://AzureADTokenExchangeUSGov'],
    ['https://dod-graph.microsoft.us', 'https://login.microsoftonline.us', 'api://AzureADTokenExchangeUSGov'],
    [
      'https://microsoftgraph.chinacloudapi.cn',
      'https://login.partner.microsoftonline.cn',
      'api://AzureADTokenExchangeChina',
    ],
    ['http://localhost:8400', 'https://login.microsoftonline.com', 'api://AzureADTokenExchange'],
  ])('knows the cloud of %s', (url, authority, tokenExchange) => {
    expect(readRegisterCommand(['--graph-url', url]).wish.cloud).toMatchObject({ authority, tokenExchange });
  });

  it.each([
    ['--graph-url https://graph.microsoft.com.example', /^--graph-url takes an origin/],
    ['--graph-url http://graph.microsoft.com', /^--graph-url takes an origin/],
    ['--graph-url https://graph.microsoft.com/v1.0', /^--graph-url takes an origin/],
    ['--graph-url localhost:8400', /^--graph-url takes an origin/],
    ['--page-url http://page.example', /^--page-url takes an origin/],
    ['--page-url https://page.example/app', /^--page-url takes an origin/],
    ['--page-url http://127.0.0.1:3000', /^--page-url takes https, or http on localhost\./],
    ['--page-url page.example', /^--page-url takes an origin/],
    ['--no-page-url --page-url https://page.example', /^--no-page-url and --page-url contradict/],
    ['--api-url ftp://some.example', /^--api-url takes an origin/],
    [`--tenant contoso.onmicrosoft.com`, /^--tenant takes a GUID\./],
    ['--managed-identity my-identity', /^--managed-identity takes a GUID\./],
    ['--link-url http://api.example/link/callback', /^--link-url takes the address/],
    ['--link-url https://api.example/link', /^--link-url takes the address/],
    ['--link-url https://api.example/link/callback?a=b', /^--link-url takes the address/],
    ['--link-url https://API.example/link/callback', /^--link-url takes the address/],
    ['--permission Mail.Read,Files.Read', /^--permission takes the name/],
    [`--name it's`, /^--name takes letters/],
    [`--api-client-id ${ID} --page-client-id ${ID}`, /two applications/],
    ['--secret', /^Unknown option '--secret'\./],
  ])('refuses "%s"', (line, message) => {
    expect(() => readRegisterCommand(words(line))).toThrow(UsageError);
    expect(() => readRegisterCommand(words(line))).toThrow(message);
  });
});

describe('readCleanUpCommand', () => {
  it('reads what it needs, and refuses the options of a registration', () => {
    expect(readCleanUpCommand(['--name', 'demo', '--dry-run'])).toEqual({
      graph: 'https://graph.microsoft.com',
      name: 'demo',
      tenantId: undefined,
      dryRun: true,
      json: false,
    });
    expect(() => readCleanUpCommand(['--api-client-id', ID])).toThrow(UsageError);
  });
});
