import { dueRowKey } from '../../shared/adapters/azureStorage/rowKeys.ts';
import { shardOf } from '../../shared/adapters/shards.ts';
import { NotConnectedError, RequestMalformedError } from '../../shared/errors.ts';
import { RUN_LIMITS } from '../../shared/worker/run.ts';
import { assertionOf } from './assertion.ts';
import { DAY, HOUR } from './durations.ts';
import { answerOf } from './entraModel.ts';
import type { ApiName, Person } from './entraTypes.ts';
import type { Action } from './history.ts';
import { link } from './link.ts';
import type { Running, Stage } from './stage.ts';
import type { RowAction } from './tableModel.ts';
import { FUNCTIONS } from './uses.ts';

const ASSERTION_MS = HOUR;
const PAUSE_MS = 3 * HOUR;
/** Longer than anything in a long history that ends by itself. */
const LONGEST_WITHOUT_KEYS_MS = 101 * HOUR;
const EVERYBODYS_KEYS = /\d+/;
const WHOSE = {
  person: (name: string) => name,
  tenant: (name: string) => `the tenant of ${name}`,
  everybody: () => 'everybody',
};

/** What the simulation knows of its users' wishes and sessions. */
export type Wishes = {
  /** The access token that the page has. */
  assertions: Map<Person, { text: string; endsAt: number }>;
  /** Whoever has disconnected, and has not asked to be connected again since; and from when that has to be remembered. */
  disconnected: Map<Person, number>;
  /** How many times they asked for either. */
  changes: Map<Person, number>;
};

export const createWishes = (): Wishes => ({
  assertions: new Map(),
  disconnected: new Map(),
  changes: new Map(),
});

/** Lets one thing happen. */
export async function takeAction(stage: Stage, wishes: Wishes, action: Action): Promise<void> {
  const { world, people, invariants } = stage;
  const person = people[('user' in action ? action.user : 0) % people.length] as Person;
  const running = stage.process('process' in action ? action.process : 0);
  const { name } = person;
  const { do: kind } = action;
  switch (action.do) {
    case 'visit':
      return visit(stage, wishes, running, person, action);
    case 'look':
      return look(stage, wishes, running, person);
    case 'disconnect':
    case 'reconnect':
      return change(stage, wishes, running, person, action.do);
    case 'pause':
    case 'resume':
      return pause(stage, wishes, running, person, action.do);
    case 'wake':
      return stage.begin(
        running,
        { kind, person, what: `the application wakes ${name}` },
        async (_operation, begun) => {
          const result = await running.stead.wake(person.userId);
          if (result === 'woken') invariants.onFulfilled(begun, person);
          return result;
        },
      );
    case 'link':
      return link(stage, running, person, assertionFor(stage, wishes, person, false), action.how);
    case 'run':
      // A timer function never runs twice at the same time in one process.
      if (running.isSweeping) return;
      running.isSweeping = true;
      return stage.begin(running, { kind, what: 'run' }, async (operation) => {
        const ending = new AbortController();
        running.shutDown = () => ending.abort(new DOMException('The host shuts down.', 'AbortError'));
        const limits = { ...RUN_LIMITS, concurrency: stage.checksAtOnce };
        try {
          const { due, refreshed, fromCache, failed, waiting } = await running.stead.worker.run(
            { ...operation, signal: ending.signal },
            limits,
          );
          return JSON.stringify({ due, refreshed, fromCache, failed, waiting });
        } finally {
          running.isSweeping = false;
        }
      });
    case 'shut-down':
      if (!running.isSweeping) return;
      world.tell(() => 'is asked to end its run', running.life);
      return world.letRun(running.life, () => running.shutDown?.());
    case 'audit':
      return stage.begin(running, { kind, what: 'audit' }, async () => {
        const { connected } = await running.stead.operators.audit(() => undefined);
        return `${connected} connected`;
      });
    case 'retry':
    case 'retry-by-force':
      return stage.begin(
        running,
        { kind, person, what: `operator: ${kind} ${name}` },
        async (_operation, begun) => {
          const result = await running.stead.operators.retry(person.userId, kind === 'retry-by-force');
          if (result.retried) invariants.onFulfilled(begun, person);
          return JSON.stringify(result);
        },
      );
    case 'retire':
      invariants.onRetireOrdered(person);
      return stage.begin(
        running,
        { kind, person, what: `operator: retire ${name}` },
        async (_operation, begun) => {
          const any = await running.stead.operators.retire(person.userId);
          invariants.onFulfilled(begun, person);
          return any ? 'done' : 'nothing to do';
        },
      );
    case 'stop':
    case 'go-on':
      world.tell(() => (action.do === 'stop' ? 'is stopped' : 'goes on'), running.life);
      running.life.stopped = action.do === 'stop';
      return;
    case 'crash':
      world.tell(() => 'crashes, and is started again', running.life);
      return restart(stage, running, running.kids, running.life.skewMs);
    case 'new-key': {
      invariants.onKeysDiffer();
      const next: Running['kids'] = [nextKid(running.kids[0]), ...running.kids];
      world.tell(() => `is started again with a new key ${next[0]}`, running.life);
      return restart(stage, running, next, running.life.skewMs);
    }
    case 'find-keys': {
      const all = new Set([running.kids[0], ...stage.kidsEver]);
      world.tell(() => 'is started again with every key', running.life);
      return restart(stage, running, [...all] as Running['kids'], running.life.skewMs);
    }
    case 'lose-keys':
      invariants.onKeysDiffer();
      invariants.onUnwell(world.now() + LONGEST_WITHOUT_KEYS_MS);
      world.tell(() => `is started again with the key ${running.kids[0]} alone`, running.life);
      return restart(stage, running, [running.kids[0]], running.life.skewMs);
    case 'skew':
      // How far the clocks differ is known from the latest answer of the table, so not in the middle of an operation.
      if (stage.operations.isBusy(running.life)) return;
      world.tell(() => `its clock is ${action.ms / 60_000} minutes ahead from now on`, running.life);
      running.life.skewMs = action.ms;
      invariants.onClockChanged(running.life);
      return;
    case 'wait':
      world.tell(() => `${action.ms / 60_000} minutes pass`);
      return world.pass(action.ms);
    case 'damage':
      return damage(stage, person, action.how);
    case 'revoke':
      world.tell(
        () => `the refresh tokens of ${name} are revoked${action.grant ? ` (${action.grant})` : ''}`,
      );
      if (action.grant === undefined) person.revokedAt = world.now();
      else person.revokedGrantAt[action.grant] = world.now();
      return;
    case 'withdraw-consent':
      world.tell(() => `the consent of ${name} is withdrawn (${action.api ?? 'graph'})`);
      person.consented[action.api ?? 'graph'] = false;
      return;
    case 'narrow-consent':
      world.tell(() => `the consent of ${name} is for other permissions from now on`);
      person.consentLacksScope = true;
      return;
    case 'consent':
      world.tell(() => `${name} consents, and does what policies ask for`);
      person.consented = { graph: true, notes: true };
      person.consentLacksScope = false;
      person.policies = {};
      invariants.unsettle(person);
      return;
    case 'policy': {
      const { api = 'graph', how } = action;
      world.tell(() => `a policy of ${api} is not met by ${name}: ${how}`);
      person.policies[api] = { how, since: world.now() };
      return;
    }
    case 'challenge':
      world.tell(() => `${action.api ?? 'graph'} wants a newer sign-in of ${name}`);
      person.challengedAt[action.api ?? 'graph'] = world.now();
      return;
    case 'trouble': {
      const { at, kind, whole, forMs } = action;
      world.tell(() => `${at}: ${kind} for ${WHOSE[whole](name)}, ${forMs / 1_000} s`);
      invariants.onUnwell(world.now() + forMs + HOUR);
      stage.entra.troubles.push({ at, kind, whole, of: person, until: world.now() + forMs });
      return;
    }
    default:
      return action satisfies never;
  }
}

function restart(stage: Stage, running: Running, kids: Running['kids'], skewMs: number): void {
  const index = Number(EVERYBODYS_KEYS.exec(running.life.name)?.[0]) - 1;
  stage.invariants.onUnwell(stage.world.now() + HOUR);
  stage.crash(running);
  stage.start(index, kids, skewMs);
}

const nextKid = (kid: string): string => `k${Number(kid.slice(1)) + 1}`;

function assertionFor({ world }: Stage, { assertions }: Wishes, person: Person, fresh: boolean): string {
  const known = assertions.get(person);
  if (!fresh && known !== undefined && known.endsAt > world.now()) return known.text;
  const endsAt = world.now() + ASSERTION_MS;
  const text = assertionOf(person, world.now(), endsAt);
  assertions.set(person, { text, endsAt });
  return text;
}

function visit(
  stage: Stage,
  wishes: Wishes,
  running: Running,
  person: Person,
  { fresh, api = 'graph' }: { fresh: boolean; api?: ApiName },
) {
  const { invariants } = stage;
  const assertion = assertionFor(stage, wishes, person, fresh);
  const of = api === 'graph' ? '' : ` (${api})`;
  return stage.begin(
    running,
    { kind: 'visit', person, what: `visit of ${person.name}${of}` },
    async (operation, begun) => {
      try {
        const { result, source } = await running.stead.asUser(operation, assertion, FUNCTIONS[api]);
        invariants.onAnswer(answerOf(api, person.oid), result.id);
        invariants.onVisited(begun, person, api, source);
        return `answered from ${source}`;
      } catch (error) {
        if (!invariants.onRefused(begun, person, api, error)) throw error;
        return `refused: ${(error as Error).message}`;
      }
    },
  );
}

/** The user looks at their connection, and at what tasks have told them. */
function look(stage: Stage, wishes: Wishes, running: Running, person: Person) {
  const assertion = assertionFor(stage, wishes, person, false);
  return stage.begin(running, { kind: 'look', person, what: `look of ${person.name}` }, async (operation) => {
    const { connection } = await running.stead.connection.status(operation, assertion);
    const told = connection.checks?.flatMap(({ tasks }) => tasks.flatMap(({ summary }) => summary ?? []));
    for (const summary of told ?? []) stage.invariants.onAnswer(`notes of ${person.oid}`, summary);
    return connection.state;
  });
}

function change(
  stage: Stage,
  wishes: Wishes,
  running: Running,
  person: Person,
  what: 'disconnect' | 'reconnect',
) {
  const assertion = assertionFor(stage, wishes, person, false);
  wishes.disconnected.delete(person);
  const number = (wishes.changes.get(person) ?? 0) + 1;
  wishes.changes.set(person, number);
  const beginsAlone = stage.operations.isIdle() && stage.world.late().length === 0;
  const since = stage.invariants.endedSince(person) ?? stage.world.now();
  stage.invariants.unsettle(person);
  return stage.begin(
    running,
    { kind: what, person, what: `${what} of ${person.name}` },
    async (operation, begun) => {
      await running.stead.connection[what](operation, assertion);
      stage.invariants.onFulfilled(begun, person);
      stage.invariants.unsettle(person);
      stage.invariants.onForgotten(running.life, person);
      // Whoever wishes two things at the same time may get either.
      const isOnlyOne = beginsAlone && wishes.changes.get(person) === number;
      if (what === 'disconnect' && isOnlyOne) wishes.disconnected.set(person, since);
      return 'done';
    },
  );
}

/** The user lets their tasks rest, or work again. */
function pause(stage: Stage, wishes: Wishes, running: Running, person: Person, what: 'pause' | 'resume') {
  const assertion = assertionFor(stage, wishes, person, false);
  const until = what === 'resume' ? undefined : new Date(stage.world.now() + PAUSE_MS);
  const tasksPausedUntil = until?.toISOString() ?? null;
  return stage.begin(
    running,
    { kind: what, person, what: `${what} of ${person.name}` },
    async (operation, begun) => {
      try {
        const { connection } = await running.stead.connection.change(operation, assertion, async () => ({
          tasksPausedUntil,
        }));
        stage.invariants.onFulfilled(begun, person, until);
        return connection.tasksPausedUntil ?? 'no pause';
      } catch (error) {
        // Whoever is not connected has nothing to pause, and by a very wrong clock the pause is over or too long.
        if (!(error instanceof NotConnectedError || error instanceof RequestMalformedError)) throw error;
        return `refused: ${error.message}`;
      }
    },
  );
}

/** Somebody edits what is stored. */
function damage(
  { table, blobs, world, people, invariants, budgets }: Stage,
  person: Person,
  how: Extract<Action, { do: 'damage' }>['how'],
) {
  const { name, userId, tid, oid } = person;
  const partition = shardOf(userId);
  const rowKey = `user|${tid}_${oid}`;
  const row = table.row(partition, rowKey);
  const dueAt = row?.columns.dueAt;
  world.tell(() => `somebody damages what is stored of ${name}: ${how}`);
  invariants.onDamage(person, false);
  budgets.onDamage();
  // After that a pass of the audit is over.
  invariants.onUnwell(world.now() + 25 * HOUR);
  const edit = (...actions: RowAction[]) => void table.transact(actions, undefined);
  const keyAt = (at: Date) => dueRowKey(at, userId);
  const put = (at: Date): RowAction => ({
    kind: 'upsert-replace',
    partition,
    rowKey: keyAt(at),
    columns: {},
  });
  const due = dueAt instanceof Date ? dueAt : undefined;
  const hasEntry = due !== undefined && table.row(partition, keyAt(due)) !== undefined;
  const drop: RowAction[] =
    due && hasEntry ? [{ kind: 'delete', partition, rowKey: keyAt(due), etag: undefined }] : [];
  const moved = (ms: number) => put(new Date((due?.getTime() ?? world.now()) + ms));
  switch (how) {
    case 'entry-deleted':
      return edit(...drop);
    case 'entry-earlier':
      return edit(...drop, moved(-HOUR));
    case 'entry-later':
      return edit(...drop, moved(HOUR));
    case 'entry-doubled':
      return edit(moved(-HOUR));
    case 'entry-of-nobody':
      if (row === undefined) edit(put(new Date(world.now())));
      return;
    case 'due-late': {
      // As a machine of an earlier release settles it, if its clock is far ahead.
      const late = new Date(world.now() + 100 * DAY);
      // It settles a tombstone after it has deleted the cache.
      const isEnded = row?.columns.state === 'disconnected' || row?.columns.state === 'retired';
      const isLate = due !== undefined && keyAt(due) === keyAt(late);
      if (row === undefined || row.columns.runId || isLate || isEnded) return;
      return edit(...drop, put(late), {
        kind: 'merge',
        partition,
        rowKey,
        columns: { dueAt: late, nextCheckAt: late },
        etag: undefined,
      });
    }
    case 'last-activity':
    case 'due-at': {
      const column = how === 'due-at' ? 'dueAt' : 'lastActivity';
      if (row !== undefined)
        edit({ kind: 'merge', partition, rowKey, columns: { [column]: '1' }, etag: undefined });
      return;
    }
    case 'cache':
    case 'cache-of-another': {
      const other = people.find((one) => one !== person && blobs.blob(one.userId) !== undefined);
      const content = how === 'cache' ? 'damaged' : blobs.blob(other?.userId ?? '')?.content;
      if (blobs.blob(userId) === undefined || content === undefined) return;
      invariants.onDamage(person, true);
      blobs.put(userId, content, {}, undefined);
      return;
    }
    default:
      return how satisfies never;
  }
}
