import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { tableLines } from '../../ops/cli/printTable.ts';
import { readArguments } from '../../ops/cli/readArguments.ts';
import { type Benchmark, readCount } from '../benchmark.ts';
import { ratioOf, rounded, spreadOf, spreadText, turnsOf } from '../rounds.ts';
import { startUpstreams } from '../upstreams/startUpstreams.ts';
import type { Counts } from '../upstreams/upstreamsProcess.ts';
import type { SweepOrder, SweepSubject, Swept } from './sweepProcess.ts';

const PROCESS = fileURLToPath(new URL('./sweepProcess.ts', import.meta.url));
const SUBJECTS = ['floor', 'stead', 'usualWay'] as const satisfies readonly SweepSubject[];
const LATENCIES = { storageMs: 5, tokenMs: 50, apiMs: 20 };
/** As the timer runs it. */
const CONCURRENCY = 16;
const MANY_AT_ONCE = 64;
/** One call for a token and three of storage, which no worker can do without. */
const IDEAL_MS = LATENCIES.tokenMs + 3 * LATENCIES.storageMs;

type Measured = Swept & { counts: Counts };

/** A run of the worker over so many due users, with the clients of storage and a storage server in another process. */
export const workerBenchmark: Benchmark = {
  about: 'a refresh run over due users, with the clients of storage',
  options: '[--users 1000] [--rounds 3] [--profile FOLDER]',

  async run(args, tell) {
    const { values } = readArguments(args, {
      users: { type: 'string', default: '1000' },
      rounds: { type: 'string', default: '3' },
      profile: { type: 'string' },
    });
    const users = readCount('--users', values.users);
    const rounds = readCount('--rounds', values.rounds);
    const measured = SUBJECTS.map(() => [] as Measured[]);
    for (let round = 0; round < rounds; round += 1) {
      for (const index of turnsOf(SUBJECTS.length, round)) {
        const subject = SUBJECTS[index] ?? 'stead';
        tell(`round ${round + 1} of ${rounds}: ${subject}`);
        measured[index]?.push(
          await measureSweep({ subject, users, concurrency: CONCURRENCY, profileTo: values.profile }),
        );
      }
    }
    tell(`${MANY_AT_ONCE} at a time`);
    const many = await measureSweep({ subject: 'stead', users, concurrency: MANY_AT_ONCE });
    const cpu = measured.map((runs) => runs.map(({ cpuMs }) => cpuMs / users));
    const rate = measured.map((runs) => runs.map(({ ms }) => (users * 1_000) / ms));
    const [floorCpu = [], steadCpu = [], usualCpu = []] = cpu;
    const ideal = (CONCURRENCY * 1_000) / IDEAL_MS;
    const results = {
      users,
      concurrency: CONCURRENCY,
      latencies: LATENCIES,
      rounds,
      idealUsersPerSecond: rounded(ideal),
      subjects: SUBJECTS.map((subject, index) => ({
        subject,
        cpuMs: spreadOf(cpu[index] ?? []),
        usersPerSecond: spreadOf(rate[index] ?? []),
        eventLoopBusy: spreadOf((measured[index] ?? []).map(({ busy }) => busy)),
        callsPerUser: callsOf(measured[index]?.at(-1), users),
      })),
      manyAtOnce: {
        concurrency: MANY_AT_ONCE,
        cpuMs: rounded(many.cpuMs / users),
        usersPerSecond: rounded((users * 1_000) / many.ms),
        eventLoopBusy: rounded(many.busy),
      },
      reach: [
        { what: 'CPU ms a user', ratio: spreadOf(steadCpu), most: 3 },
        {
          what: 'users/s of the ideal',
          ratio: spreadOf((rate[1] ?? []).map((one) => one / ideal)),
          least: 0.85,
        },
        { what: 'CPU of the floor', ratio: ratioOf(steadCpu, floorCpu) },
        { what: 'CPU of the usual way to ours', ratio: ratioOf(usualCpu, steadCpu) },
      ],
    };
    const rows = results.subjects.map(({ subject, cpuMs, usersPerSecond, eventLoopBusy, callsPerUser }) => [
      subject,
      ...[cpuMs, usersPerSecond, eventLoopBusy].map(spreadText),
      String(callsPerUser.storage),
    ]);
    const heading = ['', 'CPU ms a user', 'users/s', 'busy', 'storage calls a user'];
    return { results, lines: tableLines(heading, rows) };
  },
};

const callsOf = (one: Measured | undefined, users: number) => ({
  storage: rounded(((one?.counts.table ?? 0) + (one?.counts.blob ?? 0)) / users),
  transactions: rounded((one?.counts.transactions ?? 0) / users),
  token: rounded((one?.counts.token ?? 0) / users),
});

/** @throws Error not every user was refreshed, or anything was amiss: that is no measurement. */
async function measureSweep(of: Omit<SweepOrder, 'settings'>): Promise<Measured> {
  const { users } = of;
  const upstreams = await startUpstreams();
  const child = fork(PROCESS);
  try {
    const order: SweepOrder = { ...of, settings: upstreams.settings };
    child.send(order);
    await Promise.race([once(child, 'message'), endOf(child)]);
    await upstreams.setLatencies(LATENCIES);
    await upstreams.countFromZero();
    child.send('sweep');
    const [{ swept }] = (await Promise.race([once(child, 'message'), endOf(child)])) as [{ swept: Swept }];
    const counts = await upstreams.counts();
    const trouble = Object.entries(swept.trouble).map(
      ([event, count]) => `${event} was logged ${count} times`,
    );
    if (swept.refreshed !== users) trouble.push(`${swept.refreshed} of ${users} users were refreshed`);
    if (counts.givenOne !== users) trouble.push(`${counts.givenOne} of ${users} users were given one token`);
    if (trouble.length > 0) throw new Error(`This run is no measurement: ${trouble.join(', ')}.`);
    return { ...swept, counts };
  } finally {
    if (child.connected) child.disconnect();
    upstreams.stop();
  }
}

async function endOf(child: ReturnType<typeof fork>): Promise<never> {
  const [code] = await once(child, 'exit');
  throw new Error(`The process of the sweep ended with code ${code} before it was done.`);
}
