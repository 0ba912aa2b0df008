import { readFileSync } from 'node:fs';
import { PlainError } from '../../ops/cli/errors.ts';
import { checkHistory } from './historyShape.ts';

/** What `--replay` names. */
export type Replay = { history: unknown } | { seed: number; path: string };

const SEED_AND_PATH = /^(?<seed>-?\d{1,15}):(?<path>\d{1,7}(?::\d+)*)$/;

/**
 * Reads what `--replay` names: a file with a history, or a seed and a path.
 * @throws {PlainError} it names nothing that can be run again. The message is one sentence, and says what to do.
 */
export function readReplay(which: string, form: string): Replay {
  if (which.endsWith('.json')) {
    const history = historyIn(which);
    checkHistory(form, history, which);
    return { history };
  }
  const { seed, path } = SEED_AND_PATH.exec(which)?.groups ?? {};
  if (seed === undefined || path === undefined) {
    throw new PlainError(
      `--replay takes the seed:path that was printed, such as 77:70:0:1, or a .json file with a history, and ${JSON.stringify(which)} is neither.`,
    );
  }
  return { seed: Number(seed), path };
}

/** @throws {PlainError} the file cannot be read, or is not JSON. */
function historyIn(file: string): unknown {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new PlainError(`${file} cannot be read (${code}): give the path of the file with the history.`);
  }
  try {
    return JSON.parse(text);
  } catch (error) {
    const why = error instanceof Error ? error.message : error;
    throw new PlainError(
      `${file} is not JSON (${why}): put into it what was printed after "The history, for a .json file".`,
    );
  }
}

/** What fast-check throws if a path leads out of the histories of its seed. Sometimes it only runs nothing. */
const LEADS_NOWHERE = /wrong path/;

/**
 * The report of a history that was named by seed and path.
 * @throws {PlainError} the path leads to no history
 */
export async function ofPath<R extends { seeds: number }>(
  searching: Promise<R>,
  form: string,
  { seed, path }: { seed: number; path: string },
): Promise<R> {
  const report = await searching.catch((error: unknown) => {
    if (error instanceof Error && LEADS_NOWHERE.test(error.message)) return undefined;
    throw error;
  });
  if (report !== undefined && report.seeds > 0) return report;
  throw new PlainError(
    `The path ${path} leads to no history of the seed ${seed} and the form ${form}: give the --form that was printed with it, or replay the JSON that was printed, because what histories may be has changed since.`,
  );
}
