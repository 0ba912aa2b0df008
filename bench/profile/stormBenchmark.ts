import { tableLines } from '../../ops/cli/printTable.ts';
import { readArguments } from '../../ops/cli/readArguments.ts';
import { type Benchmark, readCount } from '../benchmark.ts';
import { rounded, spreadOf, spreadText, turnsOf } from '../rounds.ts';
import { startStage } from './startStage.ts';

const SUBJECTS = ['mandatedFloor', 'stead', 'usualWay'] as const;
const LATENCIES = { storageMs: 5, tokenMs: 50, apiMs: 20 };
const REQUESTS = 1_000;
/** How many users who are new share the requests. */
const STORMS = [1, 50];

/** A thousand requests at once of users whom the process does not know yet. */
export const stormBenchmark: Benchmark = {
  about: `${REQUESTS} requests at once of one new user, and of ${STORMS[1]}`,
  options: '[--rounds 3]',

  async run(args, tell) {
    const { values } = readArguments(args, { rounds: { type: 'string', default: '3' } });
    const rounds = readCount('--rounds', values.rounds);
    const stage = await startStage(SUBJECTS, { latencies: LATENCIES });
    const { upstreams, generator } = stage;
    try {
      const hosts = await Promise.all(SUBJECTS.map((subject) => stage.start(subject)));
      const measured = SUBJECTS.flatMap((subject) =>
        STORMS.map((users) => ({
          subject,
          users,
          p99Ms: [] as number[],
          exchanges: [] as number[],
          cpuMs: [] as number[],
        })),
      );
      const storm = async (index: number, users: number) => {
        const host = hosts[index];
        if (host === undefined) throw new TypeError('there is no such subject');
        const tokens = await upstreams.signIn(users);
        await upstreams.countFromZero();
        const before = await stage.usageOf(host);
        const url = `${host.origin}/api/profile`;
        const { p99 } = await generator.load({ url, tokens, connections: REQUESTS, requests: REQUESTS });
        const after = await stage.usageOf(host);
        return { p99, exchanges: (await upstreams.counts()).token, cpuMs: after.cpuMs - before.cpuMs };
      };
      for (const index of SUBJECTS.keys()) await storm(index, 1);
      for (let round = 0; round < rounds; round += 1) {
        tell(`round ${round + 1} of ${rounds}`);
        for (const index of turnsOf(SUBJECTS.length, round)) {
          for (const [place, users] of STORMS.entries()) {
            const { p99, exchanges, cpuMs } = await storm(index, users);
            const row = measured[index * STORMS.length + place];
            row?.p99Ms.push(p99);
            row?.exchanges.push(exchanges);
            row?.cpuMs.push(cpuMs / REQUESTS);
          }
        }
      }
      const most = (subject: string, users: number) =>
        Math.max(
          ...(measured.find((one) => one.subject === subject && one.users === users)?.exchanges ?? []),
        );
      const results = {
        latencies: LATENCIES,
        requests: REQUESTS,
        rounds,
        subjects: measured.map(({ subject, users, p99Ms, exchanges, cpuMs }) => ({
          subject,
          users,
          exchanges: Math.max(...exchanges),
          p99Ms: spreadOf(p99Ms),
          cpuMs: spreadOf(cpuMs),
        })),
        reach: STORMS.map((users) => ({
          what: `exchanges for each of ${users} users`,
          ratio: spreadOf([rounded(most('stead', users) / users)]),
          most: 1,
        })),
      };
      const rows = results.subjects.map(({ subject, users, exchanges, p99Ms, cpuMs }) => [
        subject,
        String(users),
        String(exchanges),
        spreadText(p99Ms),
        spreadText(cpuMs),
      ]);
      const heading = ['', 'users', 'exchanges', 'p99 ms', 'CPU ms a request'];
      return { results, lines: tableLines(heading, rows) };
    } finally {
      await stage.stop();
    }
  },
};
