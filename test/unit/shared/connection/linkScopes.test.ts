import { describe, expect, it } from 'vitest';
import { graph } from '../../../../shared/adapters/graph/graphApi.ts';
import { chosenUses, linkScopes } from '../../../../shared/connection/linkScopes.ts';
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

const uses = { tasks, functions };
const ofGraph = (chosen: Parameters<typeof chosenUses>[2], granted?: readonly string[]) =>
  linkScopes(graph, uses, chosenUses(graph, uses, chosen), granted);

describe('what a link asks for', () => {
  it('is what keeps the connection and what functions need, for a user who has nothing yet', () => {
    expect(ofGraph({})).toEqual(['User.Read', 'Calendars.Read']);
  });

  it('is of tasks and functions nothing that is not granted, for a user who has something', () => {
    expect(ofGraph({}, ['Contacts.Read'])).toEqual(['User.Read']);
    expect(ofGraph({}, ['User.Read', 'Files.Read', 'Mail.Read', 'Notes.Read'])).toEqual([
      'User.Read',
      'Files.Read',
      'Mail.Read',
      'Notes.Read',
    ]);
  });

  it.each([
    ['turned-on', 'Mail.Read'],
    ['always', 'Files.Read'],
  ])('has what the task %s needs if it is named, and that of no other one', (name, scope) => {
    expect(ofGraph({ tasks: [name] }, ['User.Read'])).toEqual(['User.Read', scope]);
  });

  it('has what a function needs that the user wants to use', () => {
    expect(ofGraph({ functions: ['notes'] }, ['User.Read'])).toEqual(['User.Read', 'Notes.Read']);
    expect(ofGraph({ functions: ['notes'] })).toEqual(['User.Read', 'Calendars.Read', 'Notes.Read']);
  });

  it('names each permission once, however it is spelt', () => {
    const spelt = {
      name: 'spelt',
      api: graph,
      scopes: ['https://graph.microsoft.com/user.read', 'files.read'],
    };
    expect(
      linkScopes(graph, { tasks: [always, spelt], functions: [] }, [spelt], ['USER.READ', 'FILES.READ']),
    ).toEqual(['User.Read', 'Files.Read']);
  });

  it('is never everything beside what is named, which Entra refuses', () => {
    const all = { name: 'all', api: graph, scopes: ['https://graph.microsoft.com/.default', 'openid'] };
    expect(linkScopes(graph, { tasks: [], functions: [all] }, [], undefined)).toEqual(['User.Read']);
    expect(() => chosenUses(graph, { tasks: [], functions: [all] }, { functions: ['all'] })).toThrow(
      RequestMalformedError,
    );
  });

  it.each(['elsewhere', 'unknown', 'notes', ''])('is refused for the task %j', (name) => {
    const chosen = { tasks: ['turned-on', name] };
    expect(() => chosenUses(graph, uses, chosen)).toThrow(RequestMalformedError);
  });

  it.each(['orders', 'turned-on', ''])('is refused for the function %j', (name) => {
    const chosen = { functions: ['notes', name] };
    expect(() => chosenUses(graph, uses, chosen)).toThrow(RequestMalformedError);
  });

  it('is what keeps the connection where nothing needs a permission, or a function was only named', () => {
    const few = { tasks: [elsewhere, turnedOn], functions: [{ name: 'named', api: graph }] };
    expect(linkScopes(graph, few, [], undefined)).toEqual(['User.Read']);
  });
});
