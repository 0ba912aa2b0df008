import { describe, expect, it } from 'vitest';
import { UsageError } from '../../../ops/cli/errors.ts';
import { readCommandLine } from '../../../ops/commandLine.ts';
import { USAGE } from '../../../ops/usage.ts';

const TID = 'a0000000-0000-4000-8000-00000000000a';
const OID = 'c0000000-0000-4000-8000-00000000000c';
const USER = `${TID}/${OID}`;
const LOG_ID = '0123456789abcdef';

const read = (line: string) => readCommandLine(line === '' ? [] : line.split(' '));

describe('readCommandLine', () => {
  it.each([
    '',
    'help',
    '--help',
    '-h',
    'accounts --help',
    'accounts erase --tenant x --help',
  ])('takes "%s" for a question', (line) => expect(read(line)).toEqual({ verb: 'help' }));

  it.each<[string, object]>([
    ['accounts list', { verb: 'accounts list', state: undefined, tid: undefined, json: false }],
    [
      `accounts list --json --state needs-user --tenant ${TID.toUpperCase()}`,
      { verb: 'accounts list', state: 'needs-user', tid: TID, json: true },
    ],
    [`accounts show ${LOG_ID}`, { verb: 'accounts show', who: { logId: LOG_ID }, json: false }],
    [
      `accounts show --json ${USER.toUpperCase()}`,
      { verb: 'accounts show', who: { userId: USER }, json: true },
    ],
    [`accounts export ${LOG_ID}`, { verb: 'accounts export', who: { logId: LOG_ID } }],
    [`accounts export ${USER}`, { verb: 'accounts export', who: { userId: USER } }],
    [
      `accounts retry ${LOG_ID.toUpperCase()} --force`,
      { verb: 'accounts retry', of: { who: { logId: LOG_ID } }, force: true },
    ],
    [
      `accounts retry --tenant ${TID}`,
      { verb: 'accounts retry', of: { tid: TID, kind: undefined }, force: false },
    ],
    [
      'accounts retry --all --kind throttled',
      { verb: 'accounts retry', of: { tid: undefined, kind: 'throttled' }, force: false },
    ],
    [
      'accounts retry --all --kind=cache-lost --force',
      { verb: 'accounts retry', of: { tid: undefined, kind: 'cache-lost' }, force: true },
    ],
    [`accounts erase ${USER}`, { verb: 'accounts erase', of: { who: { userId: USER } }, yes: false }],
    [`accounts erase --tenant ${TID} --yes`, { verb: 'accounts erase', of: { tid: TID }, yes: true }],
    ['accounts retire', { verb: 'accounts retire', confirm: false, resume: false }],
    ['accounts retire --confirm', { verb: 'accounts retire', confirm: true, resume: false }],
    ['accounts retire --resume', { verb: 'accounts retire', confirm: false, resume: true }],
    ['accounts audit', { verb: 'accounts audit' }],
    [
      'accounts replay-ended --from ended.json',
      { verb: 'accounts replay-ended', from: ['ended.json'], yes: false },
    ],
    [
      'accounts replay-ended --from one.csv --yes --from=two.csv',
      { verb: 'accounts replay-ended', from: ['one.csv', 'two.csv'], yes: true },
    ],
    [
      'accounts list --state damaged',
      { verb: 'accounts list', state: 'damaged', tid: undefined, json: false },
    ],
    ['orphans', { verb: 'orphans', json: false, erase: false, yes: false }],
    ['orphans --erase --yes', { verb: 'orphans', json: false, erase: true, yes: true }],
  ])('reads "%s"', (line, command) => {
    expect(read(line)).toEqual(command);
  });

  it.each([
    ['acounts list', 'no verb "acounts"'],
    ['accounts', 'no verb "accounts"'],
    ['accounts lost', 'no verb "accounts lost"'],
    ['accounts replay-ended --yes', '--from <file>'],
    ['accounts replay-ended ended.json', 'one argument too many'],
    ['list', 'no verb "list"'],
    ['--json accounts list', 'no verb "--json"'],
    ['accounts list --jsn', "Unknown option '--jsn'. accounts list takes --state, --tenant, --json."],
    ['accounts list --state', '--state'],
    [`accounts list --tenant ${TID} --tenant ${TID}`, '--tenant is given twice'],
    ['accounts list --state --json', "Option '--state' argument is ambiguous. accounts list takes"],
    ['accounts list --state lost', '--state takes one of pending, active, needs-user'],
    ['accounts list --state toString', '--state takes one of'],
    ['accounts list --tenant contoso', '--tenant takes a tenant id'],
    ['accounts list --json=yes', '--json'],
    [`accounts list ${LOG_ID}`, 'is one argument too many. accounts list takes --state'],
    ['accounts show', 'Name a log id or a user id.'],
    [`accounts show ${LOG_ID} ${USER}`, 'is one argument too many. accounts show takes --json.'],
    [`accounts show ${LOG_ID}0`, 'neither a log id'],
    [`accounts show ${OID}.${TID}`, 'accounts list" shows the log ids'],
    ['accounts export', 'Name a log id or a user id.'],
    [`accounts export ${LOG_ID} --json`, 'accounts export takes no options.'],
    ['accounts retry', 'Name either a user, --tenant or --all.'],
    [`accounts retry ${LOG_ID} --all --kind tenant`, 'Name either a user, --tenant or --all.'],
    [`accounts retry --all --tenant ${TID} --kind tenant`, 'Name either a user, --tenant or --all.'],
    [`accounts retry ${LOG_ID} --kind tenant`, '--kind needs --tenant or --all.'],
    ['accounts retry --all', '--all needs --kind.'],
    ['accounts retry --all --kind misconfigured', '--kind takes one of transient, throttled, tenant'],
    ['accounts retry --all --kind cache-lost', 'Only the user can correct cache-lost'],
    [`accounts retry --tenant ${TID} --kind needs-user`, 'Only the user can correct needs-user'],
    ['accounts erase', 'Name either a user, or --tenant.'],
    [`accounts erase ${LOG_ID} --tenant ${TID}`, 'Name either a user, or --tenant.'],
    ['accounts retire now', 'is one argument too many. accounts retire takes --confirm, --resume.'],
    ['accounts retire --confirm --resume', 'Name either --confirm or --resume.'],
    ['accounts audit --json', 'accounts audit takes no options.'],
    ['orphans --yes', '--yes needs --erase.'],
    ['orphans all', 'is one argument too many. orphans takes --json'],
  ])('refuses "%s", and says why', (line, why) => {
    expect(() => read(line)).toThrow(UsageError);
    expect(() => read(line)).toThrow(why);
  });

  it('does not repeat a name that was given for a user', () => {
    expect(() => read('accounts show anna@contoso.example')).not.toThrow('anna');
  });
});

describe('the help text', () => {
  it.each([
    'list',
    'show',
    'export',
    'retry',
    'retire',
    'audit',
    'erase',
  ])('describes accounts %s', (verb) => {
    expect(USAGE).toMatch(new RegExp(`^  accounts ${verb}`, 'm'));
  });

  it('fits a terminal of 80 columns', () => {
    for (const line of USAGE.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
  });
});
