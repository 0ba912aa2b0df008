import { createBlobTokenCache } from '../../shared/adapters/azureStorage/blobTokenCache.ts';
import { createTableAccounts } from '../../shared/adapters/azureStorage/tableAccounts.ts';
import { createTableSharedState } from '../../shared/adapters/azureStorage/tableSharedState.ts';
import { type Config, readConfig } from '../../shared/config.ts';
import { TokenInvalidError } from '../../shared/errors.ts';
import type { LogEvent } from '../../shared/log.ts';
import type { Operation, VerifyAccessToken } from '../../shared/ports.ts';
import { createStead, type Stead } from '../../shared/stead.ts';
import { createLogId, toUserId } from '../../shared/userId.ts';
import { readAssertion } from './assertion.ts';
import { createBlobClientModel, createBlobModel } from './blobModel.ts';
import { createEntraModel } from './entraModel.ts';
import type { EntraRules, Person } from './entraTypes.ts';
import type { Action } from './history.ts';
import { createInvariants } from './invariants.ts';
import { createOpenCodeGrants, createOpenLinkSealer, LINK } from './linkAdapters.ts';
import { createOpenMemorySealer, createOpenSealer } from './openSealer.ts';
import { type Begun, createOperations, type PartOfRun } from './operations.ts';
import { createPeople, nameIn } from './people.ts';
import { createReceiverModel, RECEIVER, RECEIVER_SECRET, type ReceiverRule } from './receiverModel.ts';
import { createStoreBudgets } from './storeBudgets.ts';
import { createTableClientModel } from './tableClientModel.ts';
import { createTableModel } from './tableModel.ts';
import { createTasks } from './uses.ts';
import { createWorld, type ProcessLife, type World, type WorldOptions } from './world.ts';

/** A process that runs Stead: its life, its application, and the keys that its settings name. */
export type Running = {
  life: ProcessLife;
  stead: Stead;
  kids: [string, ...string[]];
  isSweeping: boolean;
  shutDown?: () => void;
};

export const RETENTION_MS = 90 * 86_400_000;
const GUID = '11111111-2222-4333-8444-555555555555';
const CONNECTION = { connectionString: 'UseDevelopmentStorage=true' };
const PAGE_SIZE = 2;

type Settings = {
  everyRun: boolean;
  connect: 'visit' | 'ask';
  hears: boolean;
  seldom: boolean;
  links: boolean;
};

const configOf = ({ everyRun, connect, hears, seldom, links }: Settings): Config =>
  readConfig({
    ENTRA_TENANT_ID: GUID,
    ENTRA_CLIENT_ID: GUID,
    ENTRA_CLIENT_SECRET: 'not checked here',
    ALLOWED_TENANTS: '*',
    REFRESH_EVERY_RUN: String(everyRun),
    CONNECT: connect,
    ...(seldom && { REFRESH_MIN_INTERVAL_SECONDS: '86400' }),
    ...(links && LINK),
    ...(hears && { NOTICE_WEBHOOK_URL: RECEIVER, NOTICE_WEBHOOK_SECRET: RECEIVER_SECRET }),
    TokenStore: CONNECTION.connectionString,
  });
const LOG_HASH_KEY = configOf({
  ...{ everyRun: false, connect: 'visit', hears: false, seldom: false, links: false },
}).logHashKey;

export type StageOptions = {
  users: number;
  rules: EntraRules;
  everyRun: boolean;
  /** Whether there is a second task, of another API. */
  notes: boolean;
  /** How often its task runs: not in every check. */
  notesEveryMs: number;
  /** How many checks of a run go on at the same time. */
  checksAtOnce: number;
  connect: 'visit' | 'ask';
  receiver: ReceiverRule;
  /** Whether checks are a day apart. */
  seldom: boolean;
  /** Whether users may link. */
  links: boolean;
  /** Whether all users share one shard. */
  together?: boolean;
  /** Above this number of due accounts a run is split. Default: never. */
  splitAbove?: number;
  /** How many token requests a second a run sends for one tenant. Default: as many as there are. */
  tokenRequestsPerSecond?: number;
};

export type Stage = ReturnType<typeof createStage>;

/** Everything of one history: the services, the people, and the processes. */
export function createStage({
  users,
  rules,
  everyRun,
  notes,
  notesEveryMs,
  checksAtOnce,
  connect,
  receiver,
  seldom,
  links,
  together,
  splitAbove = 0,
  tokenRequestsPerSecond = 0,
  ...options
}: WorldOptions & StageOptions) {
  const world: World = createWorld(options);
  const people = createPeople(users, together);
  const nameOf = nameIn(people, createLogId(LOG_HASH_KEY));
  const operations = createOperations(world.now, () => world.late().length > 0);
  const services = {
    retentionMs: RETENTION_MS,
    runsInTime: options.atOnce !== undefined,
    everyRun,
    connect,
    hears: receiver !== 'none',
    hasNotes: notes,
    notesEveryMs,
    tokenRequestsPerSecond,
    endsAreKnown: rules.slides || rules.tellsEnd,
    table: () => table,
    blobs: () => blobs,
    tokenOf: (text: string) => entra.token(text),
  };
  const invariants = createInvariants(world, people, services, operations);
  world.watchDisturbed(invariants.onDisturbed);
  const table = createTableModel(invariants.onCommit);
  const blobs = createBlobModel(world.now, invariants.onBlobChange);
  const entra = createEntraModel(world, people, rules, invariants.entraWatch);
  const receiverModel = createReceiverModel(world, people, receiver, invariants.receiverWatch);
  const config = {
    ...configOf({ everyRun, connect, hears: receiver !== 'none', seldom, links }),
    runs: { splitAbove, tokenRequestsPerSecond },
  };
  const budgets = createStoreBudgets(world, users);
  const processes = new Map<number, Running>();
  const kidsEver = new Set<string>();
  let lives = 0;

  function log(life: ProcessLife, event: LogEvent): void {
    world.tell(() => `   log ${nameOf(textOf(event))}`, life);
    const user = 'user' in event ? nameOf(String(event.user)) : undefined;
    invariants.onLog(
      life,
      event,
      people.find(({ name }) => name === user),
    );
  }

  function start(index: number, kids: Running['kids'], skewMs: number): Running {
    lives += 1;
    for (const kid of kids) kidsEver.add(kid);
    const life: ProcessLife = { name: `p${index + 1}`, number: lives, skewMs, alive: true, stopped: false };
    const clock = world.clockOf(life);
    const connect = () => createTableClientModel(budgets.watched('table'), table, life, nameOf);
    const send: typeof fetch = (input, init) =>
      receiverModel.isReceiver(String(input))
        ? receiverModel.send(life, init)
        : entra.fetchOf(life)(input, init);
    const tokenCache = createBlobTokenCache({
      ...CONNECTION,
      clock,
      connect: () => createBlobClientModel(budgets.watched('blob'), blobs, life, nameOf),
    });
    const sealer = createOpenSealer(kids);
    const accounts = createTableAccounts({ ...CONNECTION, clock, connect, pageSize: PAGE_SIZE });
    const stead = createStead(config, {
      clock,
      fetch: send,
      log: (event) => log(life, event),
      tasks: createTasks(life, invariants.tasks, notesEveryMs),
      adapters: {
        accounts,
        sharedState: createTableSharedState({ ...CONNECTION, clock, connect }),
        tokenCache,
        sealer,
        ...(links && {
          codeGrants: createOpenCodeGrants(config, { fetch: send, clock, accounts, tokenCache, sealer }),
          linkSealer: createOpenLinkSealer(kids),
        }),
        memorySealer: createOpenMemorySealer(kids),
        verifyAccessToken: verifierOf(() => clock.now()),
      },
    });
    const running = { life, stead, kids, isSweeping: false };
    processes.set(index, running);
    return running;
  }

  return {
    world,
    people,
    table,
    blobs,
    entra,
    invariants,
    nameOf,
    operations,
    budgets,
    checksAtOnce,
    kidsEver,
    start,
    process: (index: number): Running =>
      processes.get(index % Math.max(processes.size, 1)) ?? start(index, ['k1'], 0),
    processes: () => [...processes.values()],

    /** Begins an operation of a process. It ends when it ends; the scheduler decides when. */
    async begin(
      { life }: Running,
      { kind, person, what, part }: { kind: Action['do']; person?: Person; what: string; part?: PartOfRun },
      work: (operation: Operation, begun: Begun) => Promise<unknown>,
    ): Promise<void> {
      const isAlone = !operations.isBusy(life);
      const begun = operations.begin(life, kind, person, part);
      invariants.onBegun();
      const { correlationId } = begun;
      const operation: Operation = { log: (event) => log(life, event), correlationId };
      budgets.begin(life, isAlone);
      const end = () => {
        operations.end(begun);
        budgets.end(life, what);
        invariants.onEnded(begun);
      };
      world.tell(() => what, life);
      await world.letRun(life, () => {
        void work(operation, begun).then(
          (result) => {
            end();
            world.tell(() => `${what}: ${result}`, life);
          },
          (error: unknown) => {
            end();
            world.tell(
              () => `${what} failed: ${error instanceof Error ? `${error.name} ${error.message}` : error}`,
              life,
            );
            invariants.onUnexpected(what, error, begun);
          },
        );
      });
    },

    crash({ life }: Running): void {
      invariants.onCrash(operations.crash(life));
      world.crash(life);
    },
  };
}

/** Entra dates an access token some minutes back, and Stead tolerates a minute. So no very wrong clock accepts a token. */
const BACKDATED_MS = 5 * 60_000;
const TOLERANCE_MS = 60_000;

const verifierOf =
  (now: () => Date): VerifyAccessToken =>
  async (assertion) => {
    const { tid, oid, signedInAt, endsAt } = readAssertion(assertion);
    const at = now().getTime();
    const isEarly = at + TOLERANCE_MS < signedInAt - BACKDATED_MS;
    if (isEarly || endsAt <= at - TOLERANCE_MS) throw new TokenInvalidError('The access token has expired.');
    const userPrincipalName = `${oid}@simulation.example`;
    return {
      userId: toUserId({ tid, oid }),
      tid,
      oid,
      userPrincipalName,
      expiresOn: new Date(endsAt),
      assertion,
    };
  };

const textOf = ({ event, ...fields }: LogEvent): string =>
  [event, ...Object.entries(fields).map(([name, value]) => `${name}=${JSON.stringify(value)}`)]
    .join(' ')
    .slice(0, 240);
