import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { ReadyMessage } from './main.ts';

export type HostOptions = {
  /** The app's folder, the one with host.json. */
  root: string;
  /** TCP port, 0 = any free one. */
  port: number;
  /** Environment variables for the app, beside those of `inheritEnv`. */
  env?: Record<string, string>;
  /**
   * Whether the app sees the whole environment of this process. Default false: only what programs need to run at
   * all (PATH, home and temporary folders, Windows' own), so that an app under test is not steered from outside.
   */
  inheritEnv?: boolean;
  /** Origins separated by commas, or `*`; replaces `Host.CORS`. */
  cors?: string;
  /** Whether local.settings.json is read. Default true. */
  settings?: boolean;
  /** Whether timers come by themselves. Default true. */
  timers?: boolean;
  /** The timers' status file. Default: `.stead/timerStatus.json` in the app's folder. */
  timerStatus?: string;
  /** Called with every line that the host or the app writes to stdout or stderr. */
  onLine?: (line: string) => void;
};

export type Host = {
  /** `http://localhost:PORT` */
  origin: string;
  port: number;
  pid: number;
  /** The last 1000 lines. */
  lines: string[];
  /**
   * Runs a timer function now and waits for its end.
   * @throws Error when there is no such function, or the host is gone.
   */
  run(name: string, input?: unknown): Promise<'succeeded' | 'failed'>;
  /** The exit code, when the host has ended for whatever reason; 1 when a signal ended it. */
  exited: Promise<number>;
  /** Stops the host as Ctrl+C does, by force after 15 s; gives its exit code (1 when forced). */
  stop(): Promise<number>;
  /** Ends the host at once, without hooks. */
  kill(): void;
};

const ESSENTIAL =
  /^(?:PATH|PATHEXT|HOME|USERPROFILE|TMPDIR|TEMP|TMP|SYSTEMROOT|SYSTEMDRIVE|WINDIR|COMSPEC|APPDATA|LOCALAPPDATA|NODE_V8_COVERAGE)$/i;
const MAX_LINES = 1000;
const LAST_LINES = 40;
const STOP_PATIENCE_MS = 15_000;

/**
 * Runs a function app in a child process and resolves when it serves. The host ends with this process. Every line it
 * writes also goes to a file of its own in the folder that STEAD_HOST_LOG_FOLDER names, if there is one.
 * @throws Error with the child's last lines when it ends before it serves.
 */
export async function spawnHost(options: HostOptions): Promise<Host> {
  const child = fork(fileURLToPath(new URL('./main.ts', import.meta.url)), commandLine(options), {
    execArgv: [],
    env: { ...inherited(options.inheritEnv ?? false), ...options.env },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  const lines = collectLines(child, options.onLine);
  const exited = ending(child);

  const port = await Promise.race([
    listening(child),
    exited.then((code) => {
      throw new Error(
        `The host ended with code ${code} before it served:\n${lines.slice(-LAST_LINES).join('\n')}`,
      );
    }),
  ]);
  const origin = `http://localhost:${port}`;
  return {
    origin,
    port,
    pid: child.pid ?? 0,
    lines,
    exited,
    async run(name, input) {
      const response = await fetch(`${origin}/admin/functions/${encodeURIComponent(name)}?wait=true`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ input }),
      });
      if (response.status !== 200)
        throw new Error(`${name} cannot be run: the host answered ${response.status}`);
      return ((await response.json()) as { status: 'succeeded' | 'failed' }).status;
    },
    async stop() {
      // Windows has no signal that a program can handle. Closing the IPC channel works on every system.
      if (child.connected) child.disconnect();
      const force = setTimeout(() => child.kill('SIGKILL'), STOP_PATIENCE_MS);
      try {
        return await exited;
      } finally {
        clearTimeout(force);
      }
    },
    kill: () => void child.kill('SIGKILL'),
  };
}

/** Resolves to the port when the host serves. The app may send other messages to its parent process. */
function listening(child: ChildProcess): Promise<number> {
  return new Promise((resolve) => {
    child.on('message', (message: Partial<ReadyMessage> | null) => {
      if (message?.ready && message.port !== undefined) resolve(message.port);
    });
  });
}

/**
 * Node emits no `close` for a child whose IPC channel this side has closed, so this waits for its exit and its
 * streams.
 */
async function ending(child: ChildProcess): Promise<number> {
  const streams = [child.stdout, child.stderr].map((stream) => stream && once(stream, 'close'));
  const [[code]] = await Promise.all([once(child, 'exit'), ...streams]);
  return typeof code === 'number' ? code : 1;
}

function commandLine({ root, port, cors, settings, timers, timerStatus }: HostOptions): string[] {
  return [
    root,
    `--port=${port}`,
    ...(cors === undefined ? [] : [`--cors=${cors}`]),
    ...(settings === false ? ['--no-settings'] : []),
    ...(timers === false ? ['--no-timers'] : []),
    ...(timerStatus === undefined ? [] : [`--timer-status=${timerStatus}`]),
  ];
}

function inherited(all: boolean): NodeJS.ProcessEnv {
  const entries = Object.entries(process.env);
  return Object.fromEntries(all ? entries : entries.filter(([key]) => ESSENTIAL.test(key)));
}

function collectLines(child: ChildProcess, onLine: HostOptions['onLine']): string[] {
  const lines: string[] = [];
  const { STEAD_HOST_LOG_FOLDER: folder } = process.env;
  const file = folder && join(folder, `host-${child.pid}.log`);
  for (const input of [child.stdout, child.stderr]) {
    if (!input) continue;
    createInterface({ input }).on('line', (line) => {
      lines.push(line);
      if (lines.length > MAX_LINES) lines.shift();
      // The line is written at once, because this process may be killed.
      if (file) appendFileSync(file, `${line}\n`);
      onLine?.(line);
    });
  }
  return lines;
}
