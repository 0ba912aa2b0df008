import { describe, expect, it } from 'vitest';
import type { LogEvent, UserOutcome } from '../../../../shared/log.ts';
import {
  type LoggedChange,
  laterChange,
  readLoggedChange,
} from '../../../../shared/operators/loggedChange.ts';

const user = '0123456789abcdef';

/** An event as it comes out of the log again. */
const logged = (event: LogEvent) => JSON.parse(JSON.stringify({ ...event, correlationId: 'id' }));
const checked = (outcome: UserOutcome, reason?: string): LogEvent => ({
  event: 'user.check-ended',
  user,
  outcome,
  ms: 1,
  ...(reason === undefined ? {} : { reason }),
});

describe('readLoggedChange', () => {
  it.each<[LogEvent, LoggedChange['to']]>([
    [{ event: 'account.ended', user, as: 'disconnected' }, 'disconnected'],
    [{ event: 'account.reconnected', user }, 'connected'],
    [{ event: 'account.seen-first', user }, 'connected'],
    [checked('retired', 'retention'), 'retired'],
    [checked('waiting', 'retired'), 'retired'],
    [checked('waiting', 'disconnected'), 'disconnected'],
  ])('reads %j', (event, to) => {
    expect(readLoggedChange(logged(event))).toEqual({ user, to });
  });

  it.each<LogEvent>([
    { event: 'account.healed', user },
    { event: 'token.used', user, by: 'profile', api: 'graph', source: 'cache' },
    checked('refreshed', 'keep-warm'),
    checked('waiting', 'recently-active'),
    checked('superseded', 'disconnected'),
    checked('waiting'),
    // An earlier release did not say what the tombstone was.
    checked('waiting', 'tombstone'),
    // The tombstone is over: what it was for is over, too.
    checked('erased', 'tombstone-over'),
  ])('learns nothing from %j', (event) => expect(readLoggedChange(logged(event))).toBeUndefined());

  it.each([
    {},
    { event: 7 },
    { event: 'account.ended' },
    { event: 'account.ended', user: 7 },
  ])('reads nothing in %j', (event) => expect(readLoggedChange(event)).toBeUndefined());
});

describe('laterChange', () => {
  const change = (to: LoggedChange['to'], second: number): LoggedChange => ({
    user,
    to,
    at: new Date(Date.UTC(2026, 10, 20, 9, 0, second)),
  });

  it.each([
    [change('disconnected', 1), change('connected', 302)],
    [change('retired', 1), change('connected', 302)],
    // The clock of the instance that logged the end may be behind.
    [change('connected', 301), change('disconnected', 1)],
    [change('connected', 301), change('retired', 1)],
    [change('connected', 1), change('disconnected', 2)],
    [change('disconnected', 1), change('retired', 2)],
    [change('connected', 1), change('disconnected', 1)],
    [change('connected', 1), change('retired', 1)],
    [change('retired', 1), change('disconnected', 1)],
  ])('is the later one, and within five minutes the end: of %j, %j', (former, latter) => {
    expect(laterChange(undefined, former)).toBe(former);
    expect(laterChange(former, latter)).toBe(latter);
    expect(laterChange(latter, former)).toBe(latter);
  });
});
