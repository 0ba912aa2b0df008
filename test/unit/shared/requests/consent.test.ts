/** What a function gets whose permission was not consented to, and how soon a consent counts. */
import { describe, expect, it } from 'vitest';
import { UserTokenError } from '../../../../shared/errors.ts';
import { askOverTwins, functionOf, refusalOf } from './askOverTwins.ts';

const READ = functionOf(async () => 'profile', { name: 'read' });
const DRIVE = functionOf(async () => 'files', { name: 'drive', scopes: ['User.Read', 'Files.Read'] });
const [WITHOUT, WITH] = [{ permissions: ['user.read'] }, { permissions: ['user.read', 'files.read'] }];
const REFUSED = {
  failure: {
    kind: 'consent',
    code: 'consent_required',
    suberror: 'consent_required',
    scopes: ['https://graph.microsoft.com/Files.Read'],
  },
};

describe('a function whose scopes the token has', () => {
  it.each([
    ['names them', WITH],
    ['does not say what it may do', { permissions: undefined }],
  ])('runs, if the answer %s', async (_what, token) => {
    const { ask, exchanges } = askOverTwins([token]);
    expect(await ask(DRIVE)).toMatchObject({ result: 'files', source: 'network' });
    expect(exchanges).toHaveLength(1);
  });
});

describe('a function that lacks a scope', () => {
  it('is refused with the scopes that are missing, and does not run', async () => {
    const { ask, exchanges, eventsOf } = askOverTwins([WITHOUT]);
    expect(await refusalOf(ask(DRIVE))).toMatchObject(REFUSED);
    expect(exchanges).toHaveLength(1);
    expect(eventsOf('token.used')).toEqual([]);
  });

  it('is not refused by what is remembered: the token endpoint is asked anew', async () => {
    const { ask, exchanges } = askOverTwins([WITHOUT, WITH]);
    expect(await ask(READ)).toMatchObject({ source: 'network' });
    expect(await ask(DRIVE)).toMatchObject({ result: 'files', source: 'network' });
    expect(exchanges.map(({ skipCache }) => skipCache)).toEqual([false, true]);
    // What was got replaces what was remembered, for every function.
    expect(await ask(READ)).toMatchObject({ source: 'memory' });
    expect(await ask(DRIVE)).toMatchObject({ source: 'memory' });
    expect(exchanges).toHaveLength(2);
  });

  it('is not refused by what is stored: the token endpoint is asked anew', async () => {
    const { ask, exchanges } = askOverTwins([{ ...WITHOUT, source: 'cache' }, WITH]);
    expect(await ask(DRIVE)).toMatchObject({ result: 'files', source: 'network' });
    expect(exchanges.map(({ skipCache }) => skipCache)).toEqual([false, true]);
  });

  it('asks at most once in three seconds, and with a new access token at once', async () => {
    const { ask, exchanges, clock } = askOverTwins([WITHOUT]);
    for (let asked = 0; asked < 5; asked += 1) await refusalOf(ask(DRIVE));
    expect(exchanges).toHaveLength(1);
    clock.advance(3_000);
    for (let asked = 0; asked < 5; asked += 1) await refusalOf(ask(DRIVE));
    expect(exchanges).toHaveLength(2);
    await refusalOf(ask(DRIVE, undefined, 'another assertion'));
    expect(exchanges).toHaveLength(3);
  });

  it('does not use up more exchanges than one user may have', async () => {
    const { ask, exchanges, clock } = askOverTwins([WITHOUT]);
    const codes = new Set<unknown>();
    for (let asked = 0; asked < 40; asked += 1) {
      codes.add((await refusalOf(ask(DRIVE, undefined, `assertion ${asked}`))).name);
      clock.advance(10);
    }
    expect(codes).toEqual(new Set(['UserTokenError', 'TooManyRequestsError']));
    expect(exchanges).toHaveLength(20);
  });

  it('leaves other functions of the same access token alone', async () => {
    const { ask } = askOverTwins([WITHOUT]);
    await refusalOf(ask(DRIVE));
    expect(await ask(READ)).toMatchObject({ result: 'profile', source: 'memory' });
    await refusalOf(ask(DRIVE));
    expect(await ask(READ)).toMatchObject({ result: 'profile' });
  });

  it('says that it cannot know while the token endpoint is down', async () => {
    const { ask } = askOverTwins([WITHOUT, new UserTokenError({ kind: 'transient', code: 'http_503' })]);
    await ask(READ);
    expect(await refusalOf(ask(DRIVE))).toMatchObject({ failure: { kind: 'transient' } });
    // What is remembered still does for those whose scopes it has.
    expect(await ask(READ)).toMatchObject({ source: 'memory' });
  });
});

describe('a user who consented to nothing', () => {
  it('is asked for the scopes of the function', async () => {
    const refused = new UserTokenError({
      kind: 'consent',
      code: 'AADSTS65001',
      suberror: 'consent_required',
    });
    const { ask } = askOverTwins([refused]);
    expect(await refusalOf(ask(DRIVE))).toMatchObject({
      failure: {
        kind: 'consent',
        code: 'AADSTS65001',
        scopes: ['https://graph.microsoft.com/User.Read', 'https://graph.microsoft.com/Files.Read'],
      },
    });
    // The exchange is remembered for all functions, and each names its own scopes.
    expect(await refusalOf(ask(READ))).toMatchObject({
      failure: { scopes: ['https://graph.microsoft.com/User.Read'] },
    });
  });
});

describe('an API that refuses with 403', () => {
  const forbidden = () => new Response('{}', { status: 403 });
  const reading = functionOf(({ api }) => api.fetch('/v1.0/me').then(() => Promise.reject(new Error('no'))), {
    scopes: ['Files.Read'],
  });

  it('says that the consent is missing, if the token endpoint did not say what the token may do', async () => {
    const { ask } = askOverTwins([{ permissions: undefined }], forbidden);
    expect(await refusalOf(ask(reading))).toMatchObject(REFUSED);
  });

  it('says something else, if the token has the permission', async () => {
    const { ask } = askOverTwins([WITH], forbidden);
    expect(await refusalOf(ask(reading))).toMatchObject({ failure: { kind: 'tenant', code: 'graph_403' } });
  });
});
