import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { API_CLIENT_ID, API_CLIENT_SECRET, DEMO_USERS } from '../../dev/entra/directory.ts';
import type { Entra } from '../../dev/entra/startEntra.ts';
import { toUserId } from '../../shared/userId.ts';
import type { Problem, Profile } from '../../shared/wire.ts';
import { postToken, signIn } from '../support/entraClients.ts';
import type { AttackCase, Issued } from './corpus/attackCase.ts';
import { authorizationCases } from './corpus/authorizationCases.ts';
import { claimCases } from './corpus/claimCases.ts';
import { headerCases } from './corpus/headerCases.ts';
import { lookAlikeCases } from './corpus/lookAlikeCases.ts';
import { segmentCases } from './corpus/segmentCases.ts';
import { tokenKindCases } from './corpus/tokenKindCases.ts';
import type { Forge } from './forge.ts';
import type { Expected } from './outcome.ts';
import {
  type AttackRequest,
  createTarget,
  exchangesAt,
  ROUTES,
  type Route,
  refusalIn,
  startAuthority,
  type Target,
} from './target.ts';

const ADELE = DEMO_USERS[0];
const ADELES_ID = toUserId(ADELE);
const CORPUS: Record<string, readonly AttackCase[]> = {
  claims: claimCases,
  'look-alikes': lookAlikeCases,
  headers: headerCases,
  'signatures and segments': segmentCases,
  'kinds of tokens': tokenKindCases,
  'ways to send it': authorizationCases,
};

let authority: Awaited<ReturnType<typeof startAuthority>>;
let entra: Entra;
let forge: Forge;
let issued: Issued;
let target: Target;

beforeAll(async () => {
  authority = await startAuthority();
  ({ entra, forge } = authority);
  target = createTarget(entra);
  issued = await issueAll(entra);
  for (const token of Object.values(issued)) expect(token.split('.')).toHaveLength(3);
});
afterAll(() => authority?.stop());

async function issueAll(at: Entra): Promise<Issued> {
  const { accessToken, idToken, refreshToken } = await signIn(at, ADELE.name);
  const { body } = await postToken(at, {
    grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer',
    requested_token_use: 'on_behalf_of',
    client_id: API_CLIENT_ID,
    client_secret: API_CLIENT_SECRET,
    assertion: accessToken,
    scope: 'openid offline_access User.Read',
  });
  return {
    accessToken,
    idToken,
    spaRefreshToken: refreshToken,
    graphToken: String(body.access_token),
    apiIdToken: String(body.id_token),
    apiRefreshToken: String(body.refresh_token),
  };
}

async function expectRefused({ request, expected }: AttackCase) {
  const sent = await request(forge, issued);
  // One that has fetched no keys yet: a key that it does not know is judged at once, and not in half a minute.
  const fresh = createTarget(entra);
  const exchanges = await exchangesAt(entra);
  for (const route of ROUTES) await expectRefusedBy(fresh, route, sent, expected);
  expect({ exchanges: await exchangesAt(entra), storeCalls: fresh.storeCalls() }).toEqual({
    exchanges,
    storeCalls: 0,
  });
}

async function expectRefusedBy(by: Target, route: Route, sent: AttackRequest, expected: Expected) {
  const answer = await by.send(sent, route);
  expect(refusalIn(answer), route).toEqual(expected);
  const { headers, body, lines } = answer;
  expect(headers.get('content-type')).toBe('application/problem+json');
  expect(headers.get('cache-control')).toBe('no-store');
  expect(headers.get('access-control-expose-headers')).toContain('WWW-Authenticate');
  expect(headers.get('www-authenticate')).toMatch(/^Bearer( \w+="[^"\\]*"(, \w+="[^"\\]*")*)?$/);
  const { correlationId } = JSON.parse(body) as Problem;
  expect(lines).toEqual([expect.stringContaining(correlationId)]);

  const said = [body, headers.get('www-authenticate'), ...lines].join('\n');
  for (const credential of (sent.authorization ?? '').split(/[ ,]+/)) {
    if (credential.length > 12) expect(said).not.toContain(credential);
  }
  expect(said).not.toContain(ADELE.oid);
  expect(said).not.toContain(ADELE.upn);
}

async function expectAnswered({ request }: AttackCase) {
  const answer = await target.send(await request(forge, issued));
  expect({ status: answer.status, lines: answer.lines }).toMatchObject({ status: 200 });
  expect((JSON.parse(answer.body) as Profile).id).toBe(ADELE.oid);
}

async function expectVerified({ request }: AttackCase) {
  const sent = await request(forge, issued);
  const token = (sent.authorization ?? '').replace('Bearer ', '');
  expect(await target.verify(token)).toMatchObject({ userId: ADELES_ID });
  const before = await exchangesAt(entra);
  await target.send(sent);
  expect(await exchangesAt(entra)).toBe(before + 1);
}

describe.each(Object.entries(CORPUS))('of %s', (_kind, cases) => {
  it.each(cases.map((attack) => [attack.name, attack] as const))('%s', async (_name, attack) => {
    if (attack.expected === 'answered') await expectAnswered(attack);
    else if (attack.expected === 'verified') await expectVerified(attack);
    else await expectRefused(attack);
  });
});

describe('the corpus', () => {
  const names = Object.values(CORPUS).flatMap((cases) => cases.map(({ name }) => name));

  it('names each of its cases once, and has 120 or more', () => {
    expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
    expect(names.length).toBeGreaterThanOrEqual(120);
  });

  it('never made anybody ask at the forger’s address', () => {
    expect(forge.visits()).toBe(0);
  });

  it('leaves one row behind, which is Adele’s', async () => {
    expect(await target.accounts.read(ADELES_ID)).toMatchObject({ state: 'active' });
    expect(target.entries()).toHaveLength(1);
  });
});
