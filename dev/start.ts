/**
 * `npm start` runs the local platform until Ctrl-C. With `--azure` it runs the same page and functions against a real
 * tenant, with the settings of local.settings.json.
 */
import { join } from 'node:path';
import { readArguments } from '../ops/cli/readArguments.ts';
import { runCommand } from '../ops/cli/runCommand.ts';
import type { Host } from './host/spawnHost.ts';
import { lockFolder } from './lockFolder.ts';
import { type Ports, ROOT, runBuild } from './platform.ts';
import { checkPortsAreFree, PORTS, type PortName, readPorts } from './ports.ts';
import { type AzureSettings, readAzureSettings, startForAzure } from './startForAzure.ts';
import { type Started, startLocal } from './startLocal.ts';
import { createTeller } from './tellEvents.ts';
import { createTerminal, type Terminal } from './terminal.ts';

const USAGE = `Usage: npm start -- [options]
       npm run start:azure -- [options]

Builds Stead and runs it on this machine until Ctrl-C: the page, the functions,
a stand-in for Entra ID and Graph, and storage. start:azure runs the page and
the functions against a real tenant, from local.settings.json.

  --azure      as start:azure
  --json       prints what the functions log, as JSON Lines and nothing else;
               everything else goes to stderr. npm itself prints two lines
               before, but not as: npm start --silent -- --json
  --no-build   runs the previous build
  --help       shows this text

Environment variables:
${Object.values(PORTS)
  .map(({ setting, port, what }) => `  ${setting.padEnd(21)} port of ${what} (${port})`)
  .join('\n')}
  STEAD_FOLDER          folder that keeps data between runs (.stead)
`;

const FOLDER = process.env.STEAD_FOLDER || join(ROOT, '.stead');
let ending: Promise<void> | undefined;

await runCommand(USAGE, async (args) => {
  const {
    azure,
    json,
    'no-build': isBuilt,
  } = readArguments(args, {
    azure: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    'no-build': { type: 'boolean', default: false },
  }).values;
  const terminal = createTerminal(json);
  if (!azure) {
    const all = Object.keys(PORTS) as PortName[];
    return run(FOLDER, all, isBuilt, terminal, (ports) => startLocal(ports, FOLDER, terminal));
  }
  const settings = await readAzureSettings();
  const wanted: PortName[] =
    settings.emulated.length > 0 ? ['web', 'functions', 'blob', 'queue', 'table'] : ['web', 'functions'];
  // Not the folder of the local platform: one worker must not act for the users of the other.
  const folder = join(FOLDER, 'azure');
  return run(folder, wanted, isBuilt, terminal, (ports) => startAzure(settings, ports, folder, terminal));
});

/** Checks everything that may be wrong with the call before it builds or starts anything. */
async function run(
  folder: string,
  wanted: PortName[],
  isBuilt: boolean,
  { say }: Terminal,
  start: (ports: Ports) => Promise<Started>,
): Promise<number> {
  const ports = readPorts(process.env, wanted);
  const lock = lockFolder(folder);
  try {
    await checkPortsAreFree(ports, wanted);
    if (!isBuilt) {
      say('Building Stead…');
      await runBuild();
    }
    const { host, azuritePid, text, stop } = await start(ports);
    // If this process is killed, Azurite needs a moment to save its data, so the lock stays until Azurite has ended.
    if (azuritePid !== undefined) lock.shareWith(azuritePid);
    const stopAll = async () => {
      await stop();
      lock.release();
    };
    endWhenHostDies(host, stopAll);
    endOnSignal(stopAll, say);
    say(text);
    return 0;
  } catch (error) {
    lock.release();
    throw error;
  }
}

async function startAzure(
  settings: AzureSettings,
  ports: Ports,
  folder: string,
  { say, json }: Terminal,
): Promise<Started> {
  // Nobody here can say who the log ids of a real tenant are, and what their tasks told them is sealed.
  const take = json ?? createTeller({ say, people: new Map(), newsOf: async () => new Map() });
  const { host, webOrigin, azurite, stop } = await startForAzure(
    settings,
    ports,
    folder,
    (line) => void take(line),
  );
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
function endOnSignal(stop: () => Promise<void>, say: Terminal['say']): void {
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
