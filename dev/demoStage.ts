/** What the demo's story is played on: the platform, and what can be done there to a user. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { readConfig } from '../shared/config.ts';
import type { LogEvent } from '../shared/log.ts';
import type { Account } from '../shared/ports.ts';
import { createStead } from '../shared/stead.ts';
import { toUserId } from '../shared/userId.ts';
import { type Cast, PARTS, type Part } from './demoCast.ts';
import { API_CLIENT_ID, type DemoUser } from './entra/directory.ts';
import { signInWithCode } from './entra/signIn.ts';
import { startPlatform } from './platform.ts';

/** MSAL takes a token's last 300 seconds for expired already: this one lives for three. */
const ACCESS_TOKEN_SECONDS = 303;
export const IDLE_SECONDS = 5;
const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;
const PATIENCE_MS = 10_000;

/** How one user fared in one run of the worker. */
export type Turn = {
  outcome: string;
  source?: string;
  kind?: string;
  /** The failure's code, or why a look was or was not taken. */
  why?: string;
  /** How the task that acts as the user ended; undefined when there was no token to act with. */
  task?: string;
  /** The user's row after the run. */
  state: Account['state'] | 'none';
};

export type RefreshGrant = { user?: string; status: number; error?: string };

/** One user, or everybody in a tenant. */
export type FaultTarget = DemoUser | { tid: string };

export type Stage = {
  /** The user signs in and calls the API. @throws {Error} the API refuses */
  visit(user: DemoUser): Promise<void>;
  deleteCache(user: DemoUser): Promise<void>;
  /** A fault of the stand-in's, for one user or for a whole tenant. */
  fault(target: FaultTarget, fault: Record<string, unknown>): Promise<void>;
  /** Ends the target's faults. */
  mend(target: FaultTarget): Promise<void>;
  /** Makes the user due now instead of at the end of their back-off, as an operator would. */
  makeDue(user: DemoUser): Promise<void>;
  /** One run of the worker; those who were not looked at are left out. @throws {Error} the run did not end */
  runWorker(cast: Cast): Promise<Partial<Record<Part, Turn>>>;
  /** How the last task went, by the user's row. */
  lastTaskInHistory(user: DemoUser): Promise<string | undefined>;
  /** Every refresh grant that was asked of the stand-in. */
  refreshGrants(): Promise<RefreshGrant[]>;
  end(): Promise<void>;
};

export async function openStage(users: readonly DemoUser[]): Promise<Stage> {
  const folder = await mkdtemp(join(tmpdir(), 'stead-demo-'));
  const timerStatus = join(folder, 'timers.json');
  await writeFile(timerStatus, JSON.stringify({ refreshWorker: inAnHour() }));
  let events: LogEvent[] = [];
  const platform = await startPlatform({
    withoutWeb: true,
    users,
    timerStatus,
    lifetimes: { accessToken: ACCESS_TOKEN_SECONDS },
    settings: {
      ALLOWED_TENANTS: '*',
      REFRESH_IDLE_SECONDS: String(IDLE_SECONDS),
      REFRESH_MIN_INTERVAL_SECONDS: '1',
    },
    onHostLine: (line) => {
      const event = readEvent(line);
      if (event) events.push(event);
    },
  });
  const app = createStead(readConfig(platform.settings)).services;
  const { origin } = platform.entra;

  async function control(method: string, path: string, body?: unknown): Promise<void> {
    const response = await fetch(`${origin}/dev${path}`, {
      method,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    if (!response.ok) {
      throw new Error(`The stand-in refused ${path}: ${response.status} ${await response.text()}`);
    }
  }

  /** The lines come by a pipe of their own, and this one comes last. */
  async function untilSweepEnded(): Promise<void> {
    for (let waited = 0; waited < PATIENCE_MS; waited += 20) {
      if (events.some(({ event }) => event === 'sweep.ended')) return;
      await sleep(20);
    }
    throw new Error('The worker did not say that its run has ended.');
  }

  return {
    async visit(user) {
      const { accessToken } = await signInWithCode({
        origin,
        user: user.name,
        tenant: user.tid,
        spaOrigin: platform.webOrigin,
        scope: `api://${API_CLIENT_ID}/.default`,
      });
      const response = await fetch(`${platform.host.origin}/api/profile`, {
        headers: { Authorization: `Bearer ${accessToken}` },
      });
      if (!response.ok) {
        throw new Error(`GET /api/profile for ${user.name}: ${response.status} ${await response.text()}`);
      }
    },
    deleteCache: (user) => app.tokenCache.remove(toUserId(user)),
    fault: (target, fault) => control('PUT', pathOf(target), fault),
    mend: (target) => control('DELETE', pathOf(target)),
    async makeDue(user) {
      const account = await app.accounts.read(toUserId(user));
      if (account === undefined) throw new Error(`${user.name} has no row.`);
      await app.accounts.move(account, { ...account, dueAt: new Date() });
    },
    async runWorker(cast) {
      events = [];
      await platform.host.run('refreshWorker');
      await untilSweepEnded();
      const turns: Partial<Record<Part, Turn>> = {};
      for (const part of PARTS) {
        const userId = toUserId(cast[part]);
        const turn = turnIn(events, app.logId(userId));
        if (turn) turns[part] = { ...turn, state: (await app.accounts.read(userId))?.state ?? 'none' };
      }
      return turns;
    },
    async lastTaskInHistory(user) {
      const account = await app.accounts.read(toUserId(user));
      return account?.history.findLast(({ task }) => task !== undefined)?.outcome;
    },
    async refreshGrants() {
      const entries = (await (await fetch(`${origin}/dev/requests`)).json()) as (RefreshGrant & {
        grant?: string;
      })[];
      return entries.filter((entry) => entry.grant === 'refresh_token');
    },
    async end() {
      await platform.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

const pathOf = (target: FaultTarget): string =>
  'name' in target ? `/users/${target.name}/fault` : `/tenants/${target.tid}/fault`;

/** The story runs the worker itself; the timer's own run every minute would come at any point of it. */
function inAnHour() {
  const next = new Date(Math.ceil(Date.now() / MINUTE_MS) * MINUTE_MS + HOUR_MS);
  const last = new Date(next.getTime() - MINUTE_MS).toISOString();
  return { Last: last, Next: next.toISOString(), LastUpdated: last };
}

/** A host line ends with what the function logged. */
function readEvent(line: string): LogEvent | undefined {
  const at = line.indexOf('{"event":"');
  return at < 0 ? undefined : (JSON.parse(line.slice(at)) as LogEvent);
}

function turnIn(events: readonly LogEvent[], logId: string): Omit<Turn, 'state'> | undefined {
  const turn = events.find((event) => event.event === 'user.check-ended' && event.user === logId);
  if (turn?.event !== 'user.check-ended') return undefined;
  const task = events.find((event) => event.event === 'task.ended' && event.user === logId);
  const why = turn.code ?? turn.reason;
  return {
    outcome: turn.outcome,
    ...(turn.source && { source: turn.source }),
    ...(turn.kind && { kind: turn.kind }),
    ...(why && { why }),
    ...(task?.event === 'task.ended' && { task: task.outcome }),
  };
}
