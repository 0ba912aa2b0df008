/** What concerns all of one person: lifetimes of their own, nothing wrong any more, and as new. */
import { afterEach, beforeEach, expect, it } from 'vitest';
import { API_CLIENT_ID, API_CLIENT_SECRET } from '../../../../dev/entra/directory.ts';
import { type Entra, startEntra } from '../../../../dev/entra/startEntra.ts';
import {
  control,
  exchange,
  postToken,
  SPA_ORIGIN,
  signIn,
  UNCONSENTED,
} from '../../../support/entraClients.ts';

const API = { client_id: API_CLIENT_ID, client_secret: API_CLIENT_SECRET };

let entra: Entra;
beforeEach(async () => {
  entra = await startEntra({ port: 0, spaOrigins: [SPA_ORIGIN], givenByAdministrator: ['Mail.ReadBasic'] });
});
afterEach(() => entra.close());

/** The web API's two ways to a token for somebody. */
async function grantsOf(user: string) {
  const { accessToken } = await signIn(entra, user);
  const first = await exchange(entra, accessToken);
  const refresh_token = String(first.body.refresh_token);
  return {
    exchange: () => exchange(entra, accessToken),
    refresh: () =>
      postToken(entra, { ...API, grant_type: 'refresh_token', scope: 'User.Read', refresh_token }),
  };
}

const permissionsOf = async (user: string): Promise<string[]> => {
  const answer = await (await control(entra, 'GET', '/consent')).json();
  const { grants } = answer as { grants: { client: string; permissions: Record<string, { by: string }> }[] };
  return grants
    .filter(({ client }) => client === API_CLIENT_ID)
    .flatMap(({ permissions }) => Object.entries(permissions))
    .filter(([, { by }]) => by === user)
    .map(([permission]) => permission);
};

it('gives one person tokens of other lifetimes, and nobody else, until they are taken away', async () => {
  const [adele, bruno] = [await grantsOf('adele'), await grantsOf('bruno')];
  const changed = await control(entra, 'PUT', '/users/adele/lifetimes', { graphAccessToken: 330 });
  expect(await changed.json()).toMatchObject({ graphAccessToken: 330, accessToken: 3_600 });
  expect(await (await control(entra, 'GET', '/users/adele/lifetimes')).json()).toMatchObject({
    graphAccessToken: 330,
  });
  expect((await adele.refresh()).body.expires_in).toBe(330);
  expect((await bruno.refresh()).body.expires_in).toBe(3_600);
  expect((await control(entra, 'DELETE', '/users/adele/lifetimes')).status).toBe(204);
  expect((await adele.refresh()).body.expires_in).toBe(3_600);
});

it('restores a person: faults and revocations are as if they had never been, and consents are there', async () => {
  const adele = await grantsOf('adele');
  await control(entra, 'PUT', '/users/adele/fault', { kind: 'revoked' });
  await control(entra, 'PUT', '/users/adele/fault', { kind: 'server-error' });
  await control(entra, 'DELETE', '/users/adele/consent');
  expect((await adele.refresh()).status).toBe(503);
  await control(entra, 'DELETE', '/users/adele/fault');
  expect((await adele.refresh()).body).toMatchObject({ error_codes: [50173] });
  expect(await adele.exchange()).toMatchObject(UNCONSENTED);

  expect((await control(entra, 'POST', '/users/adele/restore')).status).toBe(204);
  expect((await adele.refresh()).status).toBe(200);
  expect((await adele.exchange()).status).toBe(200);
  expect(await permissionsOf('adele')).toEqual(['User.Read']);
});

it('restores nobody else', async () => {
  const bruno = await grantsOf('bruno');
  await control(entra, 'PUT', '/users/bruno/fault', { kind: 'revoked' });
  await control(entra, 'POST', '/users/adele/restore');
  expect((await bruno.refresh()).body).toMatchObject({ error_codes: [50173] });
});

it('resets a person: they have consented to nothing, and have what they had at the start', async () => {
  const { accessToken } = await signIn(entra, 'adele', { scope: 'User.Read Files.Read' });
  const files = async () => {
    const answer = await fetch(`${entra.origin}/v1.0/me/drive/root/delta`, {
      headers: { authorization: `Bearer ${accessToken}` },
    });
    return ((await answer.json()) as { value: unknown[] }).value.length;
  };
  const before = await files();
  await control(entra, 'POST', '/users/adele/files', {});
  await control(entra, 'PUT', '/users/adele/lifetimes', { graphAccessToken: 330 });
  await control(entra, 'PUT', '/users/adele/fault', { kind: 'server-error' });
  expect(await files()).toBe(before + 1);

  const bruno = await grantsOf('bruno');
  expect((await control(entra, 'POST', '/users/adele/reset')).status).toBe(204);
  expect(await files()).toBe(before);
  expect(await permissionsOf('adele')).toEqual([]);
  expect(await permissionsOf('bruno')).toEqual(['User.Read']);
  expect((await bruno.refresh()).status).toBe(200);
  expect(await (await control(entra, 'GET', '/users/adele/lifetimes')).json()).not.toHaveProperty(
    'graphAccessToken',
  );
});

it.each([
  ['GET', 'lifetimes'],
  ['PUT', 'lifetimes'],
  ['DELETE', 'lifetimes'],
  ['POST', 'restore'],
  ['POST', 'reset'],
])('knows nobody else: %s %s', async (method, what) => {
  const answer = await control(entra, method, `/users/nobody/${what}`, method === 'GET' ? undefined : {});
  expect(answer.status).toBe(404);
});
