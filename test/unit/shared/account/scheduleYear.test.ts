import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  decideCheck,
  firstCheckAt,
  nextCheckAfterFailure,
  nextCheckAfterSuccess,
  refreshTokenEndsAt,
} from '../../../../shared/account/schedule.ts';
import type { AccountFields, ScheduleSettings } from '../../../../shared/ports.ts';
import { wholeSecond } from '../../../../shared/userId.ts';
import { accountFields } from './accountFields.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const BEGIN = new Date('2026-01-01T00:00:00Z').getTime();
/** MSAL counts a token as expired so long before its end. */
const MSAL_MARGIN = 5 * MINUTE;
/** In a row; many more of them would outlast any refresh token. */
const MOST_FAILURES = 3;

type World = {
  seed: number;
  /** Of access tokens, from and to. */
  tokenLivesMs: readonly [number, number];
  refreshTokenLivesMs: number;
  /** Whether the token endpoint says so. */
  refreshTokenLifeIsTold: boolean;
  /** How often the user comes back. */
  returnsEveryMs: number;
  failureRate: number;
  settings: ScheduleSettings;
};

type Year = {
  refreshes: { at: number; tokenWasValid: boolean; refreshTokenWasValid: boolean }[];
  checks: number;
  ended: 'year-over' | 'retired';
  endedAt: number;
};

/** One user's year: check, ask the token endpoint, settle, and on to the next check. */
function simulateYear(world: World): Year {
  const random = randomOf(world.seed);
  const { settings } = world;
  const year: Year = { refreshes: [], checks: 0, ended: 'year-over', endedAt: BEGIN + 365 * DAY };
  const lifeOf = ([least, most]: readonly [number, number]): number => least + random() * (most - least);

  let tokenEnds = BEGIN + lifeOf(world.tokenLivesMs);
  let refreshTokenEnds = BEGIN + world.refreshTokenLivesMs;
  const toldEnd = () => (world.refreshTokenLifeIsTold ? new Date(refreshTokenEnds) : undefined);
  let returnsAt = BEGIN + world.returnsEveryMs;
  let account: AccountFields = accountFields(new Date(BEGIN), {
    dueAt: wholeSecond(firstCheckAt(new Date(BEGIN), settings)),
    expiresOn: new Date(tokenEnds),
    refreshTokenExpiresOn: refreshTokenEndsAt(
      { source: 'network', refreshTokenExpiresOn: toldEnd() },
      undefined,
      new Date(BEGIN),
    ),
  });

  for (;;) {
    const at = account.dueAt.getTime();
    if (at >= BEGIN + 365 * DAY) return year;
    for (; returnsAt <= at; returnsAt += world.returnsEveryMs) account.lastActivity = new Date(returnsAt);
    const now = new Date(at);
    year.checks += 1;
    const decision = decideCheck(account, now, settings);
    let next: Date;
    switch (decision.action) {
      case 'retire':
        return { ...year, ended: 'retired', endedAt: at };
      case 'remove-cache':
      case 'erase':
        throw new Error('an active user is never erased');
      case 'wait':
        next = decision.until;
        break;
      case 'refresh': {
        const asks = decision.forceRefresh || at >= tokenEnds - MSAL_MARGIN;
        if (asks && account.attempts < MOST_FAILURES && random() < world.failureRate) {
          account = { ...account, attempts: account.attempts + 1 };
          next = nextCheckAfterFailure(account, 'transient', now, settings, random());
          break;
        }
        if (asks) {
          year.refreshes.push({
            at,
            tokenWasValid: at < tokenEnds,
            refreshTokenWasValid: at < refreshTokenEnds,
          });
          tokenEnds = at + lifeOf(world.tokenLivesMs);
          refreshTokenEnds = at + world.refreshTokenLivesMs;
        }
        const settled = {
          ...account,
          attempts: 0,
          history: [{ at: now, outcome: asks ? ('refreshed' as const) : ('from-cache' as const) }],
          expiresOn: new Date(tokenEnds),
          refreshTokenExpiresOn: refreshTokenEndsAt(
            { source: asks ? 'network' : 'cache', refreshTokenExpiresOn: toldEnd() },
            account.refreshTokenExpiresOn,
            now,
          ),
        };
        account = settled;
        next = nextCheckAfterSuccess(settled, now, settings, random());
      }
    }
    expect(next.getTime()).toBeGreaterThan(at);
    account = { ...account, dueAt: wholeSecond(next) };
  }
}

/** A linear congruential generator: uniform in [0, 1), the same for the same seed. */
function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

const gapsOf = ({ refreshes }: Year): number[] =>
  refreshes.slice(1).map(({ at }, index) => at - (refreshes[index]?.at ?? 0));

const anySettings: fc.Arbitrary<ScheduleSettings> = fc.record({
  idleForMs: fc.constantFrom(MINUTE, 5 * MINUTE),
  minIntervalMs: fc.constantFrom(5 * MINUTE, 20 * MINUTE, 6 * HOUR),
  everyRun: fc.constant(false),
  retentionMs: fc.constant(90 * DAY),
});
const anyWorld: fc.Arbitrary<World> = fc.record({
  seed: fc.integer(),
  tokenLivesMs: fc.constantFrom([60 * MINUTE, 90 * MINUTE] as const, [20 * HOUR, 28 * HOUR] as const),
  refreshTokenLivesMs: fc.constantFrom(DAY, 90 * DAY),
  refreshTokenLifeIsTold: fc.boolean(),
  returnsEveryMs: fc.constantFrom(7 * HOUR, 31 * DAY, 80 * DAY),
  failureRate: fc.constantFrom(0, 0.2),
  settings: anySettings,
});
const RUNS = { numRuns: 20 };

describe('a year of one user', () => {
  it('never leaves a refresh token unused until it ends', () => {
    fc.assert(
      fc.property(anyWorld, (world) => {
        const year = simulateYear(world);
        expect(year.ended).toBe('year-over');
        // The longest token lives for 28 hours.
        expect(year.refreshes.length).toBeGreaterThanOrEqual((365 * 24) / 28 - 1);
        expect(year.refreshes.filter((refresh) => !refresh.refreshTokenWasValid)).toEqual([]);
        expect(year.endedAt - (year.refreshes.at(-1)?.at ?? 0)).toBeLessThan(28 * HOUR);
      }),
      RUNS,
    );
  });

  it('never brings two refreshes closer together than the least interval', () => {
    fc.assert(
      fc.property(anyWorld, (world) => {
        expect(Math.min(...gapsOf(simulateYear(world)))).toBeGreaterThanOrEqual(world.settings.minIntervalMs);
      }),
      RUNS,
    );
  });

  it('always has a valid access token at hand where nothing fails and the least interval is short', () => {
    fc.assert(
      fc.property(anyWorld, (world) => {
        const settings = { ...world.settings, minIntervalMs: 5 * MINUTE, idleForMs: MINUTE };
        const year = simulateYear({ ...world, failureRate: 0, settings });
        expect(year.refreshes.filter((refresh) => !refresh.tokenWasValid)).toEqual([]);
      }),
      RUNS,
    );
  });

  it('costs a user of one-hour tokens no more than a check and a request for each token', () => {
    const year = simulateYear({
      seed: 1,
      tokenLivesMs: [75 * MINUTE, 75 * MINUTE],
      refreshTokenLivesMs: 90 * DAY,
      refreshTokenLifeIsTold: true,
      returnsEveryMs: 30 * DAY,
      failureRate: 0,
      settings: { idleForMs: MINUTE, minIntervalMs: 5 * MINUTE, everyRun: false, retentionMs: 90 * DAY },
    });
    expect(year.refreshes.length).toBeLessThan((365 * DAY) / (50 * MINUTE));
    expect(year.checks - year.refreshes.length).toBeLessThan(20);
  });

  it('ends for a user who does not come back, at the end of the retention', () => {
    fc.assert(
      fc.property(anyWorld, (world) => {
        const year = simulateYear({ ...world, returnsEveryMs: 1_000 * DAY });
        expect(year.ended).toBe('retired');
        expect(year.endedAt).toBe(BEGIN + 90 * DAY);
      }),
      RUNS,
    );
  });
});
