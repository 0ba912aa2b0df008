/** A registration that signs with a key of its own: the fault is its operators', and nobody can pretend to it. */
import { decodeProtectedHeader } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { API_CLIENT_ID, DEMO_USERS } from '../../dev/entra/directory.ts';
import { confidentialClient, control, GRAPH_SCOPES, journal, signIn } from '../support/entraClients.ts';
import { bearer } from './corpus/attackCase.ts';
import { compact, rsa } from './jws.ts';
import { INVALID, type Refusal } from './outcome.ts';
import { createTarget, exchangesAt, ROUTES, refusalIn, startAuthority } from './target.ts';

const ADELE = DEMO_USERS[0];
const REFUSED: Refusal = { status: 502, error: undefined, code: 'UPSTREAM_REFUSED' };

let authority: Awaited<ReturnType<typeof startAuthority>>;
let token: string;

beforeAll(async () => {
  authority = await startAuthority();
  await control(authority.entra, 'POST', `/clients/${API_CLIENT_ID}/key`);
  ({ accessToken: token } = await signIn(authority.entra, ADELE.name));
});
afterAll(() => authority?.stop());

const eventsIn = (lines: readonly string[]) =>
  lines.map((line) => JSON.parse(line) as { event: string; remedy?: string });

describe('a token signed with a key of the registration’s own', () => {
  it('is not exchanged by the directory', async () => {
    const request = { oboAssertion: token, scopes: GRAPH_SCOPES };
    await expect(confidentialClient(authority.entra).acquireTokenOnBehalfOf(request)).rejects.toMatchObject({
      errorCode: 'invalid_grant',
      errorNo: 50013,
    });
  });

  it('is refused on every route as our own fault, with a line that says how to mend it', async () => {
    const target = createTarget(authority.entra);
    const exchanges = await exchangesAt(authority.entra);
    for (const route of ROUTES) {
      const answer = await target.send(bearer(token), route);
      expect(refusalIn(answer), route).toEqual(REFUSED);
      expect(eventsIn(answer.lines)).toEqual([
        expect.objectContaining({
          event: 'token.custom-key',
          remedy: expect.stringMatching(/second registration/),
        }),
        expect.objectContaining({ event: 'request.failed', status: 502 }),
      ]);
    }
    expect(await exchangesAt(authority.entra)).toBe(exchanges);
    expect(target.storeCalls()).toBe(0);
  });

  it('costs one look at the application’s keys, however often it comes', async () => {
    await control(authority.entra, 'DELETE', '/requests');
    const target = createTarget(authority.entra);
    await Promise.all(Array.from({ length: 20 }, () => target.send(bearer(token))));
    const fetches = (await journal(authority.entra)).filter(({ endpoint }) => endpoint === 'jwks');
    expect(fetches.map(({ client }) => client)).toEqual([undefined, API_CLIENT_ID]);
  });

  it('cannot be forged with its name alone', async () => {
    const target = createTarget(authority.entra);
    const { forge } = authority;
    const header = forge.header({ kid: decodeProtectedHeader(token).kid });
    const forged = compact(header, forge.claims(), rsa(forge.ownKey.privateKey));
    const answer = await target.send(bearer(forged));
    expect(refusalIn(answer)).toEqual(INVALID);
    expect(eventsIn(answer.lines).map(({ event }) => event)).toEqual(['request.answered']);
  });

  it('keeps nobody out whose token is signed as others are', async () => {
    const target = createTarget(authority.entra);
    const { forge } = authority;
    await target.send(bearer(token));
    expect((await target.send(bearer(forge.signed(forge.claims())))).status).toBe(200);
  });
});
