import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { type Json, pick, pickObject } from '../../support/armTemplate.ts';

const read = (file: string): Json =>
  JSON.parse(readFileSync(new URL(`../../../infra/${file}`, import.meta.url), 'utf8'));
const template = read('main.json');

describe('the parameters of the template', () => {
  it('gets every parameter from the environment of azd, and no other', () => {
    const given = pickObject(read('main.parameters.json'), 'parameters');
    expect(Object.keys(given).sort()).toEqual(Object.keys(pickObject(template, 'parameters')).sort());
    for (const { value } of Object.values(given) as { value: unknown }[])
      expect(value).toMatch(/^\$\{[A-Z_]+\}$/);
    expect(new Set(Object.values(given).map((entry) => pick(entry, 'value'))).size).toBe(
      Object.keys(given).length,
    );
  });

  it('gets a setting from the variable of the same name', () => {
    const given = pickObject(read('main.parameters.json'), 'parameters');
    for (const name of ['ENTRA_CLIENT_ID', 'RETENTION_DAYS', 'REFRESH_WORKER_DISABLED']) {
      expect(Object.values(given)).toContainEqual({ value: `\${${name}}` });
    }
  });

  it('has no output that would come back as a parameter of the next deployment', () => {
    const variables = JSON.stringify(read('main.parameters.json'));
    const outputs = Object.keys(pickObject(template, 'outputs'));
    expect(outputs).toContain('API_URI');
    expect(outputs.filter((name) => variables.includes(`\${${name}}`))).toEqual([]);
  });
});
