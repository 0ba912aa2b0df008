import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { createAzureCliCredential } from '../../../ops/azureCli.ts';
import type { AzResult } from '../../../ops/cli/runAz.ts';
import { StoreCredentialError } from '../../../shared/errors.ts';
import { createTestClock } from '../../../shared/testing/testClock.ts';

const MINUTE_MS = 60_000;

const answer = (expiresOn: number, token = 'a-token'): AzResult => ({
  stdout: JSON.stringify({
    accessToken: token,
    expires_on: expiresOn / 1_000,
    expiresOn: '2001-01-01 00:00:00.000000',
    subscription: 'canary',
    tenant: 'canary',
    tokenType: 'Bearer',
  }),
  stderr: '',
});

function credentialWith(...results: AzResult[]) {
  const clock = createTestClock();
  const calls: (readonly string[])[] = [];
  const credential = createAzureCliCredential({
    clock,
    run: async (args) => {
      calls.push(args);
      const result = results.length > 1 ? results.shift() : results[0];
      if (result === undefined) throw new Error('az has nothing to say');
      return result;
    },
  });
  return { clock, calls, get: () => credential.getToken([]) };
}

describe('the credential of the Azure CLI', () => {
  it('asks az for a token for storage, once for all who wait', async () => {
    const endsAt = createTestClock().now().getTime() + 60 * MINUTE_MS;
    const { calls, get } = credentialWith(answer(endsAt));
    const tokens = await Promise.all([get(), get(), get()]);
    expect(new Set(tokens)).toEqual(new Set([{ token: 'a-token', expiresOnTimestamp: endsAt }]));
    await get();
    expect(calls).toEqual([
      ['account', 'get-access-token', '--resource', 'https://storage.azure.com', '--output', 'json'],
    ]);
  });

  it('asks again when the token is about to end', async () => {
    const start = createTestClock().now().getTime();
    const { clock, get } = credentialWith(
      answer(start + 60 * MINUTE_MS),
      answer(start + 120 * MINUTE_MS, 'next'),
    );
    await get();
    clock.advance(54 * MINUTE_MS);
    expect(await get()).toMatchObject({ token: 'a-token' });
    clock.advance(2 * MINUTE_MS);
    expect(await get()).toMatchObject({ token: 'next' });
  });

  it('reads the local time of an az that gives no other', async () => {
    const { get } = credentialWith({
      stdout: '{"accessToken":"a-token","expiresOn":"2030-02-03 04:05:06.789012"}',
      stderr: '',
    });
    expect(await get()).toEqual({
      token: 'a-token',
      expiresOnTimestamp: new Date(2030, 1, 3, 4, 5, 6).getTime(),
    });
  });

  const failed = (failure: NonNullable<AzResult['failed']>, stderr = ''): AzResult => ({
    stdout: 'canary',
    stderr,
    failed: failure,
  });
  it.each<[what: string, result: AzResult, code: string, remedy: RegExp]>([
    ['az is missing', failed({ code: 'ENOENT' }), 'az_missing', /Install it .* run az login/],
    ['az is missing on Windows', failed({ code: 9009 }), 'az_missing', /Install it/],
    [
      'az is missing on Windows, in other words',
      failed({ code: 1 }, "'az' is not recognized as an internal or external command"),
      'az_missing',
      /Install it/,
    ],
    [
      'nobody is signed in',
      failed({ code: 1 }, "ERROR: Please run 'az login' to setup account."),
      'az_not_signed_in',
      /Run az login, with --tenant/,
    ],
    [
      'the sign-in has ended',
      failed(
        { code: 1 },
        'ERROR: AADSTS700082: The refresh token of canary@canary.example has expired. Trace ID: canary',
      ),
      'az_AADSTS700082',
      /\(AADSTS700082\)\. Run az login.*--tenant.*--scope https:\/\/storage\.azure\.com\/\.default/,
    ],
    ['az hangs', failed({ code: null, killed: true }), 'az_slow', /within 30 s/],
    ['az says something else', { stdout: 'canary', stderr: '' }, 'az_no_token', /az upgrade/],
    ['az gives no token', { stdout: '{"expires_on":1}', stderr: '' }, 'az_no_token', /az upgrade/],
    ['az gives no time', { stdout: '{"accessToken":"canary"}', stderr: '' }, 'az_no_token', /az upgrade/],
    ['az gives null', { stdout: 'null', stderr: '' }, 'az_no_token', /az upgrade/],
    ['az gives an old token', answer(0, 'canary'), 'az_expired', /Run az login/],
  ])('says so if %s', async (_what, result, code, remedy) => {
    const { calls, get } = credentialWith(result);
    const error: unknown = await get().catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(StoreCredentialError);
    expect(error).toMatchObject({ code, remedy: expect.stringMatching(remedy) });
    expect(inspect(error)).not.toMatch(/canary/);
    await get().catch(() => {});
    expect(calls).toHaveLength(2);
  });
});
