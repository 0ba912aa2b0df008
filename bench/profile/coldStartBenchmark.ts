import { tableLines } from '../../ops/cli/printTable.ts';
import { readArguments } from '../../ops/cli/readArguments.ts';
import { type Benchmark, readCount } from '../benchmark.ts';
import { ratioOf, spreadOf, spreadText, turnsOf } from '../rounds.ts';
import { startStage } from './startStage.ts';

const SUBJECTS = ['bareFloor', 'stead', 'usualWayPlain', 'usualWay'] as const;
const ROUNDS = '15';

/**
 * From the start of a process to its first answer to a user whom nobody knows. The local host takes its time before it loads
 * the application, which is the same for all, so loading and the first request are measured without it. The ratios are those
 * of CPU time, because a machine that is shared makes times of less than a second useless.
 */
export const coldStartBenchmark: Benchmark = {
  about: 'loading the application in a new process, and its first request',
  options: `[--rounds ${ROUNDS}] [--profile FOLDER]`,

  async run(args, tell) {
    const { values } = readArguments(args, {
      rounds: { type: 'string', default: ROUNDS },
      profile: { type: 'string' },
    });
    const rounds = readCount('--rounds', values.rounds);
    const stage = await startStage(SUBJECTS, { profileTo: values.profile });
    try {
      const measured = SUBJECTS.map(() => ({
        loadMs: [] as number[],
        loadCpuMs: [] as number[],
        bothMs: [] as number[],
        bothCpuMs: [] as number[],
        rssMb: [] as number[],
      }));
      for (let round = 0; round < rounds; round += 1) {
        tell(`round ${round + 1} of ${rounds}`);
        for (const index of turnsOf(SUBJECTS.length, round)) {
          const tokens = await stage.upstreams.signIn(1);
          const host = await stage.start(SUBJECTS[index] ?? 'stead');
          const url = `${host.origin}/api/profile`;
          const { p50 } = await stage.generator.load({ url, tokens, connections: 1, requests: 1 });
          const { load, rssMb, cpuMs } = await stage.usageOf(host);
          await host.stop();
          const one = measured[index];
          if (load === undefined || one === undefined) throw new TypeError('the load was not measured');
          one.loadMs.push(load.ms);
          one.loadCpuMs.push(load.cpuMs);
          one.bothMs.push(load.ms + p50);
          one.bothCpuMs.push(load.cpuMs + cpuMs - load.endedAtCpuMs);
          one.rssMb.push(rssMb);
        }
      }
      const [, stead, plain, best] = measured;
      const reachOf = (what: string, of: 'loadCpuMs' | 'bothCpuMs', other: typeof stead, most?: number) => ({
        what,
        ratio: ratioOf(stead?.[of] ?? [], other?.[of] ?? []),
        ...(most !== undefined && { most }),
      });
      const results = {
        rounds,
        subjects: SUBJECTS.map((subject, index) => {
          const {
            loadMs = [],
            loadCpuMs = [],
            bothMs = [],
            bothCpuMs = [],
            rssMb = [],
          } = measured[index] ?? {};
          return {
            subject,
            loadMs: spreadOf(loadMs),
            loadCpuMs: spreadOf(loadCpuMs),
            bothMs: spreadOf(bothMs),
            bothCpuMs: spreadOf(bothCpuMs),
            rssMb: spreadOf(rssMb),
          };
        }),
        reach: [
          reachOf(
            'CPU of load and first request, of the usual way bundled plainly',
            'bothCpuMs',
            plain,
            0.95,
          ),
          reachOf('CPU of the load, of the usual way bundled plainly', 'loadCpuMs', plain, 0.85),
          reachOf('CPU of the load, of the usual way built as we are', 'loadCpuMs', best),
        ],
      };
      const rows = results.subjects.map(({ subject, loadMs, loadCpuMs, bothMs, bothCpuMs }) => [
        subject,
        ...[loadMs, loadCpuMs, bothMs, bothCpuMs].map(spreadText),
      ]);
      const heading = ['', 'load ms', 'load CPU ms', 'and first request ms', 'CPU ms'];
      return { results, lines: tableLines(heading, rows) };
    } finally {
      await stage.stop();
    }
  },
};
