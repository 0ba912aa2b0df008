/** What the demo prints: a table for each run and a verdict, or everything as JSON. */
import { tableLines } from '../ops/cli/printTable.ts';
import { type Cast, PARTS } from './demoCast.ts';
import type { Run, Told } from './demoStory.ts';

const COLUMNS = ['user', 'part', 'outcome', 'source', 'kind', 'why', 'task', 'row'];

/** The run as a table, with a line for each user whom the worker checked. */
export function tableOf({ title, checks }: Run, cast: Cast): string {
  const rows = PARTS.flatMap((part) => {
    const check = checks[part];
    if (!check) return [];
    const { outcome, source = '-', kind = '-', why = '-', task = '-', state } = check;
    return [[cast[part].name, part, outcome, source, kind, why, task, state]];
  });
  return [`\n${title}\n`, ...tableLines(COLUMNS, rows)].join('\n');
}

export function verdictOn({ journal, faults }: Told): string {
  const grants = journal.map(({ user, status }) => `${user} ${status}`).join(', ');
  const end =
    faults.length === 0
      ? 'Stead acts for five of them with nobody at the keyboard. Two have to come back themselves.'
      : `This is NOT the expected end:\n${faults.map((fault) => `  ${fault}`).join('\n')}`;
  return `\nRefresh grants in the stand-in's journal: ${grants || 'none'}.\n\n${end}`;
}

export function jsonOf({ runs, journal, faults }: Told, cast: Cast): string {
  const shown = {
    runs: runs.map(({ checks }) =>
      PARTS.flatMap((part) => (checks[part] ? [{ user: cast[part].name, part, ...checks[part] }] : [])),
    ),
    journal,
    faults,
  };
  return JSON.stringify(shown, undefined, 2);
}
