/** What goes with every refusal, for the people of support; and answers that tell no number. */
import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  API_CLIENT_ID,
  API_CLIENT_SECRET,
  SPA_CLIENT_ID,
  TENANT_ID,
} from '../../../../dev/entra/directory.ts';
import { type Entra, startEntra } from '../../../../dev/entra/startEntra.ts';
import { adminConsent } from '../../../support/adminConsent.ts';
import { API_SCOPE, control, SPA_ORIGIN, signIn } from '../../../support/entraClients.ts';

const GUID = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/;

let entra: Entra;

beforeEach(async () => {
  entra = await startEntra({ port: 0, spaOrigins: [SPA_ORIGIN] });
});
afterEach(() => entra.close());

/** A refused exchange: nobody has consented to it. */
async function refusedExchange(clientRequestId?: string) {
  const { accessToken } = await signIn(entra, 'adele', { scope: API_SCOPE });
  const answer = await fetch(`${entra.origin}/${TENANT_ID}/oauth2/v2.0/token`, {
    method: 'POST',
    headers: clientRequestId === undefined ? {} : { 'client-request-id': clientRequestId },
    body: new URLSearchParams({
      client_id: API_CLIENT_ID,
      client_secret: API_CLIENT_SECRET,
      grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer',
      requested_token_use: 'on_behalf_of',
      assertion: accessToken,
      scope: 'User.Read',
    }),
  });
  return { headers: answer.headers, body: (await answer.json()) as Record<string, unknown> };
}

const refusedAuthorize = (more: Record<string, string> = {}) =>
  fetch(
    `${entra.origin}/${TENANT_ID}/oauth2/v2.0/authorize?${new URLSearchParams({
      client_id: SPA_CLIENT_ID,
      redirect_uri: `${SPA_ORIGIN}/`,
      response_type: 'token',
      ...more,
    })}`,
    { redirect: 'manual' },
  );

const refusedGraph = async (clientRequestId?: string) => {
  const headers = clientRequestId === undefined ? {} : { 'client-request-id': clientRequestId };
  const answer = await fetch(`${entra.origin}/v1.0/me`, { headers });
  const { error } = (await answer.json()) as { error: { innerError: Record<string, string> } };
  return { headers: answer.headers, inner: error.innerError };
};

describe('a refusal at the token endpoint', () => {
  it('carries ids and the time, in the body and in the text', async () => {
    const id = randomUUID();
    const { body, headers } = await refusedExchange(id);
    expect(body).toMatchObject({
      correlation_id: id,
      trace_id: expect.stringMatching(GUID),
      timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ$/),
      error_uri: `${entra.origin}/error?code=65001`,
    });
    expect(body.error_description).toContain(`Trace ID: ${body.trace_id} Correlation ID: ${id} Timestamp: `);
    expect(headers.get('x-ms-request-id')).toBe(body.trace_id);
  });

  it.each([undefined, 'not-a-guid', `${randomUUID()}\u00a0`])('makes an id where %j came', async (sent) => {
    expect((await refusedExchange(sent)).body.correlation_id).toMatch(GUID);
  });
});

it("a refusal of the authorization endpoint names the page's own id of the request", async () => {
  const id = randomUUID();
  const answer = await refusedAuthorize({ 'client-request-id': id });
  const { searchParams } = new URL(answer.headers.get('location') ?? '');
  expect(searchParams.get('error_description')).toMatch(
    new RegExp(`^AADSTS700054: .* Trace ID: \\S+ Correlation ID: ${id} Timestamp: `),
  );
});

describe('Graph', () => {
  it('tells both ids and the time in the error and in headers', async () => {
    const id = randomUUID();
    const { headers, inner } = await refusedGraph(id);
    expect(inner).toEqual({
      date: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$/),
      'request-id': expect.stringMatching(GUID),
      'client-request-id': id,
    });
    expect(headers.get('request-id')).toBe(inner['request-id']);
    expect(headers.get('client-request-id')).toBe(id);
    const made = await refusedGraph('not-a-guid');
    expect(made.inner['client-request-id']).toBe(made.inner['request-id']);
  });

  it('tells them with what it grants, too', async () => {
    const { accessToken } = await signIn(entra, 'adele', { scope: 'User.Read' });
    const id = randomUUID();
    const answer = await fetch(`${entra.origin}/v1.0/me`, {
      headers: { authorization: `Bearer ${accessToken}`, 'client-request-id': id },
    });
    expect(answer.status).toBe(200);
    expect(answer.headers.get('request-id')).toMatch(GUID);
    expect(answer.headers.get('client-request-id')).toBe(id);
  });
});

describe('answers without numbers', () => {
  beforeEach(() => control(entra, 'PUT', '/answers', { stripNumbers: true }));

  it('tell none at any endpoint, and keep the rest', async () => {
    const { body } = await refusedExchange();
    expect(body).toMatchObject({ error: 'invalid_grant', suberror: 'consent_required' });
    expect(body.trace_id).toMatch(GUID);
    const authorize = (await refusedAuthorize()).headers.get('location') ?? '';
    expect(authorize).toContain('error=unsupported_response_type');
    const page = await (await refusedAuthorize({ client_id: 'nobody' })).text();
    expect(page).toContain('The sign-in cannot go on');
    const administrator = await adminConsent(entra, { consent: 'cancel' });
    expect(administrator.searchParams.get('error')).toBe('access_denied');

    const all = [JSON.stringify(body), authorize, page, administrator.href]
      .join('\n')
      // The ids are random, and may have any digits.
      .replaceAll(/[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}/g, '');
    for (const told of ['AADSTS', 'error_codes', 'error_uri', '65001', '65004', '700054', '700016']) {
      expect(all).not.toContain(told);
    }
  });

  it('come back when they are wanted', async () => {
    await control(entra, 'PUT', '/answers', { stripNumbers: false });
    expect((await refusedExchange()).body.error_codes).toEqual([65001]);
  });
});
