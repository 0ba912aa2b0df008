import { describe, expect, it } from 'vitest';
import { tasksOf } from '../../../../functions/refreshWorker/tasks.ts';
import { graph } from '../../../../shared/adapters/graph/graphApi.ts';
import type { Api } from '../../../../shared/api.ts';
import { defineApi } from '../../../../shared/tokens/defineApi.ts';
import {
  defineTask,
  listTasks,
  type Task,
  type TaskDefinition,
} from '../../../../shared/worker/defineTask.ts';

const [task] = tasksOf(['read-profile']);

const nothing = async () => undefined;
const apiOf = (resource: string): Api =>
  defineApi({ name: 'some', resource, baseUrl: 'https://some.example' });
const named = (name: string) => defineTask({ name, api: graph, scopes: ['User.Read'], run: nothing });

describe('defineTask', () => {
  it('has ten seconds for a task that names no time-out', () => {
    expect(named('a').timeoutMs).toBe(10_000);
    expect(
      defineTask({ name: 'a', api: graph, scopes: ['User.Read'], timeoutMs: 1, run: nothing }).timeoutMs,
    ).toBe(1);
  });

  it.each([
    [['User.Read'], graph],
    [['User.Read', 'https://graph.microsoft.com/Mail.Read'], graph],
    [['https://graph.microsoft.com/.default'], graph],
    [['https://graph.microsoft.us/Mail.Read'], graph],
    [['https://dod-graph.microsoft.us/Mail.Read'], graph],
    [['https://microsoftgraph.chinacloudapi.cn/Mail.Read', 'User.Read'], graph],
    [['api://af5685ae/orders.read', 'api://af5685ae/orders.write'], apiOf('api://af5685ae')],
    [['https://vault.azure.net/user_impersonation'], apiOf('https://vault.azure.net')],
    [['af5685ae/.default'], apiOf('af5685ae')],
  ])('takes %j for scopes of its API', (scopes, api) => {
    expect(defineTask({ name: 'a', api, scopes, run: nothing })).toMatchObject({ api, scopes });
  });

  it('has a title of its own, or the name in words', () => {
    expect(named('read-my-profile').title).toBe('Read my profile');
    const title = 'Changes in your files';
    expect(defineTask({ name: 'a', title, api: graph, scopes: ['User.Read'], run: nothing }).title).toBe(
      title,
    );
  });

  it.each([
    [{ minutes: 1 }, 60_000],
    [{ hours: 6 }, 21_600_000],
    [{ days: 1, hours: 12 }, 129_600_000],
    [{ days: 60 }, 5_184_000_000],
  ])('takes %j for a rhythm', (every, everyMs) => {
    expect(defineTask({ name: 'a', api: graph, scopes: ['User.Read'], every, run: nothing })).toMatchObject({
      everyMs,
    });
  });

  it('runs in every check without a rhythm', () => {
    expect(named('a')).not.toHaveProperty('everyMs');
  });

  it.each(['a', 'read-profile', 'a1', 'a'.repeat(40)])('takes the name %j', (name) => {
    expect(named(name).name).toBe(name);
  });

  it.each([
    '',
    'A',
    '1a',
    '-a',
    'a b',
    'readProfile',
    'a'.repeat(41),
    'a\n',
    undefined,
  ])('refuses the name %j, and says what a name is', (name) => {
    expect(() => named(name as string)).toThrow(TypeError);
    expect(() => named(name as string)).toThrow(/such as "read-profile"\. It is /);
  });

  it.each<[what: string, wrong: Partial<Record<keyof TaskDefinition | 'evry', unknown>>, problem: RegExp]>([
    ['no scopes', { scopes: [] }, /Task "a": it has no scopes\. Name/],
    ['no list of scopes', { scopes: undefined }, /it has no scopes\. Name/],
    [
      'scopes that are not a list',
      { scopes: 'User.Read' },
      /scopes must be an array, such as \['User\.Read'\]\. It is "User\.Read"\./,
    ],
    ['a name that is a number', { name: 1n }, /A task's name must begin .* It is a plain bigint\.$/],
    ['a scope that JSON does not know', { scopes: [7n] }, /a plain bigint is not one scope/],
    ['a misspelt member', { evry: { hours: 6 } }, /of "a" for defineTask has the unknown member "evry"/],
    ['two scopes in one string', { scopes: ['User.Read Mail.Read'] }, /"User\.Read Mail\.Read" is not one/],
    ['an empty scope', { scopes: [''] }, /"" is not one scope/],
    ['a scope that is no text', { scopes: [7] }, /a plain number is not one scope/],
    [
      'scopes of two APIs',
      { scopes: ['User.Read', 'api://x/y'] },
      /the scope api:\/\/x\/y does not belong to https:\/\/graph\.microsoft\.com.*Make a task for each/,
    ],
    [
      'a scope of Graph for another API',
      { api: apiOf('api://x') },
      /the scope User\.Read does not belong to api/,
    ],
    ['no API', { api: undefined }, /it has no api\. Give it graph/],
    ['no time', { timeoutMs: 0 }, /timeoutMs must be whole milliseconds from 1 to 60000/],
    ['half a millisecond', { timeoutMs: 0.5 }, /timeoutMs must be/],
    ['longer than a run', { timeoutMs: 60_001 }, /timeoutMs must be/],
    ['a time-out in words', { timeoutMs: '10s' }, /timeoutMs must be/],
    ['an empty title', { title: ' ' }, /title must be a text of 1 to 60/],
    ['a title that is too long', { title: 'x'.repeat(61) }, /title must be/],
    ['a title of two lines', { title: 'one\ntwo' }, /title must be/],
    ['a title that turns the text around it', { title: 'one\u202etwo' }, /title must be/],
    ['a scope without a permission', { scopes: ['https://graph.microsoft.com/'] }, /is not one scope/],
    ['a rhythm with a part below zero', { every: { hours: -1, days: 1 } }, /every must be/],
    ['a title that is no text', { title: 7 }, /title must be/],
    ['a rhythm faster than a run', { every: { minutes: 0.5 } }, /every must be a time from one minute/],
    ['a rhythm of nothing', { every: {} }, /every must be/],
    ['a rhythm longer than any account may be silent', { every: { days: 61 } }, /every must be/],
    ['a rhythm in words', { every: { hours: 'six' } }, /every must be/],
    ['a rhythm that cannot be added up', { every: { hours: 6n } }, /every must be/],
    ['a rhythm of digits', { every: { minutes: '5' } }, /every must be/],
    ['a rhythm that never ends', { every: { days: Number.POSITIVE_INFINITY } }, /every must be/],
    ['a rhythm of milliseconds', { every: { ms: 60_000 } }, /every must be/],
    ['a bare number for a rhythm', { every: 60_000 }, /every must be/],
    ['nothing to run', { run: undefined }, /it has no run\. Give it/],
  ])('refuses %s, and says how to correct it', (_what, wrong, problem) => {
    const usual = { name: 'a', api: graph, scopes: ['User.Read'], run: nothing };
    const definition = { ...usual, ...wrong } as TaskDefinition;
    expect(() => defineTask(definition)).toThrow(TypeError);
    expect(() => defineTask(definition)).toThrow(problem);
  });

  it.each([
    [undefined, 'undefined'],
    [nothing, 'a plain function'],
    [[{ secret: 'x' }], 'an array'],
  ])('needs a definition, and says of what it is made (case %#)', (definition, got) => {
    expect(() => defineTask(definition as unknown as TaskDefinition)).toThrow(
      new TypeError(
        `defineTask needs a definition, which is an object. It got ${got}. Its members are name, title, api, scopes, every, consent, timeoutMs, run.`,
      ),
    );
  });

  it('does not change when its definition is changed', () => {
    const scopes = ['User.Read'];
    const task = defineTask({ name: 'a', api: graph, scopes, run: nothing });
    scopes.push('Mail.Read');
    expect(task.scopes).toEqual(['User.Read']);
    expect(Object.isFrozen(task)).toBe(true);
  });
});

describe('listTasks', () => {
  it('keeps the order', () => {
    expect(listTasks(named('b'), named('a')).map(({ name }) => name)).toEqual(['b', 'a']);
    expect(listTasks()).toEqual([]);
  });

  it('refuses two of one name', () => {
    expect(() => listTasks(named('b'), named('a'), named('b'))).toThrow(
      new TypeError('Two tasks have the name "b". Rename one, because the history identifies tasks by name.'),
    );
  });

  it.each<[what: unknown, problem: string]>([
    [undefined, 'This one is undefined.'],
    ['a token', 'This one is a plain string.'],
    [{ name: {} }, "A task's name must begin with"],
    [{ name: 'x' }, 'Task "x": it has no api.'],
    [{ ...named('x'), name: '__proto__' }, "A task's name must begin with"],
    [{ ...named('x'), title: undefined }, 'Task "x": title must be a text'],
    [{ ...named('x'), every: { hours: 6 } }, 'has the unknown member "every"'],
    [{ ...named('x'), everyMs: 'x' }, 'Task "x": its everyMs is none that defineTask makes'],
    [{ ...named('x'), everyMs: 1 }, 'Task "x": its everyMs is none that defineTask makes'],
  ])('refuses what defineTask would not make (case %#)', (wrong, problem) => {
    expect(() => listTasks(named('a'), wrong as Task)).toThrow(TypeError);
    expect(() => listTasks(named('a'), wrong as Task)).toThrow(problem);
  });

  it('begins with the one that is shipped', () => {
    expect(task).toMatchObject({ name: 'read-profile', scopes: ['User.Read'], api: graph });
  });
});
