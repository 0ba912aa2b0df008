import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { attemptsOf, type Connected } from '../../../../shared/account/account.ts';
import { decideCheck } from '../../../../shared/account/schedule.ts';
import {
  connected,
  failed,
  refreshed,
  seen,
  visited,
  waitingUntil,
} from '../../../../shared/account/transitions.ts';
import type { ScheduleSettings, UserToken } from '../../../../shared/ports.ts';
import { CALLER, token } from './everyTransition.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const BEGIN = new Date('2026-01-01T00:00:00Z').getTime();
/** MSAL counts a token as expired so long before its end. */
const MSAL_MARGIN = 5 * MINUTE;
/** In a row; many more of them would outlast any refresh token. */
const MOST_FAILURES = 3;
const OUTAGE = { kind: 'transient', code: 'http_503' } as const;

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
  let returnsAt = BEGIN + world.returnsEveryMs;
  const tokenFrom = (source: UserToken['source']): UserToken =>
    token({
      source,
      expiresOn: new Date(tokenEnds),
      refreshTokenExpiresOn: world.refreshTokenLifeIsTold ? new Date(refreshTokenEnds) : undefined,
    });
  const begin = new Date(BEGIN);
  let account: Connected = stored(
    visited(
      connected(CALLER, 'generation-1', begin, settings),
      CALLER,
      tokenFrom('network'),
      begin,
      settings,
    ),
  );

  for (;;) {
    const at: number = account.nextCheckAt.getTime();
    if (at >= BEGIN + 365 * DAY) return year;
    for (; returnsAt <= at; returnsAt += world.returnsEveryMs) account = seen(account, new Date(returnsAt));
    const now = new Date(at);
    year.checks += 1;
    const decision = decideCheck(account, now, settings);
    switch (decision.action) {
      case 'retire':
        return { ...year, ended: 'retired', endedAt: at };
      case 'wait':
        account = stored(waitingUntil(account, decision.until));
        break;
      case 'refresh': {
        const asks = decision.forceRefresh || at >= tokenEnds - MSAL_MARGIN;
        if (asks && attemptsOf(account) < MOST_FAILURES && random() < world.failureRate) {
          account = stored(failed(account, OUTAGE, now, settings, random()));
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
        const got = tokenFrom(asks ? 'network' : 'cache');
        account = stored(refreshed(account, got, { entries: [] }, now, settings, random()));
        break;
      }
      default:
        decision satisfies never;
    }
    expect(account.nextCheckAt.getTime()).toBeGreaterThan(at);
  }
}

/** A store keeps the time of the next check in whole seconds, and rounds it up. */
const stored = <C extends Connected>(account: C): C => ({
  ...account,
  nextCheckAt: new Date(Math.ceil(account.nextCheckAt.getTime() / 1_000) * 1_000),
});

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

describe('a year of one user', { timeout: 120_000 }, () => {
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
