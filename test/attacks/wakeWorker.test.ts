/** Who may start a run of the worker: an application of the API's own tenant with the role, and nobody else. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  API_CLIENT_ID,
  GRAPH_APP_ID,
  OTHER_TENANT_ID,
  SPA_CLIENT_ID,
  TENANT_ID,
  WEBHOOK_CLIENT_ID,
} from '../../dev/entra/directory.ts';
import type { WorkerRun } from '../../shared/wire.ts';
import { bearer } from './corpus/attackCase.ts';
import { authorizationCases } from './corpus/authorizationCases.ts';
import { claimCases } from './corpus/claimCases.ts';
import { headerCases } from './corpus/headerCases.ts';
import { lookAlikeCases } from './corpus/lookAlikeCases.ts';
import { segmentCases } from './corpus/segmentCases.ts';
import { type Forge, now } from './forge.ts';
import { compact, type Json, rsa } from './jws.ts';
import { INVALID, MISSING, type Refusal, WRONG_ROLE, WRONG_TENANT } from './outcome.ts';
import { createTarget, refusalIn, startAuthority, type Target, WAKE } from './target.ts';

const PRINCIPAL = 'f7f0a9d2-1f0c-4a56-9c5a-0d1a8b8f6c11';

let authority: Awaited<ReturnType<typeof startAuthority>>;
let forge: Forge;
let target: Target;
beforeAll(async () => {
  authority = await startAuthority();
  ({ forge } = authority);
});
beforeEach(() => {
  target = createTarget(authority.entra);
});
afterAll(() => authority?.stop());

/** What Entra puts into a token of an application; undefined leaves a claim out. */
const APP = {
  oid: PRINCIPAL,
  sub: PRINCIPAL,
  scp: undefined,
  preferred_username: undefined,
  upn: undefined,
  idtyp: 'app',
  roles: ['Worker.Run'],
};
const v2 = (different: Json = {}): Json =>
  forge.claims({ ...APP, azp: WEBHOOK_CLIENT_ID, azpacr: '2', ...different });
const v1 = (different: Json = {}): Json =>
  forge.claimsV1({ ...APP, appid: WEBHOOK_CLIENT_ID, appidacr: '2', ...different });
const of = (tid: string, authorityOrigin = forge.origin): Json => ({
  tid,
  iss: `${authorityOrigin}/${tid}/v2.0`,
});

describe('a token of an application with the role', () => {
  it.each([
    ['of version 2', () => v2()],
    ['of version 1, for the App ID URI', () => v1()],
    ['of version 1, for the client id', () => v1({ aud: API_CLIENT_ID })],
    ['that has other roles, too', () => v2({ roles: ['Other', 'Worker.Run'] })],
    ['of another client than Azure Monitor', () => v2({ azp: SPA_CLIENT_ID })],
  ])('%s starts a run', async (_, claims) => {
    const { status, body, lines } = await target.send(bearer(forge.signed(claims())), WAKE);
    expect(status).toBe(200);
    expect(JSON.parse(body) as WorkerRun).toMatchObject({ ran: true, due: 0, stoppedBy: 'done' });
    expect(lines.join('\n')).toContain('worker.woken');
    const again = await target.send(bearer(forge.signed(claims())), WAKE);
    expect(JSON.parse(again.body)).toEqual({ ran: false });
  });
});

const REFUSED: [what: string, token: () => string, refusal: Refusal][] = [
  ["a user's token", () => forge.signed(forge.claims()), INVALID],
  ["a user's token with the role", () => forge.signed(forge.claims({ roles: ['Worker.Run'] })), INVALID],
  [
    "a user's token with the role that says that it is an application's",
    () => forge.signed(forge.claims({ roles: ['Worker.Run'], idtyp: 'app' })),
    INVALID,
  ],
  ['the role as a scope', () => forge.signed(forge.claims({ scp: 'Worker.Run' })), INVALID],
  ["a user's token of version 1", () => forge.signed(forge.claimsV1({ roles: ['Worker.Run'] })), INVALID],
  ['no type', () => forge.signed(v2({ idtyp: undefined })), INVALID],
  ['no role', () => forge.signed(v2({ roles: undefined })), WRONG_ROLE],
  ['no role, in version 1', () => forge.signed(v1({ roles: undefined })), WRONG_ROLE],
  ['another role', () => forge.signed(v2({ roles: ['Other'] })), WRONG_ROLE],
  ['the role as a text', () => forge.signed(v2({ roles: 'Worker.Run' })), WRONG_ROLE],
  [
    'another tenant, whose administrator has assigned the role',
    () => forge.signed(v2(of(OTHER_TENANT_ID))),
    WRONG_TENANT,
  ],
  [
    'another tenant, in version 1',
    () => forge.signed(v1({ tid: OTHER_TENANT_ID, iss: `https://sts.windows.net/${OTHER_TENANT_ID}/` })),
    WRONG_TENANT,
  ],
  [
    'the tenant of another issuer',
    () => forge.signed(v2({ iss: `${forge.origin}/${OTHER_TENANT_ID}/v2.0` })),
    INVALID,
  ],
  ['another authority', () => forge.signed(v2(of(TENANT_ID, 'https://evil.example'))), INVALID],
  ['the role of another API', () => forge.signed(v2({ aud: SPA_CLIENT_ID })), INVALID],
  ['the role at Graph', () => forge.signed(v2({ aud: GRAPH_APP_ID })), INVALID],
  ['another API, in version 1', () => forge.signed(v1({ aud: `api://${SPA_CLIENT_ID}` })), INVALID],
  [
    'an audience of version 1 in version 2',
    () => forge.signed(v2({ aud: `api://${API_CLIENT_ID}` })),
    INVALID,
  ],
  ['an end that is over', () => forge.signed(v2({ exp: now() - 120 })), INVALID],
  ['a beginning that is to come', () => forge.signed(v2({ nbf: now() + 3_600 })), INVALID],
  ['no end', () => forge.signed(v2({ exp: undefined })), INVALID],
  ['no signature', () => `${forge.signed(v2()).split('.').slice(0, 2).join('.')}.`, INVALID],
  ["a forger's signature", () => compact(forge.header(), v2(), rsa(forge.ownKey.privateKey)), INVALID],
  ['nothing', () => '', MISSING],
];

describe('a run is refused for', () => {
  it.each(REFUSED)('%s', async (_, token, refusal) => {
    const text = token();
    const answer = await target.send(text === '' ? {} : bearer(text), WAKE);
    expect(refusalIn(answer)).toEqual(refusal);
    expect(answer.lines.join('\n')).not.toMatch(/worker\.woken|sweep\.ended/);
    expect(target.storeCalls()).toBe(0);
  });

  it("every token of the users' corpus, those that users' routes take included", async () => {
    const cases = [...claimCases, ...lookAlikeCases, ...headerCases, ...segmentCases, ...authorizationCases];
    for (const { name, request } of cases) {
      const answer = await target.send(await request(forge, NOTHING_ISSUED), WAKE);
      expect([400, 401, 403, 503], name).toContain(answer.status);
      expect(answer.lines.join('\n'), name).not.toMatch(/worker\.woken|sweep\.ended/);
    }
  });
});

describe('in place of a ticket of this deployment', () => {
  it.each<[string, () => string, Refusal]>([
    ['an access token with the role', () => `Run ${forge.signed(v2())}`, INVALID],
    ["a user's access token", () => `Run ${forge.signed(forge.claims())}`, INVALID],
    ['a text', () => 'Run anything', INVALID],
    [
      'a JWE of a key of their own',
      () => `Run ${'eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIn0'}..AAAA.AAAA.AAAA`,
      INVALID,
    ],
    ['nothing', () => 'Run ', MISSING],
    ['two', () => 'Run anything, Run anything', MISSING],
  ])('%s starts no run', async (_, authorization, refusal) => {
    const answer = await target.send({ headers: { authorization: authorization() } }, WAKE);
    expect(refusalIn(answer)).toEqual(refusal);
    expect(answer.lines.join('\n')).not.toMatch(/worker\.woken|sweep\.ended/);
    expect(target.storeCalls()).toBe(0);
  });
});

describe("a user's route", () => {
  it('refuses the token that starts a run', async () => {
    expect(refusalIn(await target.send(bearer(forge.signed(v2()))))).toEqual(INVALID);
  });
});

/** These corpora forge all of their tokens. */
const NOTHING_ISSUED = {
  accessToken: '',
  idToken: '',
  spaRefreshToken: '',
  graphToken: '',
  apiIdToken: '',
  apiRefreshToken: '',
};
