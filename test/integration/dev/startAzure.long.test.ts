/** `npm run start:azure`, with the stand-in in the place of a real tenant. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { cp, mkdtemp, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { decodeProtectedHeader } from 'jose';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { connectionStringOf } from '../../../dev/azurite.ts';
import {
  API_CLIENT_ID,
  API_CLIENT_SECRET,
  DEMO_USERS,
  SPA_CLIENT_ID,
  TENANT_ID,
} from '../../../dev/entra/directory.ts';
import { signInWithCode } from '../../../dev/entra/signIn.ts';
import { type Entra, startEntra } from '../../../dev/entra/startEntra.ts';
import { freePorts } from '../../../dev/freePorts.ts';
import { ROOT } from '../../../dev/platform.ts';
import { createBlobTokenCache } from '../../../shared/adapters/azureStorage/blobTokenCache.ts';
import { createSealer, readCacheKeys } from '../../../shared/adapters/entra/seal.ts';
import { readConfig } from '../../../shared/config.ts';
import { toUserId } from '../../../shared/userId.ts';

const [ADELE] = DEMO_USERS;

let project: string;
let entra: Entra;
let ports: Record<'web' | 'functions' | 'blob' | 'queue' | 'table', number>;
const running: ChildProcess[] = [];

beforeAll(async () => {
  const [web = 0, functions = 0, blob = 0, queue = 0, table = 0] = await freePorts(5);
  ports = { web, functions, blob, queue, table };
  entra = await startEntra({ port: 0, spaOrigins: [`http://localhost:${web}`] });
  // A project of its own, because local.settings.json here may be somebody's.
  project = await mkdtemp(join(tmpdir(), 'stead-azure-'));
  for (const part of [
    'ops/cli',
    'dev',
    'shared',
    'package.json',
    'host.json',
    'local.settings.sample.json',
  ]) {
    await cp(join(ROOT, part), join(project, part), { recursive: true });
  }
  for (const part of ['node_modules', 'dist'])
    await symlink(join(ROOT, part), join(project, part), 'junction');
  const sample = JSON.parse(await readFile(join(project, 'local.settings.sample.json'), 'utf8'));
  Object.assign(sample.Values, {
    ENTRA_TENANT_ID: TENANT_ID,
    ENTRA_CLIENT_ID: API_CLIENT_ID,
    ENTRA_CLIENT_SECRET: API_CLIENT_SECRET,
    ENTRA_AUTHORITY: entra.origin,
    GRAPH_BASE_URL: entra.origin,
    SPA_CLIENT_ID,
  });
  await writeFile(join(project, 'local.settings.json'), JSON.stringify(sample));
});
afterAll(async () => {
  for (const child of running) child.kill('SIGKILL');
  await entra?.close();
  await rm(project, { recursive: true, force: true, maxRetries: 5 });
});

/** A readable line of the terminal; the log id is all that it knows of a person. */
const TOLD = /^\d\d:\d\d:\d\d {2}[0-9a-f]+: is here for the first time, and is connected from now on$/m;

/** Starts it, hands over its output, and ends it in order. */
async function withStart<T>(use: (output: () => string) => Promise<T>): Promise<T> {
  const child = spawn(process.execPath, [join(project, 'dev/start.ts'), '--azure', '--no-build'], {
    cwd: project,
    env: {
      ...process.env,
      STEAD_WEB_PORT: String(ports.web),
      STEAD_FUNCTIONS_PORT: String(ports.functions),
      STEAD_BLOB_PORT: String(ports.blob),
      STEAD_QUEUE_PORT: String(ports.queue),
      STEAD_TABLE_PORT: String(ports.table),
    },
  });
  running.push(child);
  const exited = once(child, 'exit');
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk) => (output += String(chunk)));
  for (let waited = 0; !output.includes('Ctrl-C stops everything'); waited += 100) {
    if (child.exitCode !== null || waited > 90_000) throw new Error(`It does not start:\n${output}`);
    await sleep(100);
  }
  try {
    return await use(() => output);
  } finally {
    child.kill('SIGINT');
    expect((await exited)[0]).toBe(0);
  }
}

async function visit(): Promise<void> {
  const { accessToken } = await signInWithCode({
    origin: entra.origin,
    user: ADELE.name,
    spaOrigin: `http://localhost:${ports.web}`,
    scope: `api://${API_CLIENT_ID}/.default`,
  });
  const response = await fetch(`http://localhost:${ports.functions}/api/profile`, {
    headers: { authorization: `Bearer ${accessToken}` },
  });
  expect(response.status).toBe(200);
}

it('keeps its users apart from the demo, sealed with a random key of its own that it makes once', {
  timeout: 240_000,
}, async () => {
  const userId = toUserId(ADELE);
  const keyFile = join(project, '.stead/azure/keys.json');
  const sealed = await withStart(async (output) => {
    expect(output()).toContain(keyFile);
    await visit();
    await expect.poll(output, { timeout: 20_000 }).toMatch(TOLD);
    expect(output()).not.toContain('{"event"');
    return (
      (await createBlobTokenCache({ connectionString: connectionStringOf(ports) }).read(userId))?.sealed ?? ''
    );
  });
  expect(existsSync(join(project, '.stead/azure/azurite'))).toBe(true);
  expect(existsSync(join(project, '.stead/azure/timers.json'))).toBe(true);
  for (const ofTheDemo of ['azurite', 'timers.json', 'lock']) {
    expect(existsSync(join(project, '.stead', ofTheDemo))).toBe(false);
  }

  const kept = await readFile(keyFile, 'utf8');
  if (process.platform !== 'win32') expect((await stat(keyFile)).mode & 0o777).toBe(0o600);
  const own = createSealer(readCacheKeys(JSON.parse(kept).TOKEN_CACHE_KEYS));
  expect(await own.open(userId, sealed)).toMatchObject({ ok: true, oldKey: false });
  // What anybody could work out from the public name of the emulator's account.
  const settings = JSON.parse(await readFile(join(project, 'local.settings.json'), 'utf8')).Values;
  const derived = createSealer(readConfig({ ...settings, TokenStore: connectionStringOf(ports) }).cacheKeys);
  expect(await derived.open(userId, sealed)).toMatchObject({ ok: false, reason: 'unknown-key' });

  await withStart(() => visit());
  expect(await readFile(keyFile, 'utf8')).toBe(kept);
  expect(decodeProtectedHeader(sealed).kid).toMatch(/^local-[0-9a-f]{8}\.u$/);
});
