import { describe, expect, it } from 'vitest';
import type { Connected } from '../../../../shared/account/account.ts';
import { gainsByLink, keepingOf, linkedUntil } from '../../../../shared/account/keeping.ts';
import { active, needsUser, pending } from './accounts.ts';
import { ago, DAY, from, HOUR, NOW, SETTINGS } from './scheduleTimes.ts';

const YEAR = { ...SETTINGS, retentionMs: 365 * DAY };
const of = (tokens: object, settings = YEAR) =>
  keepingOf(active({ lastActivity: ago(HOUR), ...tokens }), NOW, settings);
const { refreshTokenExpiresOn: _, ...NO_END } = active();

describe('what keeps a connection', () => {
  it('is the grant of a link, whose end is an estimate until Entra tells it', () => {
    const linked = { grant: 'code', refreshTokenExpiresOn: from(90 * DAY) };
    expect(of(linked)).toEqual({ by: 'link', endsAt: from(90 * DAY), isEstimate: true });
    expect(of({ ...linked, isEndTold: true })).toEqual({ by: 'link', endsAt: from(90 * DAY) });
  });

  it('is what the sign-in has brought, whose end is known only if Entra tells it', () => {
    const end = { refreshTokenExpiresOn: from(20 * HOUR) };
    expect(of(end)).toEqual({ by: 'sign-in' });
    expect(of({ ...end, isEndTold: true })).toEqual({ by: 'sign-in', endsAt: from(20 * HOUR) });
    expect(keepingOf({ ...NO_END, lastActivity: NOW }, NOW, YEAR)).toEqual({ by: 'sign-in' });
  });

  it.each([
    { grant: 'code' },
    { grant: 'code', isEndTold: true },
    { isEndTold: true },
  ])('is not known any more once the end is past: %j', (grant) => {
    expect(of({ ...grant, refreshTokenExpiresOn: NOW })).toEqual({ by: 'sign-in' });
    expect(of({ ...grant, refreshTokenExpiresOn: ago(DAY) })).toEqual({ by: 'sign-in' });
  });

  it('keeps nothing for longer than an account without a visit is kept', () => {
    const month = { ...SETTINGS, retentionMs: 30 * DAY };
    const linked = { grant: 'code', refreshTokenExpiresOn: from(90 * DAY) };
    expect(of(linked, month)).toEqual({
      by: 'link',
      endsAt: new Date(ago(HOUR).getTime() + 30 * DAY),
      isEstimate: true,
    });
    const toldLate = { isEndTold: true, refreshTokenExpiresOn: from(90 * DAY) };
    expect(of(toldLate, month)?.endsAt).toEqual(new Date(ago(HOUR).getTime() + 30 * DAY));
  });

  it('is nothing while there is no token, or the user is needed', () => {
    expect(keepingOf(pending(), NOW, YEAR)).toBeUndefined();
    const tokens = { grant: 'code', refreshTokenExpiresOn: from(90 * DAY) } as const;
    expect(keepingOf(needsUser(tokens), NOW, YEAR)).toBeUndefined();
  });
});

describe('what a link would bring', () => {
  const days = (retention: number) => ({ ...SETTINGS, retentionMs: retention * DAY });
  const gains = (account: Connected, retention: number) => gainsByLink(account, NOW, days(retention));

  it('is about 90 days, and no more than an account without a visit is kept', () => {
    expect(linkedUntil(NOW, days(365))).toEqual(from(90 * DAY));
    expect(linkedUntil(NOW, days(30))).toEqual(from(30 * DAY));
  });

  it('is more than a sign-in whose end nobody knows, or that ends before', () => {
    expect(gains({ ...NO_END, lastActivity: NOW }, 365)).toBe(true);
    expect(gains(active({ isEndTold: true, refreshTokenExpiresOn: from(20 * HOUR) }), 365)).toBe(true);
    expect(gains(active({ refreshTokenExpiresOn: from(200 * DAY) }), 365)).toBe(true);
  });

  it('is nothing where the retention time ends before, and beside a sign-in that lasts as long', () => {
    expect(gains({ ...NO_END, lastActivity: NOW }, 1)).toBe(false);
    expect(gains({ ...NO_END, lastActivity: NOW }, 2)).toBe(true);
    expect(gains(active({ isEndTold: true, refreshTokenExpiresOn: from(31 * DAY) }), 30)).toBe(false);
    expect(gains(active({ isEndTold: true, refreshTokenExpiresOn: from(90 * DAY) }), 365)).toBe(false);
  });

  it('is nothing where it would gain less than half a day', () => {
    const told = (hours: number) =>
      active({ isEndTold: true, refreshTokenExpiresOn: from(90 * DAY - hours * HOUR) });
    expect(gains(told(11), 365)).toBe(false);
    expect(gains(told(13), 365)).toBe(true);
  });

  it('is nothing beside a link, and for an account that a link does not keep', () => {
    const linked = { grant: 'code', refreshTokenExpiresOn: from(3 * DAY) } as const;
    expect(gains(active({ lastActivity: NOW, ...linked }), 365)).toBe(false);
    expect(gains(pending(), 365)).toBe(false);
    expect(gains(needsUser(), 365)).toBe(false);
  });
});
