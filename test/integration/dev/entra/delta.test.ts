/** Delta queries of files and messages at the stand-in: as unkind as Graph's own. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  API_CLIENT_ID,
  API_SCOPE_NAME,
  GRAPH_APP_ID,
  numberedUsers,
  OTHER_TENANT_ID,
} from '../../../../dev/entra/directory.ts';
import { type Entra, startEntra } from '../../../../dev/entra/startEntra.ts';
import { control, SPA_ORIGIN, signIn } from '../../../support/entraClients.ts';

const DRIVE = '/v1.0/me/drive/root/delta';
const INBOX = '/v1.0/me/mailFolders/inbox/messages/delta';
const LONG_AGO = '2020-01-01T00:00:00Z';

let entra: Entra;
/** Tokens of Graph by the names of people. */
const tokens: Record<string, string> = {};

beforeAll(async () => {
  const requiredResourceAccess = [
    { resource: API_CLIENT_ID, permissions: [API_SCOPE_NAME] },
    { resource: GRAPH_APP_ID, permissions: ['User.Read', 'Files.Read', 'Mail.ReadBasic'] },
  ];
  entra = await startEntra({
    port: 0,
    spaOrigins: [SPA_ORIGIN],
    users: numberedUsers(1),
    apps: { page: { requiredResourceAccess } },
    consented: true,
  });
  for (const user of ['adele', 'bruno', 'chiara', 'dana', 'user0001']) {
    const { accessToken } = await signIn(entra, user, { scope: 'https://graph.microsoft.com/.default' });
    tokens[user] = accessToken;
  }
});
beforeEach(() => control(entra, 'PUT', '/belongings', { pageSize: null, activitySeconds: null }));
afterAll(() => entra?.close());

type Page = {
  status: number;
  headers: Headers;
  value: Record<string, unknown>[];
  next: string | undefined;
  delta: string | undefined;
  code: string | undefined;
};

async function ask(user: string, path: string, headers: Record<string, string> = {}): Promise<Page> {
  const url = path.startsWith('http') ? path : `${entra.origin}${path}`;
  const response = await fetch(url, { headers: { authorization: `Bearer ${tokens[user]}`, ...headers } });
  const body = (await response.json()) as {
    value: Page['value'];
    '@odata.nextLink'?: string;
    '@odata.deltaLink'?: string;
    error?: { code: string };
  };
  return {
    status: response.status,
    headers: response.headers,
    value: body.value,
    next: body['@odata.nextLink'],
    delta: body['@odata.deltaLink'],
    code: body.error?.code,
  };
}

/** Reads a round to its end. */
async function round(
  user: string,
  path: string,
): Promise<{ value: Page['value']; delta: string; pages: number }> {
  const value: Page['value'] = [];
  let page = await ask(user, path);
  for (let pages = 1; ; pages += 1) {
    expect(page.status).toBe(200);
    value.push(...page.value);
    if (page.delta !== undefined) return { value, delta: page.delta, pages };
    page = await ask(user, String(page.next));
  }
}

async function add(user: string, what: 'files' | 'messages', body: object = {}): Promise<string> {
  const answer = await control(entra, 'POST', `/users/${user}/${what}`, body);
  expect(answer.status).toBe(201);
  return ((await answer.json()) as { id: string }).id;
}

const ids = (value: Page['value']) => value.map(({ id }) => id);

describe('the delta query of a drive', () => {
  it('enumerates everything at first, and then tells what changed, with the folders around it', async () => {
    const all = await round('adele', DRIVE);
    expect(ids(all.value)).toEqual(expect.arrayContaining(['01ROOT', '01PIER4A', '01PIER4B']));
    expect((await round('adele', all.delta)).value).toEqual([]);

    const [file, folder] = [
      await add('adele', 'files'),
      await add('adele', 'files', { isFolder: true, name: 'New' }),
    ];
    await control(entra, 'PUT', '/users/adele/files/01PIER4A');
    await control(entra, 'DELETE', `/users/adele/files/${file}`);
    const changes = await round('adele', all.delta);
    expect(changes.value).toMatchObject([
      { id: '01ROOT', root: {}, folder: {} },
      { id: folder, folder: {}, name: 'New' },
      { id: '01PIER4A', file: {} },
      { id: file, deleted: { state: 'deleted' } },
    ]);
    expect(changes.value[3]).not.toHaveProperty('name');
    expect((await round('adele', changes.delta)).value).toEqual([]);
    // A link may be used again.
    expect((await round('adele', all.delta)).value).toEqual(changes.value);
  });

  it('tells nothing of what is there with the latest link', async () => {
    const { value, delta, pages } = await round('bruno', `${DRIVE}?token=latest&$select=id,file,deleted`);
    expect([value, pages]).toEqual([[], 1]);
    const id = await add('bruno', 'files', { name: 'Secret.docx' });
    // The selection is in the link.
    expect((await round('bruno', delta)).value).toEqual([{ id: '01ROOT' }, { id, file: {} }]);
  });

  it('has pages of the size that was asked for, and smaller ones if it likes', async () => {
    const { delta } = await round('bruno', `${DRIVE}?token=latest&$top=3`);
    for (let count = 0; count < 5; count += 1) await add('bruno', 'files');
    expect(await round('bruno', delta)).toMatchObject({ pages: 2 });
    await control(entra, 'PUT', '/belongings', { pageSize: 2 });
    expect(await round('bruno', delta)).toMatchObject({ pages: 3 });
  });

  it.each(['adele-s', 'x', ''])('refuses a token that is not the person’s own: %s', async (token) => {
    const own = (await round('adele', `${DRIVE}?token=latest`)).delta;
    const link = token === 'adele-s' ? own : `${DRIVE}?token=${token}`;
    expect(await ask('bruno', link)).toMatchObject({ status: 400, code: 'invalidRequest' });
  });

  it('is gone once the links were made invalid, with a link that enumerates everything', async () => {
    const { delta } = await round('adele', `${DRIVE}?token=latest`);
    await control(entra, 'DELETE', '/users/adele/delta-links');
    const gone = await ask('adele', delta);
    expect(gone).toMatchObject({ status: 410, code: 'resyncChangesApplyDifferences' });
    const anew = await round('adele', String(gone.headers.get('location')));
    expect(ids(anew.value)).toContain('01PIER4B');
  });

  it.each(['chiara', 'dana', 'user0001'])('is not there for somebody without a drive: %s', async (user) => {
    expect(await ask(user, DRIVE)).toMatchObject({ status: 404, code: 'ResourceNotFound' });
    expect((await control(entra, 'POST', `/users/${user}/files`, {})).status).toBe(400);
  });

  it.each([
    '$select=id,shoeSize',
    '$top=0',
    '$top=many',
  ])('refuses what it does not know: %s', async (query) => {
    expect((await ask('adele', `${DRIVE}?${query}`)).status).toBe(400);
  });
});

describe('the delta query of an inbox', () => {
  it('ends no round with its first answer, and has small pages unless more are asked for', async () => {
    const first = await ask('adele', INBOX);
    expect(first).toMatchObject({ status: 200, value: [], delta: undefined });
    for (let count = 0; count < 12; count += 1) await add('adele', 'messages');
    expect((await ask('adele', INBOX)).value).toHaveLength(10);
    expect((await ask('adele', INBOX, { prefer: 'odata.maxpagesize=50' })).value).toHaveLength(12);
  });

  it('tells what came, what was read and what went, or only what came', async () => {
    const since = `$select=isRead&$filter=receivedDateTime ge ${new Date().toISOString().slice(0, 19)}Z`;
    const every = (await round('bruno', `${INBOX}?${since}`)).delta;
    const created = (await round('bruno', `${INBOX}?changeType=created&${since}`)).delta;
    const [one, two, three] = [
      await add('bruno', 'messages'),
      await add('bruno', 'messages'),
      await add('bruno', 'messages', { isRead: true }),
    ];
    await control(entra, 'DELETE', `/users/bruno/messages/${two}`);
    const came = await round('bruno', every);
    expect(came.value).toMatchObject([
      { id: one, isRead: false },
      { id: three, isRead: true },
      { id: two, '@removed': { reason: 'deleted' } },
    ]);
    expect(came.value[0]).not.toHaveProperty('subject');
    const onlyCame = await round('bruno', created);
    expect(ids(onlyCame.value)).toEqual([one, three]);
    await control(entra, 'PUT', `/users/bruno/messages/${one}`, { isRead: true });
    expect((await round('bruno', came.delta)).value).toMatchObject([{ id: one, isRead: true }]);
    expect((await round('bruno', onlyCame.delta)).value).toEqual([]);
  });

  it('leaves out what was received before', async () => {
    await add('adele', 'messages');
    const path = (time: string) => `${INBOX}?$filter=receivedDateTime ge ${time}`;
    expect((await round('adele', path(LONG_AGO))).value).not.toEqual([]);
    expect((await round('adele', path('2099-01-01T00:00:00Z'))).value).toEqual([]);
  });

  it.each(['bruno-s', 'a-drive', 'x'])('refuses a token that is not the person’s own: %s', async (which) => {
    const links: Record<string, string> = {
      'bruno-s': (await round('bruno', INBOX)).delta,
      'a-drive': (await round('adele', `${DRIVE}?token=latest`)).delta.replace(
        /^.*token=/,
        `${INBOX}?$deltatoken=`,
      ),
    };
    const link = links[which] ?? `${INBOX}?$deltatoken=${which}`;
    expect(await ask('adele', link)).toMatchObject({ status: 400, code: 'BadRequest' });
  });

  it('is gone when its link is too old', async () => {
    const lasting = (await round('adele', INBOX)).delta;
    // The pages of a round have links, too: only the last answer may bring one of a short life.
    await control(entra, 'PUT', '/lifetimes', { deltaLink: 1 });
    const { delta } = await ask('adele', lasting);
    await control(entra, 'PUT', '/lifetimes', { deltaLink: 86_400 });
    await expect
      .poll(() => ask('adele', String(delta)), { timeout: 5_000 })
      .toMatchObject({
        status: 410,
        code: 'SyncStateNotFound',
      });
  });

  it.each(['chiara', 'dana', 'user0001'])('is not there for somebody without a mailbox: %s', async (user) => {
    for (const path of [INBOX, '/v1.0/me/mailFolders/inbox']) {
      expect(await ask(user, path)).toMatchObject({ status: 404, code: 'MailboxNotEnabledForRESTAPI' });
    }
  });

  it.each([
    '$select=id,shoeSize',
    'changeType=read',
    '$filter=isRead eq false',
    "$filter=receivedDateTime ge 'today'",
  ])('refuses what it does not know: %s', async (query) => {
    expect((await ask('adele', `${INBOX}?${query}`)).status).toBe(400);
  });
});

describe('both', () => {
  it.each([
    DRIVE,
    INBOX,
    '/v1.0/me/mailFolders/inbox',
  ])('want a token for Graph with their permission: %s', async (path) => {
    const status = async (token: string) =>
      (await fetch(`${entra.origin}${path}`, { headers: { authorization: `Bearer ${token}` } })).status;
    const { accessToken } = await signIn(entra, 'adele');
    expect(await status(accessToken)).toBe(401);
    expect(await status('')).toBe(401);
    await control(entra, 'DELETE', '/users/erik/consent');
    const scope = 'https://graph.microsoft.com/User.Read';
    const erik = await signIn(entra, 'erik', { scope, tenant: OTHER_TENANT_ID });
    expect(await status(erik.accessToken)).toBe(403);
  });

  it.each([DRIVE, INBOX])('meet the faults of Graph: %s', async (path) => {
    await control(entra, 'PUT', '/users/adele/fault', { kind: 'throttled', at: 'graph', retryAfter: 7 });
    const throttled = await ask('adele', path);
    await control(entra, 'DELETE', '/users/adele/fault');
    expect(throttled.status).toBe(429);
    expect(throttled.headers.get('retry-after')).toBe('7');
  });

  it('fill by themselves, if that was asked for', async () => {
    const [drive, inbox] = [
      (await round('bruno', `${DRIVE}?token=latest&$select=id,file`)).delta,
      (await round('bruno', `${INBOX}?changeType=created`)).delta,
    ];
    await control(entra, 'PUT', '/belongings', { activitySeconds: 1 });
    await expect
      .poll(async () => (await round('bruno', inbox)).value.length, { timeout: 10_000 })
      .toBeGreaterThan(2);
    const files = (await round('bruno', drive)).value.filter(({ file }) => file);
    const messages = (await round('bruno', inbox)).value;
    expect(files.length).toBeGreaterThan(0);
    expect(files.length).toBeLessThan(messages.length);
  });

  it.each([
    ['PUT', '/belongings', { pageSize: 0 }],
    ['PUT', '/belongings', { speed: 1 }],
    ['POST', '/users/adele/files', { name: 17 }],
    ['POST', '/users/adele/messages', { isRead: 'no' }],
  ])('refuse bad input of the control API: %s %s %j', async (method, path, body) => {
    expect((await control(entra, method, path, body)).status).toBe(400);
  });

  it.each([
    ['PUT', '/users/adele/files/none', undefined],
    ['DELETE', '/users/adele/files/none', undefined],
    ['PUT', '/users/adele/messages/none', {}],
    ['DELETE', '/users/adele/messages/none', undefined],
    ['POST', '/users/nobody/files', {}],
    ['DELETE', '/users/nobody/delta-links', undefined],
  ])('do not know what is not there: %s %s', async (method, path, body) => {
    expect((await control(entra, method, path, body)).status).toBe(404);
  });
});
