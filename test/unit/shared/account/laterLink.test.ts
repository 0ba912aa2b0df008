import { describe, expect, it } from 'vitest';
import { withLaterLink } from '../../../../shared/account/laterLink.ts';
import { active, pending } from './accounts.ts';
import { token } from './everyTransition.ts';
import { from, HOUR } from './scheduleTimes.ts';

const expiresOn = from(HOUR);
const linked = (hours: number) =>
  active({ expiresOn, grant: 'code', refreshTokenExpiresOn: from(hours * HOUR) });
const ofExchange = token({ grant: 'exchange', refreshTokenExpiresOn: from(20 * HOUR) });
const ofCode = (hours: number) => token({ grant: 'code', refreshTokenExpiresOn: from(hours * HOUR) });

describe('a token for an account that was changed in the meantime', () => {
  it.each([
    ['there was no link', active(), active()],
    ['the user had linked before', linked(500), linked(500)],
    ['the link was taken back', linked(500), active()],
    ['the connection had no token', pending(), pending()],
  ])('is as it is if %s', (_, begun, now) => {
    expect(withLaterLink(ofExchange, begun, now)).toBe(ofExchange);
  });

  it.each([
    ['linked', active()],
    ['linked, and had no token before', pending()],
    ['linked anew', linked(500)],
  ])('does not make the connection shorter if the user has %s', (_, begun) => {
    expect(withLaterLink(ofExchange, begun, linked(2_000))).toEqual({
      ...ofCode(2_000),
      isEndEstimated: true,
    });
  });

  it('calls the end of the link told only if Entra has told it', () => {
    const told = { ...linked(2_000), isEndTold: true as const };
    expect(withLaterLink(ofExchange, active(), linked(2_000)).isEndEstimated).toBe(true);
    expect(withLaterLink(ofExchange, active(), told).isEndEstimated).toBe(false);
  });

  it('says its own end if that is later than the end of the link', () => {
    expect(withLaterLink(ofCode(2_001), linked(500), linked(2_000))).toEqual(ofCode(2_001));
    const longer = token({ grant: 'exchange', refreshTokenExpiresOn: from(2_001 * HOUR) });
    expect(withLaterLink(longer, active(), linked(2_000))).toBe(longer);
    expect(withLaterLink(ofCode(600), linked(500), linked(2_000))).toMatchObject(ofCode(2_000));
  });
});
