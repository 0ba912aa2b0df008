/** A function whose permission a link asks for: its refusal says what to link, and nobody else is asked for it. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Entra } from '../../../../dev/entra/startEntra.ts';
import { graph } from '../../../../shared/adapters/graph/graphApi.ts';
import { defineFunction } from '../../../../shared/requests/defineFunction.ts';
import { createFetchHandlers } from '../../../../shared/serve/fetchHandlers.ts';
import { createLocalApp, type LocalApp } from '../../../../shared/testing/localApp.ts';
import { defineApi } from '../../../../shared/tokens/defineApi.ts';
import type { Problem } from '../../../../shared/wire.ts';
import { control, signIn } from '../../../support/entraClients.ts';
import { createLinkBrowser, LINK_SETTINGS, resultOf, startLinkEntra } from '../../../support/linkBrowser.ts';
import { UNLIMITED } from '../../../support/testApp.ts';

const FILES = 'https://graph.microsoft.com/Files.Read';
const definition = {
  name: 'files',
  api: graph,
  scopes: ['Files.Read'],
  consent: 'link' as const,
  run: async () => 'her files',
};
const files = defineFunction(definition);
const profile = defineFunction({
  name: 'own-profile',
  api: graph,
  scopes: ['User.Read'],
  run: async () => 'she',
});

let entra: Entra;
let app: LocalApp;
beforeAll(async () => {
  entra = await startLinkEntra();
});
beforeEach(() => use(LINK_SETTINGS));
afterEach(() => control(entra, 'DELETE', '/users/adele/consent'));
afterAll(() => entra?.close());

let ask: (accessToken: string, fn?: typeof files) => Promise<Response>;

function use(settings: Record<string, string>) {
  app = createLocalApp(entra, { settings, limits: UNLIMITED });
  const { asUser } = createFetchHandlers(app.stead, { sink: { info() {}, warn() {}, error() {} } });
  const handlers = new Map([files, profile].map((fn) => [fn, asUser(fn)] as const));
  ask = async (accessToken, fn = files) => {
    const headers = { authorization: `Bearer ${accessToken}` };
    return (await handlers.get(fn)?.(new Request('https://api.example/api/files', { headers }))) as Response;
  };
}

const problemOf = async (response: Response): Promise<Problem> => (await response.json()) as Problem;

async function visit(): Promise<string> {
  const { accessToken } = await signIn(entra, 'adele');
  expect(await (await ask(accessToken, profile)).json()).toBe('she');
  return accessToken;
}

async function link(accessToken: string, body: object, consent: 'accept' | 'cancel' = 'accept') {
  const browser = createLinkBrowser(app.stead);
  const opened = await browser.open(await browser.ticketFor(accessToken, body));
  const scopes = (new URL(opened.headers.get('location') ?? '').searchParams.get('scope') ?? '').split(' ');
  return { scopes, result: resultOf(await browser.callBack(await browser.signIn(opened, 'adele', consent))) };
}

describe('a function with consent by a link', () => {
  it('is refused with what the link has to name, and works once the user has consented', async () => {
    const accessToken = await visit();
    const refused = await ask(accessToken);
    expect(refused.status).toBe(401);
    expect(refused.headers.get('www-authenticate')).toContain('error="consent_required"');
    const { code, scopes, link: named } = await problemOf(refused);
    expect({ code, scopes, named }).toEqual({
      code: 'CONSENT_REQUIRED',
      scopes: [FILES],
      named: { functions: ['files'] },
    });

    // Another link of theirs does not ask for it.
    expect((await link(accessToken, {})).scopes).not.toContain(FILES);
    expect((await ask(accessToken)).status).toBe(401);
    expect((await link(accessToken, named ?? {}, 'cancel')).result).toBe('cancelled');
    expect((await ask(accessToken)).status).toBe(401);

    const linked = await link(accessToken, named ?? {});
    expect(linked).toEqual({ scopes: expect.arrayContaining([FILES]), result: 'linked' });
    expect(await (await ask(accessToken)).json()).toBe('her files');
    expect(await (await ask(accessToken, profile)).json()).toBe('she');
  });

  it('is refused like every other function where nobody can link', async () => {
    use({});
    const problem = await problemOf(await ask(await visit()));
    expect(problem).toMatchObject({ code: 'CONSENT_REQUIRED', scopes: [FILES] });
    expect(problem).not.toHaveProperty('link');
  });

  it('is also named if Entra refuses the exchange for want of every consent', async () => {
    const { accessToken } = await signIn(entra, 'adele');
    await control(entra, 'PUT', '/users/adele/fault', { kind: 'consent' });
    const problem = await problemOf(await ask(accessToken));
    const other = await problemOf(await ask(accessToken, profile));
    await control(entra, 'DELETE', '/users/adele/fault');
    expect(problem).toMatchObject({ code: 'CONSENT_REQUIRED', link: { functions: ['files'] } });
    expect(other).toMatchObject({ code: 'CONSENT_REQUIRED' });
    expect(other).not.toHaveProperty('link');
  });

  it.each([
    ['a function that there is not', { functions: ['mail'] }],
    ['a function as a task', { tasks: ['files'] }],
    ['something else than names', { functions: 'files' }],
    ['a name that is none', { functions: [1] }],
    ['too many names', { functions: Array.from({ length: 21 }, () => 'files') }],
  ])('can be named, and what is none cannot: %s is refused', async (_what, body) => {
    const answer = await createLinkBrowser(app.stead).ask(await visit(), body);
    expect(`${answer.status} ${(await problemOf(answer)).code}`).toBe('400 REQUEST_MALFORMED');
  });

  it('is of Microsoft Graph, and names its permissions', () => {
    const orders = defineApi({ name: 'orders', resource: 'api://orders', baseUrl: 'https://orders.example' });
    const elsewhere = defineFunction({
      ...definition,
      name: 'orders',
      api: orders,
      scopes: ['api://orders/Read'],
    });
    expect(() => app.stead.claimName(elsewhere)).toThrow(/leave consent out/);
    expect(() => defineFunction({ ...definition, scopes: ['https://graph.microsoft.com/.default'] })).toThrow(
      /by name/,
    );
    expect(() => defineFunction({ ...definition, scopes: ['openid'] })).toThrow(/by name/);
    expect(() => defineFunction({ ...definition, consent: 'later' as 'link' })).toThrow(
      /consent must be 'link'/,
    );
  });
});
