import { tableLines } from '../../ops/cli/printTable.ts';
import { readArguments } from '../../ops/cli/readArguments.ts';
import { type Benchmark, readCount } from '../benchmark.ts';
import { ratioOf, rounded, spreadOf, spreadText, turnsOf } from '../rounds.ts';
import { startStage } from './startStage.ts';

const SUBJECTS = ['bareFloor', 'mandatedFloor', 'stead', 'usualWay'] as const;
const USERS = 50;
const CONNECTIONS = 64;
const ROUND_MS = 2_000;
const WARM_UP_MS = 2_500;

/** What a request causes beside the call to Graph. */
type Calls = { storage: number; token: number };

/** The CPU time of a request whose caller this process knows. */
export const warmBenchmark: Benchmark = {
  about: 'CPU time of a profile request whose token is in memory',
  options: '[--rounds 5] [--profile FOLDER]',

  async run(args, tell) {
    const { values } = readArguments(args, {
      rounds: { type: 'string', default: '5' },
      profile: { type: 'string' },
    });
    const rounds = readCount('--rounds', values.rounds);
    const stage = await startStage(SUBJECTS, { profileTo: values.profile });
    try {
      const tokens = await stage.upstreams.signIn(USERS);
      const hosts = await Promise.all(SUBJECTS.map((subject) => stage.start(subject)));
      const loadOf = (index: number, forMs: number) =>
        stage.generator.load({
          url: `${hosts[index]?.origin}/api/profile`,
          tokens,
          connections: CONNECTIONS,
          forMs,
        });
      for (const index of SUBJECTS.keys()) await loadOf(index, WARM_UP_MS);
      const measured = SUBJECTS.map(() => ({
        cpuMs: [] as number[],
        perSecond: [] as number[],
        calls: [] as Calls[],
      }));
      for (let round = 0; round < rounds; round += 1) {
        tell(`round ${round + 1} of ${rounds}`);
        for (const index of turnsOf(SUBJECTS.length, round)) {
          const host = hosts[index];
          if (host === undefined) continue;
          await stage.upstreams.countFromZero();
          const before = await stage.usageOf(host);
          const { answers, ms } = await loadOf(index, ROUND_MS);
          const after = await stage.usageOf(host);
          const { table, blob, token } = await stage.upstreams.counts();
          measured[index]?.calls.push({
            storage: rounded((table + blob) / answers),
            token: rounded(token / answers),
          });
          measured[index]?.cpuMs.push((after.cpuMs - before.cpuMs) / answers);
          measured[index]?.perSecond.push((answers * 1_000) / ms);
        }
      }
      const cpuOf = (subject: (typeof SUBJECTS)[number]) => measured[SUBJECTS.indexOf(subject)]?.cpuMs ?? [];
      const results = {
        users: USERS,
        connections: CONNECTIONS,
        rounds,
        subjects: SUBJECTS.map((subject, index) => ({
          subject,
          cpuMs: spreadOf(cpuOf(subject)),
          requestsPerSecond: rounded(spreadOf(measured[index]?.perSecond ?? []).median),
          /** Whoever forgets the token asks for one each time. */
          callsPerRequest: measured[index]?.calls.at(-1),
        })),
        reach: [
          {
            what: 'CPU of the mandated floor',
            ratio: ratioOf(cpuOf('stead'), cpuOf('mandatedFloor')),
            most: 1.1,
          },
          { what: 'CPU of the bare floor', ratio: ratioOf(cpuOf('stead'), cpuOf('bareFloor')), most: 1.5 },
          {
            what: 'CPU of the usual way to ours',
            ratio: ratioOf(cpuOf('usualWay'), cpuOf('stead')),
            least: 3,
          },
        ],
      };
      const rows = results.subjects.map(({ subject, cpuMs, requestsPerSecond }) => [
        subject,
        spreadText(cpuMs),
        String(requestsPerSecond),
      ]);
      return { results, lines: tableLines(['', 'CPU ms a request', 'requests/s'], rows) };
    } finally {
      await stage.stop();
    }
  },
};
