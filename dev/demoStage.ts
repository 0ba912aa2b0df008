/** The platform on which the demo's story plays, and what the story can do to a user there. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { LogEvent } from '../shared/log.ts';
import { toUserId } from '../shared/userId.ts';
import type { CredentialName } from './credentials.ts';
import { type Cast, PARTS, type Part } from './demoCast.ts';
import { API_CLIENT_ID, type DemoUser } from './entra/directory.ts';
import { signInWithCode } from './entra/signIn.ts';
import { startPlatform } from './platform.ts';
import { readEvent } from './readEvent.ts';

/** MSAL treats the last 300 seconds of a token as expired, so this token is usable for three seconds. */
const ACCESS_TOKEN_SECONDS = 303;
export const IDLE_SECONDS = 5;
const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;
const PATIENCE_MS = 10_000;

/** The check of one user in one run of the worker. */
export type Check = {
  outcome: string;
  source?: string;
  kind?: string;
  /** The code of the failure, or the reason why the worker did or did not ask for a token. */
  why?: string;
  /** How the task that acts as the user ended; undefined if there was no token for it. */
  task?: string;
  /** The state of the user's account after the run, or `none`. */
  state: string;
};

export type RefreshGrant = { user?: string; status: number; error?: string };

/** One user, or everybody in a tenant. */
export type FaultTarget = DemoUser | { tid: string };

export type Stage = {
  /** The user signs in and calls the API. @throws {Error} the API refuses */
  visit(user: DemoUser): Promise<void>;
  deleteCache(user: DemoUser): Promise<void>;
  /** Sets a fault of the stand-in for one user or for a whole tenant. */
  fault(target: FaultTarget, fault: Record<string, unknown>): Promise<void>;
  /** Ends the target's faults. */
  repair(target: FaultTarget): Promise<void>;
  /** Makes the user due now, as an operator can, instead of after the back-off. */
  makeDue(user: DemoUser): Promise<void>;
  /** Runs the worker once. Users whom it did not check are left out. @throws {Error} The run did not end. */
  runWorker(cast: Cast): Promise<Partial<Record<Part, Check>>>;
  /** How the last task ended, as the user's row says. */
  lastTaskInHistory(user: DemoUser): Promise<string | undefined>;
  /** Every refresh grant that the stand-in was asked for. */
  refreshGrants(): Promise<RefreshGrant[]>;
  end(): Promise<void>;
};

export async function openStage(users: readonly DemoUser[], credential: CredentialName): Promise<Stage> {
  const folder = await mkdtemp(join(tmpdir(), 'stead-demo-'));
  const timerStatus = join(folder, 'timers.json');
  await writeFile(timerStatus, JSON.stringify({ refreshWorker: inAnHour() }));
  let events: LogEvent[] = [];
  const platform = await startPlatform({
    withoutWeb: true,
    credential,
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
  const { stead } = platform;
  const app = stead.services;
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

  /** The log lines arrive through a pipe, later than the answer of the run. This line is the last one. */
  async function untilSweepEnded(): Promise<void> {
    for (let waited = 0; waited < PATIENCE_MS; waited += 20) {
      if (events.some(({ event }) => event === 'sweep.ended')) return;
      await sleep(20);
    }
    throw new Error('The worker did not log that its run has ended.');
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
    repair: (target) => control('DELETE', pathOf(target)),
    async makeDue(user) {
      const { retried } = await stead.operators.retry(toUserId(user), false);
      if (!retried) throw new Error(`${user.name} has no account that can be retried.`);
    },
    async runWorker(cast) {
      events = [];
      await platform.host.run('refreshWorker');
      await untilSweepEnded();
      const checks: Partial<Record<Part, Check>> = {};
      for (const part of PARTS) {
        const userId = toUserId(cast[part]);
        const check = checkIn(events, app.logId(userId));
        if (check) checks[part] = { ...check, state: (await app.accounts.read(userId))?.state ?? 'none' };
      }
      return checks;
    },
    async lastTaskInHistory(user) {
      const account = await app.accounts.read(toUserId(user));
      if (account === undefined || !('history' in account)) return undefined;
      return account.history.findLast(({ task }) => task !== undefined)?.outcome;
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

/** Keeps the timer from running during the story, which runs the worker itself. */
function inAnHour() {
  const next = new Date(Math.ceil(Date.now() / MINUTE_MS) * MINUTE_MS + HOUR_MS);
  const last = new Date(next.getTime() - MINUTE_MS).toISOString();
  return { Last: last, Next: next.toISOString(), LastUpdated: last };
}

function checkIn(events: readonly LogEvent[], logId: string): Omit<Check, 'state'> | undefined {
  const check = events.find((event) => event.event === 'user.check-ended' && event.user === logId);
  if (check?.event !== 'user.check-ended') return undefined;
  const task = events.find((event) => event.event === 'task.ended' && event.user === logId);
  const why = check.code ?? check.reason;
  return {
    outcome: check.outcome,
    ...(check.source && { source: check.source }),
    ...(check.kind && { kind: check.kind }),
    ...(why && { why }),
    ...(task?.event === 'task.ended' && { task: task.outcome }),
  };
}
