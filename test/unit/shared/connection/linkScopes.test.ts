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
  { name: 'calendar', api: graph, scopes: ['User.Read', 'Calendars.Read'] },
  { name: 'orders', api: orders, scopes: ['orders.write'] },
  { name: 'notes', api: graph, scopes: ['Notes.Read'], consent: 'link' as const },
];

describe('linkScopes', () => {
  it('has what the functions and tasks of the API need, each once', () => {
    expect(linkScopes(graph, { tasks, functions })).toEqual(['Files.Read', 'User.Read', 'Calendars.Read']);
  });

  it('has what a task needs that the user turns on, and that of no other one', () => {
    expect(linkScopes(graph, { tasks, functions: [] }, { tasks: ['turned-on'] })).toEqual([
      'Files.Read',
      'User.Read',
      'Mail.Read',
    ]);
  });

  it('has what a function needs that the user wants to use', () => {
    expect(linkScopes(graph, { tasks: [], functions }, { functions: ['notes'] })).toEqual([
      'User.Read',
      'Calendars.Read',
      'Notes.Read',
    ]);
  });

  it('never asks for everything beside what it names, which Entra refuses', () => {
    const all = { name: 'all', api: graph, scopes: ['https://graph.microsoft.com/.default', 'openid'] };
    expect(linkScopes(graph, { tasks: [always], functions: [all] })).toEqual(['Files.Read', 'User.Read']);
    expect(linkScopes(graph, { tasks: [], functions: [all] })).toEqual(['User.Read']);
  });

  it.each([
    'always',
    'elsewhere',
    'unknown',
    'notes',
    '',
  ])('refuses the task %j, which users do not turn on', (name) => {
    const chosen = { tasks: ['turned-on', name] };
    expect(() => linkScopes(graph, { tasks, functions }, chosen)).toThrow(RequestMalformedError);
  });

  it.each([
    'calendar',
    'orders',
    'turned-on',
    '',
  ])('refuses the function %j, which no link asks for', (name) => {
    const chosen = { functions: ['notes', name] };
    expect(() => linkScopes(graph, { tasks, functions }, chosen)).toThrow(RequestMalformedError);
  });

  it('has the least scope where nothing needs one, or a function was only named', () => {
    expect(
      linkScopes(graph, { tasks: [elsewhere, turnedOn], functions: [{ name: 'named', api: graph }] }),
    ).toEqual(['User.Read']);
  });
});
