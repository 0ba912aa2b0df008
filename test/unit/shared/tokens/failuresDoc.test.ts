import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { FailureKind } from '../../../../shared/errors.ts';
import { FAILURES, type FailureRow } from '../../../../shared/tokens/failures.ts';

const DOC = readFileSync(new URL('../../../../docs/failures.md', import.meta.url), 'utf8');

/** The cells of every row of the table under a heading, its head left out. */
function tableUnder(heading: string): string[][] {
  const section = DOC.split('\n## ').find((part) => part.startsWith(heading)) ?? '';
  const rows = section.split('\n').filter((line) => line.startsWith('| '));
  return rows.slice(1).map((row) =>
    row
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

const codesIn = (text = ''): string[] => [...text.matchAll(/`([^`]+)`/g)].map(([, code = '']) => code);
const after = (label: string, cell: string): string[] =>
  codesIn(cell.split('; ').find((part) => part.startsWith(`${label}:`)));

function rowOf([name = '', kind = '', recognisedBy = '', tenantWide = '', sure = '']: string[]) {
  return {
    name,
    kind: codesIn(kind)[0],
    locals: after('local', recognisedBy),
    numbers: after('numbers', recognisedBy).map(Number),
    suberrors: after('suberrors', recognisedBy),
    errors: after('errors', recognisedBy),
    tenantWide: tenantWide === 'yes',
    unsure: sure === 'no',
  };
}

const told = ({ when: _, ...row }: FailureRow) => ({
  locals: [],
  numbers: [],
  suberrors: [],
  errors: [],
  tenantWide: false,
  unsure: false,
  ...row,
});

describe('docs/failures.md', () => {
  it('tells the very rows that decide, in their order', () => {
    expect(tableUnder('The rows').map(rowOf)).toEqual(FAILURES.map(told));
  });

  it('says something of every condition that is more than a list', () => {
    const rows = tableUnder('The rows');
    for (const [index, { when }] of FAILURES.entries()) {
      const words = (rows[index]?.[2] ?? '')
        .split('; ')
        .filter((part) => !/^(?:local|numbers|suberrors|errors):/.test(part));
      expect(words.length, rows[index]?.[0]).toBe(when === undefined ? 0 : 1);
    }
  });

  it('says what follows from every kind', () => {
    const kinds: Record<FailureKind, true> = {
      'needs-user': true,
      consent: true,
      'cache-lost': true,
      throttled: true,
      tenant: true,
      transient: true,
      misconfigured: true,
    };
    expect(tableUnder('What follows').map(([kind]) => codesIn(kind)[0])).toEqual(Object.keys(kinds));
  });
});
