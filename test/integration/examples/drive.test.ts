/** The example of a function of one's own, put into the functions as its README says, in the local host. */
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Azurite, startAzurite } from '../../../dev/azurite.ts';
import { type Entra, startEntra } from '../../../dev/entra/startEntra.ts';
import { type Host, spawnHost } from '../../../dev/host/spawnHost.ts';
import { ROOT } from '../../../dev/platform.ts';
import type { LogEvent } from '../../../shared/log.ts';
import type { Connection, Problem } from '../../../shared/wire.ts';
import { registerForApi } from '../../support/adminConsent.ts';
import { buildShipped } from '../../support/buildShipped.ts';
import { settingsOf } from '../../support/drillStage.ts';
import { control, journal, SPA_ORIGIN, signIn } from '../../support/entraClients.ts';
import { secretsIn } from '../../support/logScan.ts';
import { shippedMain } from '../../support/mainFile.ts';

const FILES_READ = 'https://graph.microsoft.com/Files.Read';

let azurite: Azurite;
let entra: Entra;
let folder: string;
let host: Host;
beforeAll(async () => {
  folder = await buildShipped(await mainOfExample());
  [azurite, entra] = await Promise.all([startAzurite(), startEntra({ port: 0, spaOrigins: [SPA_ORIGIN] })]);
  const env = {
    ...settingsOf(entra, azurite.connectionString),
    'AzureWebJobs.refreshWorker.Disabled': 'true',
  };
  host = await spawnHost({ root: folder, port: 0, settings: false, env });
});
beforeEach(() => control(entra, 'DELETE', '/requests'));
afterAll(async () => {
  await host?.stop();
  await Promise.all([entra?.close(), azurite?.stop(), rm(folder, { recursive: true })]);
});

/** The functions' own entry file with the lines of the README, which an adopter may have followed already. */
async function mainOfExample(): Promise<string> {
  const readme = await readFile(join(ROOT, 'examples/drive/README.md'), 'utf8');
  const [, added = ''] = /```ts\n([\s\S]*?)```/.exec(readme) ?? [];
  const [importing = '', ...routes] = added.trim().split('\n');
  expect(routes).toHaveLength(1);
  return [importing.replace('./drive/', '../examples/drive/'), shippedMain(), ...routes].join('\n');
}

const get = (path: string, accessToken: string) =>
  fetch(`${host.origin}/api/${path}`, { headers: { authorization: `Bearer ${accessToken}` } });

async function driveOf(accessToken: string) {
  const response = await get('drive', accessToken);
  return { status: response.status, headers: response.headers, body: (await response.json()) as unknown };
}

/** Requests for tokens of Graph's, since the test began. */
const tokenRequests = async () =>
  (await journal(entra)).filter(({ grant }) => grant === 'on_behalf_of' || grant === 'refresh_token').length;

const stateOf = async (accessToken: string) =>
  ((await (await get('connection', accessToken)).json()) as Connection).state;

describe('GET /api/drive', () => {
  it('is refused alone while the permission is not consented to, and asks for it', async () => {
    const { accessToken } = await signIn(entra, 'adele');
    expect((await get('profile', accessToken)).status).toBe(200);
    const { status, headers, body } = await driveOf(accessToken);
    expect({ status, body }).toMatchObject({
      status: 401,
      body: { code: 'CONSENT_REQUIRED', scopes: [FILES_READ] },
    });
    expect(headers.get('www-authenticate')).toContain(`error="consent_required", scopes="${FILES_READ}"`);
    // No request was sent to the drive, and the connection is as it was.
    expect((await journal(entra)).filter(({ endpoint }) => endpoint === 'graph')).toHaveLength(1);
    expect(await stateOf(accessToken)).toBe('active');
    expect((await get('profile', accessToken)).status).toBe(200);
  });

  it('that a page asks for in a loop costs at most one token in three seconds', async () => {
    const { accessToken } = await signIn(entra, 'bruno');
    const begun = performance.now();
    for (let asked = 0; asked < 10; asked += 1) expect((await driveOf(accessToken)).status).toBe(401);
    const periods = Math.ceil((performance.now() - begun) / 3_000);
    expect(await tokenRequests()).toBeGreaterThan(0);
    expect(await tokenRequests()).toBeLessThanOrEqual(periods);
  });

  it('answers the files as soon as the user has consented on the page that the registration asks for', async () => {
    const before = await signIn(entra, 'adele');
    expect((await driveOf(before.accessToken)).status).toBe(401);
    await registerForApi(entra, ['Files.Read']);
    const { accessToken } = await signIn(entra, 'adele', { prompt: 'consent' });
    await control(entra, 'DELETE', '/requests');
    const { status, headers, body } = await driveOf(accessToken);
    expect({ status, body }).toEqual({
      status: 200,
      body: [
        { name: 'Berths.xlsx', size: 18_204 },
        { name: 'Tides of November.pdf', size: 240_117 },
      ],
    });
    expect(headers.get('cache-control')).toBe('no-store');
    expect((await get('profile', accessToken)).status).toBe(200);
    expect(await tokenRequests()).toBe(1);
  });

  it('answers them with an access token of before the consent, too', async () => {
    await registerForApi(entra, []);
    await control(entra, 'DELETE', '/users/bruno/consent');
    const { accessToken } = await signIn(entra, 'bruno');
    expect((await driveOf(accessToken)).status).toBe(401);
    await registerForApi(entra, ['Files.Read']);
    await signIn(entra, 'bruno', { prompt: 'consent' });
    // The refusal is remembered for three seconds.
    await expect.poll(async () => (await driveOf(accessToken)).body, { timeout: 10_000 }).toEqual([]);
    expect(await stateOf(accessToken)).toBe('active');
  });

  it('passes on what Graph asks of the user, and is answered with the token that meets it', async () => {
    const { accessToken } = await signIn(entra, 'adele');
    await control(entra, 'PUT', '/users/adele/fault', { kind: 'claims', at: 'graph' });
    const refused = (await driveOf(accessToken)).body as Problem;
    expect(refused.code).toBe('CLAIMS_REQUIRED');
    const again = await signIn(entra, 'adele', { claims: refused.claims ?? '' });
    expect((await driveOf(again.accessToken)).status).toBe(200);
    await control(entra, 'DELETE', '/users/adele/fault');
  });

  it.each([
    [{ kind: 'server-error', retryAfter: 19 }, 503, 'UNAVAILABLE', '19'],
    [{ kind: 'html' }, 503, 'UNAVAILABLE', '5'],
    [{ kind: 'reset' }, 503, 'UNAVAILABLE', '5'],
    // This one is last, because the user then has a cooldown.
    [{ kind: 'throttled', retryAfter: 17 }, 503, 'THROTTLED', '17'],
  ])('is answered like the profile while Graph is %j', async (fault, status, code, retryAfter) => {
    const { accessToken } = await signIn(entra, 'adele');
    await control(entra, 'PUT', '/users/adele/fault', { at: 'graph', times: 1, ...fault });
    const answer = await driveOf(accessToken);
    expect(answer).toMatchObject({ status, body: { code } });
    expect(answer.headers.get('retry-after')).toBe(retryAfter);
  });

  it('has the same line in the log, and the same audit', async () => {
    const events = host.lines.flatMap((line) => {
      const [, event] = /(\{"event":.*\})$/.exec(line) ?? [];
      return event === undefined ? [] : [JSON.parse(event) as LogEvent];
    });
    expect(events).toContainEqual(
      expect.objectContaining({
        event: 'request.answered',
        status: 200,
        by: 'drive',
        api: 'graph',
        source: 'network',
      }),
    );
    expect(events).toContainEqual(
      expect.objectContaining({ event: 'request.answered', status: 401, code: 'CONSENT_REQUIRED' }),
    );
    expect(secretsIn(host.lines.join('\n'))).toEqual([]);
  });
});
