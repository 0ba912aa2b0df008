import { type Line, lineChart, short } from './lineChart.ts';
import {
  type Cost,
  costOf,
  idleGbSeconds,
  KEEPS_UP_PER_SECOND,
  LIMITS,
  MODES,
  type Mode,
  mostUsers,
  PRICES,
  PROCESS_PER_SECOND,
  USERS,
} from './model.ts';

export const SCALE_BEGIN = '<!-- The numbers: npm run bench:scale writes what follows. -->';
export const SCALE_END = '<!-- The end of the numbers. -->';

const NAMES: Record<Mode, string> = { 'keep-warm': 'by default', 'every-run': '`REFRESH_EVERY_RUN`' };

/** The images by their names, and the lines of the tables. */
export function makePages(): { images: Map<string, string>; lines: string[] } {
  const costs = MODES.flatMap((mode) => USERS.map((users) => costOf(users, mode)));
  const images = new Map([
    [
      'scale-storage.svg',
      lineChart('Requests to the storage account, a second', [
        ...MODES.map((mode) =>
          lineOf(mode === 'keep-warm' ? 'by default' : 'every run', mode, (cost) => cost.storagePerSecond),
        ),
        limit('an account takes', LIMITS.accountPerSecond),
      ]),
    ],
    [
      'scale-partition.svg',
      lineChart('Entities in one partition, a second', [
        ...MODES.map((mode) =>
          lineOf(
            mode === 'keep-warm' ? 'by default' : 'every run',
            mode,
            (cost) => cost.entitiesPerPartition,
          ),
        ),
        limit('a partition takes', LIMITS.partitionPerSecond),
      ]),
    ],
    [
      'scale-cost.svg',
      lineChart('A month by the default settings, in USD', [
        lineOf('storage requests', 'keep-warm', ({ usd }) => usd.storage),
        lineOf('functions (2 GB)', 'keep-warm', ({ usd }) => usd.functions),
        lineOf('log', 'keep-warm', ({ usd }) => usd.log),
      ]),
    ],
  ]);
  return {
    images,
    lines: [
      `A process does ${whole(PROCESS_PER_SECOND)} checks a second, and keeps up with ${whole(KEEPS_UP_PER_SECOND)}, because it leases accounts for 50 s of each minute.`,
      '',
      '| users | mode | checks/s | token requests/s | storage requests/s | entities/s in a partition | processes |',
      '|---|---|---|---|---|---|---|',
      ...costs.map(
        (cost) =>
          `| ${short(cost.users)} | ${NAMES[cost.mode]} | ${short(cost.checksPerSecond)} | ${short(cost.tokensPerSecond)} | ${marked(cost.storagePerSecond, LIMITS.accountPerSecond)} | ${marked(cost.entitiesPerPartition, LIMITS.partitionPerSecond)} | ${marked(cost.processes, 16)} |`,
      ),
      '',
      '**Bold** is more than the platform takes, or than there are shards. A month then costs, in USD:',
      '',
      '| users | mode | storage requests | GB-seconds (2 GB) | log GB | storage | functions | log | in all |',
      '|---|---|---|---|---|---|---|---|---|',
      ...costs.map(
        ({ users, mode, storageRequests, gbSeconds, logGb, usd }) =>
          `| ${short(users)} | ${NAMES[mode]} | ${short(storageRequests)} | ${short(gbSeconds)} | ${short(logGb)} | ${whole(usd.storage)} | ${whole(usd.functions)} | ${whole(usd.log)} | ${whole(usd.all)} |`,
      ),
      '',
      '| the most users | by default | `REFRESH_EVERY_RUN` |',
      '|---|---|---|',
      ...(
        [
          ['oneProcess', 'one process keeps up'],
          ['sixteenProcesses', '16 processes keep up (`SPLIT_RUNS_ABOVE`)'],
          ['partition', 'a partition takes it (2,000 entities/s)'],
          ['account', 'an account takes it (20,000 requests/s)'],
        ] as const
      ).map(
        ([what, says]) => `| ${says} | ${MODES.map((mode) => short(mostUsers(mode)[what])).join(' | ')} |`,
      ),
      '',
      `Without any user, a run of a second in each minute makes ${whole(idleGbSeconds(0.5))} GB-seconds a month with 512 MB and ${whole(idleGbSeconds(2))} with 2 GB. ${whole(PRICES.freeGbSeconds)} are free.`,
      '',
      ...[...images].map(
        ([name, svg]) => `![${/aria-label="([^"]*)"/.exec(svg)?.[1] ?? ''}](images/${name})`,
      ),
    ],
  };
}

function lineOf(label: string, mode: Mode, value: (cost: Cost) => number): Line {
  const points = USERS.map((users) => ({ x: users, y: value(costOf(users, mode)) })).filter(({ y }) => y > 0);
  return { label, points };
}

const limit = (label: string, y: number): Line => ({
  label,
  points: [USERS[0], USERS.at(-1) ?? USERS[0]].map((x) => ({ x, y })),
  isLimit: true,
});

const whole = (value: number): string => Math.round(value).toLocaleString('en-US');

const marked = (value: number, most: number): string => (value > most ? `**${short(value)}**` : short(value));

/** The document with the numbers in the place of those that it has. @throws {TypeError} it has no place for them. */
export function withNumbers(document: string, lines: readonly string[]): string {
  const [begin, end] = [document.indexOf(SCALE_BEGIN), document.indexOf(SCALE_END)];
  if (begin === -1 || end < begin) throw new TypeError('The document has no place for the numbers.');
  return `${document.slice(0, begin)}${SCALE_BEGIN}\n\n${lines.join('\n')}\n\n${document.slice(end)}`;
}
