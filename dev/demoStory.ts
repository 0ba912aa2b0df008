/** The demo's story: seven people, three runs of the worker, and what each of them must come to. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Cast, PARTS, type Part } from './demoCast.ts';
import { IDLE_SECONDS, type RefreshGrant, type Stage, type Turn } from './demoStage.ts';

/** Long enough for the next run to find the tenant still resting. */
const RETRY_AFTER_SECONDS = 10;
/** Due times are whole seconds, and nobody is looked at twice within one. */
const NEXT_LOOK_MS = 2_500;

type Expected = Partial<Turn>;

export type Run = {
  title: string;
  turns: Partial<Record<Part, Turn>>;
  /** Whatever the story does not say may be as it is. */
  expected: Partial<Record<Part, Expected>>;
};

export type Told = {
  runs: Run[];
  grants: RefreshGrant[];
  /** What is not as the story says; none if all is. */
  faults: string[];
};

/**
 * @param tell says what happens, line by line
 * @param show shows a run when it is over
 */
export async function playStory(
  stage: Stage,
  cast: Cast,
  tell: (text: string) => void,
  show: (run: Run) => void,
): Promise<Told> {
  const everybody = PARTS.map((part) => cast[part]);
  const called = (part: Part) => cast[part].displayName;
  const runs: Run[] = [];
  const faults: string[] = [];

  async function run(title: string, expected: Run['expected']): Promise<void> {
    const turns = await stage.runWorker(everybody);
    const taken = PARTS.flatMap((part) => {
      const turn = turns.get(cast[part]);
      return turn ? [[part, turn] as const] : [];
    });
    const ended: Run = { title, turns: Object.fromEntries(taken), expected };
    runs.push(ended);
    faults.push(...faultsOf(ended));
    show(ended);
  }

  for (const user of everybody) await stage.visit(user);
  tell(
    `Seven people sign in, call the API and leave: ${everybody.map((user) => user.displayName).join(', ')}.`,
  );
  await stage.deleteCache(cast['cache deleted']);
  tell(`  ${called('cache deleted')}'s stored token cache is deleted.`);
  await stage.fault(cast['grant revoked'], { kind: 'revoked' });
  tell(`  ${called('grant revoked')}'s grant is revoked.`);
  await stage.fault(cast['server error once'], { kind: 'server-error', times: 1 });
  tell(`  Entra will answer ${called('server error once')}'s next request with a 503, once.`);
  await stage.fault(cast['consent withdrawn'], { kind: 'consent' });
  tell(`  ${called('consent withdrawn')}'s consent is withdrawn.`);
  await stage.fault(cast['Graph down'], { kind: 'server-error', at: 'graph' });
  tell(`  Graph, and Graph alone, is down for ${called('Graph down')}.`);
  const { tid } = cast['tenant throttled'];
  await stage.fault({ tenant: tid }, { kind: 'throttled', retryAfter: RETRY_AFTER_SECONDS });
  tell(
    `  The tenant of ${called('tenant throttled')}, and no other, is throttled: Retry-After ${RETRY_AFTER_SECONDS}.`,
  );
  tell(`  ${called('left in peace')} is left in peace.`);
  tell(`\nWaiting until all are idle and their tokens have expired (${IDLE_SECONDS + 2} s) …`);
  await sleep((IDLE_SECONDS + 2) * 1_000);

  await run('The worker runs: everybody gets what is theirs, and nobody stops anybody else.', {
    'cache deleted': { outcome: 'failed', kind: 'cache-lost', state: 'needs-user' },
    'grant revoked': { outcome: 'failed', kind: 'needs-user', state: 'needs-user' },
    'left in peace': { outcome: 'refreshed', source: 'network', task: 'done', state: 'active' },
    'server error once': { outcome: 'failed', kind: 'transient', state: 'active' },
    'consent withdrawn': { outcome: 'failed', kind: 'needs-user', state: 'needs-user' },
    // The task is what failed, not the user.
    'Graph down': { outcome: 'refreshed', source: 'network', task: 'failed', state: 'active' },
    'tenant throttled': { outcome: 'failed', kind: 'throttled', state: 'active' },
  });
  const coolUntil = Date.now() + (RETRY_AFTER_SECONDS + 1) * 1_000;
  if ((await stage.lastTaskInHistory(cast['Graph down'])) !== 'task-failed') {
    faults.push(`${called('Graph down')}'s history does not say that a task failed.`);
  }

  tell(
    `\nNobody waits for the back-off: ${called('server error once')} and ${called('tenant throttled')} are made due now.`,
  );
  await stage.makeDue(cast['server error once']);
  await stage.makeDue(cast['tenant throttled']);
  await sleep(NEXT_LOOK_MS);
  await run(
    'The worker runs again: the outage has healed by itself; the throttled tenant is not even asked.',
    {
      'left in peace': { outcome: 'refreshed', source: 'network' },
      'server error once': { outcome: 'refreshed', source: 'network', state: 'active' },
      'tenant throttled': { outcome: 'waiting', why: 'tenant-cooling', state: 'active' },
    },
  );

  await stage.mend(cast['consent withdrawn']);
  await stage.visit(cast['consent withdrawn']);
  tell(`\n${called('consent withdrawn')} comes back, consents again, and is acted for again.`);
  await stage.mend(cast['Graph down']);
  tell(`Graph is up again for ${called('Graph down')}.`);
  await stage.mendTenant(tid);
  tell(`Waiting for the end of Retry-After, and until all are idle …`);
  await sleep(Math.max(coolUntil - Date.now(), (IDLE_SECONDS + 2) * 1_000 - NEXT_LOOK_MS));
  await stage.makeDue(cast['tenant throttled']);
  await sleep(NEXT_LOOK_MS);
  await run('The worker runs a third time: whoever can be acted for is.', {
    'left in peace': { outcome: 'refreshed', source: 'network' },
    'server error once': { outcome: 'refreshed', source: 'network' },
    'consent withdrawn': { outcome: 'refreshed', source: 'network', task: 'done', state: 'active' },
    'Graph down': { outcome: 'refreshed', source: 'network', task: 'done', state: 'active' },
    'tenant throttled': { outcome: 'refreshed', source: 'network', task: 'done', state: 'active' },
  });

  const grants = await stage.refreshGrants();
  return { runs, grants, faults: [...faults, ...faultsOfJournal(cast, runs, grants)] };
}

function faultsOf({ title, turns, expected }: Run): string[] {
  return PARTS.flatMap((part) => {
    const turn = turns[part];
    return Object.entries(expected[part] ?? {}).flatMap(([field, wanted]) => {
      const was = turn?.[field as keyof Turn] ?? 'nothing';
      return was === wanted ? [] : [`"${title}": ${field} of "${part}" is ${was}, and should be ${wanted}.`];
    });
  });
}

/** The stand-in's own word: it gave out what the worker says it got, and nobody was asked for in vain. */
function faultsOfJournal(cast: Cast, runs: readonly Run[], grants: readonly RefreshGrant[]): string[] {
  return PARTS.flatMap((part) => {
    const statuses = grants.filter((grant) => grant.user === cast[part].name).map((grant) => grant.status);
    const granted = statuses.filter((status) => status === 200).length;
    const refused = statuses.length - granted;
    const turns = runs.flatMap((run) => run.turns[part] ?? []);
    const refreshed = turns.filter((turn) => turn.outcome === 'refreshed').length;
    const failed = turns.filter((turn) => turn.outcome === 'failed' && turn.kind !== 'cache-lost').length;
    if (granted === refreshed && refused === failed) return [];
    return [`The stand-in's journal for "${part}": ${statuses.join(', ') || 'no request'}.`];
  });
}
