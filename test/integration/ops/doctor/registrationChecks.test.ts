/** What the doctor says of the registrations and the consents. */

import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { GRAPH_TOKENS } from '../../../../dev/entra/applicationEndpoints.ts';
import { OTHER_TENANT_ID, TENANT_ID } from '../../../../dev/entra/directory.ts';
import { PlainError } from '../../../../ops/cli/errors.ts';
import { consentCheck } from '../../../../ops/doctor/consentCheck.ts';
import { registeredCredentialsCheck } from '../../../../ops/doctor/registeredCredentialsCheck.ts';
import { registrationCheck } from '../../../../ops/doctor/registrationCheck.ts';
import { control } from '../../../support/entraClients.ts';
import {
  asAdministrator,
  examined,
  NOWHERE,
  registerAt,
  type Stage,
  startStage,
  withAnswer,
} from './registeredStage.ts';

let stage: Stage;
beforeAll(async () => {
  stage = await startStage();
});
afterAll(() => stage.entra.close());

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

  it('misses the redirect URI that the settings name for a link', async () => {
    const LINK_REDIRECT_URI = 'https://app.example/api/connection/link/callback';
    const linked = { ...stage.settings, LINK_REDIRECT_URI, LINK_RETURN_URLS: 'https://page.example/' };
    const lines = await examined(registrationCheck, linked);
    expect(lines).toEqual([
      {
        state: 'wrong',
        says: `To do: Correct the application of the API: the redirect URI ${LINK_REDIRECT_URI} of the platform Web is missing.`,
        command: expect.stringContaining(`--link-url ${LINK_REDIRECT_URI}`),
      },
    ]);
  });

  it('needs the permissions of the shipped tasks that are on, and no others', async () => {
    const settings = { TASKS: 'drive-changes,inbox-digest' };
    const [line, ...others] = await examined(registrationCheck, stage.settings, { settings });
    expect(others).toEqual([]);
    expect(line).toEqual({
      state: 'wrong',
      says: 'To do: Correct the application of the API: it does not ask for Files.Read, Mail.ReadBasic of Microsoft Graph.',
      command: expect.stringMatching(/ --permission Files\.Read --permission Mail\.ReadBasic --page-url /),
    });
    const asked = await examined(registrationCheck, stage.settings, {
      settings: { TASKS: 'drive-changes' },
      args: ['--permission', 'Files.Read'],
    });
    expect(asked[0]?.command?.match(/Files\.Read/g)).toHaveLength(1);
  });

  describe('of production', () => {
    let production: Record<string, string>;
    beforeAll(async () => {
      const { apiId, pageId } = await registerAt(stage.entra, [
        ...['--name', 'production', '--page-url', 'https://page.example.org', '--permission', 'Mail.Read'],
      ]);
      production = { ...stage.settings, ENTRA_CLIENT_ID: apiId, SPA_CLIENT_ID: pageId };
    });
    const setPage = (body: unknown) =>
      asAdministrator(stage.entra, 'PATCH', `/applications(appId='${production.SPA_CLIENT_ID}')`, body);
    const uris = (paths: readonly string[]) => paths.map((path) => `https://page.example.org${path}`);
    const PATHS = ['/', '/redirect.html', '/admin.html'];
    afterEach(() => setPage({ spa: { redirectUris: uris(PATHS) }, web: { redirectUris: [] } }));

    it('is as it has to be without any option', async () => {
      expect(await examined(registrationCheck, production)).toEqual([
        { state: 'ok', says: 'The API and the page are registered as they have to be.' },
      ]);
    });

    it('needs a consent to what it asks for, and names no address of a developer', async () => {
      const [line] = await examined(consentCheck, production);
      expect(line).toMatchObject({
        state: 'wrong',
        says: expect.stringMatching(/^Users may not consent to Mail\.Read/),
        remedy: expect.stringContaining(encodeURIComponent('https://page.example.org/admin.html')),
        command: expect.stringMatching(
          / --name production --page-url https:\/\/page\.example\.org --permission Mail\.Read --admin-consent$/,
        ),
      });
    });

    it('is wrong if an origin lacks one of its addresses, and other addresses are left alone', async () => {
      await setPage({
        spa: { redirectUris: [...uris(['/', '/admin.html']), 'https://other.example/callback'] },
      });
      const lines = await examined(registrationCheck, production);
      expect(lines).toEqual([
        {
          state: 'wrong',
          says: 'To do: Correct the application of the page: the redirect URIs https://page.example.org/redirect.html are missing.',
          command: expect.stringMatching(/ --page-url https:\/\/page\.example\.org --permission Mail\.Read$/),
        },
      ]);
      expect(lines[0]?.command).not.toContain('localhost:3000');
    });

    it('is wrong if the page has no address, unless that is wished for', async () => {
      await setPage({ spa: { redirectUris: [] } });
      expect(await examined(registrationCheck, production)).toEqual([
        {
          state: 'wrong',
          says: 'The page has no redirect URI, so nobody can sign in.',
          remedy: expect.stringContaining('--no-page-url'),
          command: expect.stringContaining('--page-url <origin of the page>'),
        },
      ]);
      expect(await examined(registrationCheck, production, { args: ['--no-page-url'] })).toEqual([
        expect.objectContaining({ state: 'ok' }),
      ]);
      const [line] = await examined(consentCheck, production);
      expect(line).toMatchObject({ remedy: 'An administrator consents once for everybody.' });
    });

    it('is wrong if all addresses are on another platform', async () => {
      await setPage({ spa: { redirectUris: [] }, web: { redirectUris: uris(PATHS) } });
      expect(await examined(registrationCheck, production)).toEqual([
        expect.objectContaining({ state: 'wrong', says: expect.stringMatching(/on another platform/) }),
      ]);
    });

    it('follows the options, where there are some', async () => {
      const args = [
        '--page-url',
        'https://page.example.org',
        '--permission',
        'Files.Read',
        '--admin-consent',
      ];
      const lines = await examined(registrationCheck, production, { args });
      expect(lines.map(({ says }) => says)).toEqual([
        expect.stringMatching(/does not ask for Files\.Read/),
        expect.stringMatching(/^To do: Consent for everybody that the page/),
        expect.stringMatching(/^To do: Consent for everybody that the API/),
      ]);
    });
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
      command: expect.stringMatching(/--permission Files\.Read .*--admin-consent$/),
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
