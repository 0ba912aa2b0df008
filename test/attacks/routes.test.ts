/** Whom each route acts for: the one whose token it is, whoever else is named. */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { DEMO_USERS } from '../../dev/entra/directory.ts';
import { toUserId } from '../../shared/userId.ts';
import type { Connection } from '../../shared/wire.ts';
import { accountOf } from '../support/accountOf.ts';
import { asUser } from './corpus/attackCase.ts';
import {
  type AttackRequest,
  createTarget,
  LINK_ROUTES,
  ROUTES,
  startAuthority,
  type Target,
  WAKE,
} from './target.ts';

const [ADELE, BRUNO] = DEMO_USERS;
const [ADELES_ID, BRUNOS_ID] = [toUserId(ADELE), toUserId(BRUNO)];

let authority: Awaited<ReturnType<typeof startAuthority>>;
let target: Target;

beforeAll(async () => {
  authority = await startAuthority();
});
beforeEach(async () => {
  target = createTarget(authority.entra);
  for (const user of [ADELE, BRUNO]) expect((await target.send(tokenOf(user))).status).toBe(200);
});
afterAll(() => authority?.stop());

const tokenOf = (user: (typeof DEMO_USERS)[number]) => asUser(authority.forge, user);

const keptOf = async (user: typeof ADELES_ID) => ({
  account: await accountOf(target, user),
  cache: await target.tokenCache.read(user),
});

const NAMES = {
  userId: BRUNOS_ID,
  user: BRUNOS_ID,
  id: BRUNO.oid,
  oid: BRUNO.oid,
  tid: BRUNO.tid,
  upn: BRUNO.upn,
  state: 'none',
  method: 'DELETE',
};
const BODY = { headers: { 'content-type': 'application/json' }, body: JSON.stringify(NAMES) };

const NAMINGS: [where: string, request: AttackRequest][] = [
  ['the query', { query: NAMES }],
  ['the path', { params: NAMES }],
  [
    'headers',
    {
      headers: {
        'x-user-id': BRUNOS_ID,
        'x-ms-client-principal-id': BRUNO.oid,
        'x-ms-client-principal-name': BRUNO.upn,
        'x-http-method-override': 'DELETE',
        'x-method-override': 'DELETE',
      },
    },
  ],
  ['the body', BODY],
];

describe.each(ROUTES)('%s', (route) => {
  const namings = NAMINGS.filter(([where]) => where !== 'the body' || !route.startsWith('GET '));

  it.each(namings)('acts for the caller, though %s names another', async (_where, request) => {
    const [before, bruno] = [await keptOf(ADELES_ID), await keptOf(BRUNOS_ID)];
    const { status, body } = await target.send({ ...request, ...tokenOf(ADELE) }, route);
    expect(status).toBe(route.startsWith('DELETE') ? 204 : 200);
    expect(body).not.toContain(BRUNO.oid);
    expect(await keptOf(BRUNOS_ID)).toEqual(bruno);

    const after = await keptOf(ADELES_ID);
    if (route.startsWith('DELETE')) {
      expect(after).toMatchObject({ account: { state: 'disconnected' }, cache: undefined });
    } else {
      expect(after.account).toMatchObject({ state: 'active', generation: before.account?.generation });
      expect(after.cache).toBeDefined();
    }
  });
});

describe('GET /api/connection', () => {
  it('tells of the caller alone, of nobody who is named beside', async () => {
    await target.send(tokenOf(BRUNO), 'DELETE /api/connection');
    for (const [, request] of NAMINGS.slice(0, 3)) {
      const { body } = await target.send({ ...request, ...tokenOf(ADELE) }, 'GET /api/connection');
      expect(JSON.parse(body) as Connection).toMatchObject({ state: 'active' });
    }
  });
});

describe('the corpus', () => {
  it('is tried on every route that is documented, save those that take no token', () => {
    const text = readFileSync(new URL('../../docs/http.md', import.meta.url), 'utf8');
    const documented = [...text.matchAll(/^\| `([A-Z]+ \/[^`]+)`/gm)].map(([, route]) => route);
    const others = [WAKE, ...LINK_ROUTES, 'GET /api/health', 'GET /api/health/ready'];
    expect(documented.sort()).toEqual([...ROUTES, ...others].sort());
  });
});
