/** The demo's story: seven people, three runs of the worker, and the expected result of each. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Cast, PARTS, type Part } from './demoCast.ts';
import { type Check, IDLE_SECONDS, type RefreshGrant, type Stage } from './demoStage.ts';

/** Long enough that the tenant's cooldown lasts until after the second run. */
const RETRY_AFTER_SECONDS = 10;
/** The wait until all users are idle and their tokens have expired. */
const ALL_IDLE_MS = (IDLE_SECONDS + 2) * 1_000;
/** The wait before a user can be checked again: due times are whole seconds. */
const NEXT_CHECK_MS = 2_500;

export type Run = {
  title: string;
  checks: Partial<Record<Part, Check>>;
  /** What the story expects. A field that is not here may have any value. */
  expected: Partial<Record<Part, Partial<Check>>>;
};

export type Told = {
  runs: Run[];
  journal: RefreshGrant[];
  /** What differs from the story; empty if nothing does. */
  faults: string[];
};

type Telling = {
  stage: Stage;
  cast: Cast;
  called: (part: Part) => string;
  tell: (text: string) => void;
  run: (title: string, expected: Run['expected']) => Promise<void>;
};

/**
 * @param tell prints a line about what happens
 * @param show prints a run after it has ended
 */
export async function playStory(
  stage: Stage,
  cast: Cast,
  tell: (text: string) => void,
  show: (run: Run) => void,
): Promise<Told> {
  const runs: Run[] = [];
  const telling: Telling = {
    stage,
    cast,
    tell,
    called: (part) => cast[part].displayName,
    async run(title, expected) {
      const run = { title, expected, checks: await stage.runWorker(cast) };
      runs.push(run);
      show(run);
    },
  };
  await befallen(telling);
  const ranAt = Date.now();
  const task = await stage.lastTaskInHistory(cast['Graph down']);
  await passing(telling);
  await comingBack(telling, ranAt);

  const journal = await stage.refreshGrants();
  const faults = [...runs.flatMap(faultsOf), ...faultsOfJournal(cast, runs, journal)];
  if (task !== 'task-failed') faults.push(`The history of "Graph down" says "${task}" of the task.`);
  return { runs, journal, faults };
}

async function befallen({ stage, cast, called, tell, run }: Telling): Promise<void> {
  for (const part of PARTS) await stage.visit(cast[part]);
  tell(`Seven people sign in, call the API and leave: ${PARTS.map(called).join(', ')}. Then`);
  await stage.deleteCache(cast['cache deleted']);
  tell(`- ${called('cache deleted')}'s stored token cache is deleted,`);
  await stage.fault(cast['grant revoked'], { kind: 'revoked' });
  tell(`- ${called('grant revoked')}'s grant is revoked,`);
  await stage.fault(cast['server error once'], { kind: 'server-error', times: 1 });
  tell(`- Entra is about to answer one request for ${called('server error once')} with a 503,`);
  await stage.fault(cast['consent withdrawn'], { kind: 'consent' });
  tell(`- ${called('consent withdrawn')}'s consent is withdrawn,`);
  await stage.fault(cast['Graph down'], { kind: 'server-error', at: 'graph' });
  tell(`- Graph, and Graph alone, is down for ${called('Graph down')},`);
  const { tid } = cast['tenant throttled'];
  await stage.fault({ tid }, { kind: 'throttled', retryAfter: RETRY_AFTER_SECONDS });
  tell(`- the tenant of ${called('tenant throttled')} is throttled (Retry-After: ${RETRY_AFTER_SECONDS}),`);
  tell(`- and nothing happens to ${called('no failure')}.`);
  tell(`\nWaiting until all are idle and their tokens have expired (${ALL_IDLE_MS / 1_000} s) …`);
  await sleep(ALL_IDLE_MS);
  await run('The worker runs. No failure stops it from checking the others:', {
    'cache deleted': { outcome: 'failed', kind: 'cache-lost', state: 'needs-user' },
    'grant revoked': { outcome: 'failed', kind: 'needs-user', state: 'needs-user' },
    'no failure': { outcome: 'refreshed', source: 'network', task: 'done', state: 'active' },
    'server error once': { outcome: 'failed', kind: 'transient', state: 'active' },
    'consent withdrawn': { outcome: 'failed', kind: 'consent', state: 'needs-user' },
    // Only the task failed. The user stays active.
    'Graph down': { outcome: 'refreshed', source: 'network', task: 'failed', state: 'active' },
    'tenant throttled': { outcome: 'failed', kind: 'throttled', state: 'active' },
  });
}

async function passing({ stage, cast, called, tell, run }: Telling): Promise<void> {
  const [hasty, throttled] = [called('server error once'), called('tenant throttled')];
  tell(`\nTo save minutes of back-off, ${hasty} and ${throttled} become due now.`);
  await stage.makeDue(cast['server error once']);
  await stage.makeDue(cast['tenant throttled']);
  await sleep(NEXT_CHECK_MS);
  await run('The worker runs again. The outage has ended; the throttled tenant is in its cooldown:', {
    'no failure': { outcome: 'refreshed', source: 'network' },
    'server error once': { outcome: 'refreshed', source: 'network', state: 'active' },
    'tenant throttled': { outcome: 'waiting', why: 'cooldown', state: 'active' },
  });
}

/** @param ranAt when the first run had ended, in epoch milliseconds: the tenant's cooldown began before that */
async function comingBack({ stage, cast, called, tell, run }: Telling, ranAt: number): Promise<void> {
  await stage.visit(cast['consent withdrawn']);
  tell(
    `\n${called('consent withdrawn')} consents again and comes back; Graph is up for ${called('Graph down')};`,
  );
  await stage.repair(cast['Graph down']);
  const { tid } = cast['tenant throttled'];
  await stage.repair({ tid });
  tell(
    `the tenant of ${called('tenant throttled')} is no longer throttled. Waiting until Retry-After has passed …`,
  );
  const cooldownEnds = ranAt + (RETRY_AFTER_SECONDS + 1) * 1_000;
  await sleep(Math.max(cooldownEnds - Date.now(), ALL_IDLE_MS - NEXT_CHECK_MS));
  await stage.makeDue(cast['tenant throttled']);
  await sleep(NEXT_CHECK_MS);
  await run('The worker runs a third time. It acts for everybody for whom it can act:', {
    'no failure': { outcome: 'refreshed', source: 'network' },
    'server error once': { outcome: 'refreshed', source: 'network' },
    'consent withdrawn': { outcome: 'refreshed', source: 'network', task: 'done', state: 'active' },
    'Graph down': { outcome: 'refreshed', source: 'network', task: 'done', state: 'active' },
    'tenant throttled': { outcome: 'refreshed', source: 'network', task: 'done', state: 'active' },
  });
}

function faultsOf({ title, checks, expected }: Run): string[] {
  return PARTS.flatMap((part) =>
    Object.entries(expected[part] ?? {}).flatMap(([field, wanted]) => {
      const was = checks[part]?.[field as keyof Check] ?? 'nothing';
      return was === wanted ? [] : [`${title} ${field} of "${part}" is ${was}, but should be ${wanted}.`];
    }),
  );
}

/**
 * Compares the worker's results with the stand-in's journal: the same grants, the same refusals, no further request.
 */
function faultsOfJournal(cast: Cast, runs: readonly Run[], journal: readonly RefreshGrant[]): string[] {
  return PARTS.flatMap((part) => {
    const statuses = journal.filter(({ user }) => user === cast[part].name).map(({ status }) => status);
    const granted = statuses.filter((status) => status === 200).length;
    const checks = runs.flatMap((run) => run.checks[part] ?? []);
    const refreshed = checks.filter(({ outcome }) => outcome === 'refreshed').length;
    const failed = checks.filter(({ outcome, kind }) => outcome === 'failed' && kind !== 'cache-lost').length;
    if (granted === refreshed && statuses.length - granted === failed) return [];
    return [`The stand-in's journal for "${part}": ${statuses.join(', ') || 'no request'}.`];
  });
}
