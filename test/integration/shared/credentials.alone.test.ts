/** The main job and the worker with each credential, over the stand-in; and what follows if the credential is wrong. */

import type { InvocationContext } from '@azure/functions';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  CREDENTIALS,
  type CredentialName,
  federatedCredential,
  registerAtStandIn,
  registerCredential,
} from '../../../dev/credentials.ts';
import { API_CLIENT_ID, MANAGED_IDENTITIES } from '../../../dev/entra/directory.ts';
import type { Entra } from '../../../dev/entra/startEntra.ts';
import { profile } from '../../../functions/profile/profile.ts';
import { systemClock } from '../../../shared/clock.ts';
import { answered } from '../../../shared/http.ts';
import type { LogEvent } from '../../../shared/log.ts';
import { createLocalApp, type LocalApp, type LocalAppOptions } from '../../../shared/testing/localApp.ts';
import { startEntra } from '../../../shared/testing/startEntra.ts';
import { accountOf } from '../../support/accountOf.ts';
import { control, journal, signIn } from '../../support/entraClients.ts';

const MINUTE = 60_000;
/** To MSAL, such a token has expired when it is issued. */
const EXPIRED_AT_ONCE = 299;
const ENVIRONMENT = ['IDENTITY_ENDPOINT', 'IDENTITY_HEADER'];
const [{ clientId: IDENTITY, principalId: PRINCIPAL }] = MANAGED_IDENTITIES;

let entra: Entra;
const settings = {} as Record<CredentialName, Record<string, string>>;
beforeAll(async () => {
  entra = await startEntra({ lifetimes: { graphAccessToken: EXPIRED_AT_ONCE } });
  for (const name of CREDENTIALS) settings[name] = await registerCredential(entra.origin, name);
  // MSAL reads these from the environment of the process.
  for (const name of ENVIRONMENT) process.env[name] = settings['managed-identity'][name];
});
beforeEach(() => control(entra, 'DELETE', '/requests'));
afterEach(() => control(entra, 'DELETE', '/fault'));
afterAll(async () => {
  for (const name of ENVIRONMENT) delete process.env[name];
  await entra.close();
});

const appWith = (name: CredentialName, options: LocalAppOptions = {}): LocalApp =>
  createLocalApp(entra, { ...options, settings: { ...settings[name], ...options.settings } });

/** The same app on another instance, which knows nothing but the stores. */
const anotherInstance = (app: LocalApp, name: CredentialName, options: LocalAppOptions = {}): LocalApp => {
  const { accounts, tokenCache, sharedState, clock } = app;
  return appWith(name, { accounts, tokenCache, sharedState, clock, ...options });
};

const asked = async (endpoint: string) =>
  (await journal(entra)).filter((entry) => entry.endpoint === endpoint).length;

describe.each(CREDENTIALS)('with the credential %s', (name) => {
  it('a visit exchanges the token, and the worker refreshes it later, on another instance', async () => {
    const app = appWith(name);
    const user = await app.visit('adele');
    app.clock.aheadMs = 2 * MINUTE;
    const later = anotherInstance(app, name);
    expect(await later.sweep()).toMatchObject({ refreshed: 1, stoppedBy: 'done' });
    expect(await accountOf(app, user)).toMatchObject({ state: 'active', failure: undefined });
    const grants = (await journal(entra)).filter(({ client }) => client === API_CLIENT_ID);
    expect(grants.map(({ grant, status }) => [grant, status])).toEqual(
      expect.arrayContaining([
        ['on_behalf_of', 200],
        ['refresh_token', 200],
      ]),
    );
    // Each of the two instances once, if it has an identity.
    expect(await asked('identity')).toBe(name === 'managed-identity' ? 2 : 0);
  });
});

describe.each(CREDENTIALS)('readiness with the credential %s', (name) => {
  it('says that Entra accepts it, and leaves nothing in the stores', async () => {
    const app = appWith(name);
    expect(await readinessOf(app)).toEqual({ storage: 'ready', credential: 'accepted' });
    const grants = (await journal(entra)).filter(({ endpoint }) => endpoint === 'token');
    expect(grants).toEqual([
      expect.objectContaining({ grant: 'client_credentials', client: API_CLIENT_ID, status: 200 }),
    ]);
    expect(await Array.fromAsync(app.tokenCache.list())).toEqual([]);
    expect(await Array.fromAsync(app.accounts.list())).toEqual([]);
    expect(app.events).toEqual([]);
  });

  it.each([
    ['reset', { kind: 'reset' }],
    ['server-error', { kind: 'server-error' }],
    ['html', { kind: 'html' }],
    ['throttled', { kind: 'throttled' }],
  ])('says that Entra is unreachable in an outage (%s), and blames nobody', async (_, outage) => {
    await fault(outage);
    const app = appWith(name);
    expect(await readinessOf(app)).toMatchObject({ storage: 'ready', credential: 'unreachable' });
    expect(app.events).toEqual([{ event: 'credential.unreachable', code: expect.any(String) }]);
  });
});

it('a deployment can move from one credential to another, and its users notice nothing', async () => {
  const app = appWith('secret');
  await app.visit('adele');
  for (const name of ['managed-identity', 'certificate', 'secret'] as const) {
    app.clock.aheadMs += 10 * MINUTE;
    expect(await anotherInstance(app, name).sweep()).toMatchObject({ refreshed: 1, stoppedBy: 'done' });
  }
});

/** Makes the credential wrong. */
type Break = () => Promise<unknown>;
const federate = (changes?: Parameters<typeof federatedCredential>[1]) =>
  registerAtStandIn(entra.origin, {
    federatedIdentityCredentials: [federatedCredential(entra.origin, changes)],
  });
const fault = (body: Record<string, unknown>) => control(entra, 'PUT', '/fault', body);
const expired = { kind: 'error', error: 'invalid_client', errorNo: 700024, status: 401 };

const WRONG: [what: string, name: CredentialName, breakIt: Break, code: string, remedy: RegExp][] = [
  [
    'expired secret',
    'secret',
    () => fault({ kind: 'invalid-client' }),
    'AADSTS7000222',
    /Renew ENTRA_CLIENT_SECRET/,
  ],
  [
    'unknown thumbprint',
    'certificate',
    () => registerAtStandIn(entra.origin, { keyCredentials: [] }),
    'AADSTS700027',
    /ENTRA_CLIENT_CERTIFICATE \(SHA-256 thumbprint [\da-f]{64}\).+Add it to the registration/,
  ],
  ['expired certificate', 'certificate', () => fault(expired), 'AADSTS700024', /Renew the certificate/],
  [
    'wrong issuer',
    'managed-identity',
    () => federate({ issuer: `${entra.origin}/common/v2.0` }),
    'AADSTS700211',
    /It needs the issuer http:\/\/localhost:\d+\/0ba8ac9d-[\da-f-]+\/v2\.0\./,
  ],
  [
    'client id as subject',
    'managed-identity',
    () => federate({ subject: IDENTITY }),
    'AADSTS700213',
    /the subject is the principal \(object\) id/,
  ],
  [
    'wrong audience',
    'managed-identity',
    () => federate({ audiences: ['api://AzureADTokenExchangeUSGov'] }),
    'AADSTS700212',
    /It needs the audience api:\/\/AzureADTokenExchange\./,
  ],
  ['expired assertion', 'managed-identity', () => fault(expired), 'AADSTS700024', /Set the clock/],
  [
    'new federated credential',
    'managed-identity',
    () => federate({ delaySeconds: 3_600 }),
    'AADSTS70021',
    /takes effect within minutes/,
  ],
];

const NOT_ITS_OWN = /ENTRA_CLIENT_SECRET/;

async function mend(): Promise<void> {
  await control(entra, 'DELETE', '/fault');
  await federate();
  settings.certificate = await registerCredential(entra.origin, 'certificate');
}

const readinessOf = async (app: LocalApp) =>
  (await app.stead.readiness({ log: (event) => void app.events.push(event) })).readiness;

/** What a request of the user is answered, and what the log says. */
async function request(app: LocalApp, user: string) {
  const { accessToken } = await signIn(entra, user);
  const lines: string[] = [];
  const write = (line: string) => void lines.push(line);
  const context = { invocationId: 'an-id', info: write, warn: write, error: write };
  const response = await answered(context as unknown as InvocationContext, systemClock, async (operation) => {
    const { result } = await app.stead.asUser(operation, accessToken, profile);
    return { facts: {}, body: result };
  });
  const events = lines.map((line) => JSON.parse(line) as LogEvent);
  return { status: response.status, body: String(response.body), events };
}

describe.each(WRONG)('a credential that is wrong: %s', (_, name, breakIt, code, remedy) => {
  afterEach(mend);

  it('is told by the readiness, with its code, and logged once with what to do', async () => {
    await breakIt();
    const app = appWith(name);
    const refused = { storage: 'ready', credential: 'refused', code };
    expect(await readinessOf(app)).toEqual(refused);
    expect(await readinessOf(app)).toEqual(refused);
    const told = { event: 'credential.refused', code, remedy: expect.stringMatching(remedy) };
    expect(app.events).toEqual([told]);
  });

  it('stops the run and marks nobody, says what to do, and is over once it is mended', async () => {
    const app = appWith(name);
    const user = await app.visit('adele');
    app.clock.aheadMs = 2 * MINUTE;
    await breakIt();
    expect(await app.sweep()).toMatchObject({ stoppedBy: 'misconfigured', released: 1, failed: {} });
    const [told] = app.events.filter(({ event }) => event === 'sweep.misconfigured');
    expect(told).toMatchObject({ code, stops: true, remedy: expect.stringMatching(remedy) });
    if (name !== 'secret') expect(JSON.stringify(told)).not.toMatch(NOT_ITS_OWN);
    expect(await accountOf(app, user)).toMatchObject({ state: 'active', failure: undefined, history: [] });
    await mend();
    expect(await anotherInstance(app, name).sweep()).toMatchObject({ refreshed: 1, stoppedBy: 'done' });
  });

  it('is 502 to a request, and the log alone says what to do', async () => {
    await breakIt();
    const { status, body, events } = await request(appWith(name), 'bruno');
    expect(status).toBe(502);
    expect(JSON.parse(body)).toMatchObject({ code: 'UPSTREAM_REFUSED' });
    expect(body).not.toMatch(/ENTRA_|thumbprint|subject|issuer/);
    expect(events).toContainEqual(
      expect.objectContaining({ event: 'credential.refused', code, remedy: expect.stringMatching(remedy) }),
    );
  });

  it('marks nobody if Entra sends no number, and the remedy still fits', async () => {
    const app = appWith(name);
    const user = await app.visit('adele');
    app.clock.aheadMs = 2 * MINUTE;
    await control(entra, 'PUT', '/answers', { stripNumbers: true });
    try {
      await breakIt();
      if (breakIt.toString().includes('expired')) await fault({ ...expired, errorNo: undefined });
      await app.sweep();
      // A number alone says of some refusals that they are not one tenant's.
      expect(await accountOf(app, user)).toMatchObject({ state: 'active' });
      const told = app.events.filter(({ event }) => event === 'sweep.misconfigured');
      for (const event of told) {
        expect(event).toMatchObject({
          remedy: expect.stringMatching(
            { secret: /SECRET/, certificate: /certificate/, 'managed-identity': /identity/ }[name],
          ),
        });
      }
    } finally {
      await control(entra, 'PUT', '/answers', { stripNumbers: false });
    }
  });
});

describe('the identity endpoint', () => {
  const FAILING: [what: string, body: Record<string, unknown>, code: RegExp][] = [
    ['is down', { kind: 'reset' }, /^identity_endpoint_(?:UND_ERR_SOCKET|ECONNRESET)$/],
    ['does not answer', { kind: 'hang' }, /^identity_endpoint_TimeoutError$/],
    ['fails', { kind: 'server-error' }, /^identity_endpoint_http_503$/],
    ['sends a page', { kind: 'html', status: 400 }, /^identity_endpoint_http_400_not_json$/],
    ['asks for fewer requests', { kind: 'throttled', retryAfter: 600 }, /^identity_endpoint_http_429$/],
  ];

  it.each(FAILING)('that %s is an outage: 503, and the run tries the user again', async (_, body, code) => {
    const app = appWith('managed-identity');
    const user = await app.visit('adele');
    app.clock.aheadMs = 2 * MINUTE;
    await fault({ ...body, at: 'identity' });
    const timeouts = body.kind === 'hang' ? { tokenMs: 1_000 } : {};
    const cold = anotherInstance(app, 'managed-identity', { timeouts });
    const { status, body: answer } = await request(cold, 'bruno');
    expect({ status, ...JSON.parse(answer) }).toMatchObject({ status: 503, code: 'UNAVAILABLE' });
    expect(await cold.sweep()).toMatchObject({ failed: { transient: 1 }, stoppedBy: 'done' });
    expect(await accountOf(app, user)).toMatchObject({ state: 'active' });
    const ended = cold.events.find(({ event }) => event === 'user.check-ended');
    expect(ended).toMatchObject({ kind: 'transient', code: expect.stringMatching(code) });
    // Nothing without a credential was sent to Entra.
    expect(
      (await journal(entra)).filter(({ grant, status: got }) => grant !== undefined && got >= 400),
    ).toEqual([]);
    await control(entra, 'DELETE', '/fault');
    app.clock.aheadMs += 60 * MINUTE;
    expect(await anotherInstance(app, 'managed-identity').sweep()).toMatchObject({ refreshed: 1 });
  });

  it('that is down is not noticed while the instance has a token of it', async () => {
    const app = appWith('managed-identity');
    await app.visit('adele');
    await fault({ kind: 'reset', at: 'identity' });
    app.clock.aheadMs = 2 * MINUTE;
    expect(await app.sweep()).toMatchObject({ refreshed: 1 });
    expect((await request(app, 'bruno')).status).toBe(200);
  });

  it('that is down takes nothing from users whose token is stored', async () => {
    await control(entra, 'PUT', '/lifetimes', { graphAccessToken: 3_600 });
    try {
      const app = appWith('managed-identity');
      const user = await app.visit('adele');
      const generation = (await accountOf(app, user))?.generation ?? '';
      await fault({ kind: 'reset', at: 'identity' });
      const cold = anotherInstance(app, 'managed-identity');
      const request = { userId: user, homeAccountId: undefined, generation };
      await expect(cold.tokens.silent({ ...request, forceRefresh: false })).resolves.toMatchObject({
        source: 'cache',
      });
      await expect(cold.tokens.silent({ ...request, forceRefresh: true })).rejects.toMatchObject({
        failure: { kind: 'transient' },
      });
    } finally {
      await control(entra, 'PUT', '/lifetimes', { graphAccessToken: EXPIRED_AT_ONCE });
    }
  });

  it('that does not know the identity is our own fault: the run stops, and a request is 502', async () => {
    const app = appWith('managed-identity');
    const user = await app.visit('adele');
    app.clock.aheadMs = 2 * MINUTE;
    const notAssigned = { ENTRA_MANAGED_IDENTITY_CLIENT_ID: PRINCIPAL };
    const wrong = anotherInstance(app, 'managed-identity', { settings: notAssigned });
    expect(await wrong.sweep()).toMatchObject({ stoppedBy: 'misconfigured', released: 1, failed: {} });
    const told = expect.objectContaining({
      code: 'managed_identity_refused',
      remedy: expect.stringMatching(
        /ENTRA_MANAGED_IDENTITY_CLIENT_ID, which is the client id of the identity/,
      ),
    });
    expect(wrong.events).toContainEqual(told);
    expect(await accountOf(app, user)).toMatchObject({ state: 'active', failure: undefined, history: [] });
    const { status, events } = await request(wrong, 'bruno');
    expect(status).toBe(502);
    expect(events).toContainEqual(told);
  });

  it('that is down is an outage to the readiness, and one that does not know the identity is our fault', async () => {
    await fault({ kind: 'reset', at: 'identity' });
    expect(await readinessOf(appWith('managed-identity'))).toMatchObject({ credential: 'unreachable' });
    await control(entra, 'DELETE', '/fault');
    const notAssigned = { ENTRA_MANAGED_IDENTITY_CLIENT_ID: PRINCIPAL };
    expect(await readinessOf(appWith('managed-identity', { settings: notAssigned }))).toMatchObject({
      credential: 'refused',
      code: 'managed_identity_refused',
    });
  });

  it('serves sixteen checks of a fresh instance with one request', async () => {
    const app = appWith('managed-identity');
    for (const name of ['adele', 'bruno', 'chiara', 'dana', 'erik']) await app.visit(name);
    app.clock.aheadMs = 2 * MINUTE;
    await control(entra, 'DELETE', '/requests');
    expect(await anotherInstance(app, 'managed-identity').sweep({ concurrency: 16 })).toMatchObject({
      refreshed: 5,
    });
    expect(await asked('identity')).toBe(1);
  });

  it('may give a token of the system-assigned identity', async () => {
    await federate({ ofSystem: true });
    try {
      const system = { ENTRA_MANAGED_IDENTITY_CLIENT_ID: 'system' };
      expect((await request(appWith('managed-identity', { settings: system }), 'bruno')).status).toBe(200);
    } finally {
      await mend();
    }
  });
});
