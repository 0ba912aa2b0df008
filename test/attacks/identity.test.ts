import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  DEMO_USERS,
  type DemoUser,
  OTHER_TENANT_USER as ERIK,
  HOME_TENANT_ID_OF_GUEST,
} from '../../dev/entra/directory.ts';
import type { Entra } from '../../dev/entra/startEntra.ts';
import { toUserId } from '../../shared/userId.ts';
import type { Connection, Profile } from '../../shared/wire.ts';
import { signIn } from '../support/entraClients.ts';
import { bearer } from './corpus/attackCase.ts';
import type { Forge } from './forge.ts';
import type { Json } from './jws.ts';
import { type AttackRequest, createTarget, startAuthority, type Target } from './target.ts';

const [ADELE, BRUNO, , DANA] = DEMO_USERS;

let authority: Awaited<ReturnType<typeof startAuthority>>;
let entra: Entra;
let forge: Forge;
let target: Target;

beforeAll(async () => {
  authority = await startAuthority();
  ({ entra, forge } = authority);
});
beforeEach(() => {
  target = createTarget(entra, { allowedTenants: '*' });
});
afterAll(() => authority?.stop());

async function profileOf(token: string): Promise<Profile> {
  const { status, body } = await target.send(bearer(token));
  expect(status).toBe(200);
  return JSON.parse(body) as Profile;
}

const visit = async (user: DemoUser): Promise<Profile> =>
  profileOf((await signIn(entra, user.name, { tenant: user.tid })).accessToken);

const claimsOf = (user: DemoUser, different: Json = {}): Json =>
  forge.claims({
    iss: `${forge.origin}/${user.tid}/v2.0`,
    tid: user.tid,
    oid: user.oid,
    preferred_username: user.upn,
    ...different,
  });

describe('a user', () => {
  it('of another tenant with the same object id is another user', async () => {
    expect(ERIK.oid).toBe(ADELE.oid);
    expect((await visit(ADELE)).displayName).toBe(ADELE.displayName);
    expect((await visit(ERIK)).displayName).toBe(ERIK.displayName);
    expect((await visit(ADELE)).displayName).toBe(ADELE.displayName);
    expect(target.entries()).toHaveLength(2);
    for (const user of [ADELE, ERIK]) {
      expect(await target.accounts.read(toUserId(user))).toMatchObject({
        state: 'active',
        homeAccountId: `${user.homeOid}.${user.homeTid}`,
        userPrincipalName: user.upn,
      });
    }
  });

  it('of another tenant with the same object id has a connection of their own', async () => {
    const adele = bearer(forge.signed(claimsOf(ADELE)));
    const erik = bearer(forge.signed(claimsOf(ERIK)));
    const stateFor = async (request: AttackRequest) =>
      (JSON.parse((await target.send(request, 'GET /api/connection')).body) as Connection).state;
    expect((await target.send(adele)).status).toBe(200);
    expect([await stateFor(adele), await stateFor(erik)]).toEqual(['active', 'none']);

    expect((await target.send(erik, 'DELETE /api/connection')).status).toBe(204);
    expect([await stateFor(adele), await stateFor(erik)]).toEqual(['active', 'disconnected']);
    expect(await target.tokenCache.read(toUserId(ADELE))).toBeDefined();

    expect((await target.send(erik, 'PUT /api/connection')).status).toBe(200);
    expect((await target.send(adele, 'DELETE /api/connection')).status).toBe(204);
    expect([await stateFor(adele), await stateFor(erik)]).toEqual(['disconnected', 'pending']);
  });

  it('who is a guest is who the tenant they visit knows, not who they are at home', async () => {
    await visit(DANA);
    expect(await target.accounts.read(toUserId(DANA))).toMatchObject({
      homeAccountId: `${DANA.homeOid}.${HOME_TENANT_ID_OF_GUEST}`,
    });
    const atHome = { tid: DANA.homeTid, oid: DANA.homeOid };
    expect(await target.accounts.read(toUserId(atHome))).toBeUndefined();

    const { accessToken } = await signIn(entra, DANA.name, { tenant: DANA.homeTid });
    await profileOf(accessToken);
    expect(await target.accounts.read(toUserId(atHome))).toBeDefined();
    expect(target.entries()).toHaveLength(2);
  });

  it('is the same in upper and in lower case', async () => {
    await visit(ADELE);
    const upper = {
      tid: ADELE.tid.toUpperCase(),
      oid: ADELE.oid.toUpperCase(),
    };
    const caller = await target.verify(forge.signed(claimsOf(ADELE, upper)));
    expect(caller).toMatchObject({ userId: toUserId(ADELE), tid: ADELE.tid, oid: ADELE.oid });
    await target.send(bearer(forge.signed(claimsOf(ADELE, upper))));
    expect(target.entries()).toHaveLength(1);
  });

  it('who was renamed keeps their row, and the row learns the name', async () => {
    await visit(ADELE);
    const renamed = 'adele.brandt-lopez@harbour.example';
    const profile = await profileOf(forge.signed(claimsOf(ADELE, { preferred_username: renamed })));
    expect(profile.id).toBe(ADELE.oid);
    expect(target.entries()).toHaveLength(1);
    expect(await target.accounts.read(toUserId(ADELE))).toMatchObject({ userPrincipalName: renamed });
  });

  it('who was given somebody else’s former name does not get their row', async () => {
    await visit(ADELE);
    const before = await target.accounts.read(toUserId(ADELE));
    const asAdele = { preferred_username: ADELE.upn, email: ADELE.upn, unique_name: ADELE.upn };
    const profile = await profileOf(forge.signed(claimsOf(BRUNO, asAdele)));
    expect(profile.id).toBe(BRUNO.oid);
    expect(await target.accounts.read(toUserId(ADELE))).toEqual(before);
    expect(target.entries()).toHaveLength(2);
  });

  it('is nobody else by subject, by an id of their home or by a group of the same id', async () => {
    const others = {
      sub: BRUNO.oid,
      home_oid: BRUNO.oid,
      groups: [BRUNO.oid],
      wids: [BRUNO.oid],
      sid: BRUNO.oid,
    };
    expect((await profileOf(forge.signed(claimsOf(ADELE, others)))).id).toBe(ADELE.oid);
    expect(await target.accounts.read(toUserId(BRUNO))).toBeUndefined();
  });

  it('never gets another’s answer, though many ask at a time', async () => {
    const users = [...DEMO_USERS, ERIK];
    const asked = Array.from({ length: 6 }, () => users).flat();
    const answers = await Promise.all(
      asked.map((user, turn) => profileOf(forge.signed(claimsOf(user, { turn })))),
    );
    expect(answers.map(({ displayName }) => displayName)).toEqual(
      asked.map(({ displayName }) => displayName),
    );
    expect(target.entries()).toHaveLength(users.length);
  });
});
