import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { CLOUDS, type Cloud } from '../../../shared/clouds.ts';

const text = readFileSync(new URL('../../../docs/clouds.md', import.meta.url), 'utf8');

/** The code in each cell of the first table, without the first column. */
const rows = text
  .slice(0, text.indexOf('## Settings'))
  .split('\n')
  .filter((line) => line.startsWith('| '))
  .slice(1)
  .map((line) =>
    line
      .split(' | ')
      .slice(1)
      .map((cell) => [...cell.matchAll(/`([^`]+)`/g)].map(([, code]) => code)),
  );

describe('docs/clouds.md', () => {
  it('shows the table of clouds as it is', () => {
    const columns: ((cloud: Cloud) => readonly string[])[] = [
      ({ authority }) => [authority],
      ({ aliases }) => aliases,
      ({ v1Issuer }) => [v1Issuer],
      ({ graph }) => graph,
      ({ storage }) => storage,
      ({ keyVault }) => [keyVault],
      ({ tokenExchange }) => [tokenExchange],
      ({ azureName }) => [azureName],
    ];
    expect(rows).toEqual(columns.map((values) => CLOUDS.map(values)));
  });
});
