import { globSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { REGISTER_USAGE } from '../../../ops/entra/usage.ts';
import { type Json, moduleOf, pick, pickObject } from '../../support/armTemplate.ts';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
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

  it('sets only variables that the templates or the hooks read', () => {
    const hooks = globSync('infra/hooks/*.ts', { cwd: ROOT }).map(read).join('\n');
    const known = [
      ...Object.values(variables).map((entry) => /^\$\{(\w+)\}$/.exec(String(pick(entry, 'value')))?.[1]),
      ...Object.keys(pickObject(template, 'outputs')),
      ...[...hooks.matchAll(/'([A-Z]+(?:_[A-Z]+)+)'/g)].map(([, name]) => name),
    ];
    const lines = [...document.matchAll(/azd env set ([A-Z].*)/g)].map(([, line = '']) => line);
    const said = lines.flatMap((line) => line.match(/\b[A-Z]+(?:_[A-Z]+)+\b/g) ?? []);
    const named = rowsUnder('## In one go').flatMap(
      ([name = '']) => name.match(/^[A-Z]+(?:_[A-Z]+)+$/g) ?? [],
    );
    expect(said.length).toBeGreaterThan(8);
    expect(named).toEqual(['REGISTER_APPLICATIONS', 'REGISTER_OPTIONS', 'SPA_CLIENT_ID']);
    for (const name of [...said, ...named]) expect(known).toContain(name);
  });

  it('gives npm run entra:register only options that it has', () => {
    const lines = document.match(/entra:register(?: --|`, such as `)[^`\n]*/g) ?? [];
    const options = lines.flatMap((line) => line.match(/--[a-z][\w-]+/g) ?? []);
    expect(options).toContain('--managed-identity');
    for (const option of options) expect(REGISTER_USAGE).toContain(`  ${option}`);
  });

  it('has every hook of azure.yaml, in the order in which azd runs them', () => {
    const commands = rowsUnder('## In one go').flatMap(
      ([, command = '']) => command.match(/azure:\w+/g) ?? [],
    );
    const order = ['register', 'secrets', 'register', 'page', 'smoke'];
    expect(commands).toEqual(order.map((name) => `azure:${name}`));
    const file = read('azure.yaml');
    expect(new Set(file.match(/azure:\w+/g))).toEqual(new Set(commands));
  });

  it('limits who provisions to the roles of the templates', () => {
    const ids = (text: string) => new Set(text.match(/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g));
    const [write = '', remove = ''] = read('infra/roleCondition.txt').split('AND');
    const wanted = ids(read('infra/modules/roleIds.bicep'));
    expect(wanted.size).toBeGreaterThan(5);
    expect([ids(write), ids(remove)]).toEqual([wanted, wanted]);
    expect(document).toContain('--condition @infra/roleCondition.txt');
  });
});
