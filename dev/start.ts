/**
 * `npm start`: the local platform until Ctrl-C. With `--azure`: the same page and functions against a real
 * tenant, from local.settings.json.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { readConfig } from '../shared/config.ts';
import { ConfigError } from '../shared/errors.ts';
import { startAzurite } from './azurite.ts';
import { DEMO_USERS } from './entra/directory.ts';
import { isFree } from './freePorts.ts';
import { HostError } from './host/hostError.ts';
import { readLocalSettings } from './host/localSettings.ts';
import { type Host, spawnHost } from './host/spawnHost.ts';
import { FAST_MOTION, type Ports, ROOT, startPlatform } from './platform.ts';
import { startWeb } from './web.ts';

/** What is kept between runs. */
const FOLDER = process.env.STEAD_FOLDER ?? join(ROOT, '.stead');
/** Each port's default and the environment variable that changes it. */
const PORTS: Record<keyof Ports, { setting: string; port: number; what: string }> = {
  web: { setting: 'STEAD_WEB_PORT', port: 3000, what: 'the page' },
  functions: { setting: 'STEAD_FUNCTIONS_PORT', port: 7071, what: 'the functions' },
  entra: { setting: 'STEAD_ENTRA_PORT', port: 8400, what: 'the stand-in for Entra ID and Graph' },
  blob: { setting: 'STEAD_BLOB_PORT', port: 10000, what: 'blob storage (Azurite)' },
  queue: { setting: 'STEAD_QUEUE_PORT', port: 10001, what: 'queue storage (Azurite)' },
  table: { setting: 'STEAD_TABLE_PORT', port: 10002, what: 'table storage (Azurite)' },
};

/** Said to the person at the terminal as it is, without a stack. */
class StartError extends Error {}

let ending: Promise<void> | undefined;

const say = (text: string): boolean => process.stdout.write(`${text}\n`);

try {
  const { values } = parseArgs({ options: { azure: { type: 'boolean', default: false } } });
  const stop = values.azure ? await startForAzure() : await startLocal();
  endOnSignal(stop);
} catch (error) {
  const plain = error instanceof StartError || error instanceof ConfigError || error instanceof HostError;
  const stack = error instanceof Error ? error.stack : String(error);
  process.stderr.write(`${plain ? error.message : stack}\n`);
  process.exitCode = 1;
}

async function startLocal(): Promise<() => Promise<void>> {
  const ports = await choosePorts(['web', 'functions', 'entra', 'blob', 'queue', 'table']);
  const platform = await startPlatform({ ...FAST_MOTION, ports, folder: FOLDER, onHostLine: say });
  endWhenHostDies(platform.host, platform.stop);
  say(`
Stead runs here, with no account and no network:

  page       ${platform.webOrigin}
  functions  ${platform.host.origin}/api/profile
  stand-in   ${platform.entra.origin}   (Entra ID and Graph)
  storage    ${ports.blob} blob, ${ports.queue} queue, ${ports.table} table   (Azurite, kept in .stead/)

Sign in as one of:
${DEMO_USERS.map((user) => `  ${user.name.padEnd(8)} ${user.displayName} <${user.upn}>${user.homeTid === user.tid ? '' : '   (a guest)'}`).join('\n')}

Sign in on the page, and play the story with the controls below your profile: run the worker, take your grant away.
Or close the page and watch this log: within a minute the worker acts for you. Time runs fast here: a token for Graph
is worth half a minute, and the worker waits ten seconds after you left.

Ctrl-C stops everything.
`);
  return platform.stop;
}

async function startForAzure(): Promise<() => Promise<void>> {
  if (!existsSync(join(ROOT, 'local.settings.json'))) {
    throw new StartError(
      'There is no local.settings.json. Copy local.settings.sample.json to that name and fill in your tenant: the README says how, under "A real tenant".',
    );
  }
  const values: Record<string, string | undefined> = {
    ...(await readLocalSettings(ROOT)).values,
    ...process.env,
  };
  const config = readConfig(values);
  const spaClientId = values.SPA_CLIENT_ID;
  if (!spaClientId || spaClientId.startsWith('<')) {
    throw new StartError(
      'SPA_CLIENT_ID in local.settings.json is missing. Give the application (client) id of the SPA.',
    );
  }
  const emulated = [values.TokenStore, values.AzureWebJobsStorage].some((value) =>
    /^UseDevelopmentStorage=true;?$/i.test(value ?? ''),
  );
  const ports = await choosePorts(
    emulated ? ['web', 'functions', 'blob', 'queue', 'table'] : ['web', 'functions'],
  );
  if (emulated && (ports.blob !== 10000 || ports.queue !== 10001 || ports.table !== 10002)) {
    throw new StartError(
      'UseDevelopmentStorage=true means ports 10000 to 10002: unset STEAD_BLOB_PORT, STEAD_QUEUE_PORT and STEAD_TABLE_PORT.',
    );
  }
  const stops: (() => Promise<unknown>)[] = [];
  const stop = async () => {
    for (const stopOne of stops.splice(0).reverse()) await stopOne();
  };
  try {
    if (emulated) {
      const azurite = await startAzurite({ folder: join(FOLDER, 'azurite'), ports });
      stops.push(() => azurite.stop());
    }
    const webOrigin = `http://localhost:${ports.web}`;
    const host = await spawnHost({
      root: ROOT,
      port: ports.functions,
      cors: webOrigin,
      inheritEnv: true,
      timerStatus: join(FOLDER, 'timers.json'),
      onLine: say,
    });
    stops.push(() => host.stop());
    endWhenHostDies(host, stop);
    const web = await startWeb({
      port: ports.web,
      root: join(ROOT, 'dist/spa'),
      config: {
        clientId: spaClientId,
        authority: `${config.entra.authority}/${config.entra.tenantId}`,
        apiScope: `api://${config.entra.clientId}/${config.accessToken.scope}`,
        apiBaseUrl: host.origin,
      },
    });
    stops.push(() => web.close());
    say(`
Stead runs here, against ${config.entra.authority}/${config.entra.tenantId}:

  page       ${webOrigin}
  functions  ${host.origin}/api/profile
  storage    ${emulated ? 'Azurite, kept in .stead/' : 'the account of TokenStore'}

Ctrl-C stops everything.
`);
    return stop;
  } catch (error) {
    await stop();
    throw error;
  }
}

/** @throws {StartError} that names every taken port and the variable that changes it. */
async function choosePorts(wanted: (keyof Ports)[]): Promise<Ports> {
  const ports = Object.fromEntries(Object.entries(PORTS).map(([name, { port }]) => [name, port])) as Ports;
  const faults: string[] = [];
  for (const name of wanted) {
    const { setting, what } = PORTS[name];
    const given = process.env[setting];
    if (given !== undefined) ports[name] = Number(given);
    if (!(Number.isInteger(ports[name]) && ports[name] > 0 && ports[name] < 65_536)) {
      faults.push(`${setting} is not a port: give a whole number from 1 to 65535.`);
    } else if (!(await isFree(ports[name]))) {
      faults.push(
        `Port ${ports[name]}, for ${what}, is taken: end whatever listens there, or set ${setting} to another port.`,
      );
    }
  }
  if (faults.length > 0) throw new StartError(faults.join('\n'));
  return ports;
}

/** Ctrl-C reaches every process of the terminal; they end in order all the same. A second one does not wait. */
function endOnSignal(stop: () => Promise<void>): void {
  const onSignal = () => {
    if (ending) process.exit(1);
    say('Stopping…');
    end(stop, 0);
  };
  process.on('SIGINT', onSignal).on('SIGTERM', onSignal);
}

function endWhenHostDies(host: Host, stop: () => Promise<void>): void {
  host.exited.then((code) => {
    if (!ending) process.stderr.write(`The functions host ended with code ${code}; it says why above.\n`);
    end(stop, code || 1);
  });
}

function end(stop: () => Promise<void>, code: number): void {
  ending ??= stop().then(
    () => process.exit(code),
    (error: unknown) => {
      process.stderr.write(`${String(error)}\n`);
      process.exit(1);
    },
  );
}
