import { AuthError, InteractionRequiredAuthError, ServerError } from '@azure/msal-node';
import { decodeJwt } from 'jose';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { DEMO_USERS } from '../../../../dev/entra/directory.ts';
import { type Entra, startEntra } from '../../../../dev/entra/startEntra.ts';
import {
  confidentialClient,
  control,
  GRAPH_SCOPES,
  journal,
  SPA_ORIGIN,
  signIn,
} from '../../../support/entraClients.ts';
import { afterObo, onBehalfOf, refusal } from './onBehalfOf.ts';

let entra: Entra;

beforeAll(async () => {
  entra = await startEntra({ port: 0, spaOrigins: [SPA_ORIGIN] });
});
afterAll(() => entra.close());
afterEach(async () => {
  await control(entra, 'DELETE', '/fault');
  for (const user of DEMO_USERS) await control(entra, 'DELETE', `/users/${user.name}/fault`);
  await control(entra, 'DELETE', '/requests');
});

describe('faults', () => {
  it.each([
    [
      'revoked',
      InteractionRequiredAuthError,
      { errorCode: 'invalid_grant', errorNo: 50173, subError: 'bad_token' },
    ],
    [
      'consent',
      InteractionRequiredAuthError,
      { errorCode: 'invalid_grant', errorNo: 65001, subError: 'consent_required' },
    ],
    ['claims', InteractionRequiredAuthError, { errorCode: 'interaction_required', errorNo: 50076 }],
    ['throttled-user', ServerError, { errorCode: 'invalid_grant', errorNo: 50196 }],
    ['throttled', ServerError, { errorCode: 'temporarily_unavailable', errorNo: 90055 }],
    ['server-error', ServerError, { errorCode: 'temporarily_unavailable', errorNo: 90033 }],
    ['unauthorized-client', ServerError, { errorCode: 'unauthorized_client', errorNo: 700016 }],
    ['html', AuthError, { errorCode: 'token_parsing_error' }],
    ['reset', AuthError, { errorCode: 'network_error' }],
  ])('%s reaches a silent refresh as msal-node words it', async (kind, errorClass, expected) => {
    const { client, account } = await afterObo(entra, 'adele');
    await control(entra, 'PUT', '/users/adele/fault', { kind });
    const error = await refusal(
      client.acquireTokenSilent({ account, scopes: GRAPH_SCOPES, forceRefresh: true }),
    );
    expect(error).toBeInstanceOf(errorClass);
    expect(error).toMatchObject(expected);
  });

  it('invalid-client hits every user of the web API, and never the single-page app', async () => {
    const { accessToken } = await signIn(entra, 'adele');
    await control(entra, 'PUT', '/fault', { kind: 'invalid-client' });
    const error = await refusal(onBehalfOf(confidentialClient(entra), accessToken));
    expect(error).toBeInstanceOf(ServerError);
    expect(error).toMatchObject({ errorCode: 'invalid_client', errorNo: 7000222 });
    await expect(signIn(entra, 'bruno')).resolves.toBeDefined();
  });

  it('hits only the user it was set for', async () => {
    const { accessToken } = await signIn(entra, 'bruno');
    await control(entra, 'PUT', '/users/adele/fault', { kind: 'server-error' });
    await expect(onBehalfOf(confidentialClient(entra), accessToken)).resolves.toBeDefined();
  });

  it('heals after as many requests as it was set for', async () => {
    const { accessToken } = await signIn(entra, 'adele');
    await control(entra, 'PUT', '/users/adele/fault', { kind: 'server-error', times: 2 });
    const attempt = () => onBehalfOf(confidentialClient(entra), accessToken);
    await refusal(attempt());
    await refusal(attempt());
    await expect(attempt()).resolves.toBeDefined();
  });

  it('revokes the refresh tokens of before for good, and leaves a user who is present alone', async () => {
    const { client, account, accessToken } = await afterObo(entra, 'chiara');
    await control(entra, 'PUT', '/users/chiara/fault', { kind: 'revoked' });
    await control(entra, 'DELETE', '/users/chiara/fault');
    const silent = { account, scopes: GRAPH_SCOPES, forceRefresh: true };
    expect(await refusal(client.acquireTokenSilent(silent))).toMatchObject({ errorNo: 50173 });

    const back = confidentialClient(entra);
    await onBehalfOf(back, accessToken);
    await expect(back.acquireTokenSilent(silent)).resolves.toMatchObject({ fromCache: false });
  });

  it('claims lets a sign-in pass that was asked for them, and what follows from it', async () => {
    const { client, account, accessToken } = await afterObo(entra, 'dana');
    await control(entra, 'PUT', '/users/dana/fault', { kind: 'claims' });
    const { claims } = (await refusal(
      onBehalfOf(confidentialClient(entra), accessToken),
    )) as InteractionRequiredAuthError;

    const withoutClaims = await signIn(entra, 'dana');
    await refusal(onBehalfOf(confidentialClient(entra), withoutClaims.accessToken));
    // MSAL merges its client capabilities into the challenge.
    const merged = JSON.parse(claims);
    merged.access_token.xms_cc = { values: ['CP1'] };
    const stepUp = await signIn(entra, 'dana', { claims: JSON.stringify(merged) });
    expect(decodeJwt(stepUp.accessToken).amr).toContain('mfa');
    const back = confidentialClient(entra);
    await onBehalfOf(back, stepUp.accessToken);

    const silent = { account, scopes: GRAPH_SCOPES, forceRefresh: true };
    await expect(back.acquireTokenSilent(silent)).resolves.toMatchObject({ fromCache: false });
    expect(await refusal(client.acquireTokenSilent(silent))).toMatchObject({ errorNo: 50076 });

    await control(entra, 'PUT', '/users/dana/fault', { kind: 'claims' });
    expect(await refusal(onBehalfOf(confidentialClient(entra), stepUp.accessToken))).toMatchObject({
      errorNo: 50076,
    });
  });

  it('hang answers nobody until the server closes', async () => {
    const other = await startEntra({ port: 0, spaOrigins: [SPA_ORIGIN] });
    const { accessToken } = await signIn(other, 'adele');
    await control(other, 'PUT', '/users/adele/fault', { kind: 'hang' });
    const attempt = refusal(onBehalfOf(confidentialClient(other), accessToken));
    await vi.waitUntil(async () => (await journal(other)).at(-1)?.grant === 'on_behalf_of', {
      timeout: 10_000,
    });
    expect((await journal(other)).at(-1)?.status).toBe(0);
    await other.close();
    expect(await attempt).toMatchObject({ errorCode: 'network_error' });
  });

  it('delay holds one request back until it is deleted, which then meets what was set meanwhile', async () => {
    const { client, account, accessToken } = await afterObo(entra, 'bruno');
    await control(entra, 'PUT', '/users/bruno/fault', { kind: 'delay', ms: 600_000 });
    const delayed = refusal(client.acquireTokenSilent({ account, scopes: GRAPH_SCOPES, forceRefresh: true }));
    await vi.waitUntil(async () => (await journal(entra)).at(-1)?.grant === 'refresh_token', {
      timeout: 10_000,
    });
    await onBehalfOf(confidentialClient(entra), accessToken);
    await control(entra, 'PUT', '/users/bruno/fault', { kind: 'revoked' });
    await control(entra, 'DELETE', '/users/bruno/fault');
    expect(await delayed).toMatchObject({ errorNo: 50173 });
  });
});
