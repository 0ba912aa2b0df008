import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { spawnHost } from '../../dev/host/spawnHost.ts';
import { logScanFolder } from '../support/logScanKeep.ts';

/** Everything that is kept of the run so far. */
async function keptLines(): Promise<string[]> {
  const folder = logScanFolder();
  const texts = await Promise.all(
    (await readdir(folder)).map((file) => readFile(join(folder, file), 'utf8')),
  );
  return texts.flatMap((text) => text.split('\n'));
}

describe('the log scan reads', () => {
  it('every line of a host that a test starts, on stdout and stderr', async () => {
    const said = crypto.randomUUID();
    const root = await mkdtemp(join(tmpdir(), 'stead-kept-'));
    onTestFinished(() => rm(root, { recursive: true, force: true }));
    await writeFile(join(root, 'host.json'), '{ "version": "2.0" }');
    await writeFile(join(root, 'package.json'), '{ "main": "main.cjs" }');
    await writeFile(join(root, 'main.cjs'), `console.log('out ${said}'); console.error('err ${said}');`);
    await expect(spawnHost({ root, port: 0, settings: false })).rejects.toThrow(/registered no function/);
    expect(await keptLines()).toEqual(expect.arrayContaining([`out ${said}`, `err ${said}`]));
  });

  it('every error answer that a test fetches', async () => {
    const said = crypto.randomUUID();
    const server = createServer((_, response) => {
      response.writeHead(403, { 'content-type': 'application/problem+json' }).end(said);
    }).listen(0, '127.0.0.1');
    onTestFinished(() => void server.close());
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const response = await fetch(`http://127.0.0.1:${port}/`);
    expect(await response.text()).toBe(said);
    expect(await keptLines()).toContain(said);
  });
});
