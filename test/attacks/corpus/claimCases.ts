/** Each claim in every wrong shape, and claims that do not go together, in tokens that the authority really signed. */
import { API_CLIENT_ID, DEMO_USERS, OTHER_TENANT_ID, SPA_CLIENT_ID } from '../../../dev/entra/directory.ts';
import { type Expected, INVALID, WRONG_CLIENT, WRONG_SCOPE, WRONG_TENANT } from '../outcome.ts';
import { type AttackCase, token } from './attackCase.ts';

const ADELE = DEMO_USERS[0];

const MUTATIONS = {
  missing: () => undefined,
  null: () => null,
  'an empty string': () => '',
  'an empty array': () => [],
  'an array of the right value': (value: unknown) => [value],
  'an object': (value: unknown) => ({ value }),
  'a boolean': () => true,
  'a number': () => 2,
  'a huge string': () => 'a'.repeat(4_000),
} satisfies Record<string, (value: unknown) => unknown>;

type Mutation = keyof typeof MUTATIONS;

const every = (expected: Expected): Record<Mutation, Expected> =>
  Object.fromEntries(Object.keys(MUTATIONS).map((name) => [name, expected])) as Record<Mutation, Expected>;

/** What is to come of each claim's mutations. Times that are no numbers are worth nothing (RFC 7519 §2). */
const SHAPES: Record<string, Record<Mutation, Expected>> = {
  iss: every(INVALID),
  aud: every(INVALID),
  tid: every(INVALID),
  oid: every(INVALID),
  ver: every(INVALID),
  // 2 is a number, and long past.
  exp: every(INVALID),
  // RFC 7519 §4.1.5 and §4.1.6: both may be left out, and 2 is long past.
  nbf: { ...every(INVALID), missing: 'answered', 'a number': 'answered' },
  iat: { ...every(INVALID), missing: 'answered', 'a number': 'answered' },
  // A string without the scope is a user's token that does not reach; anything else is none of a user's.
  scp: { ...every(INVALID), 'an empty string': WRONG_SCOPE, 'a huge string': WRONG_SCOPE },
  azp: every(WRONG_CLIENT),
  // Optional; whatever is not plainly a user's does not stand for a user.
  idtyp: { ...every(INVALID), missing: 'answered' },
  // Nothing is decided or keyed by these.
  sub: every('answered'),
  roles: every('answered'),
  preferred_username: every('answered'),
};

const shapes: AttackCase[] = Object.entries(SHAPES).flatMap(([claim, outcomes]) =>
  Object.entries(outcomes).map(([mutation, expected]) =>
    token(
      `${claim}: ${mutation}`,
      ({ claims, signed }) => {
        const mutate: (value: unknown) => unknown = MUTATIONS[mutation as Mutation];
        return signed(claims({ [claim]: mutate(claims()[claim]) }));
      },
      expected,
    ),
  ),
);

/** Claims that are right one by one, and wrong together; the first thing wrong is what the caller is told. */
const combinations: AttackCase[] = [
  token(
    'tenant: a good token of a tenant that is not on the list',
    ({ claims, signed, origin }) =>
      signed(claims({ tid: OTHER_TENANT_ID, iss: `${origin}/${OTHER_TENANT_ID}/v2.0` })),
    WRONG_TENANT,
  ),
  token(
    'tenant: a personal account',
    ({ claims, signed, origin }) => {
      const tid = '9188040d-6c67-4c5b-b112-36a304b66dad';
      return signed(claims({ tid, iss: `${origin}/${tid}/v2.0` }));
    },
    WRONG_TENANT,
  ),
  token(
    'tenant: a foreign one without scp is no user’s token',
    ({ claims, signed, origin }) =>
      signed(claims({ tid: OTHER_TENANT_ID, iss: `${origin}/${OTHER_TENANT_ID}/v2.0`, scp: undefined })),
    INVALID,
  ),
  token(
    'client: by appid, which is for v1.0 tokens',
    ({ claims, signed }) => signed(claims({ azp: undefined, appid: SPA_CLIENT_ID })),
    WRONG_CLIENT,
  ),
  token(
    'client: a foreign azp beside the right appid',
    ({ claims, signed }) => signed(claims({ azp: API_CLIENT_ID, appid: SPA_CLIENT_ID })),
    WRONG_CLIENT,
  ),
  token('claims: none', ({ signed }) => signed({}), INVALID),
  token(
    'claims: inherited by __proto__',
    ({ claims, signed }) => {
      const { scp: _, ...rest } = claims();
      return signed(`${JSON.stringify(rest).slice(0, -1)},"__proto__":{"scp":"access_as_user"}}`);
    },
    INVALID,
  ),
  token(
    'claims: in upper-case names',
    ({ claims, signed }) =>
      signed(
        Object.fromEntries(Object.entries(claims()).map(([name, value]) => [name.toUpperCase(), value])),
      ),
    INVALID,
  ),
  // RFC 7519 §4: of a repeated name, the last counts.
  token(
    'claims: scp twice, the wrong one last',
    ({ claims, signed }) => signed(`${JSON.stringify(claims()).slice(0, -1)},"scp":"openid"}`),
    WRONG_SCOPE,
  ),
  token(
    'claims: scp twice, the right one last',
    ({ claims, signed }) => signed(`{"scp":"openid",${JSON.stringify(claims()).slice(1)}`),
    'answered',
  ),
  token(
    'claims: of 200 groups',
    ({ claims, signed }) => signed(claims({ groups: Array.from({ length: 200 }, () => ADELE.oid) })),
    'answered',
  ),
];

export const claimCases: readonly AttackCase[] = [...shapes, ...combinations];
