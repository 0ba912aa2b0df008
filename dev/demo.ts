/**
 * `npm run demo`: the walk-through of the .NET sample without a person. Three users sign in and call the API;
 * then one's stored cache is deleted and another's grant is revoked; everybody's tokens expire; the worker runs.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { compose } from '../shared/compose.ts';
import { type Config, readConfig } from '../shared/config.ts';
import type { LogEvent } from '../shared/log.ts';
import { toUserId, type UserId } from '../shared/userId.ts';
import { API_CLIENT_ID, API_SCOPE_NAME, DEMO_USERS } from './entra/directory.ts';
import { signInWithCode } from './entra/signIn.ts';
import { type Platform, startPlatform } from './platform.ts';
import { showSharedClient } from './sharedClient.ts';

const PARTS = ['cache deleted', 'grant revoked', 'left in peace'] as const;
/** MSAL takes a token's last 300 seconds for expired already: this one lives for three. */
const ACCESS_TOKEN_SECONDS = 303;
const IDLE_SECONDS = 5;

type DemoUser = (typeof DEMO_USERS)[number];
type TurnEnded = Extract<LogEvent, { event: 'user.turn-ended' }>;
type JournalEntry = {
  at: string;
  endpoint: string;
  grant?: string;
  user?: string;
  status: number;
  error?: string;
};
type AccountRow = {
  user: string;
  logId: string;
  part: string;
  outcome: string;
  kind: string;
  source: string;
  why: string;
};

const { values: flags } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    pick: {
      type: 'string',
      default: DEMO_USERS.slice(0, 3)
        .map((user) => user.name)
        .join(','),
    },
    'shared-client': { type: 'boolean', default: false },
  },
});

try {
  process.exitCode = flags['shared-client'] ? await showSharedClient(flags.json) : await walkThrough();
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}

async function walkThrough(): Promise<number> {
  const users = pickUsers(flags.pick);
  const turns: TurnEnded[] = [];
  const platform = await startPlatform({
    withoutWeb: true,
    lifetimes: { accessToken: ACCESS_TOKEN_SECONDS },
    settings: { REFRESH_IDLE_SECONDS: String(IDLE_SECONDS) },
    onHostLine: (line) => {
      const turn = readTurn(line);
      if (turn) turns.push(turn);
    },
  });
  try {
    const config = readConfig(platform.settings);
    for (const user of users) {
      await callProfile(platform, user);
      tell(`${user.displayName} signed in and called the API.`);
    }
    await spoil(platform, config, users);
    tell(`Waiting until all are idle and their tokens have expired (${IDLE_SECONDS + 2} s) …`);
    await sleep((IDLE_SECONDS + 2) * 1_000);
    tell('The worker runs.\n');
    await platform.host.run('refreshWorker');
    const journal = await readJournal(platform);
    return report(users, accountRows(config, users, turns), journal);
  } finally {
    await platform.stop();
  }
}

function pickUsers(names: string): [DemoUser, DemoUser, DemoUser] {
  const users = names.split(',').map((name) => {
    const user = DEMO_USERS.find((candidate) => candidate.name === name.trim());
    if (user === undefined) {
      const known = DEMO_USERS.map((candidate) => candidate.name).join(', ');
      throw new Error(`--pick: there is no user "${name}". Pick three of ${known}.`);
    }
    return user;
  });
  const [first, second, third] = users;
  if (!first || !second || !third || new Set(users).size !== 3 || users.length !== 3) {
    throw new Error('--pick takes three different users, for example --pick adele,bruno,chiara.');
  }
  return [first, second, third];
}

async function callProfile(platform: Platform, user: DemoUser): Promise<void> {
  const { accessToken } = await signInWithCode({
    origin: platform.entra.origin,
    user: user.name,
    spaOrigin: platform.webOrigin,
    scope: `api://${API_CLIENT_ID}/${API_SCOPE_NAME}`,
  });
  const response = await fetch(`${platform.host.origin}/api/profile`, {
    headers: { Authorization: `Bearer ${accessToken}` },
  });
  if (!response.ok)
    throw new Error(`GET /api/profile for ${user.name}: ${response.status} ${await response.text()}`);
}

/** The first user loses their stored cache, the second their grant. */
async function spoil(platform: Platform, config: Config, [first, second]: DemoUser[]): Promise<void> {
  if (!first || !second) return;
  await compose(config).tokenCache.remove(idOf(first));
  tell(`${first.displayName}'s stored token cache was deleted.`);
  const response = await fetch(`${platform.entra.origin}/dev/users/${second.name}/fault`, {
    method: 'PUT',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ kind: 'revoked' }),
  });
  if (!response.ok)
    throw new Error(`The stand-in refused the fault: ${response.status} ${await response.text()}`);
  tell(`${second.displayName}'s grant was revoked.`);
}

async function readJournal(platform: Platform): Promise<JournalEntry[]> {
  const entries = (await (await fetch(`${platform.entra.origin}/dev/requests`)).json()) as JournalEntry[];
  return entries.filter((entry) => entry.grant === 'refresh_token');
}

function accountRows(config: Config, users: DemoUser[], turns: TurnEnded[]): AccountRow[] {
  const { logId } = compose(config);
  return users.map((user, index) => {
    const id = logId(idOf(user));
    const turn = turns.findLast((candidate) => candidate.user === id);
    return {
      user: user.name,
      logId: id,
      part: PARTS[index] ?? '',
      outcome: turn?.outcome ?? 'not looked at',
      kind: turn?.kind ?? '-',
      source: turn?.source ?? '-',
      why: turn?.code ?? turn?.reason ?? '-',
    };
  });
}

/** Everything must be as the story says, by the stand-in's own journal. */
function report(users: DemoUser[], accounts: AccountRow[], journal: JournalEntry[]): number {
  const granted = journal.filter((entry) => entry.status === 200);
  const held =
    accounts[0]?.outcome === 'failed' &&
    accounts[0].kind === 'cache-lost' &&
    accounts[1]?.outcome === 'failed' &&
    accounts[1].kind === 'needs-user' &&
    accounts[2]?.outcome === 'refreshed' &&
    accounts[2].source === 'network' &&
    granted.length === 1 &&
    granted[0]?.user === users[2]?.name;
  if (flags.json) {
    const shown = accounts.map(({ user, outcome, kind, source }) => ({ user, outcome, kind, source }));
    process.stdout.write(`${JSON.stringify({ accounts: shown, journal }, undefined, 2)}\n`);
  } else {
    printTable(accounts);
    tell(
      `\nRefresh grants in the stand-in's journal: ${journal.map((entry) => `${entry.user} ${entry.status}`).join(', ') || 'none'}.`,
    );
    tell(
      held
        ? 'One token was refreshed with nobody at the keyboard; two users need to come back.'
        : 'This is NOT how it should end.',
    );
  }
  return held ? 0 : 1;
}

function printTable(rows: AccountRow[]): void {
  const columns = ['user', 'part', 'logId', 'outcome', 'source', 'kind', 'why'] as const;
  const widths = columns.map((column) => Math.max(column.length, ...rows.map((row) => row[column].length)));
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, index) => cell.padEnd(widths[index] ?? 0))
      .join('  ')
      .trimEnd();
  tell(line(columns));
  tell(widths.map((width) => '─'.repeat(width)).join('  '));
  for (const row of rows) tell(line(columns.map((column) => row[column])));
}

/** A host line ends with what the function logged; only the worker's turns are of interest. */
function readTurn(line: string): TurnEnded | undefined {
  const at = line.indexOf('{"event":"user.turn-ended"');
  return at < 0 ? undefined : (JSON.parse(line.slice(at)) as TurnEnded);
}

function idOf({ tid, oid }: DemoUser): UserId {
  return toUserId({ tid, oid });
}

function tell(text: string): void {
  if (!flags.json) process.stdout.write(`${text}\n`);
}
