import type { ParseArgsOptionsConfig } from 'node:util';
import type { AccountState } from '../shared/account/account.ts';
import type { FailureKind } from '../shared/errors.ts';
import { isGuid, readUserId, type UserId } from '../shared/userId.ts';
import { UsageError } from './cli/errors.ts';
import { readArguments } from './cli/readArguments.ts';

/** A user as an operator names them. */
export type Who = { userId: UserId } | { logId: string };
export type StoredKind = Exclude<FailureKind, 'misconfigured'>;
export type RetryOf = { who: Who } | { tid: string | undefined; kind: StoredKind | undefined };

export type ListedState = AccountState | 'damaged';

export type Command =
  | { verb: 'help' }
  | { verb: 'accounts list'; state: ListedState | undefined; tid: string | undefined; json: boolean }
  | { verb: 'accounts show'; who: Who; json: boolean }
  | { verb: 'accounts export'; who: Who }
  | { verb: 'accounts retry'; of: RetryOf; force: boolean }
  | { verb: 'accounts erase'; of: { who: Who } | { tid: string }; yes: boolean }
  | { verb: 'accounts retire'; confirm: boolean; resume: boolean }
  | { verb: 'accounts replay-ended'; from: readonly string[]; yes: boolean }
  | { verb: 'accounts audit' }
  | { verb: 'tenants'; json: boolean }
  | { verb: 'queue'; json: boolean }
  | { verb: 'orphans'; json: boolean; erase: boolean; yes: boolean };

const flag = { type: 'boolean', default: false } as const;
const text = { type: 'string' } as const;

const OPTIONS = {
  'accounts list': { state: text, tenant: text, json: flag },
  'accounts show': { json: flag },
  'accounts export': {},
  'accounts retry': { tenant: text, all: flag, kind: text, force: flag },
  'accounts erase': { tenant: text, yes: flag },
  'accounts retire': { confirm: flag, resume: flag },
  'accounts replay-ended': { from: { ...text, multiple: true }, yes: flag },
  'accounts audit': {},
  tenants: { json: flag },
  queue: { json: flag },
  orphans: { json: flag, erase: flag, yes: flag },
} as const satisfies Record<string, ParseArgsOptionsConfig>;

const STATES: Record<ListedState, true> = {
  pending: true,
  active: true,
  'needs-user': true,
  disconnected: true,
  retired: true,
  damaged: true,
};
/** Whether a failure of this kind can be retried, or only with `--force`. `misconfigured` is never stored for a user. */
const KINDS: Record<StoredKind, 'retried' | 'forced'> = {
  transient: 'retried',
  throttled: 'retried',
  tenant: 'retried',
  'needs-user': 'forced',
  consent: 'forced',
  'cache-lost': 'forced',
};

/** @throws {UsageError} the command line is wrong; the message says what is allowed. */
export function readCommandLine(args: readonly string[]): Command {
  const [first, second = ''] = args;
  if (first === undefined || first === 'help' || args.some((arg) => arg === '--help' || arg === '-h')) {
    return { verb: 'help' };
  }
  switch (first === 'accounts' ? `accounts ${second}` : first) {
    case 'accounts list': {
      const { state, tenant, json } = parse('accounts list', args.slice(2)).values;
      return {
        verb: 'accounts list',
        state: oneOf(STATES, '--state', state),
        tid: readTenant(tenant),
        json,
      };
    }
    case 'accounts show': {
      const { values, positionals } = parse('accounts show', args.slice(2), 1);
      return { verb: 'accounts show', who: readOne(positionals), json: values.json };
    }
    case 'accounts export': {
      const { positionals } = parse('accounts export', args.slice(2), 1);
      return { verb: 'accounts export', who: readOne(positionals) };
    }
    case 'accounts retry': {
      const { values, positionals } = parse('accounts retry', args.slice(2), 1);
      return { verb: 'accounts retry', of: readRetryOf(values, positionals[0]), force: values.force };
    }
    case 'accounts erase': {
      const { values, positionals } = parse('accounts erase', args.slice(2), 1);
      const tid = readTenant(values.tenant);
      onlyOne('a user, or --tenant', [positionals[0], tid]);
      const of = tid === undefined ? { who: readWho(positionals[0] ?? '') } : { tid };
      return { verb: 'accounts erase', of, yes: values.yes };
    }
    case 'accounts retire': {
      const { confirm, resume } = parse('accounts retire', args.slice(2)).values;
      if (confirm && resume) throw new UsageError('Name either --confirm or --resume.');
      return { verb: 'accounts retire', confirm, resume };
    }
    case 'accounts replay-ended': {
      const { from, yes } = parse('accounts replay-ended', args.slice(2)).values;
      if (from === undefined) throw new UsageError('Name the export of the log: --from <file>.');
      return { verb: 'accounts replay-ended', from, yes };
    }
    case 'accounts audit':
      parse('accounts audit', args.slice(2));
      return { verb: 'accounts audit' };
    case 'tenants':
      return { verb: 'tenants', json: parse('tenants', args.slice(1)).values.json };
    case 'queue':
      return { verb: 'queue', json: parse('queue', args.slice(1)).values.json };
    case 'orphans': {
      const { json, erase, yes } = parse('orphans', args.slice(1)).values;
      if (yes && !erase) throw new UsageError('--yes needs --erase.');
      return { verb: 'orphans', json, erase, yes };
    }
    default: {
      const verb = first === 'accounts' ? `accounts ${second}`.trim() : first;
      throw new UsageError(`There is no verb "${verb}". Begin with ${Object.keys(OPTIONS).join(', ')}.`);
    }
  }
}

function parse<V extends keyof typeof OPTIONS>(verb: V, args: readonly string[], users = 0) {
  const options = OPTIONS[verb];
  try {
    return readArguments(args, options, users);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    const known = Object.keys(options).map((name) => `--${name}`);
    throw new UsageError(`${error.message} ${verb} takes ${known.join(', ') || 'no options'}.`);
  }
}

function readRetryOf(
  values: { tenant?: string; all: boolean; kind?: string; force: boolean },
  user: string | undefined,
): RetryOf {
  const tid = readTenant(values.tenant);
  const kind = oneOf(KINDS, '--kind', values.kind);
  onlyOne('a user, --tenant or --all', [user, tid, values.all || undefined]);
  if (user !== undefined) {
    if (kind !== undefined) throw new UsageError('--kind needs --tenant or --all.');
    return { who: readWho(user) };
  }
  if (values.all && kind === undefined) throw new UsageError('--all needs --kind.');
  if (kind !== undefined && KINDS[kind] === 'forced' && !values.force) {
    throw new UsageError(`Only the user can correct ${kind}. --force retries it all the same.`);
  }
  return { tid, kind };
}

function readOne([name]: readonly string[]): Who {
  if (name === undefined) throw new UsageError('Name a log id or a user id.');
  return readWho(name);
}

function readWho(name: string): Who {
  if (/^[0-9a-f]{16}$/i.test(name)) return { logId: name.toLowerCase() };
  const userId = readUserId(name);
  // The message does not quote the text, because it may be a person's name.
  if (userId === undefined) {
    throw new UsageError(
      'That is neither a log id (16 hexadecimal digits) nor a user id (<tid>/<oid>). "npm run stead -- accounts list" shows the log ids.',
    );
  }
  return { userId };
}

function readTenant(value: string | undefined): string | undefined {
  if (value !== undefined && !isGuid(value)) throw new UsageError('--tenant takes a tenant id (a GUID).');
  return value?.toLowerCase();
}

function oneOf<K extends string>(
  record: Record<K, unknown>,
  option: string,
  value: string | undefined,
): K | undefined {
  if (value === undefined || Object.hasOwn(record, value)) return value as K | undefined;
  throw new UsageError(`${option} takes one of ${Object.keys(record).join(', ')}.`);
}

function onlyOne(what: string, given: readonly unknown[]): void {
  if (given.filter((one) => one !== undefined).length !== 1) throw new UsageError(`Name either ${what}.`);
}
