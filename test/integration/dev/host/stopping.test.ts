import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import net from 'node:net';
import { networkInterfaces } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { freePorts } from '../../../../dev/freePorts.ts';
import { makeAppForTest, runAppForTest, startFailure, waitForLines } from './runApp.ts';
import { send } from './send.ts';

const MAIN = fileURLToPath(import.meta.resolve('../../../../dev/host/main.ts'));
const DAILY = { SLOW_SCHEDULE: '0 30 2 * * *' };
const WINDOWS = process.platform === 'win32';

type Program = ChildProcessByStdio<null, Readable, Readable>;

function run(file: string, args: string[], env: NodeJS.ProcessEnv = {}): Program {
  const child = spawn(process.execPath, [file, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  return child;
}

function linesOf(child: Program): string[] {
  const lines: string[] = [];
  for (const input of [child.stdout, child.stderr])
    createInterface({ input }).on('line', (line) => lines.push(line));
  return lines;
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  // Where nobody collects orphans, an ended process keeps its number.
  return process.platform !== 'linux' || !/^\d+ \(.*\) Z/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
}

const gone = (pid: number) => vi.waitFor(() => expect(isRunning(pid)).toBe(false), { timeout: 20_000 });

describe('stopping', () => {
  it.each(['SIGINT', 'SIGTERM'] as const)('by %s leaves no process, and the code is 0', async (signal) => {
    const child = run(MAIN, [makeAppForTest({ app: 'hooksApp.ts' }), '--port', '0']);
    const lines = linesOf(child);
    await waitForLines({ lines }, / host Listening on http:\/\/localhost:\d+/);
    const exit = once(child, 'exit');
    child.kill(signal);
    // Windows has no such signals: the process just ends.
    expect(await exit).toEqual(WINDOWS ? [null, signal] : [0, null]);
    await waitForLines({ lines }, WINDOWS ? /Listening/ : /^appTerminate, started: yes$/);
  });

  it('is over at once with a second signal', async () => {
    const child = run(MAIN, [makeAppForTest({ app: 'hooksApp.ts' }), '--port', '0']);
    const lines = linesOf(child);
    const [listening] = await waitForLines({ lines }, / host Listening on /);
    const answer = fetch(`${listening?.replace(/^.* on /, '')}/api/never`).catch(() => 'cut off');
    await waitForLines({ lines }, / never began$/);
    const exit = once(child, 'exit');
    child.kill('SIGINT');
    if (!WINDOWS) await waitForLines({ lines }, / host Stopping \(SIGINT\)/);
    // One that follows at once counts as the same.
    await delay(400);
    child.kill('SIGINT');
    expect(await exit).toEqual(WINDOWS ? [null, 'SIGINT'] : [1, null]);
    expect(await answer).toBe('cut off');
    expect(lines.join('\n')).not.toContain('appTerminate');
  });

  it('waits for a running invocation, and begins no other', async () => {
    const host = await runAppForTest({ app: 'timerApp.ts' }, { env: DAILY });
    const run = host.run('slow');
    await waitForLines(host, / slow running 1/);
    const code = host.stop();
    expect(await run).toBe('succeeded');
    expect(await code).toBe(0);
    await expect(send(host.port, '/api/open')).rejects.toThrow('ECONNREFUSED');
  });

  it('does not wait for ever for an invocation that does not end', async () => {
    const host = await runAppForTest({ app: 'timerApp.ts' }, { env: DAILY });
    const run = host.run('gated').catch(() => 'cut off');
    expect(await host.stop()).toBe(0);
    expect(await run).toBe('cut off');
  });

  it('happens by itself when the parent process dies', async () => {
    const parent = run(fileURLToPath(import.meta.resolve('./spawnAndWait.ts')), [
      makeAppForTest({ app: 'httpApp.ts' }),
    ]);
    const [line] = await once(createInterface({ input: parent.stdout }), 'line');
    const { pid, port } = JSON.parse(line);
    expect((await send(port, '/api/items/7')).status).toBe(200);
    parent.kill('SIGKILL');
    await gone(pid);
    await expect(send(port, '/api/items/7')).rejects.toThrow('ECONNREFUSED');
  });

  it('by force gives code 1', async () => {
    const host = await runAppForTest({ app: 'httpApp.ts' });
    host.kill();
    expect(await host.exited).toBe(1);
    expect(await host.stop()).toBe(1);
  });

  it('follows an error that nothing caught, with a clear line and code 1', async () => {
    const host = await runAppForTest({
      files: {
        'main.js': `import { app } from '@azure/functions';
          app.timer('crash', { schedule: '0 0 0 * * *', handler: () => void setImmediate(() => { throw new Error('nobody caught this'); }) });`,
      },
    });
    await host.run('crash').catch(() => {});
    expect(await host.exited).toBe(1);
    await waitForLines(host, / error host The host failed: Error: nobody caught this/);
  });
});

describe('the port', () => {
  it('is named when it is taken, with the way to another one; no function has run', async () => {
    const server = net.createServer().listen(0, '127.0.0.1');
    onTestFinished(() => void server.close());
    await once(server, 'listening');
    const { port } = server.address() as net.AddressInfo;
    const failure = await startFailure({ app: 'timerApp.ts' }, { port, env: DAILY });
    expect(failure).toContain(
      `Port ${port} is taken. Choose another one with --port, or with Host.LocalHttpPort in local.settings.json.`,
    );
    expect(failure).not.toContain('Executed');
  });

  it('is open on loopback only', async () => {
    const { port } = await runAppForTest({ app: 'httpApp.ts' });
    const outside = Object.values(networkInterfaces()).flatMap(
      (all) => all?.filter((one) => !one.internal) ?? [],
    );
    for (const { address, scopeid } of outside) {
      const socket = net.connect({ port, host: scopeid ? `${address}%${scopeid}` : address });
      await expect(once(socket, 'connect')).rejects.toThrow();
    }
    expect((await send(port, '/api/items/7')).status).toBe(200);
  });
});

describe('the command line', () => {
  it.each([
    [['--unknown'], /--unknown/],
    [['--port', 'x'], /--port takes a number/],
    [['--port', '70000'], /--port takes a number/],
    [['--port', '0x10'], /--port takes a number/],
    [['--port', ''], /--port takes a number/],
    [['--port', '1', '--port', '2'], /--port is given twice/],
    [['a', 'b'], /"b" is one argument too many/],
  ])('%j gives the usage and code 2', async (args, reason) => {
    const child = run(MAIN, args);
    const [[code], stderr] = await Promise.all([once(child, 'exit'), text(child.stderr)]);
    expect(code).toBe(2);
    expect(stderr).toMatch(reason);
    expect(stderr).toContain('Usage: npm run host -- [app folder]');
  });

  it('--help gives the usage and code 0', async () => {
    const child = run(MAIN, ['--help']);
    const [[code], stdout] = await Promise.all([once(child, 'exit'), text(child.stdout)]);
    expect([code, stdout]).toEqual([0, expect.stringContaining('--timer-status FILE')]);
  });

  it('takes the port of Host.LocalHttpPort, and the status file from where it is called', async () => {
    const [port = 0] = await freePorts(1);
    const root = makeAppForTest({
      app: 'timerApp.ts',
      files: { 'local.settings.json': { Values: DAILY, Host: { LocalHttpPort: port } } },
    });
    const child = run(MAIN, [root, '--timer-status', path.relative('.', path.join(root, 'here.json'))]);
    const lines = linesOf(child);
    await waitForLines({ lines }, new RegExp(`Listening on http://localhost:${port}$`));
    expect(JSON.parse(readFileSync(path.join(root, 'here.json'), 'utf8'))).toHaveProperty('hourly');
  });
});
