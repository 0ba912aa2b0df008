import { inspect } from 'node:util';
import { PlainError } from '../../ops/cli/errors.ts';
import { asksForHelp } from '../../ops/cli/readArguments.ts';
import { type CommandLine, readCommandLine, USAGE } from './commandLine.ts';
import { writeLog } from './hostLog.ts';
import { type RunningHost, startHost } from './startHost.ts';

/** Sent to a parent process over IPC when the host serves. */
export type ReadyMessage = { ready: true; port: number };

/** npm forwards the Ctrl+C that the terminal has already sent. That does not count as a second one. */
const SAME_SIGNAL_MS = 300;

/** On some systems, writes to a pipe are asynchronous. This waits until the last log lines are written. */
async function flush(): Promise<void> {
  for (const stream of [process.stdout, process.stderr])
    await new Promise((resolve) => stream.write('', resolve));
}

async function fail(error: unknown): Promise<void> {
  const expected = error instanceof PlainError;
  writeLog('error', 'host', expected ? error.message : `The host failed: ${inspect(error)}`);
  const cause = expected ? error.cause : undefined;
  // The stack of a syntax error does not say where it is. Node shows the line, so it reports this error. The line of any
  // other error may be all of a minified file.
  if (!(cause instanceof SyntaxError)) {
    if (cause instanceof Error) process.stderr.write(`${cause.stack}\n`);
    await flush();
    process.exit(1);
  }
  await flush();
  process.removeAllListeners('uncaughtException');
  throw cause;
}

async function run(options: CommandLine): Promise<void> {
  // The parent that reads these streams may end before this process does.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});
  process.on('uncaughtException', (error) => void fail(error));

  let host: RunningHost | undefined;
  let stoppingSince: number | undefined;
  const stop = async (reason: string) => {
    // While the app loads, nothing runs that has to end in order.
    if (!host) return process.exit(1);
    if (stoppingSince !== undefined) return;
    stoppingSince = Date.now();
    writeLog('information', 'host', `Stopping (${reason})`);
    await host.stop();
    await flush();
    process.exit(0);
  };
  const onSignal = (signal: NodeJS.Signals) => {
    if (stoppingSince !== undefined && Date.now() - stoppingSince > SAME_SIGNAL_MS) process.exit(1);
    void stop(signal);
  };
  process.on('SIGINT', onSignal).on('SIGTERM', onSignal);
  process.on('disconnect', () => stop('parent disconnected'));

  host = await startHost(options, process.env);
  process.send?.({ ready: true, port: host.port } satisfies ReadyMessage);
}

process.env.TZ = 'UTC';

const args = process.argv.slice(2);
if (asksForHelp(args)) process.stdout.write(USAGE);
else {
  let options: CommandLine;
  try {
    options = readCommandLine(args);
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n\n${USAGE}`);
    process.exit(2);
  }
  await run(options).catch(fail);
}
