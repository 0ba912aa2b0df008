/** What the doctor says about answers that the stand-in does not give. */
import { createHash, randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { selfSignedCertificate } from '../../../../dev/selfSignedCertificate.ts';
import { PlainError } from '../../../../ops/cli/errors.ts';
import { appSettingsCheck } from '../../../../ops/doctor/appSettingsCheck.ts';
import type { Check } from '../../../../ops/doctor/check.ts';
import type { Deployment } from '../../../../ops/doctor/deployment.ts';
import { examine } from '../../../../ops/doctor/examine.ts';
import { textOf } from '../../../../ops/doctor/printFound.ts';
import { registeredCredentialsCheck } from '../../../../ops/doctor/registeredCredentialsCheck.ts';
import { readUsableSettings } from '../../../../ops/doctor/usableSettings.ts';
import { readUserConsent } from '../../../../ops/doctor/userConsent.ts';
import { type Graph, RefusedError } from '../../../../ops/entra/graphClient.ts';
import { systemClock } from '../../../../shared/clock.ts';

const DAY_MS = 86_400_000;
const inDays = (days: number) => new Date(Date.now() + days * DAY_MS);
const graphSaying = (json: Record<string, unknown>): Graph => ({
  read: async () => json,
  readAll: async () => [],
  send: async () => undefined,
});

describe('credential expiry of a certificate', () => {
  const { certificate, pem } = selfSignedCertificate({ to: inDays(300) });
  const usable = readUsableSettings({
    ENTRA_TENANT_ID: randomUUID(),
    ENTRA_CLIENT_ID: randomUUID(),
    ENTRA_CLIENT_CERTIFICATE: pem,
    TokenStore: 'UseDevelopmentStorage=true',
  });
  const sha1 = createHash('sha1').update(certificate.raw).digest();
  const linesOver = (keyCredentials: unknown[]) => {
    const registration = async () => ({ graph: graphSaying({ keyCredentials }) });
    return registeredCredentialsCheck.run({
      ...usable,
      clock: systemClock,
      registration,
    } as unknown as Deployment);
  };

  it.each([
    ['base64', sha1.toString('base64')],
    ['base64 of its hexadecimal digits', Buffer.from(sha1.toString('hex').toUpperCase()).toString('base64')],
    ['hexadecimal digits', sha1.toString('hex').toUpperCase()],
  ])('is found by its thumbprint as %s', async (_form, customKeyIdentifier) => {
    const lines = await linesOver([{ customKeyIdentifier, endDateTime: inDays(20.5).toISOString() }]);
    expect(lines).toEqual([
      expect.objectContaining({ state: 'warn', says: expect.stringMatching(/in 20 days/) }),
    ]);
  });

  it('is not known if somebody gave it another identifier, and wrong if there is none at all', async () => {
    expect(await linesOver([{ customKeyIdentifier: 'bXkga2V5' }])).toEqual([
      expect.objectContaining({ state: 'skipped' }),
    ]);
    expect(await linesOver([])).toEqual([expect.objectContaining({ state: 'wrong' })]);
  });
});

describe('who may consent', () => {
  const FOR_SELF = 'ManagePermissionGrantsForSelf.';
  const policiesOf = (names: string[]) =>
    readUserConsent(graphSaying({ defaultUserRolePermissions: { permissionGrantPoliciesAssigned: names } }));

  it.each([
    [[], 'nobody'],
    [['ManagePermissionGrantsForOwnedResource.microsoft-dynamically-managed-permissions-for-team'], 'nobody'],
    [[`${FOR_SELF}microsoft-user-default-allow-consent-apps`], 'nobody'],
    [[`${FOR_SELF}microsoft-user-default-legacy`], 'legacy'],
    [
      [
        `${FOR_SELF}microsoft-user-default-recommended`,
        `${FOR_SELF}microsoft-user-default-allow-consent-apps`,
      ],
      'managed',
    ],
    [['managePermissionGrantsForSelf.microsoft-user-default-recommended'], 'managed'],
    [[`${FOR_SELF}microsoft-user-default-low`], 'other'],
    [[`${FOR_SELF}our-own`], 'other'],
  ])('%j: %s', async (names, kind) => {
    expect((await policiesOf(names)).kind).toBe(kind);
  });

  it('is unknown if the policy cannot be seen, and an outage stays one', async () => {
    const refusing = (status: number) => ({
      ...graphSaying({}),
      read: () => Promise.reject(new RefusedError('no', status)),
    });
    expect(await readUserConsent(graphSaying({}))).toEqual({ kind: 'unknown' });
    expect(await readUserConsent(refusing(403))).toEqual({ kind: 'unknown' });
    await expect(readUserConsent(refusing(503))).rejects.toThrow(RefusedError);
  });

  it.each([
    ['User.Read', false],
    ['Files.Read', false],
    ['Files.Read.All', true],
    ['Mail.Read', true],
    ['Calendars.ReadBasic', true],
    ['People.Read', true],
  ])('the managed policy leaves out %s: %s', async (permission, isExcluded) => {
    const policy = await policiesOf([`${FOR_SELF}microsoft-user-default-recommended`]);
    expect(policy.kind === 'managed' && policy.isExcluded(permission)).toBe(isExcluded);
  });
});

describe('app settings', () => {
  const WHOLE = ['ENTRA_TENANT_ID', 'ENTRA_CLIENT_ID', 'TOKEN_CACHE_KEYS', 'LOG_HASH_KEY'];
  const IDENTITY = [
    'ENTRA_MANAGED_IDENTITY_CLIENT_ID',
    'TokenStore__blobServiceUri',
    'TokenStore__tableServiceUri',
    'TokenStore__credential',
  ];
  const over = (settingNames: Deployment['settingNames']) =>
    appSettingsCheck.run({
      command: { app: { name: 'mine', resourceGroup: 'group' } },
      settingNames,
    } as unknown as Deployment);

  it.each([
    [[...WHOLE, 'ENTRA_CLIENT_SECRET', 'TokenStore', 'AzureWebJobsStorage'], []],
    [[...WHOLE, ...IDENTITY, 'TokenStore__clientId'], []],
    [[...WHOLE, 'ENTRA_CLIENT_SECRET'], ['The function app has no setting TokenStore.']],
    [
      [...WHOLE.slice(1), ...IDENTITY.slice(0, 3)],
      ['no setting ENTRA_TENANT_ID', 'no setting TokenStore__credential'],
    ],
    [[...WHOLE, 'TokenStore'], ['none of ENTRA_CLIENT_SECRET']],
    [
      [...WHOLE, ...IDENTITY, 'TokenStore', 'ENTRA_CLIENT_SECRET'],
      ['ENTRA_CLIENT_SECRET and ENTRA_MANAGED', 'beside'],
    ],
    [
      [...WHOLE, 'ENTRA_CLIENT_SECRET', 'TokenStore', 'Retention_Days'],
      ['Retention_Days has to be written RETENTION_DAYS.'],
    ],
  ])('%j', async (names, faults) => {
    const lines = await over(async () => names);
    if (faults.length === 0) expect(lines).toEqual([expect.objectContaining({ state: 'ok' })]);
    else {
      expect(lines.map(({ says }) => says)).toEqual(faults.map((fault) => expect.stringContaining(fault)));
      for (const line of lines) {
        expect(line).toMatchObject({
          state: 'wrong',
          command: expect.stringMatching(/--name mine --resource-group group/),
        });
      }
    }
  });

  it.each([
    [[...IDENTITY, 'TokenStore'], /beside/, ' delete .+ --setting-names TokenStore$'],
    [['ENTRA_CLIENT_SECRET', ...IDENTITY], /ENTRA_CLIENT_SECRET and/, ' delete .+ --setting-names <name>$'],
    [[...IDENTITY, 'AzureWebJobsStorage'], /plain AzureWebJobsStorage/, ' delete .+ AzureWebJobsStorage$'],
    [
      ['ENTRA_CLIENT_SECRET', 'TokenStore', 'AzureWebJobsStorage', 'AzureWebJobsStorage__credential'],
      /plain AzureWebJobsStorage/,
      ' delete .+ AzureWebJobsStorage$',
    ],
    [
      [...IDENTITY, 'log_checks'],
      /has to be written LOG_CHECKS/,
      ' delete .+ --setting-names log_checks && .+ set .+ --settings LOG_CHECKS=<value>$',
    ],
    [IDENTITY.slice(0, 3), /no setting TokenStore__credential/, ' set .+ TokenStore__credential=<value>$'],
  ])('%j are mended by a command that fits', async (names, says, command) => {
    const lines = await over(async () => [...WHOLE, ...names]);
    expect(lines).toEqual([
      {
        state: 'wrong',
        says: expect.stringMatching(says),
        // Nothing that is set by hand outlives it.
        remedy: expect.stringMatching(/infra\/.+provision/),
        command: expect.stringMatching(new RegExp(command)),
      },
    ]);
  });

  it('are not judged without the Azure CLI', async () => {
    const lines = await over(() => Promise.reject(new PlainError('The Azure CLI (az) is not installed.')));
    expect(lines).toEqual([{ state: 'skipped', says: 'The Azure CLI (az) is not installed.' }]);
  });
});

describe('an examination', () => {
  const found = async (...checks: Check[]) => Array.fromAsync(examine({} as Deployment, checks));
  const quick: Check = { name: 'quick', run: async () => [{ state: 'ok', says: 'Right.' }] };

  it('gives the lines in the order of the checks, whichever ends first', async () => {
    let end = () => {};
    const slow: Check = {
      name: 'slow',
      run: () =>
        new Promise((resolve) => {
          end = () => resolve([{ state: 'ok', says: 'Late.' }]);
        }),
    };
    const ending: Check = {
      name: 'ending',
      run: async () => {
        end();
        return [];
      },
    };
    expect((await found(slow, quick, ending)).map(({ check }) => check)).toEqual(['slow', 'quick']);
  });

  it('goes on after a check that breaks off, and does not show its message', async () => {
    const broken: Check = { name: 'broken', run: () => Promise.reject(new RangeError('a secret')) };
    const [first, second] = await found(broken, quick);
    expect(first).toEqual({
      check: 'broken',
      state: 'wrong',
      says: 'This check broke off (RangeError). That is a fault of this command.',
      remedy: expect.stringContaining('open an issue'),
    });
    expect(second?.check).toBe('quick');
  });

  it('is printed in columns, one line for each finding', () => {
    const line = {
      check: 'storage',
      state: 'wrong' as const,
      says: 'A.',
      remedy: 'B.',
      command: 'npm run x',
    };
    expect(textOf(line)).toBe('wrong        storage            A. B. Run: npm run x');
    expect(textOf({ check: 'clock', state: 'ok', says: 'A.' })).toBe('ok           clock              A.');
  });
});
