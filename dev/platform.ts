/** The whole local platform on this machine's loopback: storage, directory, functions host, page. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PlainError } from '../ops/cli/errors.ts';
import { readConfig, SHIPPED_TASKS } from '../shared/config.ts';
import { createStead, type Stead } from '../shared/stead.ts';
import { azureStores } from '../shared/stores/azure.ts';
import { type Azurite, startAzurite } from './azurite.ts';
import { type CredentialName, registerCredential } from './credentials.ts';
import { createDemoPerson } from './demoPerson.ts';
import { demoPlatform } from './demoPlatform.ts';
import {
  ALL_USERS,
  API_CLIENT_ID,
  API_SCOPE_NAME,
  type DemoUser,
  GRAPH_APP_ID,
  SPA_CLIENT_ID,
  TENANT_ID,
} from './entra/directory.ts';
import type { Lifetimes } from './entra/lifetimes.ts';
import { type Entra, type EntraOptions, startEntra } from './entra/startEntra.ts';
import { freePorts } from './freePorts.ts';
import { type Host, spawnHost } from './host/spawnHost.ts';
import { startWeb, type Web } from './web.ts';

export const ROOT = fileURLToPath(new URL('..', import.meta.url));

export type Ports = {
  web: number;
  functions: number;
  entra: number;
  blob: number;
  queue: number;
  table: number;
};

export type PlatformOptions = {
  ports?: Ports;
  /** The folder that keeps data between runs; undefined keeps nothing. */
  folder?: string;
  lifetimes?: Partial<Lifetimes>;
  /** People beside the demo users. */
  users?: readonly DemoUser[];
  /** How the API proves itself; by its client secret if left out. */
  credential?: CredentialName;
  /** What else the stand-in knows and does. */
  directory?: Pick<EntraOptions, 'apis' | 'belongings' | 'apps' | 'givenByAdministrator'>;
  /** The folder of the built functions; that of the project if left out. */
  functions?: string;
  /** Further settings of the functions. */
  settings?: Record<string, string>;
  /** Whether the worker runs each minute by itself. Default true. */
  timers?: boolean;
  /** The file that says when each timer runs next; in `folder` if left out. */
  timerStatus?: string;
  /** Leaves the page out, for callers that are not a browser. */
  withoutWeb?: boolean;
  onHostLine?: (line: string) => void;
};

/**
 * For a person who watches: an hour of a real tenant takes a minute, files and mail arrive, and all shipped tasks run. Mail
 * needs an administrator, who has given it to everybody. Users consent to the rest.
 */
export const FAST_MOTION = {
  // MSAL treats the last 300 seconds of a token as expired.
  lifetimes: { graphAccessToken: 330 },
  settings: {
    REFRESH_IDLE_SECONDS: '10',
    REFRESH_MIN_INTERVAL_SECONDS: '20',
    TASKS: SHIPPED_TASKS.join(),
  },
  directory: {
    belongings: { activitySeconds: 20 },
    apps: {
      api: { requiredResourceAccess: [{ resource: GRAPH_APP_ID, permissions: ['User.Read', 'Files.Read'] }] },
    },
    givenByAdministrator: ['Mail.ReadBasic'],
  },
} satisfies Partial<PlatformOptions>;

export type Platform = {
  azurite: Azurite;
  entra: Entra;
  host: Host;
  /** The page's origin, even if the page is left out. */
  webOrigin: string;
  /** The application as the functions have it, on the same storage: for operators' work. */
  stead: Stead;
  settings: Record<string, string>;
  stop(): Promise<void>;
};

/** Starts all parts or none: if one part does not start, the others are stopped again. */
export async function startPlatform(options: PlatformOptions): Promise<Platform> {
  const { folder } = options;
  const ports = options.ports ?? (await freePlatformPorts());
  const timerStatus = options.timerStatus ?? (folder === undefined ? undefined : join(folder, 'timers.json'));
  const stops: (() => Promise<unknown>)[] = [];
  const stop = async () => {
    for (const stopOne of stops.splice(0).reverse()) await stopOne();
  };
  try {
    const azurite = await startAzurite({
      ports: { blob: ports.blob, queue: ports.queue, table: ports.table },
      ...(folder === undefined ? {} : { folder: join(folder, 'azurite') }),
    });
    stops.push(() => azurite.stop());

    const webOrigin = `http://localhost:${ports.web}`;
    const linkCallback = `http://localhost:${ports.functions}/api/connection/link/callback`;
    const entra = await startEntra({
      port: ports.entra,
      spaOrigins: [webOrigin],
      apiRedirectUris: [linkCallback],
      ...(folder === undefined ? {} : { keyFile: join(folder, 'entra-key.json') }),
      ...(options.lifetimes === undefined ? {} : { lifetimes: options.lifetimes }),
      ...(options.users === undefined ? {} : { users: options.users }),
      ...options.directory,
    });
    stops.push(() => entra.close());

    const settings = {
      ...standInSettings(entra.origin, azurite.connectionString),
      LINK_REDIRECT_URI: linkCallback,
      LINK_RETURN_URLS: `${webOrigin}/`,
      ...(await registerCredential(entra.origin, options.credential ?? 'secret')),
      ...options.settings,
    };
    const host = await spawnHost({
      root: options.functions ?? ROOT,
      port: ports.functions,
      env: settings,
      cors: webOrigin,
      settings: false,
      timers: options.timers ?? true,
      ...(timerStatus === undefined ? {} : { timerStatus }),
      ...(options.onHostLine === undefined ? {} : { onLine: options.onHostLine }),
    });
    stops.push(() => host.stop());

    const stead = createStead(readConfig(settings), { stores: azureStores });
    if (!options.withoutWeb) {
      const web: Web = await startWeb({
        port: ports.web,
        root: join(ROOT, 'dist/local'),
        config: standInPage(entra.origin, host.origin),
        controls: {
          people: [...ALL_USERS, ...(options.users ?? [])],
          press: createDemoPerson(demoPlatform(stead, { entraOrigin: entra.origin, webOrigin, host })),
        },
      });
      stops.push(() => web.close());
    }
    return { azurite, entra, host, webOrigin, stead, settings, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function freePlatformPorts(): Promise<Ports> {
  const [web, functions, entra, blob, queue, table] = await freePorts(6);
  return { web, functions, entra, blob, queue, table } as Ports;
}

/** The settings of the functions for the stand-in. On localhost they need no keys: they derive their own. */
function standInSettings(entraOrigin: string, connectionString: string): Record<string, string> {
  return {
    FUNCTIONS_WORKER_RUNTIME: 'node',
    AzureWebJobsStorage: connectionString,
    ENTRA_TENANT_ID: TENANT_ID,
    ENTRA_CLIENT_ID: API_CLIENT_ID,
    ENTRA_AUTHORITY: entraOrigin,
    API_SCOPE: API_SCOPE_NAME,
    GRAPH_BASE_URL: entraOrigin,
    TokenStore: connectionString,
  };
}

/** MSAL accepts an authority on https only, but endpoints on http, so the page is given the stand-in's endpoints. */
function standInPage(entraOrigin: string, apiBaseUrl: string): Record<string, unknown> {
  const { host } = new URL(entraOrigin);
  const tenant = `${entraOrigin}/${TENANT_ID}`;
  return {
    clientId: SPA_CLIENT_ID,
    authority: `https://${host}/${TENANT_ID}`,
    knownAuthorities: [host],
    authorityMetadata: JSON.stringify({
      issuer: `${tenant}/v2.0`,
      authorization_endpoint: `${tenant}/oauth2/v2.0/authorize`,
      token_endpoint: `${tenant}/oauth2/v2.0/token`,
      end_session_endpoint: `${tenant}/oauth2/v2.0/logout`,
      jwks_uri: `${tenant}/discovery/v2.0/keys`,
    }),
    apiScope: `api://${API_CLIENT_ID}/${API_SCOPE_NAME}`,
    apiBaseUrl,
    localDemo: true,
  };
}

/**
 * Builds in a separate process, because Vite changes the environment of its process. The output of the build goes to
 * stderr, because stdout belongs to the command.
 * @param flags the options of `npm run build`
 * @throws {PlainError} The build failed.
 */
export async function runBuild(...flags: string[]): Promise<void> {
  const build = spawn(process.execPath, [join(ROOT, 'dev/build.ts'), '--quiet', ...flags], {
    stdio: ['ignore', 2, 2],
  });
  const [code] = await once(build, 'exit');
  if (code !== 0) throw new PlainError('The build failed. The lines above say why.');
}
