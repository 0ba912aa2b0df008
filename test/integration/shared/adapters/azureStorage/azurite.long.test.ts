import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { type Azurite, type AzuriteOptions, startAzurite } from '../../../../../dev/azurite.ts';
import { freePorts } from '../../../../../dev/freePorts.ts';
import { createBlobTokenCache } from '../../../../../shared/adapters/azureStorage/blobTokenCache.ts';
import { createTableAccounts } from '../../../../../shared/adapters/azureStorage/tableAccounts.ts';
import { until } from '../../../../support/azuriteFaults.ts';
import { sampleActive } from '../../../../support/sampleAccount.ts';

describe('Azurite', () => {
  const started: Azurite[] = [];
  const folders: string[] = [];
  afterEach(async () => {
    await Promise.all(started.splice(0).map((azurite) => azurite.stop()));
    await Promise.all(folders.splice(0).map((folder) => rm(folder, { recursive: true })));
  });
  async function start(options?: AzuriteOptions): Promise<Azurite> {
    const azurite = await startAzurite(options);
    started.push(azurite);
    return azurite;
  }

  it('serves blobs, queues and tables on ports of its own', async () => {
    const [one, other] = await Promise.all([start(), start()]);
    const ports = [...Object.values(one.ports), ...Object.values(other.ports)];
    expect(new Set(ports).size).toBe(6);
    for (const port of ports) expect(await isServed(port)).toBe(true);
  });

  it('keeps what was stored when it is started again on the same folder', async () => {
    const folder = join(await mkdtemp(join(tmpdir(), 'azurite-')), 'made', 'when missing');
    folders.push(folder);
    // Nobody else is given one of these ports meanwhile.
    const [blob = 0, queue = 0, table = 0] = await freePorts(3);
    const first = await start({ folder, ports: { blob, queue, table } });
    const account = await createTableAccounts(first).create(sampleActive());
    await createBlobTokenCache(first).write(account.userId, 'sealed', undefined);
    await first.stop();

    const second = await start({ folder, ports: first.ports });
    expect(second.connectionString).toBe(first.connectionString);
    expect(await createTableAccounts(second).read(account.userId)).toEqual(account);
    expect((await createBlobTokenCache(second).read(account.userId))?.sealed).toBe('sealed');
  });

  it('names the port that somebody else has taken', async () => {
    const { ports } = await start();
    await expect(start({ ports: { blob: 0, queue: 0, table: ports.table } })).rejects.toMatchObject({
      code: 'EADDRINUSE',
      port: ports.table,
    });
  });

  it('says why it ended before it served', async () => {
    await expect(start({ ports: { blob: 0, queue: 70_000, table: 0 } })).rejects.toThrow(/port should be/i);
  });

  it('tells what it says line by line', async () => {
    const lines: string[] = [];
    await start({ onLine: (line) => lines.push(line) });
    expect(lines).toContainEqual(expect.stringMatching(/^Azurite Table service is successfully listening/));
  });

  it('stops once, however often it is told to', async () => {
    const { ports, stop } = await start();
    await Promise.all([stop(), stop()]);
    await stop();
    expect(await isServed(ports.blob)).toBe(false);
  });

  // Windows has no signal that one process could send another.
  if (process.platform !== 'win32') {
    it("leaves a terminal's Ctrl-C to its parent", async () => {
      const { pid, ports } = await start();
      process.kill(pid, 'SIGINT');
      process.kill(pid, 'SIGINT');
      // Each answer is a turn of an event loop that has the signals before it.
      for (let n = 0; n < 20; n += 1) await fetch(`http://127.0.0.1:${ports.blob}/devstoreaccount1`);
    });
  }

  it('ends when its parent is killed', async () => {
    const parent = spawnParent();
    const [line] = (await once(parent.stdout as NodeJS.ReadableStream, 'data')) as [Buffer];
    const { table } = JSON.parse(line.toString()) as Azurite['ports'];
    expect(await isServed(table)).toBe(true);
    parent.kill('SIGKILL');
    await until(async () => !(await isServed(table)));
  });
});

function spawnParent(): ChildProcess {
  const script = `
    import { startAzurite } from ${JSON.stringify(import.meta.resolve('../../../../../dev/azurite.ts'))};
    process.stdout.write(JSON.stringify((await startAzurite()).ports));
  `;
  return spawn(process.execPath, ['--input-type=module', '--eval', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}

async function isServed(port: number): Promise<boolean> {
  const socket = createConnection(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
