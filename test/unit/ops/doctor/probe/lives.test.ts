import { describe, expect, it } from 'vitest';
import { PlainError } from '../../../../../ops/cli/errors.ts';
import type { TokenAnswer } from '../../../../../ops/doctor/probe/askToken.ts';
import { type Life, tryLives } from '../../../../../ops/doctor/probe/lives.ts';

const AT = new Date('2026-11-29T12:00:00Z');
const LIFE: Life = {
  grant: 'link',
  which: 'renewed',
  refreshToken: 'kept',
  since: '2026-11-28T12:00:00Z',
  told: undefined,
  goodAt: '2026-11-28T12:00:00Z',
};
const answerOf = (json: Record<string, unknown>, status = 400): TokenAnswer => ({ status, json, at: AT });
const tried = async (json: Record<string, unknown>, status?: number) => {
  const written: (readonly Life[])[] = [];
  const file = { write: async (lives: readonly Life[]) => void written.push(lives) };
  const lives = await tryLives([LIFE], file as never, async () => answerOf(json, status));
  return { lives, written };
};

describe('the life of a refresh token', () => {
  it.each([
    [{ suberror: 'bad_token', error_codes: [50173] }, 'invalid_grant, bad_token, AADSTS50173'],
    [{ suberror: 'token_expired', error_codes: [700082] }, 'invalid_grant, token_expired, AADSTS700082'],
    [{ error_codes: [700082] }, 'invalid_grant, AADSTS700082'],
  ])('ends with a refusal for good: %j', async (more, as) => {
    const { lives, written } = await tried({ error: 'invalid_grant', ...more });
    expect(lives).toEqual([{ ...LIFE, refused: { at: AT.toISOString(), as } }]);
    expect(written).toEqual([lives]);
  });

  it.each([
    ['a throttle', { error: 'invalid_grant', error_codes: [50196] }],
    ['too many requests', { error: 'invalid_grant', error_codes: [50173] }, 429],
    ['an assignment', { error: 'invalid_grant', error_codes: [50105] }],
    ['a second factor', { error: 'invalid_grant', error_codes: [50079] }],
    ['a policy', { error: 'invalid_grant', error_codes: [53003] }],
    ['a policy, by its suberror', { error: 'invalid_grant', suberror: 'message_only' }],
    ['a device', { error: 'invalid_grant', error_codes: [53000] }],
    ['a missing consent without a suberror', { error: 'invalid_grant', error_codes: [65001] }],
    ['a missing consent', { error: 'invalid_grant', suberror: 'consent_required' }],
    ['a password', { error: 'invalid_grant', suberror: 'user_password_expired', error_codes: [50055] }],
    [
      'the protection of an app',
      { error: 'unauthorized_client', suberror: 'protection_policy_required', error_codes: [53005] },
    ],
    [
      'the protection of an app, as a grant',
      { error: 'invalid_grant', suberror: 'protection_policy_required', error_codes: [53005] },
    ],
    ['a challenge', { error: 'invalid_grant', claims: '{"access_token":{}}', error_codes: [50173] }],
    ['the credential', { error: 'invalid_client', error_codes: [7000215] }],
    ['what nobody knows', { error: 'invalid_grant' }],
  ] as const)('goes on after %s', async (_what, json, status: number = 400) => {
    await expect(tried(json, status)).rejects.toThrow(PlainError);
  });

  it('is prolonged by what a refresh brings', async () => {
    const { lives } = await tried({ refresh_token: 'newer' }, 200);
    expect(lives).toEqual([{ ...LIFE, refreshToken: 'newer', goodAt: AT.toISOString() }]);
  });
});
