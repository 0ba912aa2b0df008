/** `npm run sim -- [options]`: looks for a history in which Stead breaks a promise. */
import { PlainError, UsageError } from '../../ops/cli/errors.ts';
import { readArguments } from '../../ops/cli/readArguments.ts';
import { runCommand } from '../../ops/cli/runCommand.ts';
import { drawnEdges } from '../support/lifeDiagram.ts';
import { plant } from './plant.ts';
import { PLANTED_FAULTS } from './plantedFaults.ts';
import { ofPath, type Replay, readReplay } from './replay.ts';
import type { Form, Found, Report } from './search.ts';

const USAGE = `Usage: npm run sim -- [options]

Runs Stead in simulated processes over models of Entra, Graph and Azure Storage, in many orders and with many faults. A history
in which an invariant does not hold is made as short as possible and printed (docs/simulation.md).

  --form NAME      interleavings (default): short histories, in any order of their steps
                   years: many users and a long time; short-years: a few weeks
                   split: runs whose shards are handed to other processes by messages
  --seeds N        how many histories; default 500
  --seed N         where they begin; the same number gives the same histories. Default: a new one
  --replay WHICH   runs exactly one history again: the seed:path that was printed, or a JSON file with the history. A file
                   is told even if nothing is found
  --shorter        with --replay seed:path: makes that history as short as possible
  --guided NAME    runs one history of guidedMoments.ts, guidedCrowds.ts or foundHistories.ts
  --first          tells the first history that fails as it is, and does not make it shorter
  --plant NAME     plants a fault of test/simulation/plantedFaults.ts first
  --planted        plants each of them and prints the table of docs/simulation.md
  --json           prints one JSON document; two runs with the same seed differ in its member "time" alone
  --help           shows this text
`;

/** Which options each of these makes meaningless. */
const IGNORED_WITH: Readonly<Record<string, readonly string[]>> = {
  planted: ['form', 'seeds', 'seed', 'first', 'replay', 'shorter', 'guided', 'plant', 'json'],
  guided: ['seeds', 'seed', 'first', 'replay', 'shorter'],
  replay: ['seeds', 'seed', 'first'],
};

await runCommand(USAGE, async (args) => {
  const { values } = readArguments(args, {
    form: { type: 'string' },
    seeds: { type: 'string' },
    seed: { type: 'string' },
    first: { type: 'boolean' },
    replay: { type: 'string' },
    shorter: { type: 'boolean' },
    guided: { type: 'string' },
    plant: { type: 'string' },
    planted: { type: 'boolean' },
    json: { type: 'boolean' },
  });
  refuseIgnored(values);
  if (values.planted) return printPlanted();
  if (values.plant !== undefined) {
    if (!Object.hasOwn(PLANTED_FAULTS, values.plant))
      throw new UsageError(`There is no planted fault ${JSON.stringify(values.plant)}.`);
    plant(values.plant);
  }
  // Only now, so that the planted fault is in what is loaded.
  const { FORMS } = await import('./forms.ts');
  const { GUIDED } = await import('./guidedMoments.ts');
  const { GUIDED_SPLIT, GUIDED_YEARS } = await import('./guidedCrowds.ts');
  const guided = values.guided ?? '';
  const moments = Object.entries({ interleavings: GUIDED, split: GUIDED_SPLIT, years: GUIDED_YEARS });
  const [itsForm, its] = moments.find(([, all]) => Object.hasOwn(all, guided)) ?? [];
  const moment: unknown = its?.[guided];
  const name = values.form ?? itsForm ?? 'interleavings';
  const form = Object.hasOwn(FORMS, name) ? FORMS[name as keyof typeof FORMS] : undefined;
  if (form === undefined) throw new UsageError(`There is no form ${JSON.stringify(name)}.`);
  if (guided !== '' && moment === undefined) {
    throw new UsageError(`There is no guided history ${JSON.stringify(guided)}.`);
  }
  if (moment !== undefined && name !== itsForm)
    throw new UsageError(`This guided history has the form ${itsForm}.`);
  let report: Report<unknown>;
  try {
    report =
      moment !== undefined
        ? await runOnly(form as Form<unknown>, moment)
        : values.replay !== undefined
          ? await runAgain(
              form as Form<unknown>,
              name,
              readReplay(values.replay, name),
              values.shorter ?? false,
            )
          : await run(form as Form<unknown>, values);
  } catch (error) {
    if (!(error instanceof PlainError) || error instanceof UsageError) throw error;
    // What was named cannot be run. The usage would not say why.
    process.stderr.write(`${error.message}\n`);
    return 2;
  }
  process.stdout.write(
    values.json
      ? `${JSON.stringify(await documentOf(name, report), undefined, 2)}\n`
      : text(name, report, values),
  );
  return report.found === undefined ? 0 : 1;
});

/**
 * The JSON document. Two runs of the same histories give the same one but for `time`. It says which edges of the state diagram
 * nobody takes: neither these histories nor the guided ones.
 */
async function documentOf(form: string, { ms, ...report }: Report<unknown>) {
  const { GUIDED_HISTORIES } = await import('./guidedHistories.ts');
  const { simulate } = await import('./simulate.ts');
  const taken = new Set(report.edges);
  for (const history of Object.values(GUIDED_HISTORIES)) {
    for (const edge of (await simulate(history)).edges) taken.add(edge);
  }
  const drawn = drawnEdges();
  return {
    form,
    edgesDrawn: drawn.length,
    edgesNotTaken: drawn.filter((edge) => !taken.has(edge)),
    ...report,
    time: { ms, historiesPerSecond: rateOf(report.seeds, ms), stepsPerSecond: rateOf(report.steps, ms) },
  };
}

/** An option that another one would make ignored is a mistake of the caller, who would believe the result. */
function refuseIgnored(values: Readonly<Record<string, string | boolean | undefined>>): void {
  for (const [option, others] of Object.entries(IGNORED_WITH)) {
    if (values[option] === undefined) continue;
    const ignored = others.find((other) => values[other] !== undefined);
    if (ignored !== undefined) throw new UsageError(`--${ignored} has no meaning with --${option}.`);
  }
  if (values.shorter && values.replay === undefined)
    throw new UsageError('--shorter has a meaning only with --replay.');
}

async function printPlanted(): Promise<number> {
  const { findPlanted, plantedRow } = await import('./findPlanted.ts');
  process.stdout.write('| fault | seed | histories | steps | what is said |\n|---|---|---|---|---|\n');
  let missed = 0;
  for (const name of Object.keys(PLANTED_FAULTS)) {
    const report = await findPlanted(name);
    if (report.found === undefined) missed += 1;
    process.stdout.write(`${plantedRow(name, report)}\n`);
  }
  return missed === 0 ? 0 : 1;
}

async function run(
  form: Form<unknown>,
  { seeds, seed, first = false }: { seeds?: string; seed?: string; first?: boolean },
): Promise<Report<unknown>> {
  const { search } = await import('./search.ts');
  const from = whole('--seed', seed) ?? Math.floor(Math.random() * 2 ** 31);
  const count = whole('--seeds', seeds) ?? 500;
  if (count < 1) throw new UsageError('--seeds takes a number from 1 on.');
  return search(form, { seeds: count, seed: from, isFirstEnough: first });
}

/** Runs exactly the history that is named. A file is told even if nothing is found; what is found is told with the rest. */
async function runAgain(
  form: Form<unknown>,
  name: string,
  which: Replay,
  isShorter: boolean,
): Promise<Report<unknown>> {
  if ('history' in which) {
    const report = await runOnly(form, which.history);
    if (report.found === undefined) {
      const { lines } = await form.run(which.history, { tells: true });
      process.stderr.write(`${lines.join('\n')}\n`);
    }
    return report;
  }
  const { search } = await import('./search.ts');
  return ofPath(search(form, { seeds: 1, ...which, isFirstEnough: !isShorter }), name, which);
}

/** Runs one history, which is not made shorter. */
async function runOnly(form: Form<unknown>, history: unknown): Promise<Report<unknown>> {
  const { search } = await import('./search.ts');
  const { constant } = await import('fast-check');
  return search({ ...form, history: constant(history) }, { seeds: 1, seed: 0 });
}

function whole(option: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (!/^-?\d+$/.test(text)) throw new UsageError(`${option} takes a whole number.`);
  return Number(text);
}

function text(
  form: string,
  { seeds, ms, steps, userYears, distinctOrders, edges, found }: Report<unknown>,
  given: Given,
): string {
  const rate = (count: number) => rateOf(count, ms);
  return [
    ...(found === undefined ? ['Nothing was found.'] : foundText(form, found, given)),
    `${form}: ${seeds} histories (${rate(seeds)}/s), ${distinctOrders} orders, ${steps} steps (${rate(steps)}/s), ${userYears.toFixed(1)} years of users, ${edges.length} edges of the state diagram.`,
    '',
  ].join('\n');
}

function rateOf(count: number, ms: number): number {
  return Math.round((count * 1_000) / ms);
}

/** What finds the same again. A history from a file has no seed of its own. */
type Given = { replay?: string; guided?: string; plant?: string };

function foundText(
  form: string,
  { violation, replay, history, lines, shrinks }: Found<unknown>,
  given: Given,
): string[] {
  const named = given.replay?.endsWith('.json') ? given.replay : replay;
  const again = given.guided === undefined ? `--replay ${named}` : `--guided "${given.guided}"`;
  const planted = given.plant === undefined ? '' : ` --plant "${given.plant}"`;
  return [
    ...lines,
    '',
    `Found: ${violation} (made shorter ${shrinks} times)`,
    `Again: npm run sim -- --form ${form}${planted} ${again}`,
    `The history, for a .json file: ${JSON.stringify(history)}`,
    '',
  ];
}
