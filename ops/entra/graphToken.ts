import { execFile } from 'node:child_process';
import { PlainError } from '../cli/errors.ts';
import { hideToken } from './graphClient.ts';

/** How the Azure CLI ended. `missing` if there is no such program. */
export type CliAnswer = 'missing' | { exitCode: number; stdout: string; stderr: string };
export type RunCli = (args: readonly string[]) => Promise<CliAnswer>;

/** Runs `az`, which is a batch file on Windows. The arguments have no character that a shell reads. */
export const runAzureCli: RunCli = (args) =>
  new Promise((resolve) => {
    const shell = process.platform === 'win32';
    const child = execFile('az', args, { shell, maxBuffer: 2 ** 20 }, (error, stdout, stderr) => {
      if (error?.code === 'ENOENT') resolve('missing');
      else resolve({ exitCode: child.exitCode ?? 1, stdout, stderr });
    });
  });

/**
 * Gets an access token for Microsoft Graph from the environment, or else from the Azure CLI. It is never part of a message.
 * @param tenantId the tenant that the Azure CLI is asked for; its current one if undefined
 * @throws {PlainError} there is none, and why
 */
export async function readGraphToken(
  environment: Readonly<Record<string, string | undefined>>,
  tenantId: string | undefined,
  runCli: RunCli,
): Promise<string> {
  const given = environment.GRAPH_TOKEN?.trim();
  if (given) {
    if (!/^[\x21-\x7e]+$/.test(given)) throw new PlainError('GRAPH_TOKEN holds no access token.');
    return given;
  }
  const tenant = tenantId === undefined ? [] : ['--tenant', tenantId];
  const answer = await runCli([
    'account',
    'get-access-token',
    '--resource-type',
    'ms-graph',
    '--output',
    'json',
    ...tenant,
  ]);
  if (answer === 'missing') {
    throw new PlainError(
      'The Azure CLI (az) is not installed. Install it and run "az login", or set GRAPH_TOKEN to an access token for Microsoft Graph.',
    );
  }
  if (answer.exitCode !== 0) {
    const [said = ''] = hideToken(answer.stderr, '').trim().split('\n');
    const login = ['az', 'login', ...tenant].join(' ');
    throw new PlainError(
      `The Azure CLI gave no token for Microsoft Graph. Run "${login}" and try again.${said === '' ? '' : ` It said: ${said}`}`,
    );
  }
  const token = tokenIn(answer.stdout);
  if (token === undefined) throw new PlainError('The Azure CLI answered without an access token.');
  return token;
}

function tokenIn(json: string): string | undefined {
  try {
    const { accessToken } = JSON.parse(json) as { accessToken?: unknown };
    return typeof accessToken === 'string' && accessToken !== '' ? accessToken : undefined;
  } catch {
    return undefined;
  }
}
