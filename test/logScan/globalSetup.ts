/**
 * The log scan over a whole test run: before it, canaries are planted in what is kept of hosts' lines and of error
 * answers; after it, these must be found, and no secret besides. A finding fails the run.
 */
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { spawnHost } from '../../dev/host/spawnHost.ts';
import { type Canary, canariesOf, scanLogs } from '../support/logScan.ts';
import { fetchKeepingProblems, LOG_FOLDER_VARIABLE } from '../support/logScanKeep.ts';

let folder: string;
let hostCanaries: Canary[];
let answerCanaries: Canary[];

export async function setup(): Promise<void> {
  folder = await mkdtemp(join(tmpdir(), 'stead-log-scan-'));
  process.env[LOG_FOLDER_VARIABLE] = folder;
  hostCanaries = canariesOf(`host ${randomUUID()}`);
  answerCanaries = canariesOf(`answer ${randomUUID()}`);
  await Promise.all([plantInHost(hostCanaries), plantInAnswer(answerCanaries)]);
}

/** @throws Error that says which canary was missed, or where a secret stands; not which secret. */
export async function teardown(): Promise<void> {
  const files = await readdir(folder);
  const logs = await Promise.all(
    files.map(async (name) => {
      const file = join(folder, name);
      return { file, lines: (await readFile(file, 'utf8')).split('\n') };
    }),
  );
  const { missed, findings } = scanLogs(logs, [...hostCanaries, ...answerCanaries]);
  if (missed.length > 0) {
    const kinds = missed.map(({ line, kind }) => `  ${line.split(':')[0]}: ${kind}`);
    throw new Error(`The log scan does not see what was planted for it in ${folder}:\n${kinds.join('\n')}`);
  }
  if (findings.length > 0) {
    const places = findings.map(({ file, line, kind }) => `  ${file}:${line}: ${kind}`);
    throw new Error(`A host's log or an error answer holds what it must not:\n${places.join('\n')}`);
  }
  await rm(folder, { recursive: true, force: true });
}

/** Through a real host, whose app says the canaries and has no functions. */
async function plantInHost(canaries: Canary[]): Promise<void> {
  const root = await mkdtemp(join(tmpdir(), 'stead-canary-'));
  const lines = JSON.stringify(canaries.map(({ line }) => line));
  await Promise.all([
    writeFile(join(root, 'host.json'), '{ "version": "2.0" }'),
    writeFile(join(root, 'package.json'), '{ "type": "module", "main": "main.js" }'),
    writeFile(join(root, 'main.js'), `for (const line of ${lines}) console.log(line);`),
  ]);
  try {
    const host = await spawnHost({ root, port: 0, settings: false });
    await host.stop();
  } catch (error) {
    if (!(error instanceof Error) || !/registered no function/.test(error.message)) throw error;
  } finally {
    await rm(root, { recursive: true, force: true });
  }
}

/** Through a real answer. */
async function plantInAnswer(canaries: Canary[]): Promise<void> {
  const body = canaries.map(({ line }) => line).join('\n');
  const server = createServer((_, response) => {
    response.writeHead(401, { 'content-type': 'application/problem+json' }).end(body);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  await fetchKeepingProblems(folder, fetch)(`http://127.0.0.1:${port}/`);
  server.closeAllConnections();
  server.close();
}
