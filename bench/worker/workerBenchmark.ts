import { join } from 'node:path';
import { tableLines } from '../../ops/cli/printTable.ts';
import { readArguments } from '../../ops/cli/readArguments.ts';
import { type Benchmark, readCount } from '../benchmark.ts';
import { ratioOf, rounded, spreadOf, spreadText, turnsOf } from '../rounds.ts';
import { LATENCIES, type Measured, measureSweep } from './measureSweep.ts';
import type { SweepSubject } from './sweepProcess.ts';

const SUBJECTS = ['bareFloor', 'floor', 'stead', 'usualWay'] as const satisfies readonly SweepSubject[];
const OURS = 'stead';
/** As the timer runs it. */
const CONCURRENCY = 16;
const MANY_AT_ONCE = 64;
/** One call for a token and three of storage, which no worker can do without. */
const IDEAL_MS = LATENCIES.tokenMs + 3 * LATENCIES.storageMs;

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
        const subject = SUBJECTS[index] ?? OURS;
        tell(`round ${round + 1} of ${rounds}: ${subject}`);
        measured[index]?.push(
          await measureSweep({ subject, users, concurrency: CONCURRENCY, profileTo: values.profile }),
        );
      }
    }
    tell(`${MANY_AT_ONCE} at a time`);
    const many = await measureSweep({
      subject: OURS,
      users,
      concurrency: MANY_AT_ONCE,
      ...(values.profile !== undefined && { profileTo: join(values.profile, String(MANY_AT_ONCE)) }),
    });
    const cpu = measured.map((runs) => runs.map(({ cpuMs }) => cpuMs / users));
    const rate = measured.map((runs) => runs.map(({ ms }) => (users * 1_000) / ms));
    const [bareCpu = [], floorCpu = [], steadCpu = [], usualCpu = []] = cpu;
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
          ratio: spreadOf((rate[SUBJECTS.indexOf(OURS)] ?? []).map((one) => one / ideal)),
          least: 0.85,
        },
        { what: 'CPU of the floor', ratio: ratioOf(steadCpu, floorCpu) },
        {
          what: 'CPU of the floor to that without the clients of storage',
          ratio: ratioOf(floorCpu, bareCpu),
        },
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
