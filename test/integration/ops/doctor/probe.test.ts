/** The probe signs in over HTTP as a person would, and tells what the stand-in answers. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { ALL_USERS, TENANT_ID } from '../../../../dev/entra/directory.ts';
import { throughThePages } from '../../../../dev/entra/signIn.ts';
import { freePorts } from '../../../../dev/freePorts.ts';
import { ROOT } from '../../../../dev/platform.ts';
import { selfSignedCertificate } from '../../../../dev/selfSignedCertificate.ts';
import { readDoctorCommand } from '../../../../ops/doctor/commandLine.ts';
import { runProbe } from '../../../../ops/doctor/probe/runProbe.ts';
import type { Fetch } from '../../../../shared/api.ts';
import { systemClock } from '../../../../shared/clock.ts';
import { control, journal } from '../../../support/entraClients.ts';
import { secretsIn } from '../../../support/logScan.ts';
import { addCertificate, type Stage, startStage } from './registeredStage.ts';

let stage: Stage;
let origin: string;
/** The arguments that ask for the grant of a link, too. */
let link: string[];
beforeAll(async () => {
  origin = `http://localhost:${(await freePorts(1))[0]}`;
  link = ['--link-redirect-uri', `${origin}/link/callback`];
  stage = await startStage({
    spaOrigins: [origin],
    register: ['--page-url', origin, '--link-url', `${origin}/link/callback`],
  });
});
afterAll(() => stage.entra.close());
afterEach(async () => {
  await control(stage.entra, 'PUT', '/answers', {
    defaultBeside: false,
    refreshTokenEnds: false,
    stripNumbers: false,
  });
  await control(stage.entra, 'DELETE', '/users/adele/fault');
  await control(stage.entra, 'PUT', '/lifetimes', {
    refreshIn: null,
    accessToken: 3_600,
    exchangedRefreshToken: 86_400,
  });
  await control(stage.entra, 'PUT', `/tenants/${TENANT_ID}/consent`, { usersMayConsent: true });
});

type Probing = {
  args?: readonly string[];
  settings?: Record<string, string>;
  fetch?: Fetch;
  /** What the person does with the address. Default: signs in as Adele, and accepts. */
  person?: (address: URL) => Promise<unknown>;
  /** What the clock of the probe shows from its beginning to its end. Default: the time, as it passes. */
  at?: Date;
};

/** Goes through the pages, and then where they lead. */
const signIn = async (address: URL, consent: 'accept' | 'cancel' = 'accept'): Promise<Response> =>
  fetch(await throughThePages(address, { user: 'adele', consent }));

/** Runs the probe in this process. */
async function probe(options: Probing = {}) {
  const { args = [], person = signIn, fetch: send = fetch, at } = options;
  const command = readDoctorCommand(['--probe', '--redirect-uri', `${origin}/`, ...args]);
  if (!('probe' in command)) throw new Error('These are not the arguments of the probe.');
  const told: string[] = [];
  let acting: Promise<unknown> = Promise.resolve();
  const lines = await runProbe(command.probe, {
    settings: { ...stage.settings, ...options.settings },
    fetch: send,
    // The pause for a consent that is not seen yet is short here.
    clock: {
      ...systemClock,
      now: () => at ?? new Date(),
      after: (ms, act) => systemClock.after(ms === 5_000 ? 5 : ms, act),
    },
    tell(line) {
      told.push(line);
      const address = /^http\S+$/m.exec(line)?.[0];
      if (address !== undefined) acting = person(new URL(address));
    },
  });
  await acting;
  return { lines, told };
}

const cellsOf = (line: string): string[] =>
  line
    .split('|')
    .slice(1, -1)
    .map((cell) => cell.trim());
/** What was seen, by the fact. */
const seenIn = (lines: readonly string[]) =>
  new Map(
    lines
      .slice(2)
      .map((line) => cellsOf(line) as [string, string, string])
      .map(([what, , seen]) => [what, seen]),
  );

/** Everything that no line may have. */
function expectNothingPersonal(lines: readonly string[]): void {
  for (const line of lines) {
    expect(secretsIn(line)).toEqual([]);
    expect(line).not.toMatch(/[\da-f]{8}-[\da-f]{4}-/i);
    for (const { name, displayName, upn } of ALL_USERS) {
      for (const personal of [name, displayName, upn])
        expect(line.toLowerCase()).not.toContain(personal.toLowerCase());
    }
  }
}

describe('npm run doctor -- --probe', () => {
  it('prints the table of docs/doctor.md, and nothing else', async () => {
    const child = spawn(
      process.execPath,
      [join(ROOT, 'ops/doctor/main.ts'), '--probe', '--redirect-uri', `${origin}/`, ...link],
      {
        cwd: tmpdir(),
        env: { PATH: process.env.PATH, ...stage.settings },
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    );
    const told: string[] = [];
    createInterface({ input: child.stderr }).on('line', (line) => {
      told.push(line);
      if (line.startsWith('http')) void signIn(new URL(line));
    });
    const [printed, [code]] = await Promise.all([text(child.stdout), once(child, 'exit')]);
    expect({ code, told: told.filter((line) => line !== '') }).toEqual({
      code: 0,
      told: [
        'Open this address in a browser, and sign in:',
        expect.stringMatching(/^http:/),
        'Then open this address in the same browser:',
        expect.stringMatching(/^http:/),
      ],
    });
    expectNothingPersonal(printed.split('\n'));
    const document = await readFile(join(ROOT, 'docs/doctor.md'), 'utf8');
    const [, shown] = /<!-- probe -->\n\n([\s\S]*?)\n\n/.exec(document) ?? [];
    expect(printed.trimEnd()).toBe(shown);
  });

  it('sees what Entra may do otherwise', async () => {
    await control(stage.entra, 'PUT', '/answers', { defaultBeside: true, stripNumbers: true });
    await control(stage.entra, 'PUT', '/lifetimes', { refreshIn: 1_800, accessToken: 4_523 });
    const { lines } = await probe();
    const seen = seenIn(lines);
    expect(seen.get('exchange for `.default`: `.default` in it')).toBe('yes');
    expect(seen.get('exchange: `refresh_in`')).toBe('30.0 min');
    expect(seen.get('exchange: `expires_in`')).toBe('75.4 min');
    expect(seen.get('no consent (65001): the refusal')).toBe(
      '400, `invalid_grant`, suberror `consent_required`, error_codes absent',
    );
    expectNothingPersonal(lines);
  });

  it('proves the API by a certificate, too', async () => {
    const { certificate, pem } = selfSignedCertificate();
    await addCertificate(stage.entra, stage.apiId, certificate);
    const { lines } = await probe({ settings: { ENTRA_CLIENT_SECRET: '', ENTRA_CLIENT_CERTIFICATE: pem } });
    expect(seenIn(lines).get('refresh: status')).toBe('200');
  });

  it('waits for a consent that the exchange does not see yet, and counts', async () => {
    let refused = 0;
    const refusal = { error: 'invalid_grant', suberror: 'consent_required', error_codes: [65001] };
    const send: Fetch = async (input, init) => {
      const isExchange = String(init?.body).includes('on_behalf_of');
      if (!isExchange || refused === 2) return fetch(input, init);
      refused += 1;
      return Response.json(refusal, { status: 400 });
    };
    const { lines, told } = await probe({ fetch: send });
    expect(seenIn(lines).get('exchanges refused before the consent was seen')).toBe('2');
    expect(told).toContain('The exchange does not see the consent yet. Trying again in 5 s.');
    const never: Fetch = async (input, init) =>
      String(init?.body).includes('on_behalf_of')
        ? Response.json(refusal, { status: 400 })
        : fetch(input, init);
    await expect(probe({ fetch: never })).rejects.toThrow(
      /refused the exchange \(invalid_grant, consent_required, AADSTS65001\)\. The consent of the page/,
    );
  });

  it('says that somebody has consented to what should be missing', async () => {
    const { lines } = await probe({ args: ['--unconsented', 'User.Read'] });
    expect(seenIn(lines).get('no consent (65001): the refusal')).toMatch(/^not refused.*--unconsented/);
  });
});

describe('the life of each grant', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'stead-probe-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  const HOUR = 3_600_000;
  const nobody = () => Promise.reject(new Error('nobody should be asked'));
  /** What was seen of each refresh token: what Entra told, and after how long it was good and refused. */
  const livesIn = (lines: readonly string[]) =>
    lines.slice(lines.findIndex((line) => line.startsWith('| grant |')) + 2).map((line) => cellsOf(line));
  const rowOf = (grant: string, which: string, ...cells: string[]) => [grant, which, ...cells];
  const [EXCHANGE, FIRST, RENEWED] = [
    "an exchange of the page's token",
    'the first one, never renewed',
    'renewed at each run',
  ];

  it('is measured by one run that signs in, and later ones that ask nobody', async () => {
    const args = ['--life', join(folder, 'lives'), ...link];
    // The refresh token of the exchange is over a second after the sign-in, as if a day had passed.
    await control(stage.entra, 'PUT', '/lifetimes', { exchangedRefreshToken: 1 });
    const begun = Date.now();
    const { lines } = await probe({ args, at: new Date(begun) });
    expect(seenIn(lines).get('link, refreshed for `.default`: status')).toBe('200');
    const fresh = ['nothing', '0.0 min', '0.0 min', 'not yet'];
    expect(livesIn(lines)).toEqual([
      rowOf(EXCHANGE, FIRST, ...fresh),
      rowOf(EXCHANGE, RENEWED, ...fresh),
      rowOf('a link', FIRST, ...fresh),
      rowOf('a link', RENEWED, ...fresh),
    ]);
    const kept = await readFile(join(folder, 'lives'), 'latin1');
    expect(secretsIn(kept)).toEqual([]);
    expect(kept).not.toContain('refresh');
    expect((await stat(join(folder, 'lives'))).mode & 0o777).toBe(0o600);

    await new Promise((resolve) => setTimeout(resolve, 1_100));
    const again = await probe({ args, person: nobody, at: new Date(begun + 25 * HOUR) });
    expect(again.told).toEqual([]);
    const over = ['nothing', '25.0 h', '0.0 min', '25.0 h: `invalid_grant, AADSTS700082`'];
    const good = ['nothing', '25.0 h', '25.0 h', 'not yet'];
    expect(livesIn(again.lines)).toEqual([
      rowOf(EXCHANGE, FIRST, ...over),
      rowOf(EXCHANGE, RENEWED, ...over),
      rowOf('a link', FIRST, ...good),
      rowOf('a link', RENEWED, ...good),
    ]);

    // What was refused once stays so, and is not asked for again.
    await control(stage.entra, 'DELETE', '/requests');
    const last = await probe({ args, person: nobody, at: new Date(begun + 20 * 24 * HOUR) });
    expect((await journal(stage.entra)).filter(({ grant }) => grant)).toHaveLength(2);
    expect(livesIn(last.lines)[0]).toEqual(rowOf(EXCHANGE, FIRST, 'nothing', '20.0 d', ...over.slice(2)));
    expect(livesIn(last.lines)[3]).toEqual(
      rowOf('a link', RENEWED, 'nothing', '20.0 d', '20.0 d', 'not yet'),
    );
    expectNothingPersonal([...lines, ...again.lines, ...last.lines]);
  });

  it('has what Entra tells, and is that of the exchange alone without a link', async () => {
    await control(stage.entra, 'PUT', '/answers', { refreshTokenEnds: true });
    const { lines } = await probe({ args: ['--life', join(folder, 'told')] });
    expect(seenIn(lines).get('link: `scope`')).toBe('not asked for: `--link-redirect-uri`');
    expect(livesIn(lines).map(([grant, , told]) => `${grant}: ${told}`)).toEqual([
      `${EXCHANGE}: 24.0 h`,
      `${EXCHANGE}: 24.0 h`,
    ]);
  });

  it('is not lost to an outage, a wrong secret, or another file', async () => {
    const args = ['--life', join(folder, 'kept')];
    await probe({ args });
    const before = await readFile(join(folder, 'kept'));
    const away: Fetch = (input, init) =>
      String(input).endsWith('/token')
        ? Promise.resolve(new Response('', { status: 503 }))
        : fetch(input, init);
    await expect(probe({ args, fetch: away, person: nobody })).rejects.toThrow(/answers 503/);
    const refusing: Fetch = (input, init) =>
      String(input).endsWith('/token')
        ? Promise.resolve(Response.json({ error: 'invalid_client', error_codes: [7000222] }, { status: 401 }))
        : fetch(input, init);
    await expect(probe({ args, fetch: refusing, person: nobody })).rejects.toThrow(
      /refused the refresh \(invalid_client, AADSTS7000222\), which does not end/,
    );
    // Entra writes the numbers beside these, and each of them is over once the user has done what is asked for.
    for (const more of [
      { suberror: 'basic_action', error_codes: [50076] },
      { claims: '{}' },
      { suberror: 'consent_required' },
    ]) {
      const challenging: Fetch = (input, init) =>
        String(input).endsWith('/token')
          ? Promise.resolve(Response.json({ error: 'invalid_grant', ...more }, { status: 400 }))
          : fetch(input, init);
      await expect(probe({ args, fetch: challenging, person: nobody })).rejects.toThrow(/which does not end/);
    }
    expect(await readFile(join(folder, 'kept'))).toEqual(before);
    await expect(
      probe({ args, settings: { ENTRA_CLIENT_SECRET: 'another' }, person: nobody }),
    ).rejects.toThrow(/was not written by the probe, or with another credential/);
    await writeFile(join(folder, 'other'), 'my diary');
    await expect(probe({ args: ['--life', join(folder, 'other')], person: nobody })).rejects.toThrow(
      /was not written by the probe/,
    );
    expect(await readFile(join(folder, 'other'), 'utf8')).toBe('my diary');
    await expect(probe({ args: ['--life', folder], person: nobody })).rejects.toThrow(
      /cannot be read \(EISDIR\)/,
    );
  });
});

describe('the probe ends with a reason if', () => {
  it('the person declines', async () => {
    await control(stage.entra, 'DELETE', '/users/adele/consent');
    await expect(probe({ person: (address) => signIn(address, 'cancel') })).rejects.toThrow(
      /^The sign-in was refused \(access_denied, AADSTS65004\)\. Whoever signed in declined/,
    );
  });

  it('only an administrator may consent', async () => {
    await control(stage.entra, 'DELETE', '/users/adele/consent');
    await control(stage.entra, 'PUT', `/tenants/${TENANT_ID}/consent`, { usersMayConsent: false });
    const refused = probe();
    await expect(refused).rejects.toThrow(/AADSTS90094.*--admin-consent/);
  });

  it('nobody comes back in time, for example because the address is not registered', async () => {
    const [port] = await freePorts(1);
    const args = ['--redirect-uri', `http://localhost:${port}/`, '--wait', '1'];
    const command = readDoctorCommand(['--probe', ...args]);
    if (!('probe' in command)) throw new Error('These are not the arguments of the probe.');
    const services = { settings: stage.settings, fetch, clock: systemClock, tell: () => {} };
    await expect(runProbe(command.probe, services)).rejects.toThrow(
      new RegExp(
        `within 1 s\\. If Entra showed AADSTS50011, http://localhost:${port}/ is not a redirect URI .*--page-url http://localhost:${port}\\.`,
      ),
    );
  });

  it('somebody else listens on the port', async () => {
    const server = createServer().listen(Number(new URL(origin).port), '127.0.0.1');
    await once(server, 'listening');
    await expect(probe()).rejects.toThrow(
      /^Another program listens on port \d+\. End it .*--redirect-uri\.$/,
    );
    server.close();
  });

  it('an answer carries another state', async () => {
    const person = async (address: URL): Promise<unknown> => {
      const forged = await fetch(`${origin}/?code=forged&state=another`);
      expect(forged.status).toBe(404);
      return signIn(address);
    };
    expect((await probe({ person })).lines).toHaveLength(40);
  });

  it.each([
    ['the page is not known', { SPA_CLIENT_ID: '' }, /SPA_CLIENT_ID or --page-client-id/],
    [
      'the secret is wrong',
      { ENTRA_CLIENT_SECRET: 'another' },
      /refused the exchange \(invalid_client, AADSTS7000215\)/,
    ],
    ['a setting is wrong', { ENTRA_TENANT_ID: '' }, /ENTRA_TENANT_ID: is missing/],
    [
      'the tenant does not exist',
      { ENTRA_TENANT_ID: '11111111-2222-4333-8444-555555555555' },
      /"npm run doctor" says why/,
    ],
    [
      'the credential is a managed identity',
      { ENTRA_CLIENT_SECRET: '', ENTRA_MANAGED_IDENTITY_CLIENT_ID: 'system' },
      /only an app in Azure has it/,
    ],
  ])('%s', async (_what, settings, message) => {
    await expect(probe({ settings })).rejects.toThrow(message);
  });

  it.each([
    ['fails', async () => new Response('', { status: 503 }), /answers 503/],
    [
      'does not answer',
      () => Promise.reject(new TypeError('x', { cause: { code: 'ECONNRESET' } })),
      /does not answer \(ECONNRESET\)/,
    ],
    [
      'answers without a refresh token',
      async () => Response.json({ access_token: 'a.b.c' }),
      /has no refresh_token/,
    ],
    [
      'redeems nothing for the platform',
      async () => Response.json({ error: 'invalid_request', error_codes: [9002326] }, { status: 400 }),
      /"Single-page application"/,
    ],
  ])('the token endpoint %s', async (_what, answer, message) => {
    const send: Fetch = (input, init) => (String(input).endsWith('/token') ? answer() : fetch(input, init));
    await expect(probe({ fetch: send })).rejects.toThrow(message);
  });
});
