import { isReached, type Reach } from '../benchmark.ts';
import { type Spread, spreadText } from '../rounds.ts';
import { barChart } from './barChart.ts';

/** A result as `npm run bench -- NAME --keep` has written it. */
export type Result = {
  benchmark: string;
  environment: {
    commit: string;
    node: string;
    cpu: string;
    cores: number;
    load: number;
    versions: Record<string, string>;
  };
  reach?: readonly Reach[];
  subjects?: readonly ({ subject: string } & Record<string, unknown>)[];
  latencies?: { tokenMs: number };
  /** Of the benchmark `worker`. */
  manyAtOnce?: { concurrency: number; usersPerSecond: number; eventLoopBusy: number };
  /** Of the benchmark `seal`. */
  caches?: readonly ({ name: string } & Record<'seal' | 'open', { ratio: Spread }>)[];
};

export const REPORT_BEGIN = '<!-- The results: npm run bench:report writes what follows. -->';
export const REPORT_END = '<!-- The end of the results. -->';

const OURS = 'stead';
const NAMES: Record<string, string> = {
  bareFloor: 'bare floor',
  mandatedFloor: 'mandated floor',
  floor: 'floor',
  stead: 'Stead',
  usualWay: 'usual way',
  usualWayPlain: 'usual way, plain',
};

/** What is drawn: a measure of a benchmark's subjects. */
const PLOTS = [
  { benchmark: 'profile-warm', measure: 'cpuMs', title: 'A warm request: CPU time in ms' },
  { benchmark: 'cold-start', measure: 'loadCpuMs', title: 'A cold start: CPU time of the load in ms' },
  {
    benchmark: 'cold-start',
    measure: 'bothCpuMs',
    title: 'A cold start: CPU time of load and first request in ms',
  },
  { benchmark: 'worker', measure: 'cpuMs', title: 'A check of the worker: CPU time in ms' },
] as const;

/** The images by their names, and the lines of the table and of what was measured where. */
export function makeReport(results: readonly Result[]): { images: Map<string, string>; lines: string[] } {
  const images = new Map<string, string>();
  for (const { benchmark, measure, title } of PLOTS) {
    const subjects = results.find((one) => one.benchmark === benchmark)?.subjects ?? [];
    const bars = subjects.map((subject) => ({
      label: NAMES[subject.subject] ?? subject.subject,
      isOurs: subject.subject === OURS,
      ...(subject[measure] as Spread),
    }));
    if (bars.length > 0) images.set(`performance-${benchmark}-${measure}.svg`, barChart(title, bars));
  }
  const rows = results.flatMap((result) => {
    const reached = (result.reach ?? []).map((one) => [one.what, spreadText(one.ratio), wanted(one)]);
    const others = reported(result).map(([what, figure]) => [what, figure, 'reported']);
    return [...reached, ...others].map((row) => `| \`${result.benchmark}\` | ${row.join(' | ')} |`);
  });
  return {
    images,
    lines: [
      '| benchmark | what | median (p10–p90) | reach |',
      '|---|---|---|---|',
      ...rows,
      '',
      ...[...images].map(([name, svg]) => `![${titleOf(svg)}](images/${name})`),
      '',
      ...results.map(
        ({ benchmark, environment: { commit, node, cpu, cores, load } }) =>
          `- \`${benchmark}\`: commit ${commit}, Node ${node}, ${cores} × ${cpu}, load ${load}`,
      ),
    ],
  };
}

/** What a result says beside what was to be reached. */
function reported({ benchmark, subjects = [], latencies, manyAtOnce, caches = [] }: Result): string[][] {
  const storms = benchmark === 'profile-storm' ? subjects.filter(({ subject }) => subject === OURS) : [];
  return [
    ...storms.map(({ users, p99Ms }) => [
      `p99 in ms of ${users} users, where an exchange takes ${latencies?.tokenMs}`,
      spreadText(p99Ms as Spread),
    ]),
    ...(manyAtOnce === undefined
      ? []
      : [
          [`users/s at ${manyAtOnce.concurrency} at a time`, String(manyAtOnce.usersPerSecond)],
          [
            `share of the time in which the thread works at ${manyAtOnce.concurrency} at a time`,
            String(manyAtOnce.eventLoopBusy),
          ],
        ]),
    ...caches.flatMap(({ name, seal, open }) => [
      [`sealing ${name}, of the cipher alone`, spreadText(seal.ratio)],
      [`opening ${name}, of the cipher alone`, spreadText(open.ratio)],
    ]),
  ];
}

function wanted(one: Reach): string {
  const { most, least } = one;
  if (most === undefined && least === undefined) return 'reported';
  const limit = most === undefined ? `at least ${least}` : `at most ${most}`;
  return `${limit}: ${isReached(one) ? 'reached' : '**not reached**'}`;
}

const titleOf = (svg: string): string => /aria-label="([^"]*)"/.exec(svg)?.[1] ?? '';

/** The document with the results in the place of those that it has. @throws {TypeError} it has no place for them. */
export function withReport(document: string, lines: readonly string[]): string {
  const [begin, end] = [document.indexOf(REPORT_BEGIN), document.indexOf(REPORT_END)];
  if (begin === -1 || end < begin) throw new TypeError('The document has no place for the results.');
  return `${document.slice(0, begin)}${REPORT_BEGIN}\n\n${lines.join('\n')}\n\n${document.slice(end)}`;
}
