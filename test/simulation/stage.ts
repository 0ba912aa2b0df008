import { createBlobTokenCache } from '../../shared/adapters/azureStorage/blobTokenCache.ts';
import { createTableAccounts } from '../../shared/adapters/azureStorage/tableAccounts.ts';
import { createTableSharedState } from '../../shared/adapters/azureStorage/tableSharedState.ts';
import { graph } from '../../shared/adapters/graph/graphApi.ts';
import { type Config, readConfig } from '../../shared/config.ts';
import { TokenInvalidError } from '../../shared/errors.ts';
import type { LogEvent } from '../../shared/log.ts';
import type { Operation, VerifyAccessToken } from '../../shared/ports.ts';
import { createStead, type Stead } from '../../shared/stead.ts';
import { createLogId, toUserId } from '../../shared/userId.ts';
import { defineTask, listTasks } from '../../shared/worker/defineTask.ts';
import { createBlobClientModel, createBlobModel } from './blobModel.ts';
import { createEntraModel, type EntraRules, readAssertion } from './entraModel.ts';
import { createInvariants } from './invariants.ts';
import { createOpenSealer } from './openSealer.ts';
import { createPeople, nameIn } from './people.ts';
import { createTableClientModel } from './tableClientModel.ts';
import { createTableModel } from './tableModel.ts';
import { createWorld, type ProcessLife, type World, type WorldOptions } from './world.ts';

/** A process that runs Stead: its life, its application, and the keys that its settings name. */
export type Running = { life: ProcessLife; stead: Stead; kids: [string, ...string[]]; isSweeping: boolean };

export const RETENTION_MS = 90 * 86_400_000;
const GUID = '11111111-2222-4333-8444-555555555555';
const CONNECTION = { connectionString: 'UseDevelopmentStorage=true' };
const PAGE_SIZE = 2;

const configOf = (everyRun: boolean): Config =>
  readConfig({
    ENTRA_TENANT_ID: GUID,
    ENTRA_CLIENT_ID: GUID,
    ENTRA_CLIENT_SECRET: 'not checked here',
    ALLOWED_TENANTS: '*',
    REFRESH_EVERY_RUN: String(everyRun),
    TokenStore: CONNECTION.connectionString,
  });
const CONFIGS = { timely: configOf(false), everyRun: configOf(true) };

export type Stage = ReturnType<typeof createStage>;

/** Everything of one history: the services, the people, and the processes. */
export function createStage({
  users,
  rules,
  everyRun,
  ...options
}: WorldOptions & { users: number; rules: EntraRules; everyRun: boolean }) {
  const world: World = createWorld(options);
  const people = createPeople(users);
  const nameOf = nameIn(people, createLogId(CONFIGS.timely.logHashKey));
  const invariants = createInvariants(world, people, {
    retentionMs: RETENTION_MS,
    runsInTime: options.atOnce !== undefined,
    table: () => table,
    blobs: () => blobs,
    tokenOf: (text) => entra.token(text),
  });
  const table = createTableModel(invariants.onCommit);
  const blobs = createBlobModel(world.now, invariants.onBlobChange);
  const entra = createEntraModel(world, people, rules, invariants);
  const processes = new Map<number, Running>();
  /** The operations that have not ended, by the process that runs them. */
  const open = new Map<object, ProcessLife>();
  let lives = 0;
  let correlations = 0;

  function log(life: ProcessLife, event: LogEvent): void {
    world.tell(() => `   log ${nameOf(textOf(event))}`, life);
    invariants.onLog(event);
  }

  function start(index: number, kids: Running['kids'], skewMs: number): Running {
    lives += 1;
    const life: ProcessLife = { name: `p${index + 1}`, number: lives, skewMs, alive: true, stopped: false };
    const clock = world.clockOf(life);
    const connect = () => createTableClientModel(world, table, life, nameOf);
    const task = defineTask({
      name: 'read-me',
      api: graph,
      scopes: ['User.Read'],
      async run({ user, api }) {
        const response = await api.fetch('me');
        if (!response.ok) throw new Error('The task was refused.');
        const { id } = (await response.json()) as { id: string };
        invariants.onAnswer(user.oid, id);
      },
    });
    const stead = createStead(everyRun ? CONFIGS.everyRun : CONFIGS.timely, {
      clock,
      fetch: entra.fetchOf(life),
      log: (event) => log(life, event),
      tasks: listTasks(task),
      adapters: {
        accounts: createTableAccounts({ ...CONNECTION, clock, connect, pageSize: PAGE_SIZE }),
        sharedState: createTableSharedState({ ...CONNECTION, clock, connect }),
        tokenCache: createBlobTokenCache({
          ...CONNECTION,
          clock,
          connect: () => createBlobClientModel(world, blobs, life, nameOf),
        }),
        sealer: createOpenSealer(kids),
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
    open,
    start,
    process: (index: number): Running =>
      processes.get(index % Math.max(processes.size, 1)) ?? start(index, ['k1'], 0),
    processes: () => [...processes.values()],

    /** Begins an operation of a process. It ends when it ends; the scheduler decides when. */
    async begin(
      { life }: Running,
      what: string,
      work: (operation: Operation) => Promise<unknown>,
    ): Promise<void> {
      correlations += 1;
      const correlationId = `cccccccc-0000-4000-8000-${String(correlations).padStart(12, '0')}`;
      const operation: Operation = { log: (event) => log(life, event), correlationId };
      const key = {};
      open.set(key, life);
      const end = () => {
        open.delete(key);
        if (![...open.values()].includes(life)) invariants.onIdle(life);
      };
      world.tell(() => what, life);
      await world.letRun(life, () => {
        void work(operation).then(
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
            invariants.onUnexpected(what, error);
          },
        );
      });
    },

    crash(running: Running): void {
      world.crash(running.life);
      for (const [key, life] of open) if (life === running.life) open.delete(key);
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
