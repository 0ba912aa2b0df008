import path from 'node:path';
import { UsageError } from '../../ops/cli/errors.ts';
import { isPort } from '../../ops/cli/localSettings.ts';
import { readArguments } from '../../ops/cli/readArguments.ts';

export type CommandLine = {
  /** Absolute path of the app's folder. */
  root: string;
  port?: number;
  /** Replaces `Host.CORS`. */
  cors?: string;
  /** False: local.settings.json is ignored altogether. */
  settings: boolean;
  /** False: no timer comes by itself. */
  timers: boolean;
  /** Absolute path of the timers' status file. */
  timerStatus: string;
};

export const USAGE = `Usage: npm run host -- [app folder] [options]

Runs an Azure Functions app (Node, v4 programming model) on this machine.
For development and tests only.

  --port N              TCP port, 0 = any free one
                        (default: Host.LocalHttpPort, else 7071)
  --cors ORIGINS        origins separated by commas, or * (default: Host.CORS)
  --no-settings         ignore local.settings.json
  --no-timers           timers never come, as after some deployments in Azure
  --timer-status FILE   when timers ran last
                        (default: .stead/timerStatus.json in the app folder)
  --help                show this text

POST /admin/functions/NAME with the JSON body {} runs a timer function now;
with ?wait=true (in this host only) the answer comes when the run has ended.
`;

/** @throws {UsageError} an unknown option, a missing or malformed value or a second folder. */
export function readCommandLine(args: readonly string[]): CommandLine {
  const { values, positionals } = readArguments(
    args,
    {
      port: { type: 'string' },
      cors: { type: 'string' },
      'no-settings': { type: 'boolean', default: false },
      'no-timers': { type: 'boolean', default: false },
      'timer-status': { type: 'string' },
    },
    1,
  );
  const port = values.port === undefined ? undefined : Number(values.port);
  if (port !== undefined && (!isPort(port) || !/^\d+$/.test(values.port ?? '')))
    throw new UsageError('--port takes a number from 0 to 65535.');
  const root = path.resolve(positionals[0] ?? '.');
  return {
    root,
    settings: !values['no-settings'],
    timers: !values['no-timers'],
    timerStatus: path.resolve(values['timer-status'] ?? path.join(root, '.stead', 'timerStatus.json')),
    ...(port !== undefined && { port }),
    ...(values.cors !== undefined && { cors: values.cors }),
  };
}
