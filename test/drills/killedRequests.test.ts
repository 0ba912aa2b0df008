/** A process that answers a user is killed at each of its calls in turn; what it leaves behind must be sound. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { numberedUsers } from '../../dev/entra/directory.ts';
import type { AccountState } from '../../shared/account/account.ts';
import { startAzuriteProxy } from '../support/azuriteProxy.ts';
import { expectSound } from '../support/checkStorage.ts';
import type { Act } from '../support/drillApp.ts';
import type { Kill } from '../support/drillChild.ts';
import { type DrillStage, type DrillUser, startDrillStage } from '../support/drillStage.ts';
import { control, journal } from '../support/entraClients.ts';

const MINUTE = 60_000;
const DAY = 86_400_000;
/** Children at a time. */
const LANES = 2;
/** A good hundred processes in all, and a machine may be busy. */
const PATIENCE = 180_000;

let stage: DrillStage;
let unused: DrillUser[];
beforeAll(async () => {
  stage = await startDrillStage(numberedUsers(120));
  unused = [...stage.users];
  // Table and container are made once, which takes calls of their own.
  await visit(take(1));
  await eraseEverybody();
});
afterAll(() => stage.stop());

type Scenario = {
  what: string;
  does: Exclude<Act['does'], 'sweep'>;
  /** Brings the users to where the scenario begins. */
  before(users: readonly DrillUser[]): Promise<void>;
  ends: AccountState;
};

const DISCONNECTION: Scenario = {
  what: 'a disconnection',
  does: 'disconnect',
  before: visit,
  ends: 'disconnected',
};
const SCENARIOS: Scenario[] = [
  { what: 'a first visit', does: 'visit', before: async () => {}, ends: 'active' },
  { what: 'a visit with an expired token in store', does: 'visit', before: visit, ends: 'active' },
  { what: 'the visit that heals a refused user', does: 'visit', before: visitAndBeRefused, ends: 'active' },
  DISCONNECTION,
  { what: 'a new connection', does: 'reconnect', before: visitAndDisconnect, ends: 'active' },
];

async function visit(users: readonly DrillUser[]): Promise<void> {
  const app = stage.app();
  for (const user of users) await app.visit(await stage.signIn(user));
}

async function visitAndBeRefused(users: readonly DrillUser[]): Promise<void> {
  await visit(users);
  for (const { name } of users)
    await control(stage.entra, 'PUT', `/users/${name}/fault`, { kind: 'revoked' });
  expect(await stage.app(2 * MINUTE).sweep()).toMatchObject({ failed: { 'needs-user': users.length } });
}

async function visitAndDisconnect(users: readonly DrillUser[]): Promise<void> {
  await visit(users);
  const app = stage.app();
  for (const user of users) await app.disconnect(await stage.signIn(user));
}

/** Retention ends, and then the tombstones' time. These are more users than a run retires by itself. */
async function eraseEverybody(): Promise<void> {
  const app = stage.app(91 * DAY);
  await app.confirmRetirement();
  await app.sweep();
  await stage.app(94 * DAY).sweep();
}

function take(count: number): DrillUser[] {
  const users = unused.splice(0, count);
  if (users.length < count) throw new Error('the stage has too few users');
  return users;
}

const actOf = async (does: Scenario['does'], user: DrillUser): Promise<Act> => ({
  does,
  assertion: await stage.signIn(user),
  aheadMs: 0,
});

/** Counted by a run that nobody kills. */
async function callsOf({ does, before }: Scenario): Promise<number> {
  const [user] = take(1);
  if (user === undefined) return 0;
  await before([user]);
  return (await stage.run(await actOf(does, user))) ?? 0;
}

/** A user for each call and moment. */
function planKills(calls: number): { user: DrillUser; kill: Kill }[] {
  const kills = Array.from({ length: calls }, (_, index) => index + 1).flatMap((call): Kill[] => [
    { moment: 'before', call },
    { moment: 'after', call },
  ]);
  return take(kills.length).flatMap((user, index) => {
    const kill = kills[index];
    return kill === undefined ? [] : [{ user, kill }];
  });
}

/** Kills at every call that the scenario has, each with a user of its own. */
async function killEach(scenario: Scenario): Promise<{ user: DrillUser; kill: Kill }[]> {
  const drills = planKills(await callsOf(scenario));
  await scenario.before(drills.map(({ user }) => user));
  const survived: Kill[] = [];
  const queue = drills.values();
  const lane = async () => {
    for (const { user, kill } of queue) {
      const made = await stage.run(await actOf(scenario.does, user), kill);
      if (made !== undefined) survived.push(kill);
    }
  };
  await Promise.all(Array.from({ length: LANES }, lane));
  expect(survived).toEqual([]);
  expect(drills.length).toBeGreaterThan(10);
  return drills;
}

describe('a process that is killed at each call in turn', () => {
  it.each(SCENARIOS)('of $what leaves nobody lost and nothing unsound', {
    timeout: PATIENCE,
  }, async (scenario) => {
    const { does, ends } = scenario;
    const drills = await killEach(scenario);
    // A disconnection writes its tombstone before it deletes the cache, so a kill between the two leaves this problem.
    const { problems } = await stage.report();
    expect(problems.filter((problem) => !problem.endsWith('blob of a user who is disconnected'))).toEqual([]);

    // Half of the users ask again at once, and half after the worker has checked them.
    const askAgain = async (moment: Kill['moment']) => {
      for (const { user } of drills.filter(({ kill }) => kill.moment === moment))
        await stage.app()[does](await stage.signIn(user));
    };
    await askAgain('before');
    await stage.app(10 * MINUTE).sweep();
    await askAgain('after');
    await stage.app(20 * MINUTE).sweep();

    const report = await stage.report();
    expectSound(report);
    for (const { user, kill } of drills) {
      const { row, blob } = report.users.get(user.userId) ?? {};
      const is = {
        state: row?.state,
        runId: row?.runId,
        blob: blob !== undefined,
        refreshed: row?.lastRefreshed !== undefined,
      };
      const connected = ends === 'active';
      expect(is, `killed ${kill.moment} call ${kill.call}`).toEqual({
        state: ends,
        runId: '',
        blob: connected,
        refreshed: connected,
      });
    }

    await eraseEverybody();
    expect((await stage.report()).users.size).toBe(0);
  });

  it('of a disconnection leaves no cache once the worker has run, and nothing in the end', {
    timeout: PATIENCE,
  }, async () => {
    await killEach(DISCONNECTION);
    expect((await stage.report()).problems).not.toEqual([]);
    await stage.app(20 * MINUTE).sweep();
    expectSound(await stage.report());
    await eraseEverybody();
    expect((await stage.report()).users.size).toBe(0);
  });

  it('counts every call that storage and the directory see', { timeout: PATIENCE }, async () => {
    const [user] = take(1);
    if (user === undefined) return;
    const { azurite, entra, settings } = stage;
    const blobs = await startAzuriteProxy(azurite, 'blob');
    const tables = await startAzuriteProxy({ ...azurite, connectionString: blobs.connectionString }, 'table');
    const proxied = { ...settings, TokenStore: tables.connectionString };
    const acts: Act[] = [
      await actOf('visit', user),
      { does: 'sweep', aheadMs: 2 * MINUTE },
      await actOf('disconnect', user),
      await actOf('reconnect', user),
    ];
    for (const act of acts) {
      await control(entra, 'DELETE', '/requests');
      blobs.seen.length = 0;
      tables.seen.length = 0;
      const counted = await stage.run(act, undefined, proxied);
      expect(counted).toBe(blobs.seen.length + tables.seen.length + (await journal(entra)).length);
    }
    await Promise.all([blobs.close(), tables.close()]);
  });
});
