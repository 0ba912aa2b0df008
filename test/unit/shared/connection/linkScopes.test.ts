import { describe, expect, it } from 'vitest';
import { graph } from '../../../../shared/adapters/graph/graphApi.ts';
import { linkScopes } from '../../../../shared/connection/linkScopes.ts';
import { RequestMalformedError } from '../../../../shared/errors.ts';
import { defineApi } from '../../../../shared/tokens/defineApi.ts';

const orders = defineApi({
  name: 'orders',
  resource: 'api://11111111-2222-4333-8444-555555555555',
  baseUrl: 'https://orders.example',
});
const always = { name: 'always', api: graph, scopes: ['Files.Read', 'User.Read'] };
const turnedOn = { name: 'turned-on', api: graph, scopes: ['Mail.Read'], consent: 'link' as const };
const elsewhere = { name: 'elsewhere', api: orders, scopes: ['orders.read'] };
const tasks = [always, turnedOn, elsewhere];
const functions = [
  { api: graph, scopes: ['User.Read', 'Calendars.Read'] },
  { api: orders, scopes: ['orders.write'] },
];

describe('linkScopes', () => {
  it('has what the functions and tasks of the API need, each once', () => {
    expect(linkScopes(graph, { tasks, functions })).toEqual(['Files.Read', 'User.Read', 'Calendars.Read']);
  });

  it('has what a task needs that the user turns on, and that of no other one', () => {
    expect(linkScopes(graph, { tasks, functions: [] }, ['turned-on'])).toEqual([
      'Files.Read',
      'User.Read',
      'Mail.Read',
    ]);
  });

  it.each(['always', 'elsewhere', 'unknown', ''])('refuses %j, which users do not turn on', (name) => {
    expect(() => linkScopes(graph, { tasks, functions }, ['turned-on', name])).toThrow(RequestMalformedError);
  });

  it('has the least scope where nothing needs one, or a function was only named', () => {
    expect(linkScopes(graph, { tasks: [elsewhere, turnedOn], functions: [{ api: graph }] })).toEqual([
      'User.Read',
    ]);
  });
});
