/**
 * `npm start` runs the local platform until Ctrl-C. With `--azure` it runs the same page and functions against a real
 * tenant, with the settings of local.settings.json.
 */
import { join } from 'node:path';
import { readArguments } from '../ops/cli/readArguments.ts';
import { runCommand } from '../ops/cli/runCommand.ts';
import { DEMO_USERS } from './entra/directory.ts';
import type { Host } from './host/spawnHost.ts';
import { lockFolder } from './lockFolder.ts';
import { FAST_MOTION, type Ports, ROOT, runBuild, startPlatform } from './platform.ts';
import { checkPortsAreFree, PORTS, type PortName, readPorts } from './ports.ts';
import { type AzureSettings, readAzureSettings, startForAzure } from './startForAzure.ts';

const USAGE = `Usage: npm start -- [options]
       npm run start:azure -- [options]

Builds Stead and runs it on this machine until Ctrl-C: the page, the functions,
a stand-in for Entra ID and Graph, and storage. start:azure runs the page and
the functions against a real tenant, from local.settings.json.

  --azure      as start:azure
  --no-build   runs the previous build
  --help       shows this text

Environment variables:
${Object.values(PORTS)
  .map(({ setting, port, what }) => `  ${setting.padEnd(21)} port of ${what} (${port})`)
  .join('\n')}
  STEAD_FOLDER          folder that keeps data between runs (.stead)
`;

/** What runs, and the text about it for the person at the terminal. */
type Started = {
  host: Host;
  /** Undefined if Azurite was not started here. */
  azuritePid: number | undefined;
  text: string;
  stop(): Promise<void>;
};

const FOLDER = process.env.STEAD_FOLDER || join(ROOT, '.stead');
let ending: Promise<void> | undefined;

const say = (text: string): boolean => process.stdout.write(`${text}\n`);

await runCommand(USAGE, async (args) => {
  const { azure, 'no-build': isBuilt } = readArguments(args, {
    azure: { type: 'boolean', default: false },
    'no-build': { type: 'boolean', default: false },
  }).values;
  if (!azure) return run(FOLDER, Object.keys(PORTS) as PortName[], isBuilt, startLocal);
  const settings = await readAzureSettings();
  const wanted: PortName[] =
    settings.emulated.length > 0 ? ['web', 'functions', 'blob', 'queue', 'table'] : ['web', 'functions'];
  // Not the folder of the local platform: one worker must not act for the users of the other.
  const folder = join(FOLDER, 'azure');
  return run(folder, wanted, isBuilt, (ports) => startAzure(settings, ports, folder));
});

/** Checks everything that may be wrong with the call before it builds or starts anything. */
async function run(
  folder: string,
  wanted: PortName[],
  isBuilt: boolean,
  start: (ports: Ports) => Promise<Started>,
): Promise<number> {
  const ports = readPorts(process.env, wanted);
  const lock = lockFolder(folder);
  try {
    await checkPortsAreFree(ports, wanted);
    if (!isBuilt) await runBuild();
    const { host, azuritePid, text, stop } = await start(ports);
    // If this process is killed, Azurite needs a moment to save its data, so the lock stays until Azurite has ended.
    if (azuritePid !== undefined) lock.shareWith(azuritePid);
    const stopAll = async () => {
      await stop();
      lock.release();
    };
    endWhenHostDies(host, stopAll);
    endOnSignal(stopAll);
    say(text);
    return 0;
  } catch (error) {
    lock.release();
    throw error;
  }
}

async function startLocal(ports: Ports): Promise<Started> {
  const platform = await startPlatform({ ...FAST_MOTION, ports, folder: FOLDER, onHostLine: say });
  const { host, webOrigin, entra, azurite, stop } = platform;
  const text = `
Stead runs here, with no account and no network:

  page       ${webOrigin}
  functions  ${host.origin}/api/profile
  stand-in   ${entra.origin}   (Entra ID and Graph)
  storage    ${ports.blob} blob, ${ports.queue} queue, ${ports.table} table   (Azurite, kept in ${FOLDER})

Sign in as one of:
${DEMO_USERS.map((user) => `  ${user.name.padEnd(8)} ${user.displayName} <${user.upn}>${user.homeTid === user.tid ? '' : '   (a guest)'}`).join('\n')}

Sign in on the page, and play the story with the controls below your profile: run the worker, revoke your sign-in.
Or close the page and watch this log: within a minute the worker acts for you, and counts the files and the mail that
arrive meanwhile. Time runs fast here: a token for Graph lasts half a minute, and the worker waits only ten seconds
after you left.

Ctrl-C stops everything.
`;
  return { host, azuritePid: azurite.pid, text, stop };
}

async function startAzure(settings: AzureSettings, ports: Ports, folder: string): Promise<Started> {
  const { host, webOrigin, azurite, stop } = await startForAzure(settings, ports, folder, say);
  const { authority, tenantId } = settings.config.entra;
  const keys = settings.missingKeys.length > 0 ? `\n  keys       ${join(folder, 'keys.json')}` : '';
  const text = `
Stead runs here, against ${authority}/${tenantId}:

  page       ${webOrigin}
  functions  ${host.origin}/api/profile
  storage    ${azurite ? `Azurite, kept in ${folder}` : 'the account of TokenStore'}${keys}

Ctrl-C stops everything.
`;
  return { host, azuritePid: azurite?.pid, text, stop };
}

/**
 * Ctrl-C reaches every process of the terminal, but they still end one after the other. A second Ctrl-C ends at once.
 */
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
