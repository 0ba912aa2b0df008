import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PlainError } from '../../ops/cli/errors.ts';
import { type Host, spawnHost } from '../host/spawnHost.ts';

/** Nobody listens here, so a check never reaches storage or Entra, not even those of this machine. */
const NOWHERE = 'https://127.0.0.1:1';
const ID = '00000000-0000-4000-8000-000000000000';

/** Any key of the right form: nobody checks a signature with it. */
const NO_KEY = Buffer.alloc(64).toString('base64');

/** The app only has to accept them. Storage has a key, because the local host knows no identity for the queue of split runs. */
const SETTINGS = {
  FUNCTIONS_WORKER_RUNTIME: 'node',
  ENTRA_TENANT_ID: ID,
  ENTRA_CLIENT_ID: ID,
  ENTRA_AUTHORITY: NOWHERE,
  ENTRA_MANAGED_IDENTITY_CLIENT_ID: ID,
  GRAPH_BASE_URL: NOWHERE,
  TokenStore: [
    'DefaultEndpointsProtocol=https',
    'AccountName=check',
    `AccountKey=${NO_KEY}`,
    ...['Blob', 'Queue', 'Table'].map((service) => `${service}Endpoint=${NOWHERE}/check`),
  ].join(';'),
  TOKEN_CACHE_KEYS: JSON.stringify({
    keys: [{ kty: 'oct', kid: 'check', k: Buffer.alloc(32, 1).toString('base64url') }],
  }),
  LOG_HASH_KEY: Buffer.alloc(32, 2).toString('base64'),
  // With these the functions of a link and of split runs start, too.
  LINK_REDIRECT_URI: `${NOWHERE}/api/connection/link/callback`,
  LINK_RETURN_URLS: `${NOWHERE}/`,
  SPLIT_RUNS_ABOVE: '1',
  IDENTITY_ENDPOINT: NOWHERE,
  IDENTITY_HEADER: 'none',
};

/**
 * Starts a copy of the package in the local host. The copy is alone in a temporary folder, so that nothing of the project
 * can help it, such as a package in node_modules.
 * @param wanted names of functions that it has to have.
 * @returns the names of all functions that run, sorted.
 * @throws {PlainError} it does not start, a function is missing or cannot run, or `GET /api/health` does not answer 204.
 */
export async function checkPackage(packageFolder: string, wanted: readonly string[]): Promise<string[]> {
  const folder = await mkdtemp(join(tmpdir(), 'stead-package-'));
  try {
    const root = join(folder, 'app');
    await cp(packageFolder, root, { recursive: true });
    const host = await start(root, join(folder, 'timers.json'));
    try {
      const names = runningFunctions(host.lines, wanted);
      await checkHealth(host.origin);
      return names;
    } finally {
      await host.stop();
    }
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function start(root: string, timerStatus: string): Promise<Host> {
  const faults: string[] = [];
  try {
    return await spawnHost({
      root,
      port: 0,
      settings: false,
      timerStatus,
      env: SETTINGS,
      onLine: (line) => faults.push(...textsOf(line, 'error', 'host')),
    });
  } catch (error) {
    throw new PlainError(`The package does not start: ${faults[0] ?? (error as Error).message}`);
  }
}

/** What a line of the local host's log says, if it has this level and source (`hostLog.ts`). */
function textsOf(line: string, level: string, source: string): string[] {
  const [, isLevel, isSource, text = ''] = /^\[\S+\] (\S+) (\S+) (.*)$/.exec(line) ?? [];
  return isLevel === level && isSource === source ? [text] : [];
}

function runningFunctions(lines: readonly string[], wanted: readonly string[]): string[] {
  const listed = lines.flatMap(
    (line) => /^\[\S+\] information (\S+) (?:\[[A-Z,]+\] http:|timer |queue )/.exec(line)?.[1] ?? [],
  );
  const missing = wanted.find((name) => !listed.includes(name));
  if (missing === undefined) return [...new Set(listed)].sort();
  const [why] = lines.flatMap((line) => textsOf(line, 'error', missing));
  throw new PlainError(`The package has no function "${missing}"${why === undefined ? '.' : `: ${why}`}`);
}

async function checkHealth(origin: string): Promise<void> {
  const { status } = await fetch(`${origin}/api/health`);
  if (status !== 204) throw new PlainError(`The package runs, but GET /api/health answers ${status}.`);
}
