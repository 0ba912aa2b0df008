import { decodeJwt } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  API_CLIENT_ID,
  API_CLIENT_SECRET,
  DEMO_USERS,
  numberedUsers,
  TENANT_ID,
} from '../../../../dev/entra/directory.ts';
import { type Entra, startEntra } from '../../../../dev/entra/startEntra.ts';
import { control, postToken, SPA_ORIGIN, signIn } from '../../../support/entraClients.ts';

const NEW_TENANT_ID = 'd3a1c2f4-5b6e-4f70-8a91-b2c3d4e5f607';
const GUID = /^[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-8[\da-f]{3}-[\da-f]{12}$/;

const users = [...numberedUsers(1_000), ...numberedUsers(2, NEW_TENANT_ID, 'other')];
let entra: Entra;

beforeAll(async () => {
  entra = await startEntra({ port: 0, spaOrigins: [SPA_ORIGIN], users });
});
afterAll(() => entra?.close());

describe('numbered users', () => {
  it('are the same in every run and differ from one another', () => {
    expect(numberedUsers(1_000)).toEqual(users.slice(0, 1_000));
    expect(new Set(users.map((user) => user.oid)).size).toBe(users.length);
    for (const { oid } of users) expect(oid).toMatch(GUID);
    expect(users[0]).toMatchObject({ name: 'user0001', tid: TENANT_ID });
    expect(users[999]).toMatchObject({ name: 'user1000' });
  });

  it('sign in by their names, in tenants of their own too, and get tokens on their behalf', async () => {
    for (const user of [users[0], users[999], users[1_001]]) {
      if (user === undefined) throw new Error('there are too few users');
      const { accessToken } = await signIn(entra, user.name, { tenant: user.tid });
      expect(decodeJwt(accessToken)).toMatchObject({ tid: user.tid, oid: user.oid });
      const { body } = await postToken(
        entra,
        {
          grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer',
          requested_token_use: 'on_behalf_of',
          client_id: API_CLIENT_ID,
          client_secret: API_CLIENT_SECRET,
          scope: 'User.Read',
          assertion: accessToken,
        },
        { tenant: user.tid },
      );
      const me = await fetch(`${entra.origin}/v1.0/me?$select=displayName`, {
        headers: { authorization: `Bearer ${body.access_token}` },
      });
      expect(await me.json()).toMatchObject({ displayName: user.displayName });
    }
  });

  it('can be given faults, each of them and by tenant', async () => {
    const set = (path: string) => control(entra, 'PUT', path, { kind: 'server-error' });
    expect((await set('/users/user0500/fault')).status).toBe(200);
    expect((await set(`/tenants/${NEW_TENANT_ID}/fault`)).status).toBe(200);
  });

  it('stand beside the demo users', async () => {
    const listed = (await (await control(entra, 'GET', '/users')).json()) as { name: string }[];
    const names = listed.map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining([...DEMO_USERS, ...users].map(({ name }) => name)));
  });
});

it('two people of one name, or of one object id in a tenant, are refused', async () => {
  const [first] = numberedUsers(1);
  if (first === undefined) throw new Error('there is no user');
  const start = (second: typeof first) =>
    startEntra({ port: 0, spaOrigins: [SPA_ORIGIN], users: [first, second] });
  await expect(start(first)).rejects.toThrow('two called "user0001"');
  await expect(start({ ...first, name: 'twin' })).rejects.toThrow('two with the object id');
});
