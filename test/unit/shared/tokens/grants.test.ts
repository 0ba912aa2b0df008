import { describe, expect, it } from 'vitest';
import {
  codeEndsAt,
  GRANTS,
  grantsToTry,
  showing,
  withGrant,
  withoutCode,
} from '../../../../shared/tokens/grants.ts';
import { type Cache, refreshToken, refreshTokenKey } from './mergeCacheSamples.ts';

const NOW = new Date('2026-11-20T09:00:00Z');
const DAY_MS = 86_400_000;
const later = (days: number): Date => new Date(NOW.getTime() + days * DAY_MS);

const cacheWith = (secret: string, more: object = {}): string =>
  JSON.stringify({ RefreshToken: { [refreshTokenKey]: { ...refreshToken(secret), ...more } }, Unknown: 1 });
const EXCHANGED = cacheWith('exchange-1');
/** A cache in which the user was linked after an exchange. */
const LINKED = withGrant(EXCHANGED, cacheWith('code-1'), 'code', NOW);

/** The refresh tokens: in MSAL's place, and in Stead's section by origin. */
function secretsIn(cache: string) {
  const sections = JSON.parse(cache) as Cache;
  const at = (name: string, key: string) =>
    (sections[name] as Record<string, { secret?: string }> | undefined)?.[key]?.secret;
  return {
    slot: at('RefreshToken', refreshTokenKey),
    code: at(GRANTS, `code|${refreshTokenKey}`),
    exchange: at(GRANTS, `exchange|${refreshTokenKey}`),
  };
}

describe('two grants in one cache', () => {
  it('are both kept, and MSAL sees the one of the code', () => {
    expect(secretsIn(LINKED)).toEqual({ slot: 'code-1', code: 'code-1', exchange: 'exchange-1' });
  });

  it('leave a cache without a code as MSAL made it', () => {
    const changed = cacheWith('exchange-2');
    expect(withGrant(EXCHANGED, changed, 'exchange', NOW)).toBe(changed);
    expect(withGrant('', changed, 'exchange', NOW)).toBe(changed);
  });

  it('are shown to MSAL one at a time, without a time of ours', () => {
    for (const [grant, secret] of [
      ['code', 'code-1'],
      ['exchange', 'exchange-1'],
    ] as const) {
      const { RefreshToken } = JSON.parse(showing(LINKED, grant)) as Cache;
      expect(RefreshToken).toEqual({ [refreshTokenKey]: refreshToken(secret) });
    }
  });

  it('keep an exchange out of the place of the code', () => {
    const shown = JSON.parse(showing(LINKED, 'exchange')) as Cache;
    const changed = { ...shown, RefreshToken: { [refreshTokenKey]: refreshToken('exchange-2') } };
    const cache = withGrant(LINKED, JSON.stringify(changed), 'exchange', later(1));
    expect(secretsIn(cache)).toEqual({ slot: 'code-1', code: 'code-1', exchange: 'exchange-2' });
    expect(codeEndsAt(cache)).toEqual(later(90));
  });

  it('rotate each in its place', () => {
    const shown = JSON.parse(showing(LINKED, 'code')) as Cache;
    const changed = { ...shown, RefreshToken: { [refreshTokenKey]: refreshToken('code-2') } };
    const cache = withGrant(LINKED, JSON.stringify(changed), 'code', later(10));
    expect(secretsIn(cache)).toEqual({ slot: 'code-2', code: 'code-2', exchange: 'exchange-1' });
    expect(codeEndsAt(cache)).toEqual(later(100));
  });

  it('do not count a code as renewed if MSAL brought no new refresh token', () => {
    const cache = withGrant(LINKED, showing(LINKED, 'code'), 'code', later(10));
    expect(codeEndsAt(cache)).toEqual(later(90));
  });

  it('never call an exchange that MSAL left at another key the grant of a code', () => {
    const other = 'another-key';
    const base = JSON.stringify({ RefreshToken: { [other]: refreshToken('exchange-1') } });
    const RefreshToken = { [other]: refreshToken('exchange-1'), [refreshTokenKey]: refreshToken('code-1') };
    const grants = (JSON.parse(withGrant(base, JSON.stringify({ RefreshToken }), 'code', NOW)) as Cache)[
      GRANTS
    ];
    expect(Object.keys(grants ?? {})).toEqual([`code|${refreshTokenKey}`]);
  });

  it('are linked without an exchange before', () => {
    const cache = withGrant('', cacheWith('code-1'), 'code', NOW);
    expect(secretsIn(cache)).toEqual({ slot: 'code-1', code: 'code-1', exchange: undefined });
    expect(grantsToTry(cache, NOW)).toEqual(['code']);
  });

  it('read as an exchange what an earlier release put in the place of MSAL', () => {
    const cache = JSON.parse(LINKED) as Cache;
    const overwritten = JSON.stringify({
      ...cache,
      RefreshToken: { [refreshTokenKey]: refreshToken('other') },
    });
    expect(JSON.parse(showing(overwritten, 'code')).RefreshToken[refreshTokenKey].secret).toBe('code-1');
    expect(JSON.parse(showing(overwritten, 'exchange')).RefreshToken[refreshTokenKey].secret).toBe('other');
  });

  it('show MSAL no refresh token of a grant that is not there', () => {
    const cache = withGrant('', cacheWith('code-1'), 'code', NOW);
    expect(JSON.parse(showing(cache, 'exchange')).RefreshToken).toEqual({});
  });

  it('become one when the code is dropped', () => {
    const cache = withoutCode(LINKED);
    expect(secretsIn(cache)).toEqual({ slot: 'exchange-1', code: undefined, exchange: undefined });
    expect(JSON.parse(cache)).not.toHaveProperty(GRANTS);
    expect(codeEndsAt(cache)).toBeUndefined();
  });
});

describe('grantsToTry', () => {
  it('is the exchange alone without a code', () => {
    expect(grantsToTry(EXCHANGED, NOW)).toEqual(['exchange']);
    expect(grantsToTry('', NOW)).toEqual(['exchange']);
  });

  it('begins with the code until it ends', () => {
    expect(grantsToTry(LINKED, later(89))).toEqual(['code', 'exchange']);
    expect(grantsToTry(LINKED, later(90))).toEqual(['exchange', 'code']);
  });

  it('believes the end that Entra told', () => {
    const told = cacheWith('code-1', { expires_on: String(later(2).getTime() / 1_000) });
    const cache = withGrant(EXCHANGED, told, 'code', NOW);
    expect(codeEndsAt(cache)).toEqual(later(2));
  });

  it('takes a code without a time as over', () => {
    const cache = JSON.parse(LINKED) as { [GRANTS]: Record<string, object> };
    cache[GRANTS][`code|${refreshTokenKey}`] = refreshToken('code-1');
    expect(grantsToTry(JSON.stringify(cache), NOW)).toEqual(['exchange', 'code']);
  });
});
