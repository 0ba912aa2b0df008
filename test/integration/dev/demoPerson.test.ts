/** The page's demo controls: each one does what it says, whatever was pressed before it. The stores are in memory. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CONTROLS, type Control, createDemoPerson, type DemoPlatform } from '../../../dev/demoPerson.ts';
import { ALL_USERS, type DemoUser } from '../../../dev/entra/directory.ts';
import { type Entra, startEntra } from '../../../dev/entra/startEntra.ts';
import { FAST_MOTION } from '../../../dev/platform.ts';
import { systemClock } from '../../../shared/clock.ts';
import { shippedTasks } from '../../../shared/graphTasks/shippedTasks.ts';
import { createLocalApp, type LocalApp } from '../../../shared/testing/localApp.ts';
import { SPA_ORIGIN, signInAs } from '../../../shared/testing/signInAs.ts';
import { createTokenBuckets } from '../../../shared/tokens/tokenBuckets.ts';
import { toUserId } from '../../../shared/userId.ts';
import { control } from '../../support/entraClients.ts';

const [ADELE, BRUNO, CHIARA] = ALL_USERS as [DemoUser, DemoUser, DemoUser];
const MANY = createTokenBuckets({ clock: systemClock, capacity: 100_000, refillEveryMs: 1 });
const GOOD = /^The worker has run for you, and (?:has a new key|its key is still good)\. /;

/** What the worker says when it has run, by the last control that was pressed. */
const NEEDS_USER = /, so the worker needs you\.$/;
const TRIES_AGAIN = /, so the worker tries again later\.$/;
const PROMISED: Record<Control, RegExp> = {
  'short-tokens': /has a new key/,
  'hour-tokens': /has a new key/,
  revoke: NEEDS_USER,
  mfa: NEEDS_USER,
  consent: NEEDS_USER,
  throttle: TRIES_AGAIN,
  outage: TRIES_AGAIN,
  silence: TRIES_AGAIN,
  well: GOOD,
  run: GOOD,
  leave: GOOD,
  return: GOOD,
  disconnect: /did nothing for you: you are not connected\.$/,
  'start-over': GOOD,
};

let entra: Entra;
let app: LocalApp;
let platform: DemoPlatform;
let press: ReturnType<typeof createDemoPerson>;
/** True if the next token request gets no answer. It then ends soon, although others have all the time that they need. */
let isSilent = false;

beforeAll(async () => {
  const { lifetimes, directory } = FAST_MOTION;
  entra = await startEntra({
    port: 0,
    spaOrigins: [SPA_ORIGIN],
    lifetimes,
    ...directory,
    // What arrives by itself would be news that nobody expects here.
    belongings: {},
    consented: true,
  });
  app = createLocalApp(entra, {
    tasks: shippedTasks(['read-profile', 'drive-changes', 'inbox-digest']),
    // One person plays the whole story many times.
    limits: { exchanges: MANY, changes: MANY, wakes: MANY },
    fetch: (input, init = {}) => {
      if (!isSilent || init.method !== 'POST') return fetch(input, init);
      isSilent = false;
      const soon = AbortSignal.timeout(100);
      return fetch(input, { ...init, signal: init.signal ? AbortSignal.any([soon, init.signal]) : soon });
    },
  });
  platform = {
    stead: app.stead,
    standIn: async (method, path, body) => {
      const answer = await control(entra, method, path, body);
      if (!answer.ok) throw new Error(await answer.text());
      if (path.endsWith('/fault')) isSilent = body !== undefined && 'kind' in body && body.kind === 'hang';
    },
    runWorker: async () => void (await app.sweep()),
    callApi: async ({ name }, method) => {
      const { accessToken } = await signInAs(entra.origin, name);
      if (method === 'GET') await app.getProfile(accessToken);
      else await app.connection[method === 'PUT' ? 'put' : 'delete'](accessToken);
    },
    wait: async (ms) => {
      app.clock.aheadMs += ms;
    },
  };
  press = createDemoPerson(platform);
});
afterAll(() => entra?.close());

/** The controls that somebody has who is not connected. */
const WITHOUT_CONNECTION: readonly Control[] = ['well', 'run', 'return', 'disconnect', 'start-over'];

/** Presses a control as the page does: after some of them the person comes back, because nothing is kept of them any more. */
async function pressed(user: DemoUser, control: Control): Promise<string> {
  const said = await press(user, control);
  if (control === 'start-over') await app.visit(user.name);
  return said;
}

describe('each control after each other one', () => {
  const pairs = CONTROLS.flatMap((one) => CONTROLS.map((other) => [one, other] as const));

  it.each(pairs)('%s, then %s: does what it says, and then all is well again', async (one, other) => {
    await pressed(ADELE, 'start-over');
    await pressed(ADELE, one);
    if (other !== 'run') await press(ADELE, 'run');
    const isRefused = one === 'disconnect' && !WITHOUT_CONNECTION.includes(other);
    const refused = 'you are not connected';
    if (isRefused) await expect(press(ADELE, other)).rejects.toThrow(refused);
    const said = isRefused ? refused : await pressed(ADELE, other);
    const isOver =
      (one === 'disconnect' && !['return', 'start-over'].includes(other)) || other === 'disconnect';
    const promised = isOver ? PROMISED.disconnect : PROMISED[other === 'run' ? one : other];
    expect(other === 'run' ? said : await press(ADELE, 'run')).toMatch(promised);
    // Nobody but the person themselves connects somebody who said stop.
    if (isOver) await press(ADELE, 'return');
    await press(ADELE, 'well');
    expect(await press(ADELE, 'run')).toMatch(GOOD);
  });
});

describe('a control', () => {
  it('concerns nobody else', async () => {
    await pressed(BRUNO, 'start-over');
    await press(BRUNO, 'run');
    for (const one of CONTROLS) {
      await pressed(ADELE, one);
      expect(await press(BRUNO, 'run')).toMatch(GOOD);
    }
  });

  it('tells of what has come while the person was away', async () => {
    await pressed(ADELE, 'start-over');
    expect(await press(ADELE, 'leave')).toBe(
      'You were away for a while. The worker has run for you, and has a new key. It tells you: 3 new or changed files; 12 new messages, 12 unread.',
    );
  });

  it('tells it in German, too', async () => {
    await pressed(BRUNO, 'start-over');
    expect(await press(BRUNO, 'leave', 'de')).toBe(
      'Sie waren eine Weile weg. Der Helfer ist für Sie gelaufen und hat einen neuen Schlüssel. Er sagt Ihnen: 3 neue oder geänderte Dateien; 12 neue Nachrichten, 12 ungelesen.',
    );
    for (const control of ['revoke', 'run', 'return', 'well', 'disconnect'] as const)
      expect(await press(BRUNO, control, 'de')).toMatch(/Sie|Der Helfer|Es ist angehalten|Alles ist/);
    await expect(press(BRUNO, 'outage', 'de')).rejects.toThrow('Sie sind nicht verbunden.');
  });

  it('tells of what there is not, and of a pause', async () => {
    await pressed(CHIARA, 'start-over');
    const without = 'Your organisation has not set up: your files, your mail.';
    expect(await press(CHIARA, 'run')).toBe(
      `The worker has run for you, and its key is still good. There is nothing new. ${without}`,
    );
    const account = await app.accounts.read(toUserId(CHIARA));
    if (account === undefined || !('history' in account)) throw new Error('there is no account');
    await app.accounts.update(account, { ...account, tasksPausedUntil: new Date('2100-01-01') });
    expect(await press(CHIARA, 'run')).toBe(
      'The worker has run for you, and has a new key. It does nothing else, because you have paused it.',
    );
  });

  it('lets a token of an hour be renewed once, and then be good', async () => {
    await pressed(ADELE, 'start-over');
    await press(ADELE, 'hour-tokens');
    expect(await press(ADELE, 'run')).toContain('has a new key');
    expect(await press(ADELE, 'run')).toContain('its key is still good');
    await press(ADELE, 'short-tokens');
    expect(await press(ADELE, 'run')).toContain('has a new key');
    expect(await press(ADELE, 'run')).toContain('has a new key');
  });

  it('puts the person off no longer than they look, however often something failed', async () => {
    await pressed(ADELE, 'start-over');
    await press(ADELE, 'outage');
    for (let i = 0; i < 6; i += 1) expect(await press(ADELE, 'run')).toMatch(TRIES_AGAIN);
    await press(ADELE, 'well');
    expect(await press(ADELE, 'run')).toMatch(GOOD);
  });

  it('ends what was there before a restart: a back-off, and the lease of a run that died', async () => {
    await pressed(ADELE, 'start-over');
    await press(ADELE, 'outage');
    await press(ADELE, 'run');
    const restarted = createDemoPerson(platform);
    const account = await app.accounts.read(toUserId(ADELE));
    if (account === undefined || !('history' in account)) throw new Error('there is no account');
    const until = new Date(app.now().getTime() + 300_000);
    await app.accounts.update(account, { ...account, lease: { runId: 'died', until } });
    await restarted(ADELE, 'well');
    expect(await restarted(ADELE, 'run')).toMatch(GOOD);
  });

  it.each([
    'revoke',
    'mfa',
    'consent',
    'outage',
  ] as const)('lets the person be checked at once when all is well again after: %s', async (fault) => {
    await pressed(ADELE, 'start-over');
    await press(ADELE, fault);
    await press(ADELE, 'run');
    expect(await press(ADELE, 'well')).toMatch(
      /^All is well again: nothing is wrong at your organisation\. The worker has run for you, and has a new key\. /,
    );
    const account = await app.accounts.read(toUserId(ADELE));
    expect(account).toMatchObject({ state: 'active' });
    expect(account).not.toHaveProperty('trouble');
  });

  it('lets all be well for somebody of whom nothing was wrong, without a check', async () => {
    await pressed(ADELE, 'start-over');
    expect(await press(ADELE, 'well')).toBe('All is well again: nothing is wrong at your organisation.');
    await press(ADELE, 'disconnect');
    expect(await press(ADELE, 'well')).toBe('All is well again: nothing is wrong at your organisation.');
  });

  it('says that the person is needed, as long as nobody has repaired it', async () => {
    await pressed(ADELE, 'start-over');
    await press(ADELE, 'revoke');
    expect(await press(ADELE, 'run')).toMatch(NEEDS_USER);
    expect(await press(ADELE, 'run')).toBe(
      'The worker has run, and asked nobody for you: it needs you first.',
    );
    await press(ADELE, 'return');
    expect(await press(ADELE, 'run')).toMatch(GOOD);
  });

  it('promises nothing to somebody who is not connected', async () => {
    await pressed(ADELE, 'start-over');
    await press(ADELE, 'disconnect');
    for (const one of CONTROLS.filter((name) => !WITHOUT_CONNECTION.includes(name)))
      await expect(press(ADELE, one)).rejects.toThrow('you are not connected');
  });

  it('leaves nothing of somebody who starts over: no row, no cache, no consent', async () => {
    const userId = await app.visit(ADELE.name);
    await press(ADELE, 'start-over');
    expect(await app.accounts.read(userId)).toBeUndefined();
    expect(await app.tokenCache.read(userId)).toBeUndefined();
    const answer = await control(entra, 'GET', '/consent');
    const { grants } = (await answer.json()) as { grants: { tid: string; oid: string }[] };
    expect(grants.filter(({ tid, oid }) => tid === ADELE.tid && oid === ADELE.oid)).toMatchObject([
      { permissions: { 'Mail.ReadBasic': { by: 'chiara' } } },
    ]);
    expect(await press(ADELE, 'run')).toBe('The worker has run. Nothing is kept of you: sign in first.');
  });
});
