/** What the doctor says of a tenant, its keys, the credential, the registrations and the consents. */

import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { GRAPH_TOKENS } from '../../../../dev/entra/applicationEndpoints.ts';
import { OTHER_TENANT_ID, TENANT_ID } from '../../../../dev/entra/directory.ts';
import { freePorts } from '../../../../dev/freePorts.ts';
import { selfSignedCertificate } from '../../../../dev/selfSignedCertificate.ts';
import { PlainError } from '../../../../ops/cli/errors.ts';
import { clockCheck } from '../../../../ops/doctor/clockCheck.ts';
import { consentCheck } from '../../../../ops/doctor/consentCheck.ts';
import { credentialCheck } from '../../../../ops/doctor/credentialCheck.ts';
import { deployedCheck } from '../../../../ops/doctor/deployedCheck.ts';
import { registeredCredentialsCheck } from '../../../../ops/doctor/registeredCredentialsCheck.ts';
import { registrationCheck } from '../../../../ops/doctor/registrationCheck.ts';
import { settingsCheck } from '../../../../ops/doctor/settingsCheck.ts';
import { signingKeysCheck } from '../../../../ops/doctor/signingKeysCheck.ts';
import { tenantCheck } from '../../../../ops/doctor/tenantCheck.ts';
import type { Fetch } from '../../../../shared/api.ts';
import { control } from '../../../support/entraClients.ts';
import {
  addCertificate,
  addSecret,
  asAdministrator,
  examined,
  registerAt,
  type Stage,
  startStage,
} from './registeredStage.ts';

const DAY_MS = 86_400_000;
const inDays = (days: number): Date => new Date(Date.now() + days * DAY_MS);
/** Nothing listens on it. */
const NOWHERE = `http://127.0.0.1:${(await freePorts(1))[0]}`;

let stage: Stage;
beforeAll(async () => {
  stage = await startStage();
});
afterAll(() => stage.entra.close());

/** Answers some addresses by itself, and lets the others pass. */
const withAnswer =
  (isHit: (url: URL) => boolean, answer: () => Response): Fetch =>
  async (input, init) => {
    const url = new URL(input instanceof Request ? input.url : String(input));
    return isHit(url) ? answer() : fetch(input, init);
  };
const isMetadata = ({ pathname }: URL): boolean => pathname.endsWith('openid-configuration');

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
      expect.objectContaining({ says: 'ENTRA_CLIENT_SECRET is a reference that did not resolve.' }),
      expect.objectContaining({ command: expect.stringContaining('randomBytes(32)') }),
    ]);
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
    ['nothing that Entra says', { issuer: 7 }, /Correct ENTRA_AUTHORITY/],
  ])('is wrong if the metadata name %s', async (_what, change, remedy) => {
    const right = await (
      await fetch(`${stage.entra.origin}/${TENANT_ID}/v2.0/.well-known/openid-configuration`)
    ).json();
    const text = JSON.stringify({ ...(right as object), ...change }).replace('AUTHORITY', stage.entra.origin);
    const lines = await examined(tenantCheck, stage.settings, {
      fetch: withAnswer(isMetadata, () => new Response(text)),
    });
    expect(lines).toEqual([
      expect.objectContaining({ state: 'wrong', remedy: expect.stringMatching(remedy) }),
    ]);
  });

  it.each([
    ['there is no network', { settings: { ENTRA_AUTHORITY: NOWHERE } }, 'ECONNREFUSED'],
    ['Entra fails', { fetch: withAnswer(isMetadata, () => new Response('', { status: 503 })) }, '503'],
    ['Entra throttles', { fetch: withAnswer(isMetadata, () => new Response('', { status: 429 })) }, '429'],
  ])('cannot be reached, and is not wrong, if %s', async (_what, options, why) => {
    const lines = await examined(tenantCheck, stage.settings, options);
    expect(lines).toEqual([
      expect.objectContaining({ state: 'unreachable', says: expect.stringContaining(`(${why})`) }),
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
        () => new Response('', { status: 400 }),
      ),
      'wrong',
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
      expect.objectContaining({ state }),
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

describe('credential', () => {
  it('is accepted', async () => {
    expect(await examined(credentialCheck, stage.settings)).toEqual([
      { state: 'ok', says: 'Entra accepts the client secret.' },
    ]);
  });

  it.each([
    ['unknown', () => 'another-secret', 'AADSTS7000215'],
    ['expired', () => addSecret(stage.entra, stage.apiId, inDays(-1)), 'AADSTS7000222'],
  ])('is wrong if the secret is %s, and says how to renew it', async (_what, secret, code) => {
    const settings = { ENTRA_CLIENT_SECRET: await secret() };
    const lines = await examined(credentialCheck, stage.settings, { settings });
    expect(lines).toEqual([
      {
        state: 'wrong',
        says: `Entra refuses the client secret (${code}).`,
        remedy: expect.stringContaining('ENTRA_CLIENT_SECRET'),
        command: `az ad app credential reset --id ${stage.apiId} --append --years 1`,
      },
    ]);
  });

  it('cannot be tried during an outage', async () => {
    const send = withAnswer(
      ({ pathname }) => pathname.endsWith('/token'),
      () => new Response('<html>', { status: 503 }),
    );
    expect(await examined(credentialCheck, stage.settings, { fetch: send })).toEqual([
      expect.objectContaining({ state: 'unreachable' }),
    ]);
  });

  it.each([
    [400, 'ok', /is valid until/],
    [29.5, 'warn', /in 29 days/],
  ])('is a certificate that ends in %d days', async (days, state, says) => {
    const { certificate, pem } = selfSignedCertificate({ to: inDays(days) });
    await addCertificate(stage.entra, stage.apiId, certificate);
    const settings = { ENTRA_CLIENT_SECRET: '', ENTRA_CLIENT_CERTIFICATE: pem };
    expect(await examined(credentialCheck, stage.settings, { settings })).toEqual([
      { state: 'ok', says: 'Entra accepts the certificate.' },
      expect.objectContaining({ state, says: expect.stringMatching(says) }),
    ]);
  });

  it('is wrong if the certificate is not in the registration', async () => {
    const { pem } = selfSignedCertificate();
    const settings = { ENTRA_CLIENT_SECRET: '', ENTRA_CLIENT_CERTIFICATE: pem };
    const [line] = await examined(credentialCheck, stage.settings, { settings });
    expect(line).toMatchObject({
      state: 'wrong',
      remedy: expect.stringMatching(/not in the app registration/),
    });
  });

  it('is skipped if it is an expired certificate, because the settings are wrong', async () => {
    const { pem } = selfSignedCertificate({ from: inDays(-9), to: inDays(-1) });
    const settings = { ENTRA_CLIENT_SECRET: '', ENTRA_CLIENT_CERTIFICATE: pem };
    expect(await examined(credentialCheck, stage.settings, { settings })).toEqual([
      expect.objectContaining({ state: 'skipped' }),
    ]);
    expect(await examined(settingsCheck, stage.settings, { settings })).toEqual([
      expect.objectContaining({
        state: 'wrong',
        says: expect.stringMatching(/^ENTRA_CLIENT_CERTIFICATE expired on/),
      }),
    ]);
  });

  it('is skipped for a managed identity, and says who can try it', async () => {
    const settings = { ENTRA_CLIENT_SECRET: '', ENTRA_MANAGED_IDENTITY_CLIENT_ID: 'system' };
    expect(await examined(credentialCheck, stage.settings, { settings })).toEqual([
      expect.objectContaining({ state: 'skipped', command: expect.stringContaining('--api-url') }),
    ]);
  });
});

describe('credential expiry', () => {
  it('is that of the secret in the registration', async () => {
    expect(await examined(registeredCredentialsCheck, stage.settings)).toContainEqual({
      state: 'ok',
      says: expect.stringMatching(/^The client secret is valid until \d{4}-\d\d-\d\d\.$/),
    });
  });

  it.each([
    [10.5, 'warn', /expires on .*, in 10 days/],
    [-1, 'wrong', /expired on/],
  ])('is in %d days', async (days, state, says) => {
    const ENTRA_CLIENT_SECRET = await addSecret(stage.entra, stage.apiId, inDays(days));
    const [line] = await examined(registeredCredentialsCheck, stage.settings, {
      settings: { ENTRA_CLIENT_SECRET },
    });
    expect(line).toMatchObject({
      state,
      says: expect.stringMatching(says),
      command: expect.stringMatching(/^az ad app/),
    });
  });

  it('is wrong if the registration has no such secret', async () => {
    const settings = { ENTRA_CLIENT_SECRET: '~~~ not one of them' };
    const [line] = await examined(registeredCredentialsCheck, stage.settings, { settings });
    expect(line).toMatchObject({
      state: 'wrong',
      says: expect.stringMatching(/^No client secret of the registration/),
    });
  });

  it('does not exist for a managed identity', async () => {
    const settings = { ENTRA_CLIENT_SECRET: '', ENTRA_MANAGED_IDENTITY_CLIENT_ID: 'system' };
    expect(await examined(registeredCredentialsCheck, stage.settings, { settings })).toEqual([
      expect.objectContaining({ state: 'ok' }),
    ]);
  });
});

describe('registration', () => {
  it('is as it has to be', async () => {
    expect(await examined(registrationCheck, stage.settings)).toEqual([
      { state: 'ok', says: 'The API and the page are registered as they have to be.' },
    ]);
  });

  it('says what is missing, and the command that has just that to do', async () => {
    const args = ['--page-url', 'https://page.example', '--permission', 'Mail.Read'];
    const lines = await examined(registrationCheck, stage.settings, { args });
    const command = `npm run entra:register -- --tenant ${TENANT_ID} --api-client-id ${stage.apiId} --graph-url ${stage.entra.origin} --page-client-id ${stage.pageId} ${args.join(' ')}`;
    expect(lines).toEqual([
      {
        state: 'wrong',
        says: 'To do: Correct the application of the API: it does not ask for Mail.Read of Microsoft Graph.',
        command,
      },
      {
        state: 'wrong',
        says: expect.stringMatching(/the redirect URIs https:\/\/page\.example\/, .* are missing\.$/),
        command,
      },
    ]);
  });

  it('is wrong if another application is named', async () => {
    const [line] = await examined(registrationCheck, stage.settings, {
      settings: { ENTRA_CLIENT_ID: randomUUID() },
    });
    expect(line).toMatchObject({
      state: 'wrong',
      says: expect.stringMatching(/^There is no application with the client id/),
    });
  });

  it('is wrong if a redirect URI is on another platform', async () => {
    const uri = 'https://elsewhere.example/';
    await asAdministrator(stage.entra, 'PATCH', `/applications(appId='${stage.pageId}')`, {
      web: { redirectUris: [uri] },
    });
    const lines = await examined(registrationCheck, stage.settings, {
      args: ['--page-url', 'https://elsewhere.example'],
    });
    await asAdministrator(stage.entra, 'PATCH', `/applications(appId='${stage.pageId}')`, {
      web: { redirectUris: [] },
    });
    expect(lines).toEqual([
      expect.objectContaining({ state: 'wrong', says: expect.stringMatching(/on another platform/) }),
    ]);
  });

  it('asks for the page if nobody says which one it is', async () => {
    const settings = { SPA_CLIENT_ID: '' };
    const [line] = await examined(registrationCheck, stage.settings, { settings, args: ['--name', 'none'] });
    expect(line).toMatchObject({ state: 'wrong', remedy: expect.stringContaining('SPA_CLIENT_ID') });
  });

  it('includes the federated credential of the managed identity', async () => {
    const identity = (
      (await (
        await asAdministrator(stage.entra, 'POST', '/applications', { displayName: 'An identity' })
      ).json()) as { appId: string }
    ).appId;
    const made = await asAdministrator(stage.entra, 'POST', '/servicePrincipals', { appId: identity });
    const { id: principal } = (await made.json()) as { id: string };
    const settings = { ENTRA_CLIENT_SECRET: '', ENTRA_MANAGED_IDENTITY_CLIENT_ID: identity };
    expect(await examined(registrationCheck, stage.settings, { settings })).toEqual([
      {
        state: 'wrong',
        says: 'To do: Let the managed identity be a credential of the API.',
        command: expect.stringContaining(`--managed-identity ${principal}`),
      },
    ]);
    const unknown = { ...settings, ENTRA_MANAGED_IDENTITY_CLIENT_ID: randomUUID() };
    expect(await examined(registrationCheck, stage.settings, { settings: unknown })).toEqual([
      expect.objectContaining({ state: 'wrong', says: expect.stringMatching(/no managed identity/) }),
    ]);
  });

  it.each([
    ['there is no token', { openGraph: () => Promise.reject(new PlainError('Run az login.')) }, 'skipped'],
    ['the token is not accepted', { token: 'another' }, 'skipped'],
    ['it is a token of another tenant', { settings: { ENTRA_TENANT_ID: OTHER_TENANT_ID } }, 'skipped'],
    ['GRAPH_BASE_URL is not Graph', { settings: { GRAPH_BASE_URL: 'https://graph.example' } }, 'skipped'],
    [
      'Graph fails',
      {
        fetch: withAnswer(
          ({ pathname }) => pathname.startsWith('/v1.0'),
          () => new Response('', { status: 503 }),
        ),
      },
      'unreachable',
    ],
    ['there is no network', { settings: { GRAPH_BASE_URL: NOWHERE } }, 'unreachable'],
  ])('is not judged if %s', async (_what, options, state) => {
    for (const check of [registrationCheck, consentCheck, registeredCredentialsCheck]) {
      expect(await examined(check, stage.settings, options)).toEqual([expect.objectContaining({ state })]);
    }
  });
});

describe('consent', () => {
  it('is there for everybody', async () => {
    expect(await examined(consentCheck, stage.settings)).toEqual([
      { state: 'ok', says: 'There is a consent for everybody to User.Read.' },
    ]);
  });

  it('is asked of nobody if the page has one for everybody, and the API lacks a permission', async () => {
    const [line] = await examined(consentCheck, stage.settings, { args: ['--permission', 'Files.Read'] });
    expect(line).toMatchObject({
      state: 'wrong',
      says: 'Nobody is asked for consent to Files.Read, because the page needs no consent to call the API.',
      remedy: expect.stringContaining(
        `${stage.entra.origin}/${TENANT_ID}/v2.0/adminconsent?client_id=${stage.pageId}`,
      ),
      command: expect.stringMatching(/--permission Files\.Read --admin-consent$/),
    });
  });

  describe('of each user', () => {
    let fresh: Record<string, string>;
    beforeAll(async () => {
      const { apiId, pageId } = await registerAt(stage.entra, ['--name', 'fresh']);
      fresh = { ...stage.settings, ENTRA_CLIENT_ID: apiId, SPA_CLIENT_ID: pageId };
    });

    it('can be given under the managed policy, but for what the policy leaves out', async () => {
      expect(await examined(consentCheck, fresh)).toEqual([
        { state: 'ok', says: 'Each user is asked for consent to User.Read, and may give it.' },
      ]);
      const [line] = await examined(consentCheck, fresh, { args: ['--permission', 'Mail.Read'] });
      expect(line).toMatchObject({
        state: 'wrong',
        says: expect.stringMatching(/^Users may not consent to Mail\.Read/),
      });
    });

    it('cannot be given if a policy forbids it', async () => {
      await control(stage.entra, 'PUT', `/tenants/${TENANT_ID}/consent`, { usersMayConsent: false });
      const [line] = await examined(consentCheck, fresh);
      await control(stage.entra, 'PUT', `/tenants/${TENANT_ID}/consent`, { usersMayConsent: true });
      expect(line).toMatchObject({
        state: 'wrong',
        says: expect.stringMatching(/^Users of this tenant may not consent/),
      });
    });

    it('is not known to somebody who may not see the policy', async () => {
      const [line] = await examined(consentCheck, fresh, { token: GRAPH_TOKENS.developer });
      expect(line).toMatchObject({ state: 'skipped', says: expect.stringContaining('Global Reader') });
    });

    it('is half given by users who consented to the page alone', async () => {
      const principalOf = async (appId: string | undefined) => {
        const path = `/servicePrincipals(appId='${appId}')?$select=id`;
        return ((await (await asAdministrator(stage.entra, 'GET', path)).json()) as { id: string }).id;
      };
      const [clientId, resourceId] = [
        await principalOf(fresh.SPA_CLIENT_ID),
        await principalOf(fresh.ENTRA_CLIENT_ID),
      ];
      const body = {
        clientId,
        resourceId,
        consentType: 'Principal',
        principalId: randomUUID(),
        scope: 'access_as_user',
      };
      expect((await asAdministrator(stage.entra, 'POST', '/oauth2PermissionGrants', body)).status).toBe(201);
      expect((await examined(consentCheck, fresh))[1]).toMatchObject({
        state: 'warn',
        says: expect.stringMatching(/^1 users have consented to the page/),
      });
    });
  });
});

describe('deployed app', () => {
  const answers = new Map<string, { status: number; body?: unknown }>();
  const server = createServer((request, response) => {
    const { status, body } = answers.get(request.url ?? '') ?? { status: 404 };
    response.writeHead(status).end(body === undefined ? undefined : JSON.stringify(body));
  });
  let apiUrl: string;
  beforeAll(async () => {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    apiUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => void server.close());

  it.each([
    [
      204,
      { status: 200, body: { storage: 'ready', credential: 'accepted' } },
      ['ok', 'ok'],
      /accepts the app's credential/,
    ],
    [
      204,
      { status: 503, body: { storage: 'unreachable', credential: 'accepted' } },
      ['wrong', 'ok'],
      /accepts/,
    ],
    [
      204,
      { status: 503, body: { storage: 'ready', credential: 'refused', code: 'AADSTS700213' } },
      ['ok', 'wrong'],
      /refuses .*\(AADSTS700213\)/,
    ],
    [
      204,
      { status: 503, body: { storage: 'ready', credential: 'unreachable', code: 'http_503' } },
      ['ok', 'unreachable'],
      /\(http_503\)/,
    ],
    [204, { status: 200, body: {} }, ['wrong'], /not that of this project/],
    [204, { status: 404 }, ['ok', 'skipped'], /cannot say/],
    [204, { status: 500 }, ['unreachable'], /answers 500/],
    [404, { status: 404 }, ['wrong'], /answers 404/],
    [503, { status: 404 }, ['unreachable'], /answers 503/],
  ])('answers %d, and then %j', async (alive, ready, states, says) => {
    answers.set('/api/health', { status: alive });
    answers.set('/api/health/ready', ready);
    const lines = await examined(deployedCheck, stage.settings, { args: ['--api-url', apiUrl] });
    expect(lines.map(({ state }) => state)).toEqual(states);
    expect(lines.at(-1)?.says).toMatch(says);
  });

  it('does not answer', async () => {
    expect(await examined(deployedCheck, stage.settings, { args: ['--api-url', NOWHERE] })).toEqual([
      expect.objectContaining({ state: 'unreachable', says: expect.stringContaining('ECONNREFUSED') }),
    ]);
  });

  it('is skipped if none is named', async () => {
    expect(await examined(deployedCheck, stage.settings)).toEqual([
      expect.objectContaining({ state: 'skipped' }),
    ]);
  });
});
