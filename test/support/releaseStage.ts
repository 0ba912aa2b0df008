/** Two releases at work on one storage, each in hosts of its own. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { get, type IncomingHttpHeaders, type OutgoingHttpHeaders } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startAzurite } from '../../dev/azurite.ts';
import type { DemoUser } from '../../dev/entra/directory.ts';
import { throughThePages } from '../../dev/entra/signIn.ts';
import { type Entra, startEntra } from '../../dev/entra/startEntra.ts';
import { type Host, spawnHost } from '../../dev/host/spawnHost.ts';
import { ROOT } from '../../dev/platform.ts';
import type { LogEvent } from '../../shared/log.ts';
import { toUserId } from '../../shared/userId.ts';
import type { Connection, LinkTicket } from '../../shared/wire.ts';
import type { CacheKeyLike } from './checkStorage.ts';
import { type DrillUser, EXPIRED_AT_ONCE, settingsOf } from './drillStage.ts';
import { control, journal, SPA_ORIGIN, signIn } from './entraClients.ts';
import { CALLBACK, LINK_SETTINGS } from './linkBrowser.ts';
import { type NoticeReceiver, startNoticeReceiver } from './noticeReceiver.ts';
import { buildPreviousRelease } from './previousRelease.ts';
import { openStored, type StoredByReleases } from './storedByReleases.ts';

export type Release = 'previous' | 'present';

/** An event of either release. The previous one may log what this one no longer does. */
export type LoggedEvent = { release: Release; event: LogEvent['event'] } & Record<string, unknown>;

export type ReleaseHost = {
  release: Release;
  /** The user comes with a new access token and is answered. */
  visit(user: DrillUser): Promise<void>;
  connection(user: DrillUser): Promise<Connection>;
  disconnect(user: DrillUser): Promise<void>;
  /** Connects again, and visits as the page does next. */
  reconnect(user: DrillUser): Promise<void>;
  /** Lets the user's tasks rest. The previous release reads no body, and connects the user. */
  pause(user: DrillUser, until: Date): Promise<void>;
  /** One run of the worker. */
  sweep(): Promise<void>;
  stop(): Promise<void>;
  /** Ends its process at once, wherever it is. */
  kill(): Promise<void>;
  /** Lets the user stay connected, in a browser of their own. The previous release does not know that. */
  link(user: DrillUser): Promise<void>;
};

export type ReleaseStage = {
  entra: Entra;
  connectionString: string;
  stored: StoredByReleases;
  /** What the present release tells of all users. */
  receiver: NoticeReceiver;
  /** The keys of the caches, the first one seals. A host has those of the time when it was started. */
  keys: CacheKeyLike[];
  /** A further host of that release. No host has a schedule: the worker runs only when it is told to. */
  start(release: Release): Promise<ReleaseHost>;
  /** The release's own host, which is started if it does not run. */
  running(release: Release): Promise<ReleaseHost>;
  /** The hosts of both, the previous release first. */
  both(): Promise<[ReleaseHost, ReleaseHost]>;
  /** Stops the release's own host. */
  stopRelease(release: Release): Promise<void>;
  /** What all hosts have logged since the last call. */
  takeEvents(): LoggedEvent[];
  /** How the directory has answered refreshes of these users, since grants were last forgotten. */
  refreshesOf(users: readonly DrillUser[]): Promise<{ user: string; status: number }[]>;
  /** Until a grant for each of these users is on the wire and has no answer yet. */
  waitForGrants(users: readonly DrillUser[]): Promise<void>;
  forgetGrants(): Promise<void>;
  stop(): Promise<void>;
};

/** Nobody is due by themselves within a drill, neither after a visit nor after a check. */
const UNHURRIED = { REFRESH_IDLE_SECONDS: '1800', REFRESH_MIN_INTERVAL_SECONDS: '1800' };
const EVENT = /^\[[^\]]+\] \w+ \S+ (\{"event":.*\})$/;
const DAY = 86_400_000;
const MINUTE = 60_000;

export async function startReleaseStage(
  people: readonly DemoUser[],
  keys: readonly CacheKeyLike[],
): Promise<ReleaseStage> {
  // Nothing else has been started yet if this fails for want of the commit.
  const previous = await buildPreviousRelease();
  const [azurite, receiver, entra, folder] = await Promise.all([
    startAzurite(),
    startNoticeReceiver(),
    startEntra({
      port: 0,
      spaOrigins: [SPA_ORIGIN],
      users: people,
      apiRedirectUris: [CALLBACK],
      consented: true,
      lifetimes: { accessToken: EXPIRED_AT_ONCE },
    }),
    mkdtemp(join(tmpdir(), 'stead-releases-')),
  ]);
  const { connectionString } = azurite;
  const roots: Record<Release, string> = { previous: previous.root, present: ROOT };
  const timerStatus = join(folder, 'timers.json');
  const hosts = new Set<ReleaseHost>();
  const own = new Map<Release, ReleaseHost>();
  let events: LoggedEvent[] = [];

  async function grantsOf(users: readonly DrillUser[]) {
    const names = new Set(users.map(({ name }) => name));
    return (await journal(entra)).flatMap(({ grant, user = '', status }) =>
      names.has(user) ? [{ grant, user, status }] : [],
    );
  }

  const stage: ReleaseStage = {
    entra,
    connectionString,
    stored: openStored(connectionString),
    receiver,
    keys: [...keys],

    async start(release) {
      await writeFile(timerStatus, JSON.stringify({ refreshWorker: statusUntilTomorrow() }));
      const host = await spawnHost({
        root: roots[release],
        port: 0,
        env: {
          ...settingsOf(entra, connectionString),
          ...UNHURRIED,
          TOKEN_CACHE_KEYS: keySetOf(stage.keys),
          // The previous release does not know these settings.
          ...receiver.settings,
          ...LINK_SETTINGS,
        },
        settings: false,
        timerStatus,
        onLine(line) {
          const [, event] = EVENT.exec(line) ?? [];
          if (event !== undefined) events.push({ release, ...(JSON.parse(event) as LogEvent) });
        },
      });
      const started = releaseHost(entra, release, host, () => hosts.delete(started));
      hosts.add(started);
      return started;
    },

    async running(release) {
      const host = own.get(release) ?? (await stage.start(release));
      own.set(release, host);
      return host;
    },

    both: () => Promise.all([stage.running('previous'), stage.running('present')]),

    async stopRelease(release) {
      await own.get(release)?.stop();
      own.delete(release);
    },

    takeEvents() {
      const taken = events;
      events = [];
      return taken;
    },

    async refreshesOf(users) {
      return (await grantsOf(users)).flatMap(({ grant, ...rest }) =>
        grant === 'refresh_token' ? [rest] : [],
      );
    },

    async waitForGrants(users) {
      for (let waited = 0; waited < 20_000; waited += 20) {
        const open = (await grantsOf(users)).filter(({ status }) => status === 0);
        if (new Set(open.map(({ user }) => user)).size === users.length) return;
        await sleep(20);
      }
      throw new Error('not every grant that was expected is on the wire');
    },

    async forgetGrants() {
      await control(entra, 'DELETE', '/requests');
    },

    async stop() {
      await Promise.all([...hosts].map((host) => host.stop()));
      await Promise.all([
        entra.close(),
        azurite.stop(),
        previous.remove(),
        receiver.close(),
        rm(folder, { recursive: true, force: true }),
      ]);
    },
  };
  return stage;
}

const keySetOf = (keys: readonly CacheKeyLike[]): string =>
  JSON.stringify({
    keys: keys.map(({ kid, secret }) => ({ kty: 'oct', kid, k: Buffer.from(secret).toString('base64url') })),
  });

/** What a browser does with an address. `fetch` says that it is a script. */
async function navigate(url: string, headers: OutgoingHttpHeaders = {}): Promise<IncomingHttpHeaders> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingHttpHeaders>();
  get(url, { headers }, (response) => {
    response.resume();
    resolve(response.headers);
  }).once('error', reject);
  return promise;
}

function releaseHost(entra: Entra, release: Release, host: Host, onEnd: () => void): ReleaseHost {
  async function ask(method: string, path: string, { name }: DrillUser, body?: string): Promise<Response> {
    const { accessToken } = await signIn(entra, name);
    const response = await fetch(`${host.origin}/api/${path}`, {
      method,
      headers: {
        authorization: `Bearer ${accessToken}`,
        ...(body !== undefined && { 'content-type': 'application/json' }),
      },
      ...(body !== undefined && { body }),
    });
    if (!response.ok) {
      throw new Error(`the ${release} release answered ${response.status} to ${method} ${path}`);
    }
    return response;
  }
  /** The hosts have addresses of their own, and the settings one for all. */
  const here = (address: URL | string) => {
    const { pathname, search } = new URL(address);
    return `${host.origin}${pathname}${search}`;
  };
  async function link(user: DrillUser): Promise<void> {
    const { url } = (await (await ask('POST', 'connection/link', user)).json()) as LinkTicket;
    const opened = await navigate(here(url));
    const [cookie = ''] = opened['set-cookie']?.[0]?.split(';') ?? [];
    const signInUrl = new URL(opened.location ?? '');
    const back = await throughThePages(signInUrl, { user: user.name, consent: 'accept' });
    const { location = '' } = await navigate(here(back), { cookie });
    const result = new URL(location).searchParams.get('link');
    if (result !== 'linked') throw new Error(`the link of ${user.name} came to ${result}`);
  }
  const visit = async (user: DrillUser) => void (await ask('GET', 'profile', user));
  return {
    release,
    visit,
    connection: async (user) => (await ask('GET', 'connection', user)).json() as Promise<Connection>,
    link,
    disconnect: async (user) => void (await ask('DELETE', 'connection', user)),
    async reconnect(user) {
      await ask('PUT', 'connection', user);
      await visit(user);
    },
    pause: async (user, until) =>
      void (await ask('PUT', 'connection', user, JSON.stringify({ tasksPausedUntil: until }))),
    async sweep() {
      const outcome = await host.run('refreshWorker');
      if (outcome === 'failed') throw new Error(`a run of the ${release} release failed`);
    },
    async stop() {
      onEnd();
      await host.stop();
    },
    async kill() {
      onEnd();
      host.kill();
      await host.exited;
    },
  };
}

/** To a host, the timer fires each minute and has last fired tomorrow, so it does not fire in a drill. */
function statusUntilTomorrow(): { Last: string; Next: string; LastUpdated: string } {
  const next = Math.ceil((Date.now() + DAY) / MINUTE) * MINUTE;
  const last = new Date(next - MINUTE).toISOString();
  return { Last: last, Next: new Date(next).toISOString(), LastUpdated: last };
}

export const drillUsersOf = (people: readonly DemoUser[]): DrillUser[] =>
  people.map((user) => ({ name: user.name, userId: toUserId(user) }));
