import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { freePorts, isFree } from '../../../dev/freePorts.ts';
import { ROOT } from '../../../dev/platform.ts';
import { runStead } from '../ops/runStead.ts';

const VARIABLES = [
  'STEAD_WEB_PORT',
  'STEAD_FUNCTIONS_PORT',
  'STEAD_ENTRA_PORT',
  'STEAD_BLOB_PORT',
  'STEAD_QUEUE_PORT',
  'STEAD_TABLE_PORT',
];

type Start = {
  child: ChildProcess;
  output: () => string;
  /** The exit code, when everything that the process wrote has been read. */
  exited: Promise<number | null>;
};
const running: ChildProcess[] = [];
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'stead-start-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));
afterEach(() => {
  for (const child of running.splice(0)) child.kill('SIGKILL');
});

function start(env: Record<string, string>, ...flags: string[]): Start {
  const child = spawn(process.execPath, [join(ROOT, 'dev/start.ts'), '--no-build', ...flags], {
    cwd: ROOT,
    env: { ...process.env, STEAD_FOLDER: folder, ...env },
  });
  running.push(child);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk) => (output += String(chunk)));
  const exited = once(child, 'close').then(([code]) => code as number | null);
  return { child, output: () => output, exited };
}

async function until(start: Start, pattern: RegExp): Promise<void> {
  for (let waited = 0; waited < 90_000; waited += 100) {
    if (pattern.test(start.output())) return;
    if (start.child.exitCode !== null) break;
    await sleep(100);
  }
  throw new Error(`never said ${pattern}:\n${start.output()}`);
}

/** Some of these start everything twice. */
describe('npm start', { timeout: 240_000 }, () => {
  it('serves page, functions, stand-in and storage, runs the worker, says where, and leaves nothing behind', async () => {
    const ports = await freePorts(VARIABLES.length);
    const [web, functions, entra] = ports;
    const started = start(Object.fromEntries(VARIABLES.map((name, i) => [name, String(ports[i])])));
    await until(started, /Ctrl-C stops everything/);
    for (const port of ports) expect(started.output()).toContain(String(port));
    for (const user of ['adele', 'bruno', 'chiara', 'dana']) expect(started.output()).toContain(user);

    expect(await (await fetch(`http://localhost:${web}/`)).text()).toContain('<html');
    expect(await (await fetch(`http://localhost:${web}/config.json`)).json()).toMatchObject({
      localDemo: true,
    });
    const run = await fetch(`http://localhost:${web}/dev/users/adele/run`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{}',
    });
    expect(await run.json()).toEqual({
      says: 'The worker has run. Nothing is kept of you: sign in first.',
    });
    expect((await fetch(`http://localhost:${functions}/api/profile`)).status).toBe(401);
    expect((await fetch(`http://localhost:${entra}/dev/users`)).status).toBe(200);

    // The operators' command finds the storage by the folder alone.
    const press = (control: string) =>
      fetch(`http://localhost:${web}/dev/users/adele/${control}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: '{}',
      });
    for (const control of ['return', 'leave', 'revoke', 'run', 'start-over'])
      expect((await press(control)).status).toBe(200);
    expect(started.output()).toContain(`STEAD_FOLDER=${folder} npm run stead -- accounts list`);
    const listed = await runStead(['tenants'], { STEAD_FOLDER: folder });
    expect(listed).toMatchObject({ exitCode: 0, errors: [] });

    // The README shows what is printed, but for the times.
    await until(started, /adele: the directory wants to see them again/);
    const printed = timeless(started.output()).split('\n');
    for (const line of shownInReadme()) expect(printed).toContain(line);
    expect(started.output()).not.toContain('{"event"');

    started.child.kill('SIGINT');
    expect(await started.exited).toBe(0);
    expect((await runStead(['tenants'], { STEAD_FOLDER: folder })).errors).toContainEqual(
      expect.stringContaining('TokenStore: is missing'),
    );
    expect(await Promise.all(ports.map(isFree))).toEqual(ports.map(() => true));
    expect(existsSync(join(folder, 'azurite'))).toBe(true);
  });

  it('prints JSON alone on stdout, if that is asked for', async () => {
    const ports = await freePorts(VARIABLES.length);
    const started = start(Object.fromEntries(VARIABLES.map((name, i) => [name, String(ports[i])])), '--json');
    let stdout = '';
    started.child.stdout?.on('data', (chunk) => (stdout += String(chunk)));
    await until(
      started,
      /Ctrl-C stops everything[\s\S]*storage.ready|storage.ready[\s\S]*Ctrl-C stops everything/,
    );
    started.child.kill('SIGINT');
    expect(await started.exited).toBe(0);
    const lines = stdout.trimEnd().split('\n');
    expect(lines.map((line) => JSON.parse(line).event)).toContain('storage.ready');
  });

  it('names every taken port and the variable that changes it', async () => {
    const ports = await freePorts(VARIABLES.length);
    const taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const address = taken.address();
    const port = typeof address === 'object' ? address?.port : 0;
    const env = Object.fromEntries(VARIABLES.map((name, i) => [name, String(ports[i])]));
    const started = start({ ...env, STEAD_ENTRA_PORT: String(port) });
    expect(await started.exited).toBe(1);
    expect(started.output()).toMatch(
      new RegExp(`^Port ${port}, .+ is taken: .+ STEAD_ENTRA_PORT to another port\\.\\n$`),
    );
    taken.close();
  });

  it('refuses a folder that another start has, with one line, whatever its ports are', async () => {
    const [first, second] = [await freePorts(VARIABLES.length), await freePorts(VARIABLES.length)];
    const envOf = (ports: number[]) =>
      Object.fromEntries(VARIABLES.map((name, i) => [name, String(ports[i])]));
    const started = start(envOf(first));
    await until(started, /Ctrl-C stops everything/);
    const refused = start(envOf(second));
    expect(await refused.exited).toBe(1);
    expect(refused.output()).toMatch(
      new RegExp(
        `^Stead already runs on the data in .+ \\(process ${started.child.pid}\\): .+STEAD_FOLDER.+\\n$`,
      ),
    );
    expect((await fetch(`http://localhost:${first[0]}/`)).status).toBe(200);

    started.child.kill('SIGINT');
    expect(await started.exited).toBe(0);
    expect(existsSync(join(folder, 'lock'))).toBe(false);
  });

  it('goes on from the folder of a start that was killed', async () => {
    const env = async () => {
      const ports = await freePorts(VARIABLES.length);
      return Object.fromEntries(VARIABLES.map((name, i) => [name, String(ports[i])]));
    };
    const killed = start(await env());
    await until(killed, /Ctrl-C stops everything/);
    const [, azurite] = (await readFile(join(folder, 'lock'), 'utf8')).split('\n').map(Number);
    expect(azurite).toBeGreaterThan(0);
    killed.child.kill('SIGKILL');
    await killed.exited;
    // The folder is Azurite's until it has written everything down.
    while (isAlive(azurite ?? 0)) await sleep(50);

    const next = start(await env());
    await until(next, /Ctrl-C stops everything/);
    next.child.kill('SIGINT');
    expect(await next.exited).toBe(0);
  });
});

/** Times of day and durations differ from run to run. */
const timeless = (text: string): string =>
  text.replaceAll(/\d\d:\d\d:\d\d/g, 'hh:mm:ss').replaceAll(/\d+ ms$/gm, 'N ms');

/** The lines of the terminal that the README shows. */
function shownInReadme(): string[] {
  const readme = readFileSync(join(ROOT, 'README.md'), 'utf8');
  const lines = timeless(readme).match(/^hh:mm:ss {2}.+$/gm) ?? [];
  expect(lines.length).toBeGreaterThan(3);
  return lines;
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
