/** What the doctor says of the settings, and of a tenant, its keys and its clock. */

import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { OTHER_TENANT_ID, TENANT_ID } from '../../../../dev/entra/directory.ts';
import { clockCheck } from '../../../../ops/doctor/clockCheck.ts';
import { settingsCheck } from '../../../../ops/doctor/settingsCheck.ts';
import { signingKeysCheck } from '../../../../ops/doctor/signingKeysCheck.ts';
import { tenantCheck } from '../../../../ops/doctor/tenantCheck.ts';
import { control } from '../../../support/entraClients.ts';
import { examined, isMetadata, NOWHERE, type Stage, startStage, withAnswer } from './registeredStage.ts';

let stage: Stage;
beforeAll(async () => {
  stage = await startStage();
});
afterAll(() => stage.entra.close());

describe('settings', () => {
  it('says that every setting can be used', async () => {
    expect(await examined(settingsCheck, stage.settings)).toEqual([
      { state: 'ok', says: 'Every setting can be used.' },
    ]);
  });

  it('names every fault, and the command that gives the value', async () => {
    const lines = await examined(settingsCheck, {
      ...stage.settings,
      ENTRA_TENANT_ID: '<tenant>',
      ENTRA_CLIENT_SECRET: '@Microsoft.KeyVault(SecretUri=https://mine.vault.azure.net/secrets/x)',
      TOKEN_CACHE_KEYS: '{}',
    });
    expect(lines).toEqual([
      expect.objectContaining({
        state: 'wrong',
        says: 'ENTRA_TENANT_ID still has a placeholder in <> in it.',
      }),
      {
        state: 'wrong',
        says: 'ENTRA_CLIENT_SECRET is a reference that did not resolve.',
        remedy: expect.stringMatching(/Key Vault Secrets User.+refresh/),
        command: 'az keyvault secret show --id https://mine.vault.azure.net/secrets/x --query attributes',
      },
      expect.objectContaining({ says: expect.stringMatching(/^TOKEN_CACHE_KEYS cannot be used/) }),
    ]);
  });

  const REMOTE = {
    TokenStore:
      'DefaultEndpointsProtocol=https;AccountName=mine;AccountKey=AAAA;EndpointSuffix=core.windows.net',
    TOKEN_CACHE_KEYS: JSON.stringify({ keys: [{ kty: 'oct', kid: 'k', k: 'A'.repeat(43) }] }),
    LOG_HASH_KEY: Buffer.alloc(32, 1).toString('base64'),
  };
  const lineAbout = async (setting: string, value: string) => {
    const lines = await examined(settingsCheck, { ...stage.settings, ...REMOTE, [setting]: value });
    return lines.find(({ says }) => says.startsWith(setting));
  };

  it.each([
    ['TOKEN_CACHE_KEYS', /opens none of the caches/],
    ['LOG_HASH_KEY', /changes the id of every user/],
  ])('offers a new %s only if there is none', async (setting, lost) => {
    const reference = `@Microsoft.KeyVault(VaultName=mine;SecretName=keys)`;
    for (const value of [
      reference,
      '{"keys":[',
      'a b',
      '<keys>',
      '@Microsoft.KeyVault(SecretUri=https://a b)',
    ]) {
      const line = await lineAbout(setting, value);
      expect(line?.command).toMatch(/^az keyvault secret (?:show|list-versions) --/);
      expect(line?.remedy).toMatch(lost);
    }
    expect((await lineAbout(setting, reference))?.command).toBe(
      'az keyvault secret show --vault-name mine --name keys --query attributes',
    );
    expect((await lineAbout(setting, '{'))?.remedy).toMatch(/^Restore the value as it was/);
    const missing = await lineAbout(setting, '');
    expect(missing?.command).toContain('randomBytes(32)');
    expect(missing?.remedy).toMatch(/for a new deployment only/);
  });

  it('warns that the functions need an identity, which the operator has not', async () => {
    const { TokenStore: _, ...settings } = stage.settings;
    const lines = await examined(settingsCheck, {
      ...settings,
      TokenStore__blobServiceUri: 'https://mine.blob.core.windows.net',
      TokenStore__tableServiceUri: 'https://mine.table.core.windows.net',
      TOKEN_CACHE_KEYS: JSON.stringify({ keys: [{ kty: 'oct', kid: 'k', k: 'A'.repeat(43) }] }),
      LOG_HASH_KEY: Buffer.alloc(32, 1).toString('base64'),
    });
    expect(lines).toEqual([
      expect.objectContaining({
        state: 'warn',
        says: expect.stringMatching(/^TokenStore__credential is missing/),
      }),
    ]);
  });
});

describe('tenant', () => {
  it('is there, and so are the others that are served', async () => {
    const settings = { ALLOWED_TENANTS: `${TENANT_ID},${OTHER_TENANT_ID}` };
    expect(await examined(tenantCheck, stage.settings, { settings })).toEqual([
      { state: 'ok', says: `The tenant is at ${stage.entra.origin}.` },
      { state: 'ok', says: 'Of the other tenants in ALLOWED_TENANTS, 1 exist.' },
    ]);
  });

  it('is wrong if Entra does not have it', async () => {
    const [line] = await examined(tenantCheck, stage.settings, {
      settings: { ENTRA_TENANT_ID: randomUUID() },
    });
    expect(line).toMatchObject({ state: 'wrong', says: expect.stringMatching(/^Entra has no tenant/) });
  });

  it('is wrong for each tenant of ALLOWED_TENANTS that does not exist', async () => {
    const unknown = randomUUID();
    const lines = await examined(tenantCheck, stage.settings, {
      settings: { ALLOWED_TENANTS: `${TENANT_ID},${unknown}` },
    });
    expect(lines[1]).toMatchObject({
      state: 'wrong',
      says: `ALLOWED_TENANTS has ${unknown}, and Entra has no such tenant.`,
    });
  });

  it.each([
    [
      'another authority',
      { issuer: `https://login.microsoftonline.us/${TENANT_ID}/v2.0` },
      /ENTRA_AUTHORITY=https:\/\/login\.microsoftonline\.us\./,
    ],
    ['another tenant', { issuer: 'AUTHORITY/another/v2.0' }, /Correct ENTRA_TENANT_ID/],
    [
      'a token endpoint elsewhere',
      { token_endpoint: 'https://login.microsoftonline.us/x' },
      /ENTRA_AUTHORITY=https:\/\/login\.microsoftonline\.us\./,
    ],
    [
      'another cloud of Graph',
      { msgraph_host: 'graph.microsoft.us' },
      /GRAPH_BASE_URL=https:\/\/graph\.microsoft\.us\./,
    ],
  ])('is wrong if the metadata name %s', async (_what, change, remedy) => {
    const right = await (
      await fetch(`${stage.entra.origin}/${TENANT_ID}/v2.0/.well-known/openid-configuration`)
    ).json();
    const text = JSON.stringify({ ...(right as object), ...change }).replace('AUTHORITY', stage.entra.origin);
    const lines = await examined(tenantCheck, stage.settings, {
      fetch: withAnswer(isMetadata, () => new Response(text)),
    });
    expect(lines).toEqual([
      expect.objectContaining({
        state: 'wrong',
        remedy: expect.stringMatching(remedy),
        command: expect.stringMatching(/^az (?:functionapp config appsettings set|account show)/),
      }),
    ]);
  });

  const HTML = '<html><title>Blocked</title>';
  it.each([
    ['there is no network', { settings: { ENTRA_AUTHORITY: NOWHERE } }, 'ECONNREFUSED'],
    ['Entra fails', { fetch: withAnswer(isMetadata, () => new Response('', { status: 503 })) }, '503'],
    ['Entra throttles', { fetch: withAnswer(isMetadata, () => new Response('', { status: 429 })) }, '429'],
    ['a proxy refuses', { fetch: withAnswer(isMetadata, () => new Response(HTML, { status: 403 })) }, '403'],
    ['a proxy asks for a sign-in', { fetch: withAnswer(isMetadata, () => new Response(HTML)) }, '200'],
    ['it is not Entra', { fetch: withAnswer(isMetadata, () => Response.json({ issuer: 7 })) }, '200'],
  ])('cannot be reached, and is not wrong, if %s', async (_what, options, why) => {
    const lines = await examined(tenantCheck, stage.settings, options);
    expect(lines).toEqual([
      expect.objectContaining({
        state: 'unreachable',
        says: expect.stringContaining(`(${why})`),
        command: expect.stringMatching(/^curl .+openid-configuration"$/),
      }),
    ]);
  });
});

describe('signing keys', () => {
  it('are published, and the API has none of its own', async () => {
    expect(await examined(signingKeysCheck, stage.settings)).toEqual([
      { state: 'ok', says: '1 keys are published, and the API has none of its own.' },
    ]);
  });

  it('are wrong if the API has a key of its own', async () => {
    await control(stage.entra, 'POST', `/clients/${stage.apiId}/key`);
    const lines = await examined(signingKeysCheck, stage.settings);
    await control(stage.entra, 'DELETE', `/clients/${stage.apiId}/key`);
    expect(lines).toEqual([
      expect.objectContaining({
        state: 'wrong',
        says: expect.stringMatching(/signing key of its own/),
        command: expect.stringMatching(/^az ad sp show/),
      }),
    ]);
  });

  it.each([
    [
      'none is published',
      withAnswer(
        ({ pathname }) => pathname.endsWith('/keys'),
        () => Response.json({ keys: [] }),
      ),
      'wrong',
    ],
    [
      'the tenant is unknown there',
      withAnswer(
        ({ pathname }) => pathname.endsWith('/keys'),
        () => Response.json({ error: 'invalid_tenant' }, { status: 400 }),
      ),
      'wrong',
    ],
    [
      'a proxy refuses',
      withAnswer(
        ({ pathname }) => pathname.endsWith('/keys'),
        () => new Response('<html>', { status: 403 }),
      ),
      'unreachable',
    ],
    [
      'a proxy answers in the place of Entra',
      withAnswer(
        ({ pathname }) => pathname.endsWith('/keys'),
        () => new Response('<html>'),
      ),
      'unreachable',
    ],
    [
      'Entra fails',
      withAnswer(
        ({ pathname }) => pathname.endsWith('/keys'),
        () => new Response('', { status: 500 }),
      ),
      'unreachable',
    ],
  ])('if %s', async (_what, send, state) => {
    expect(await examined(signingKeysCheck, stage.settings, { fetch: send })).toEqual([
      expect.objectContaining({ state, command: expect.stringMatching(/^(?:curl|az) /) }),
    ]);
  });
});

describe('clock', () => {
  const entraIs = (aheadMs: number) =>
    withAnswer(isMetadata, () =>
      Response.json({}, { headers: { date: new Date(Date.now() + aheadMs).toUTCString() } }),
    );
  it.each([
    [0, 'ok', /agrees with Entra/],
    [-50_000, 'ok', /agrees/],
    [120_000, 'warn', /clock is 1\d\d s behind that of Entra/],
    [-600_000, 'wrong', /clock is 60\d s ahead of that of Entra/],
  ])('of Entra is %d ms ahead', async (aheadMs, state, says) => {
    const lines = await examined(clockCheck, stage.settings, {
      fetch: entraIs(aheadMs),
      settings: { TokenStore: '' },
    });
    expect(lines).toEqual([expect.objectContaining({ state, says: expect.stringMatching(says) })]);
    if (state !== 'ok') expect(lines[0]?.command).toMatch(/timedatectl|w32tm|sntp/);
  });

  it('is skipped if nobody tells the time', async () => {
    const settings = { TokenStore: '', ENTRA_AUTHORITY: NOWHERE };
    expect(await examined(clockCheck, stage.settings, { settings })).toEqual([
      expect.objectContaining({ state: 'skipped' }),
    ]);
  });
});
