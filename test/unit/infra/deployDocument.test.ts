import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { type Json, moduleOf, pick, pickObject } from '../../support/armTemplate.ts';

const read = (path: string) => readFileSync(new URL(`../../../${path}`, import.meta.url), 'utf8');
const template = JSON.parse(read('infra/main.json')) as Json;
const parameters = pickObject(template, 'parameters');
const variables = pickObject(JSON.parse(read('infra/main.parameters.json')), 'parameters');
const document = read('docs/deploy.md');

/** The rows of a table under a heading, without its own two. */
function rowsUnder(heading: string): string[][] {
  const [section = ''] = (document.split(`${heading}\n`)[1] ?? '').split(/\n##+ /);
  const rows = section.split('\n').filter((line) => line.startsWith('|'));
  return rows.slice(2).map((row) => row.split(' | ').map((cell) => cell.replaceAll(/[|`]/g, '').trim()));
}

/** How the document says a default. */
function defaultOf(name: string): string[] {
  const value = pick(parameters, name, 'defaultValue');
  if (value === undefined) return ['must be given'];
  if (value === '[tenant().tenantId]') return ['the tenant of the subscription'];
  if (value === '') return ['empty', 'that of the app', 'that of the static web app'];
  return [typeof value === 'object' ? JSON.stringify(value) : String(value)];
}

describe('docs/deploy.md', () => {
  const rows = rowsUnder('## Parameters');

  it('has every parameter, with the variable that sets it', () => {
    const wanted = Object.keys(parameters).map((name) => [name, pick(variables, name, 'value')]);
    expect(rows.map(([name, variable]) => [name, `\${${variable}}`])).toEqual(wanted);
  });

  it.each(rows)('has the default of %s', (name, _variable, said) => {
    expect(defaultOf(name ?? '')).toContain(said);
  });

  it('has every alert, how bad it is and how often it looks', () => {
    const alerts = pick(moduleOf(template, 'alerts'), 'variables', 'alerts') as Record<string, unknown>[];
    const minutes = (every: unknown) => `${String(every).replaceAll(/\D/g, '')} minutes`;
    const wanted = alerts.map(({ title, severity, every }) => [title, String(severity), minutes(every)]);
    expect(rowsUnder('## Alerts').sort()).toEqual(wanted.sort());
  });

  it('has every module', () => {
    const files = rowsUnder('## What is made').flatMap(([file = '']) => file.split(', '));
    for (const module of ['identity', 'roles', 'functionApp', 'alerts', 'workbook', 'network']) {
      expect(files).toContain(`${module}.bicep`);
    }
  });
});
