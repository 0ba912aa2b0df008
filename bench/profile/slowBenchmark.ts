import { tableLines } from '../../ops/cli/printTable.ts';
import { readArguments } from '../../ops/cli/readArguments.ts';
import { type Benchmark, readCount } from '../benchmark.ts';
import { ratioOf, spreadOf, spreadText, turnsOf } from '../rounds.ts';
import { startStage } from './startStage.ts';

const SUBJECTS = ['mandatedFloor', 'stead', 'usualWay'] as const;
const LATENCIES = { storageMs: 5, tokenMs: 50, apiMs: 20 };
const USERS = 20;
const CONNECTIONS = 8;
const ROUND_MS = 2_000;
const FIRST_VISITS = 15;
/** What a first visit has to wait for: the token endpoint, Graph, and two calls of storage. */
const FIRST_VISIT_MS = LATENCIES.tokenMs + LATENCIES.apiMs + 2 * LATENCIES.storageMs;

/** How long a request takes if what it waits for is slow: of a user who is known, and of one who is new. */
export const slowBenchmark: Benchmark = {
  about: 'how long a request and a first visit take over slow services',
  options: '[--rounds 5]',

  async run(args, tell) {
    const { values } = readArguments(args, { rounds: { type: 'string', default: '5' } });
    const rounds = readCount('--rounds', values.rounds);
    const stage = await startStage(SUBJECTS, { latencies: LATENCIES });
    const { upstreams, generator } = stage;
    try {
      const hosts = await Promise.all(SUBJECTS.map((subject) => stage.start(subject)));
      const tokens = await upstreams.signIn(USERS);
      const urls = hosts.map(({ origin }) => `${origin}/api/profile`);
      const warm = SUBJECTS.map(() => [] as number[]);
      const first = SUBJECTS.map(() => [] as number[]);
      for (const url of urls)
        await generator.load({ url, tokens, connections: CONNECTIONS, forMs: ROUND_MS });
      for (let round = 0; round < rounds; round += 1) {
        tell(`round ${round + 1} of ${rounds}`);
        for (const index of turnsOf(SUBJECTS.length, round)) {
          const url = urls[index] ?? '';
          const known = { url, tokens, connections: CONNECTIONS, forMs: ROUND_MS };
          warm[index]?.push((await generator.load(known)).p50);
          const strangers = await upstreams.signIn(FIRST_VISITS);
          const visits = { url, tokens: strangers, connections: 1, requests: FIRST_VISITS };
          first[index]?.push((await generator.load(visits)).p50);
        }
      }
      const [floor = [], stead = [], usual = []] = warm;
      const [firstFloor = [], firstStead = []] = first;
      const results = {
        latencies: LATENCIES,
        connections: CONNECTIONS,
        rounds,
        subjects: SUBJECTS.map((subject, index) => ({
          subject,
          p50Ms: spreadOf(warm[index] ?? []),
          firstVisitMs: spreadOf(first[index] ?? []),
        })),
        reach: [
          { what: 'p50 of the mandated floor', ratio: ratioOf(stead, floor), most: 1.1 },
          { what: 'p50 of the usual way to ours', ratio: ratioOf(usual, stead), least: 1.2 },
          {
            what: `first visit of ${FIRST_VISIT_MS} ms: token, Graph and two calls of storage`,
            ratio: ratioOf(
              firstStead,
              firstStead.map(() => FIRST_VISIT_MS),
            ),
            most: 1.1,
          },
          {
            what: `first visit of ${FIRST_VISIT_MS} ms and four times what the floor's call takes beyond its ${LATENCIES.apiMs}`,
            ratio: ratioOf(
              firstStead,
              firstFloor.map((ms) => FIRST_VISIT_MS + 4 * (ms - LATENCIES.apiMs)),
            ),
          },
        ],
      };
      const rows = results.subjects.map(({ subject, p50Ms, firstVisitMs }) => [
        subject,
        spreadText(p50Ms),
        spreadText(firstVisitMs),
      ]);
      return { results, lines: tableLines(['', 'p50 ms, warm', 'p50 ms, first visit'], rows) };
    } finally {
      await stage.stop();
    }
  },
};
