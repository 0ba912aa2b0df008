/** The worker is killed at each call of one user's check; a clean run then finishes what it left. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { numberedUsers } from '../../dev/entra/directory.ts';
import { SHARDS, shardOf } from '../../shared/adapters/shards.ts';
import type { Kill } from '../support/drillChild.ts';
import { type DrillStage, type DrillUser, startDrillStage } from '../support/drillStage.ts';
import { control, journal } from '../support/entraClients.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
/** Some twenty processes a scenario, and a machine may be busy. */
const PATIENCE = 180_000;
/** Past the lease of a run that died. */
const LATER = 10 * MINUTE;

/** A tombstone comes before the cache is deleted, which at the latest is at the first check of the tombstone. */
const LEFT_WITH_TOMBSTONE = /: blob of a user who is retired$/;
/** An account is deleted before its index entry, which is deleted when it is due. */
const LEFT_FOR_LATER = /: (?:blob of a user who is retired|due\S+ without a row)$/;

/** One user on a storage of their own, whose time only goes on. */
type Lane = { moment: Kill['moment']; stage: DrillStage; user: DrillUser; aheadMs: number };

let lanes: Lane[];
beforeAll(async () => {
  lanes = await Promise.all(
    (['before', 'after'] as const).map(async (moment) => {
      const stage = await startDrillStage(numberedUsers(1));
      const [user] = stage.users;
      if (user === undefined) throw new Error('there is no user');
      return { moment, stage, user, aheadMs: 0 };
    }),
  );
});
afterAll(() => Promise.all(lanes.map(({ stage }) => stage.stop())));

const sweep = ({ stage, aheadMs }: Lane) => stage.app(aheadMs).sweep();
const visit = async ({ stage, user, aheadMs }: Lane) => stage.app(aheadMs).visit(await stage.signIn(user));

const refreshes = async ({ stage }: Lane) =>
  (await journal(stage.entra)).filter(({ grant }) => grant === 'refresh_token').length;

type Scenario = {
  what: string;
  /** Brings the lane to where the user is due. */
  before(lane: Lane): Promise<void>;
  /** After a clean run that found the lease over. */
  after(lane: Lane): Promise<void>;
};

const SCENARIOS: Scenario[] = [
  {
    what: 'refreshes a user',
    async before(lane) {
      await visit(lane);
      await control(lane.stage.entra, 'DELETE', '/requests');
      lane.aheadMs += HOUR;
    },
    async after(lane) {
      const { row } = (await lane.stage.report()).users.get(lane.user.userId) ?? {};
      expect(row).toMatchObject({ state: 'active', runId: '' });
      const begun = Date.now() + lane.aheadMs - LATER - MINUTE;
      expect(row?.lastRefreshed?.getTime()).toBeGreaterThan(begun);
      expect([1, 2]).toContain(await refreshes(lane));
    },
  },
  {
    what: 'retires a user',
    async before(lane) {
      await visit(lane);
      lane.aheadMs += 91 * DAY;
    },
    async after(lane) {
      const { row } = (await lane.stage.report()).users.get(lane.user.userId) ?? {};
      expect(row).toMatchObject({ state: 'retired', runId: '', homeAccountId: '' });
      lane.aheadMs += 3 * DAY;
      await sweep(lane);
      await expectNothing(lane);
    },
  },
  {
    what: 'erases a user of whom a cache was left',
    async before(lane) {
      await visit(lane);
      const { userId } = lane.user;
      const { tokenCache } = lane.stage.app();
      const stored = await tokenCache.read(userId);
      lane.aheadMs += 91 * DAY;
      expect(await sweep(lane)).toMatchObject({ retired: 1 });
      await tokenCache.write(userId, stored?.sealed ?? '', undefined);
      lane.aheadMs += 3 * DAY;
    },
    after: expectNothing,
  },
];

async function expectNothing({ stage }: Lane): Promise<void> {
  expect([...(await stage.report()).users.values()]).toEqual([]);
}

/** Kill after kill at one call later each, until a run lives to its end; answers the calls that it made. */
async function drill(lane: Lane, { before, after }: Scenario): Promise<number> {
  const { stage, moment, user } = lane;
  // The run begins with the shard after the user's: until it comes to theirs, at the last, it changes nothing.
  const random = ((SHARDS.indexOf(shardOf(user.userId)) + 1.5) % SHARDS.length) / SHARDS.length;
  for (let call = SHARDS.length; ; call += 1) {
    await before(lane);
    const { aheadMs } = lane;
    const calls = await stage.run({ does: 'sweep', aheadMs, random }, { moment, call });
    expect((await stage.report()).problems.filter((problem) => !LEFT_FOR_LATER.test(problem))).toEqual([]);
    lane.aheadMs += LATER;
    await sweep(lane);
    expect((await stage.report()).problems.filter((problem) => !LEFT_WITH_TOMBSTONE.test(problem))).toEqual(
      [],
    );
    await after(lane);
    if (calls !== undefined) return calls;
  }
}

describe('a worker that is killed at each call in turn', () => {
  it.each(SCENARIOS)('while it $what leaves nothing that the next run does not finish', {
    timeout: PATIENCE,
  }, async (scenario) => {
    const calls = await Promise.all(lanes.map((lane) => drill(lane, scenario)));
    // The tenants, the shards, the lease and a check of several calls.
    for (const made of calls) expect(made).toBeGreaterThan(SHARDS.length + 5);
  });
});
