/**
 * A local stand-in for Microsoft Entra ID v2.0 and Microsoft Graph, for development and tests. It does not check
 * anybody's identity: it signs in every user who is picked. So it listens only on loopback.
 *
 * `keyFile` keeps the keys, and a file beside it keeps the consents. Codes, refresh tokens and sessions are signed and
 * self-contained. So all of these survive a restart. Faults, revocations, lifetimes, redeemed codes, registrations and the
 * journal do not.
 */
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import { Hono } from 'hono';
import { cors } from 'hono/cors';
import { adminConsentEndpoint } from './adminConsent.ts';
import { type Answers, changedAnswers, DEFAULT_ANSWERS } from './answers.ts';
import { applicationEndpoints } from './applicationEndpoints.ts';
import { type Applications, type ApplicationsOptions, createApplications } from './applications.ts';
import { createAppRoles } from './appRoles.ts';
import { authorizeEndpoints } from './authorize.ts';
import { type BelongingSettings, changedBelongings, createBelongings } from './belongings.ts';
import { createClientCredentials } from './clientCredentials.ts';
import { registerClients } from './clients.ts';
import { openConsents } from './consents.ts';
import { controlEndpoints } from './control.ts';
import type { DemoUser } from './directory.ts';
import { EntraError, GraphError } from './entraError.ts';
import { createFaults } from './faults.ts';
import { type AppsOptions, createFurtherApis, type FurtherApi, registerApps } from './furtherApis.ts';
import { consentAs, giveAsAdministrator } from './givenConsents.ts';
import { graphEndpoints } from './graph.ts';
import { driveEndpoints } from './graphDrive.ts';
import { mailEndpoints } from './graphMail.ts';
import { identityEndpoint } from './identityEndpoint.ts';
import { indexPage } from './indexPage.ts';
import { createJournal, type EntraEnv } from './journal.ts';
import { openKeys } from './keys.ts';
import { changedLifetimes, DEFAULT_LIFETIMES, type Lifetimes } from './lifetimes.ts';
import { metadataEndpoints } from './metadata.ts';
import { createPeople } from './people.ts';
import { createRegisteredClients, createRegisteredGrants } from './registeredClients.ts';
import type { StandIn } from './standIn.ts';
import { tokenEndpoint } from './tokenEndpoint.ts';

export type EntraOptions = {
  /** 0 = any free port. */
  port: number;
  /** Only names of the loopback interface are accepted: `127.0.0.1` (default), `::1` or `localhost`. */
  host?: string;
  /**
   * The file that keeps the keys between runs (mode 0600). Consents are in a file beside it. Only in memory if left
   * out.
   */
  keyFile?: string;
  /**
   * Origins of the single-page app; each has the redirect URIs `<origin>/`, `<origin>/redirect.html` and
   * `<origin>/admin.html`.
   */
  spaOrigins: string[];
  /** Further people beside the demo users, for example `numberedUsers(50)`. */
  users?: readonly DemoUser[];
  /** Redirect URIs of the web API, of the platform Web, each exactly. */
  apiRedirectUris?: readonly string[];
  lifetimes?: Partial<Lifetimes>;
  /** Whether on-behalf-of responses carry an `id_token`; true if left out. */
  idTokenOnObo?: boolean;
  answers?: Partial<Answers>;
  /** How Graph tells what happens to people's files and mail, and whether anything happens by itself. */
  belongings?: BelongingSettings;
  /** Permissions of Graph that an administrator has given to the web API for each person of the applications' tenant. */
  givenByAdministrator?: readonly string[];
  /** What the registrations of the two applications list. */
  apps?: AppsOptions;
  /** APIs beside Graph. The web API's registration lists all of their permissions. */
  apis?: readonly FurtherApi[];
  /** How Graph's registrations behave. By default a change is seen at once. */
  applications?: ApplicationsOptions;
  /** True if everybody has consented to everything that is registered. By default nobody has, as in a real tenant. */
  consented?: boolean;
};

export type Entra = {
  /** `http://localhost:<port>`: the base of authorities (`<origin>/<tenant id>`) and of Graph (`<origin>/v1.0`). */
  origin: string;
  port: number;
  /** Ends open connections too. */
  close(): Promise<void>;
};

const LOOPBACK = ['127.0.0.1', '::1', 'localhost'];

/**
 * @throws Error if the host is not loopback or the key file is not one, InputError for bad origins, users or lifetimes,
 *   and what `listen` gave (`EADDRINUSE`), unchanged
 */
export async function startEntra(options: EntraOptions): Promise<Entra> {
  const { host = '127.0.0.1', spaOrigins, idTokenOnObo = true } = options;
  if (!LOOPBACK.includes(host)) {
    throw new Error(
      `the stand-in signs in anybody and listens on ${LOOPBACK.join(', ')} only, not on "${host}"`,
    );
  }
  const applications = createApplications(options.applications);
  const { apps = {}, apis = [] } = options;
  const findApi = createFurtherApis(apis);
  const findRegistered = createRegisteredClients(applications);
  const clients = registerClients(spaOrigins, {
    others: (id) => findApi(id) ?? findRegistered(id),
    apiRedirectUris: options.apiRedirectUris ?? [],
  });
  registerApps(clients, apps, apis);
  const people = createPeople(options.users ?? []);
  const lifetimes = changedLifetimes(DEFAULT_LIFETIMES, options.lifetimes ?? {});
  const answers = changedAnswers(DEFAULT_ANSWERS, options.answers ?? {});
  const belongings = createBelongings();
  const keys = await openKeys(options.keyFile);
  const consents = await openConsents(
    options.keyFile?.replace(/(\.json)?$/, '-consents.json'),
    createRegisteredGrants(applications),
  );
  const servers = await listenOnLoopback(options.port);
  const port = portOf(servers[0]);
  const standIn: StandIn = {
    origin: `http://localhost:${port}`,
    clients,
    credentials: createClientCredentials(applications, `http://localhost:${port}`),
    appRoles: createAppRoles(applications),
    people,
    belongings,
    keys,
    consents,
    faults: createFaults(),
    journal: createJournal(),
    lifetimes,
    ownLifetimes: new Map(),
    answers,
    idTokenOnObo,
    givenByAdministrator: options.givenByAdministrator ?? [],
  };
  belongings.settings = changedBelongings({}, options.belongings ?? {});
  for (const user of people.all) {
    if (options.consented) await consentAs(standIn, user);
    await giveAsAdministrator(standIn, user);
  }
  const listener: RequestListener = getRequestListener(entraApp(standIn, applications).fetch);
  for (const server of servers) server.on('request', listener);
  return {
    origin: standIn.origin,
    port,
    close: async () => {
      await Promise.all(servers.map(closed));
    },
  };
}

function entraApp(standIn: StandIn, applications: Applications): Hono<EntraEnv> {
  const { origin, clients, journal } = standIn;
  const hosts = LOOPBACK.map((name) => `${name === '::1' ? '[::1]' : name}:${new URL(origin).port}`);
  const app = new Hono<EntraEnv>();
  // A foreign name that resolves to loopback (DNS rebinding) would make any site same-origin with this server.
  app.use(async (c, next) => {
    if (!hosts.includes(c.req.header('host') ?? ''))
      return c.text('This server answers to loopback names only.', 421);
    return next();
  });
  app.use(
    cors({
      origin: (asking) => (clients.isSpaOrigin(asking) ? asking : null),
      allowMethods: ['GET', 'POST', 'PUT', 'DELETE'],
      exposeHeaders: ['WWW-Authenticate', 'Retry-After', 'request-id', 'client-request-id'],
    }),
  );
  app.onError((error, c) => {
    if (error instanceof EntraError) {
      c.get('entry').error = error.error;
      return error.respond(c, standIn);
    }
    if (error instanceof GraphError) {
      c.get('entry').error = error.code;
      return error.respond(c);
    }
    throw error;
  });
  app.get('/', (c) => indexPage(c, standIn));
  app.route('/dev', controlEndpoints(standIn));
  app.route('/', metadataEndpoints(standIn));
  app.route('/', tokenEndpoint(standIn));
  app.route('/', identityEndpoint(standIn));
  app.route('/', graphEndpoints(standIn));
  app.route('/', driveEndpoints(standIn));
  app.route('/', mailEndpoints(standIn));
  const record = journal.record('graph');
  const usersMayConsent = () => !standIn.consents.closedTenants.has(applications.tenantId);
  app.route('/', applicationEndpoints(applications, { record, usersMayConsent }));
  app.route('/', authorizeEndpoints(standIn));
  app.route('/', adminConsentEndpoint(standIn));
  return app;
}

const portOf = (server: Server): number => (server.address() as AddressInfo).port;

const listening = (port: number, host: string): Promise<Server> =>
  new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen({ port, host }, () => {
      server.off('error', reject);
      resolve(server);
    });
  });

const closed = (server: Server): Promise<void> =>
  new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });

/** Both loopback addresses, where there are both: which one `localhost` means is up to the browser and the system. */
async function listenOnLoopback(port: number, tries = 5): Promise<[Server, ...Server[]]> {
  const server = await listening(port, '127.0.0.1');
  try {
    return [server, await listening(portOf(server), '::1')];
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EADDRNOTAVAIL' || code === 'EAFNOSUPPORT') return [server];
    await closed(server);
    // The port was free on only one of the two addresses. If any port is allowed, try another one.
    if (code === 'EADDRINUSE' && port === 0 && tries > 1) return listenOnLoopback(port, tries - 1);
    throw error;
  }
}
