/** The main job and the worker of an API that `npm run entra:register` has registered, over the stand-in. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { keyCredential } from '../../../../dev/credentials.ts';
import { GRAPH_TOKENS } from '../../../../dev/entra/applicationEndpoints.ts';
import {
  API_CLIENT_ID,
  IDENTITY_HEADER,
  IDENTITY_PATH,
  MANAGED_IDENTITIES,
  SYSTEM_IDENTITY,
  TENANT_ID,
  WEBHOOK_CLIENT_ID,
  WEBHOOK_CLIENT_SECRET,
} from '../../../../dev/entra/directory.ts';
import { type Entra, startEntra } from '../../../../dev/entra/startEntra.ts';
import { selfSignedCertificate } from '../../../../dev/selfSignedCertificate.ts';
import type { Wish } from '../../../../ops/entra/applicationWish.ts';
import { connectGraph } from '../../../../ops/entra/graphClient.ts';
import { registerApplications } from '../../../../ops/entra/registerApplications.ts';
import { systemClock } from '../../../../shared/clock.ts';
import { ForbiddenError, TokenInvalidError } from '../../../../shared/errors.ts';
import { createLocalApp, type LocalApp, type LocalAppOptions } from '../../../../shared/testing/localApp.ts';
import { control, journal, postToken, SPA_ORIGIN, signIn } from '../../../support/entraClients.ts';
import { wishOf } from '../../../support/graphDirectory.ts';

const MINUTE = 60_000;
/** To MSAL, such a token has expired when it is issued. */
const EXPIRED_AT_ONCE = 299;
const [{ clientId: IDENTITY, principalId: PRINCIPAL }] = MANAGED_IDENTITIES;
const NO_CREDENTIAL = {
  ENTRA_CLIENT_SECRET: '',
  ENTRA_CLIENT_CERTIFICATE: '',
  ENTRA_MANAGED_IDENTITY_CLIENT_ID: '',
};

let entra: Entra;
beforeAll(async () => {
  entra = await startEntra({
    port: 0,
    spaOrigins: [SPA_ORIGIN],
    lifetimes: { graphAccessToken: EXPIRED_AT_ONCE },
  });
  // MSAL reads these from the environment of the process.
  process.env.IDENTITY_ENDPOINT = `${entra.origin}${IDENTITY_PATH}`;
  process.env.IDENTITY_HEADER = IDENTITY_HEADER;
});
afterEach(() => control(entra, 'DELETE', '/requests'));
afterAll(async () => {
  delete process.env.IDENTITY_ENDPOINT;
  delete process.env.IDENTITY_HEADER;
  await entra.close();
});

let registrations = 0;
/** Registers as the command does, without its pauses. @returns the ids of both applications */
async function register(wish: Partial<Wish> = {}) {
  registrations += 1;
  const name = `registered-${registrations}`;
  const clock = { ...systemClock, after: (_ms: number, act: () => void) => systemClock.after(0, act) };
  const { registered } = await registerApplications({
    graph: connectGraph({
      graph: entra.origin,
      token: GRAPH_TOKENS.administrator,
      fetch,
      clock,
      tell: () => undefined,
    }),
    wish: wishOf({ name, pageUrls: [SPA_ORIGIN], ...wish }),
    tenantId: TENANT_ID,
    dryRun: false,
    clock,
    onCall: () => undefined,
    tell: () => undefined,
  });
  const { api, page } = registered;
  if (api === undefined || page === undefined) throw new Error('nothing was registered');
  return { api, page };
}

type Registered = Awaited<ReturnType<typeof register>>;

async function graph(method: string, path: string, body: unknown): Promise<Record<string, string>> {
  const response = await fetch(`${entra.origin}/v1.0${path}`, {
    method,
    headers: { authorization: `Bearer ${GRAPH_TOKENS.administrator}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  expect(response.ok).toBe(true);
  return response.status === 204 ? {} : ((await response.json()) as Record<string, string>);
}

const addPassword = ({ api }: Registered, passwordCredential: object = {}) =>
  graph('POST', `/applications/${api.id}/addPassword`, { passwordCredential });

const CREDENTIALS: [name: string, add: (registered: Registered) => Promise<Record<string, string>>][] = [
  ['the managed identity', async () => ({ ENTRA_MANAGED_IDENTITY_CLIENT_ID: IDENTITY })],
  [
    'a certificate',
    async ({ api }) => {
      const made = selfSignedCertificate();
      const key = { type: 'AsymmetricX509Cert', usage: 'Verify', ...keyCredential(made) };
      await graph('PATCH', `/applications/${api.id}`, { keyCredentials: [key] });
      return { ENTRA_CLIENT_CERTIFICATE: made.pem };
    },
  ],
  [
    'a secret',
    async (registered) => ({ ENTRA_CLIENT_SECRET: (await addPassword(registered)).secretText ?? '' }),
  ],
];

const appOf = (
  { api }: Registered,
  credential: Record<string, string>,
  options: LocalAppOptions = {},
): LocalApp =>
  createLocalApp(entra, {
    ...options,
    settings: { ...NO_CREDENTIAL, ENTRA_CLIENT_ID: api.appId, ...credential },
  });

const readinessOf = async (app: LocalApp) =>
  (await app.stead.readiness({ log: (event) => void app.events.push(event) })).readiness;

const tokenOf = async ({ api, page }: Registered, user = 'adele') =>
  (await signIn(entra, user, { clientId: page.appId, scope: `api://${api.appId}/.default` })).accessToken;

describe.each(CREDENTIALS)('a registered API with %s', (_, add) => {
  it('exchanges the token of a visit, and its worker refreshes it later, on another instance', async () => {
    const registered = await register({ managedIdentity: PRINCIPAL });
    const credential = await add(registered);
    const app = appOf(registered, credential);
    expect(await readinessOf(app)).toEqual({ storage: 'ready', credential: 'accepted' });

    const accessToken = await tokenOf(registered);
    expect((await app.getProfile(accessToken)).result).toMatchObject({ displayName: 'Adele Brandt' });
    app.clock.aheadMs = 2 * MINUTE;
    const { accounts, tokenCache, sharedState, clock } = app;
    const later = appOf(registered, credential, { accounts, tokenCache, sharedState, clock });
    expect(await later.sweep()).toMatchObject({ refreshed: 1, stoppedBy: 'done' });

    const requests = (await journal(entra)).filter(({ endpoint }) => endpoint === 'token');
    const ofTheApi = requests.filter(({ client }) => client === registered.api.appId);
    expect(ofTheApi.map(({ grant, status }) => [grant, status])).toEqual([
      ['client_credentials', 200],
      ['on_behalf_of', 200],
      ['refresh_token', 200],
    ]);
  });
});

describe('a registered API', () => {
  it('needs no consent of its users after a consent for everybody', async () => {
    const registered = await register({ managedIdentity: PRINCIPAL, adminConsent: true });
    const app = appOf(registered, { ENTRA_MANAGED_IDENTITY_CLIENT_ID: IDENTITY });
    await app.getProfile(await tokenOf(registered, 'bruno'));
    const { grants } = (await (await control(entra, 'GET', '/consent')).json()) as { grants: object[] };
    expect(grants).not.toContainEqual(expect.objectContaining({ client: registered.api.appId }));
  });

  it.each<[string, Partial<Wish>, (registered: Registered) => Promise<Record<string, string>>, string]>([
    [
      'no federated credential',
      {},
      async () => ({ ENTRA_MANAGED_IDENTITY_CLIENT_ID: IDENTITY }),
      'AADSTS700211',
    ],
    [
      'the federated credential of another identity',
      { managedIdentity: SYSTEM_IDENTITY.principalId },
      async () => ({ ENTRA_MANAGED_IDENTITY_CLIENT_ID: IDENTITY }),
      'AADSTS700213',
    ],
    [
      'the client id in place of the principal id',
      { managedIdentity: IDENTITY },
      async () => ({ ENTRA_MANAGED_IDENTITY_CLIENT_ID: IDENTITY }),
      'AADSTS700213',
    ],
    ['a secret of nobody', {}, async () => ({ ENTRA_CLIENT_SECRET: 'of-nobody' }), 'AADSTS7000215'],
    [
      'a secret that was removed',
      {},
      async (registered) => {
        const { keyId, secretText = '' } = await addPassword(registered);
        await graph('POST', `/applications/${registered.api.id}/removePassword`, { keyId });
        return { ENTRA_CLIENT_SECRET: secretText };
      },
      'AADSTS7000215',
    ],
    [
      'a secret that has expired',
      {},
      async (registered) => {
        const times = { startDateTime: '2020-01-01T00:00:00Z', endDateTime: '2021-01-01T00:00:00Z' };
        return { ENTRA_CLIENT_SECRET: (await addPassword(registered, times)).secretText ?? '' };
      },
      'AADSTS7000222',
    ],
    [
      'a certificate of nobody',
      {},
      async () => ({ ENTRA_CLIENT_CERTIFICATE: selfSignedCertificate().pem }),
      'AADSTS700027',
    ],
  ])('with %s is refused', async (_, wish, credentialOf, code) => {
    const registered = await register(wish);
    const app = appOf(registered, await credentialOf(registered));
    expect(await readinessOf(app)).toEqual({ storage: 'ready', credential: 'refused', code });
  });

  it('lets Azure Monitor start a run, if it was registered for that, and only of this API', async () => {
    const [woken, other] = [await register({ wakeWorker: true }), await register()];
    const token = async (client: string) =>
      String(
        (
          await postToken(entra, {
            grant_type: 'client_credentials',
            client_id: WEBHOOK_CLIENT_ID,
            client_secret: WEBHOOK_CLIENT_SECRET,
            scope: `api://${client}/.default`,
          })
        ).body.access_token,
      );
    const wake = async (registered: Registered, accessToken: string) => {
      const app = appOf(registered, { ENTRA_CLIENT_SECRET: 'not used here' });
      return app.stead.worker.wake({ log: () => undefined }, { accessToken });
    };
    expect(await wake(woken, await token(woken.api.appId))).toMatchObject({ ran: true });
    await expect(wake(woken, await token(other.api.appId))).rejects.toThrow(TokenInvalidError);
    await expect(wake(woken, await token(API_CLIENT_ID))).rejects.toThrow(TokenInvalidError);
    await expect(wake(other, await token(other.api.appId))).rejects.toThrow(ForbiddenError);
    await expect(wake(woken, await tokenOf(woken))).rejects.toThrow(TokenInvalidError);
  });
});
