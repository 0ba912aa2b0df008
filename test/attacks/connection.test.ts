/** `PUT /api/connection`: what other sites, and other people, cannot do by it. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { DEMO_USERS } from '../../dev/entra/directory.ts';
import { toUserId } from '../../shared/userId.ts';
import type { Connection } from '../../shared/wire.ts';
import { asUser } from './corpus/attackCase.ts';
import { MALFORMED } from './outcome.ts';
import { type AttackRequest, createTarget, startAuthority, type Target } from './target.ts';

const [ADELE, BRUNO] = DEMO_USERS;
const PUT = 'PUT /api/connection';
const UNTIL = new Date(Date.now() + 86_400_000).toISOString();
const JSON_TYPE = { 'content-type': 'application/json' };

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
const accountOf = (user: { tid: string; oid: string }) => target.accounts.read(toUserId(user));
const pauseOf = async (user: { tid: string; oid: string }) => {
  const account = await accountOf(user);
  return account !== undefined && 'tasksPausedUntil' in account ? account.tasksPausedUntil : undefined;
};

const pause = (until: unknown, more: Partial<AttackRequest> = {}): AttackRequest => ({
  headers: JSON_TYPE,
  body: JSON.stringify({ tasksPausedUntil: until }),
  ...tokenOf(ADELE),
  ...more,
});

describe('a pause', () => {
  it('is of the caller alone, whoever else is named', async () => {
    const before = await accountOf(BRUNO);
    const body = JSON.stringify({
      tasksPausedUntil: UNTIL,
      userId: toUserId(BRUNO),
      oid: BRUNO.oid,
      upn: BRUNO.upn,
    });
    const { status, body: answer } = await target.send(
      pause(UNTIL, { body, query: { user: BRUNO.oid } }),
      PUT,
    );
    expect(status).toBe(200);
    expect((JSON.parse(answer) as Connection).tasksPausedUntil).toBe(UNTIL);
    expect((await pauseOf(ADELE))?.toISOString()).toBe(UNTIL);
    expect(await accountOf(BRUNO)).toEqual(before);
  });

  it.each<[string, AttackRequest]>([
    ['no access token', {}],
    ['cookies alone', { headers: { ...JSON_TYPE, cookie: 'session=adele; access_token=x' } }],
    ['a password', { authorization: 'Basic YWRlbGU6cGFzc3dvcmQ=' }],
    ['a token in the query', { query: { access_token: 'x' } }],
  ])('is not ordered by a page of another site, which has %s', async (_what, request) => {
    const before = [await accountOf(ADELE), await accountOf(BRUNO)];
    const calls = target.storeCalls();
    const sent = { ...pause(UNTIL), authorization: undefined, ...request };
    expect(await target.send(sent, PUT)).toMatchObject({ status: 401 });
    expect(target.storeCalls()).toBe(calls);
    expect([await accountOf(ADELE), await accountOf(BRUNO)]).toEqual(before);
  });

  it.each<[string, Partial<AttackRequest>]>([
    ['a form', { headers: { 'content-type': 'application/x-www-form-urlencoded' } }],
    ['plain text, which needs no preflight', { headers: { 'content-type': 'text/plain' } }],
    ['no type', { headers: {} }],
    ['no JSON', { body: 'tasksPausedUntil=1' }],
    ['an array', { body: '[]' }],
    ['null', { body: 'null' }],
    ['half of it', { body: '{"tasksPausedUntil":' }],
    ['too much', { body: JSON.stringify({ tasksPausedUntil: UNTIL, x: 'y'.repeat(1_000) }) }],
    ['too much before it', { body: `${' '.repeat(1_024)}{}` }],
    ['deep nesting', { body: `${'['.repeat(500)}${']'.repeat(500)}` }],
    ['a number', { body: '{"tasksPausedUntil":1e308}' }],
    ['a date that is none', { body: '{"tasksPausedUntil":"2027-02-30T00:00:00Z"}' }],
    ['the past', { body: '{"tasksPausedUntil":"2020-01-01T00:00:00Z"}' }],
    ['the end of time', { body: '{"tasksPausedUntil":"9999-12-31T23:59:59Z"}' }],
    ['a header in it', { body: '{"tasksPausedUntil":"x\\r\\nset-cookie: a=b"}' }],
  ])('that comes as %s is refused, and changes nothing', async (_what, more) => {
    const before = await accountOf(ADELE);
    const { status, headers, body } = await target.send(pause(UNTIL, more), PUT);
    expect(status).toBe(MALFORMED.status);
    expect(JSON.parse(body)).toMatchObject({ code: MALFORMED.code });
    expect(headers.get('www-authenticate')).toContain('error="invalid_request"');
    expect(body).not.toContain('set-cookie');
    expect(await accountOf(ADELE)).toEqual(before);
  });

  it('says nothing to the log but that it was answered', async () => {
    const { lines } = await target.send(pause(UNTIL), PUT);
    expect(lines).toHaveLength(1);
    expect(lines.join()).not.toContain(UNTIL);
  });

  it('cannot reach into objects of the service', async () => {
    const body = `{"__proto__":{"tasksPausedUntil":"${UNTIL}"},"constructor":{"prototype":{"tasksPausedUntil":null}}}`;
    expect(await target.send(pause(UNTIL, { body }), PUT)).toMatchObject({ status: 200 });
    expect(await pauseOf(ADELE)).toBeUndefined();
    expect(({} as Record<string, unknown>).tasksPausedUntil).toBeUndefined();
  });
});
