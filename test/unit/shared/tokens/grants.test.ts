import { describe, expect, it } from 'vitest';
import {
  codeEndsAt,
  GRANTS,
  grantsToTry,
  keeperIn,
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

describe('keeperIn', () => {
  /** A user who was linked, and then came back. */
  const linkedUntil = (code?: Date, exchange?: Date) => {
    const linked = withGrant(EXCHANGED, cacheWith('code-1'), 'code', NOW, code);
    return withGrant(linked, cacheWith('exchange-2'), 'exchange', NOW, exchange);
  };

  it('is the code until it ends, and says whether Entra has told that end', () => {
    const about = { grant: 'code', endsAt: later(90), isEndEstimated: true };
    expect(keeperIn(LINKED, later(89))).toEqual(about);
    expect(keeperIn(LINKED, later(90))).toEqual({ grant: 'exchange' });
    const told = linkedUntil(later(2));
    expect(keeperIn(told, NOW)).toEqual({ grant: 'code', endsAt: later(2), isEndEstimated: false });
  });

  it('is the code until the later of the two ends, as long as it is good', () => {
    const longer = { grant: 'code', endsAt: later(3), isEndEstimated: false };
    expect(keeperIn(linkedUntil(later(2), later(3)), NOW)).toEqual(longer);
    expect(keeperIn(linkedUntil(later(3), later(2)), NOW)).toEqual(longer);
    expect(keeperIn(linkedUntil(later(2), later(3)), later(2))).toEqual({ grant: 'exchange' });
    expect(keeperIn(linkedUntil(undefined, later(3)), NOW)).toMatchObject({
      grant: 'code',
      endsAt: later(90),
    });
  });

  it('is the exchange of a cache without a code, of whose end the cache says nothing', () => {
    expect(keeperIn(EXCHANGED, NOW)).toEqual({ grant: 'exchange' });
    expect(keeperIn('', NOW)).toEqual({ grant: 'exchange' });
  });

  it.each(['soon', '-1', 'Infinity', {}, null])('does not believe the end %j', (told) => {
    const cache = JSON.parse(linkedUntil()) as { [GRANTS]: Record<string, object> };
    for (const entry of Object.values(cache[GRANTS])) Object.assign(entry, { stead_ends_at: told });
    const about = { grant: 'code', endsAt: later(90), isEndEstimated: true };
    expect(keeperIn(JSON.stringify(cache), NOW)).toEqual(about);
  });

  it('shows MSAL nothing of these times', () => {
    for (const grant of ['code', 'exchange'] as const) {
      expect(showing(linkedUntil(later(2), later(3)), grant)).toContain('"RefreshToken":{');
      const { RefreshToken } = JSON.parse(showing(linkedUntil(later(2), later(3)), grant)) as Cache;
      expect(JSON.stringify(RefreshToken)).not.toContain('stead_');
    }
    const { RefreshToken } = JSON.parse(linkedUntil(later(2), later(3))) as Cache;
    expect(JSON.stringify(RefreshToken)).not.toContain('stead_');
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
    const cache = withGrant(EXCHANGED, cacheWith('code-1'), 'code', NOW, later(2));
    expect(codeEndsAt(cache)).toEqual(later(2));
    expect(grantsToTry(cache, later(2))).toEqual(['exchange', 'code']);
  });

  it('takes a code without a time as over', () => {
    const cache = JSON.parse(LINKED) as { [GRANTS]: Record<string, object> };
    cache[GRANTS][`code|${refreshTokenKey}`] = refreshToken('code-1');
    expect(grantsToTry(JSON.stringify(cache), NOW)).toEqual(['exchange', 'code']);
  });
});
