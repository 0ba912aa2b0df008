import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  API_CLIENT_ID,
  DEMO_USERS,
  GRAPH_APP_ID,
  OTHER_TENANT_ID,
  SPA_CLIENT_ID,
} from '../../dev/entra/directory.ts';
import type { Problem, Profile } from '../../shared/wire.ts';
import { bearer } from './corpus/attackCase.ts';
import type { Forge } from './forge.ts';
import { compact, type Json, rsa } from './jws.ts';
import { REFUSED_UNTOUCHED, STATUS_OF } from './outcome.ts';
import {
  type Answer,
  type AttackRequest,
  createTarget,
  exchangesAt,
  startAuthority,
  type Target,
} from './target.ts';

const [ADELE, BRUNO] = DEMO_USERS;
const RUNS = { numRuns: 400 };

let authority: Awaited<ReturnType<typeof startAuthority>>;
let forge: Forge;
let target: Target;

beforeAll(async () => {
  authority = await startAuthority();
  ({ forge } = authority);
  target = createTarget(authority.entra, { allowedTenants: '*' });
});
afterAll(() => authority?.stop());

/** Sends it and holds the answer to what is documented, whatever it was. */
async function expectDocumented(request: AttackRequest): Promise<Answer> {
  const before = target.storeCalls();
  const answer = await target.send(request);
  if (answer.status === 200) return answer;
  const { headers, status } = answer;
  expect(headers.get('content-type')).toBe('application/problem+json');
  const problem = JSON.parse(answer.body) as Problem;
  expect(STATUS_OF).toHaveProperty(problem.code, status);
  expect(problem).toMatchObject({ type: 'about:blank', status, title: expect.stringMatching(/./) });
  expect(headers.has('www-authenticate')).toBe(status < 500);
  expect(headers.has('retry-after')).toBe(status === 503);
  if (REFUSED_UNTOUCHED.includes(problem.code)) expect(target.storeCalls()).toBe(before);
  return answer;
}

/** What Node lets through in a header: Latin-1 without NUL and line ends. */
const headerText = fc
  .string({ unit: fc.integer({ min: 1, max: 255 }).map((code) => String.fromCharCode(code)) })
  .filter((text) => !/[\n\r]/.test(text));

describe('any', { timeout: 120_000 }, () => {
  it('Authorization header is answered as documented, and without a valid token with a refusal', async () => {
    const words = fc.constantFrom(
      'Bearer',
      'bearer ',
      'Basic ',
      ' ',
      '\t',
      ',',
      '.',
      '=',
      '"',
      'eyJ',
      'null',
    );
    const authorization = fc.oneof(
      headerText,
      fc.array(fc.oneof(words, headerText)).map((parts) => parts.join('')),
    );
    const exchanges = await exchangesAt(authority.entra);
    await fc.assert(
      fc.asyncProperty(authorization, async (text) => {
        expect((await expectDocumented({ authorization: text })).status).not.toBe(200);
      }),
      RUNS,
    );
    expect(await exchangesAt(authority.entra)).toBe(exchanges);
  });

  it('change of a valid token’s text makes it worth nothing', async () => {
    const valid = forge.signed(forge.claims());
    const position = fc.nat({ max: valid.length - 1 });
    const changed = fc.oneof(
      fc.tuple(position, headerText).map(([at, text]) => valid.slice(0, at) + text + valid.slice(at)),
      fc
        .tuple(position, headerText)
        .map(([at, text]) => valid.slice(0, at) + text + valid.slice(at + text.length)),
      fc
        .tuple(position, position)
        .map(([from, to]) => valid.slice(0, Math.min(from, to)) + valid.slice(Math.max(from, to))),
      position.map((at) => valid.slice(0, at)),
      fc.shuffledSubarray(valid.split('.')).map((parts) => parts.join('.')),
    );
    await fc.assert(
      fc.asyncProperty(changed, async (text) => {
        // Blanks around a token are no part of it.
        fc.pre(text.replace(/^ +|[ \t]+$/g, '') !== valid);
        expect((await expectDocumented(bearer(text))).status).not.toBe(200);
      }),
      RUNS,
    );
  });

  it('header of a token is answered as documented, though the authority signed it', async () => {
    const header = fc.oneof(
      fc.jsonValue().map((value) => JSON.stringify(value)),
      fc
        .dictionary(
          fc.constantFrom(
            'alg',
            'kid',
            'typ',
            'cty',
            'crit',
            'b64',
            'jwk',
            'jku',
            'x5u',
            'x5c',
            'zip',
            'enc',
            'p2c',
          ),
          fc.jsonValue(),
        )
        .map((different) => JSON.stringify(forge.header(different as Json))),
    );
    await fc.assert(
      fc.asyncProperty(header, async (text) => {
        await expectDocumented(bearer(compact(text, forge.claims(), rsa(forge.authorityKey.privateKey))));
      }),
      RUNS,
    );
  });

  it('set of claims is answered as documented, and with a profile only to whom it names', async () => {
    const plausible = fc.constantFrom<unknown>(
      ...[ADELE.tid, ADELE.oid, BRUNO.oid, OTHER_TENANT_ID, API_CLIENT_ID, SPA_CLIENT_ID, GRAPH_APP_ID],
      ...[
        ADELE.upn,
        ADELE.tid.toUpperCase(),
        `api://${API_CLIENT_ID}`,
        `https://sts.windows.net/${ADELE.tid}/`,
      ],
      ...[
        '1.0',
        '2.0',
        'app',
        'user',
        'access_as_user',
        'openid access_as_user',
        '',
        0,
        -1,
        1e300,
        9_999_999_999,
      ],
      ...[Number.MAX_SAFE_INTEGER, null, true, [], {}],
    );
    const value = fc.oneof(plausible, fc.jsonValue());
    const names = [
      'iss',
      'aud',
      'exp',
      'nbf',
      'iat',
      'tid',
      'oid',
      'scp',
      'azp',
      'ver',
      'idtyp',
      'sub',
      'roles',
    ];
    const different = fc.dictionary(fc.constantFrom(...names, 'appid', 'upn', 'preferred_username'), value, {
      maxKeys: 4,
    });
    await fc.assert(
      fc.asyncProperty(different, fc.boolean(), async (change, old) => {
        const claims = old ? forge.claimsV1(change) : forge.claims(change);
        const { status, body } = await expectDocumented(bearer(forge.signed(claims)));
        if (status !== 200) return;
        expect((JSON.parse(body) as Profile).id).toBe(String(claims.oid).toLowerCase());
        expect(String(claims.scp).split(' ')).toContain('access_as_user');
        expect(claims.idtyp).not.toBe('app');
      }),
      RUNS,
    );
  });

  it('payload that is not a set of claims is answered as documented, though the authority signed it', async () => {
    const payload = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.jsonValue().map((value) => JSON.stringify(value)),
    );
    await fc.assert(
      fc.asyncProperty(payload, async (text) => {
        expect((await expectDocumented(bearer(forge.signed(text)))).status).not.toBe(200);
      }),
      RUNS,
    );
  });
});
