/** What the worker costs at a number of users, by arithmetic. Nothing here was measured in Azure. docs/scale.md explains it. */

export const MODES = ['keep-warm', 'every-run'] as const;
/** `keep-warm`: by the default settings. `every-run`: `REFRESH_EVERY_RUN=true`. */
export type Mode = (typeof MODES)[number];

export const USERS = [1_000, 50_000, 1_000_000, 10_000_000] as const;

/** Published limits (https://learn.microsoft.com/azure/storage/common/scalability-targets-standard-account, .../tables, .../queues). */
export const LIMITS = { accountPerSecond: 20_000, partitionPerSecond: 2_000, queuePerSecond: 2_000 } as const;

/**
 * What one check causes, as `test/support/callBudgets.ts` holds it: the account is read, leased in a transaction with three others,
 * and settled in one of its own. A transaction over an account writes its row, and moves its entry in the index.
 */
const PER_CHECK = {
  tableRequests: 2 + 1 / 4,
  /** The entry that a query reads, the row that is read, and three rows each for the lease and for the settled account. */
  entities: 1 + 1 + 3 + 3,
  blobReads: 1,
} as const;
/** A run that finds nothing: the record twice, the cooldowns four times, and each shard once. */
const PER_RUN = { tableRequests: 2 + 4 + 16 } as const;
/** A part of a run: the record twice, the cooldowns four times, one page of the index; and four for its message. */
export const PER_PART = { tableRequests: 2 + 4 + 1, queueRequests: 4 } as const;

/** By `docs/deploy.md`, "What the log costs": a check, and one task. */
const LOG_BYTES = { check: 180, task: 307, run: 420 } as const;

export const SHARDS = 16;
const SLOTS = 16;
/** A check takes so long while it waits: for the token endpoint, Graph and four calls of storage. Assumed. */
export const CHECK_SECONDS = 0.25;
/** `bench/results/worker.json`: the median of `stead`, which a test compares. */
export const CPU_SECONDS = 0.0051;
const RUN_SECONDS = 50;
const RUNS = 30 * 24 * 60;
const MONTH_SECONDS = RUNS * 60;

/** How many checks a second a process does: as many as its slots, or its one thread, allow. */
export const PROCESS_PER_SECOND = Math.min(SLOTS / CHECK_SECONDS, 1 / CPU_SECONDS);
/** A run leases accounts for 50 s of each minute. */
export const KEEPS_UP_PER_SECOND = PROCESS_PER_SECOND * (RUN_SECONDS / 60);

/**
 * List prices in USD, as public pages gave them in November 2026 for one region. Yours differ. The pages are those below
 * https://azure.microsoft.com/pricing/details/: functions (Flex Consumption), storage/tables, storage/queues, storage/blobs (hot, local
 * redundancy) and monitor (Analytics logs).
 */
export const PRICES = {
  gbSecond: 0.000026,
  freeGbSeconds: 100_000,
  execution: 0.4e-6,
  freeExecutions: 250_000,
  tableRequest: 0.00036e-4,
  queueRequest: 0.0004e-4,
  blobRead: 0.0044e-4,
  blobWrite: 0.055e-4,
  logGb: 2.76,
  freeLogGb: 5,
} as const;

/** Once an hour, between 25 and 6 minutes before the end of an access token that lives 60 to 90 minutes. */
const TOKENS_PER_DAY = 24;
const CHECKS_PER_DAY: Record<Mode, number> = { 'keep-warm': TOKENS_PER_DAY, 'every-run': 24 * 60 };

export type Cost = ReturnType<typeof costOf>;

/** @param memoryGb of an instance */
export function costOf(users: number, mode: Mode, memoryGb = 2) {
  const checksPerSecond = (users * CHECKS_PER_DAY[mode]) / 86_400;
  const tokensPerSecond = (users * TOKENS_PER_DAY) / 86_400;
  const checks = checksPerSecond * MONTH_SECONDS;
  const tokens = tokensPerSecond * MONTH_SECONDS;
  const isSplit = checksPerSecond > KEEPS_UP_PER_SECOND;
  const parts = isSplit ? RUNS * SHARDS : 0;

  const tableRequests =
    checks * PER_CHECK.tableRequests + RUNS * PER_RUN.tableRequests + parts * PER_PART.tableRequests;
  // A cache is written only if it has a new token.
  const [blobReads, blobWrites] = [checks * PER_CHECK.blobReads, tokens];
  const queueRequests = parts * PER_PART.queueRequests;
  const executions = RUNS + parts;
  const busySeconds = checks / PROCESS_PER_SECOND;
  const gbSeconds = Math.max(busySeconds, executions) * memoryGb;
  const logGb = (checks * (LOG_BYTES.check + LOG_BYTES.task) + executions * LOG_BYTES.run) / 1e9;

  const usd = {
    storage:
      tableRequests * PRICES.tableRequest +
      queueRequests * PRICES.queueRequest +
      blobReads * PRICES.blobRead +
      blobWrites * PRICES.blobWrite,
    functions:
      Math.max(0, gbSeconds - PRICES.freeGbSeconds) * PRICES.gbSecond +
      Math.max(0, executions - PRICES.freeExecutions) * PRICES.execution,
    log: Math.max(0, logGb - PRICES.freeLogGb) * PRICES.logGb,
  };
  const storagePerSecond = (tableRequests + blobReads + blobWrites) / MONTH_SECONDS;
  const entitiesPerPartition = (checksPerSecond * PER_CHECK.entities) / SHARDS;
  return {
    users,
    mode,
    checksPerSecond,
    tokensPerSecond,
    storagePerSecond,
    entitiesPerPartition,
    queuePerSecond: queueRequests / MONTH_SECONDS,
    storageRequests: tableRequests + queueRequests + blobReads + blobWrites,
    gbSeconds,
    logGb,
    isSplit,
    /** How many processes keep up. More than there are shards are too many. */
    processes: Math.max(1, Math.ceil(checksPerSecond / KEEPS_UP_PER_SECOND)),
    usd: { ...usd, all: usd.storage + usd.functions + usd.log },
  };
}

/** The most users for whom something holds that grows with the checks. */
export function mostUsers(mode: Mode) {
  const one = costOf(1_000_000, mode);
  const until = (limit: number, atOneMillion: number) => (limit / atOneMillion) * 1_000_000;
  return {
    oneProcess: until(KEEPS_UP_PER_SECOND, one.checksPerSecond),
    sixteenProcesses: until(KEEPS_UP_PER_SECOND * SHARDS, one.checksPerSecond),
    partition: until(LIMITS.partitionPerSecond, one.entitiesPerPartition),
    account: until(LIMITS.accountPerSecond, one.storagePerSecond),
  };
}

/** What a deployment costs without any user, each minute one run of a second, the least that is billed. */
export const idleGbSeconds = (memoryGb: number): number => RUNS * memoryGb;
