import { execFile } from 'node:child_process';
import { type Clock, systemClock } from '../shared/clock.ts';
import { StoreCredentialError } from '../shared/errors.ts';
import type { StoreCredential, StoreToken } from '../shared/ports.ts';

/** The audience of storage tokens in every cloud. */
const STORAGE = 'https://storage.azure.com';
const AZ = ['account', 'get-access-token', '--resource', STORAGE, '--output', 'json'];
/** `az` is a Python program, and may have to ask Entra. */
const TIMEOUT_MS = 30_000;
/** A token is replaced so long before it ends. */
const EARLY_MS = 5 * 60_000;
const LOGIN = 'az login, with --tenant if the storage account belongs to another tenant than your own';

/** What `az` left behind: its output, and the reason if it failed. */
export type AzResult = { stdout: string; stderr: string; failed?: { code?: unknown; killed?: boolean } };

export type AzureCliOptions = {
  /** Runs `az` with these arguments. Default: the program on the PATH. */
  run?: (args: readonly string[]) => Promise<AzResult>;
  /** Default: the platform's clock. */
  clock?: Clock;
};

/**
 * Gets tokens for storage as the person who is signed in to the Azure CLI. What `az` says is never passed on, because it may
 * hold a token or a person's name.
 */
export function createAzureCliCredential(options: AzureCliOptions = {}): StoreCredential {
  const { run = runAz, clock = systemClock } = options;
  const now = () => clock.now().getTime();
  let latest: StoreToken | undefined;
  let waiting: Promise<StoreToken> | undefined;

  async function ask(): Promise<StoreToken> {
    latest = readToken(await run(AZ), now());
    return latest;
  }

  return {
    async getToken() {
      if (latest !== undefined && latest.expiresOnTimestamp - EARLY_MS > now()) return latest;
      waiting ??= ask().finally(() => {
        waiting = undefined;
      });
      return waiting;
    },
  };
}

/**
 * No shell reads the command. On Windows `az` is a batch file, which only the command interpreter can run; it is started in
 * the system's folder, because it looks for programs in the current one first.
 */
function runAz(args: readonly string[]): Promise<AzResult> {
  const { ComSpec = 'cmd.exe', SystemRoot } = process.env;
  const [program, all] =
    process.platform === 'win32' ? [ComSpec, ['/d', '/c', 'az', ...args]] : ['az', [...args]];
  const cwd = process.platform === 'win32' ? SystemRoot : undefined;
  return new Promise((resolve) => {
    execFile(program, all, { cwd, timeout: TIMEOUT_MS, windowsHide: true }, (failed, stdout, stderr) =>
      resolve({ stdout, stderr, ...(failed && { failed }) }),
    );
  });
}

function readToken({ stdout, stderr, failed }: AzResult, now: number): StoreToken {
  if (failed !== undefined) throw failureOf(failed, stderr);
  const token = tokenIn(stdout);
  if (token === undefined) {
    throw new StoreCredentialError('az_no_token', 'az gave no token. Update the Azure CLI (az upgrade).');
  }
  if (token.expiresOnTimestamp <= now) {
    throw new StoreCredentialError('az_expired', `az gave a token that has ended. Run ${LOGIN}.`);
  }
  return token;
}

function failureOf({ code, killed }: NonNullable<AzResult['failed']>, stderr: string): StoreCredentialError {
  // The command interpreter of Windows ends with 9009 if there is no such program.
  if (code === 'ENOENT' || code === 9009 || /is not recognized as/.test(stderr)) {
    return new StoreCredentialError(
      'az_missing',
      'The Azure CLI (az) is not on the PATH. Install it (https://aka.ms/azure-cli), and run az login. Or give TokenStore as a connection string.',
    );
  }
  if (killed) {
    return new StoreCredentialError(
      'az_slow',
      `az gave no answer within ${TIMEOUT_MS / 1_000} s. Try it by hand.`,
    );
  }
  const number = /AADSTS\d{4,7}/.exec(stderr)?.[0];
  if (number !== undefined) {
    return new StoreCredentialError(
      `az_${number}`,
      `Entra refused the sign-in of the Azure CLI (${number}). Run ${LOGIN}, and with --scope ${STORAGE}/.default.`,
    );
  }
  return new StoreCredentialError('az_not_signed_in', `The Azure CLI has no usable sign-in. Run ${LOGIN}.`);
}

function tokenIn(stdout: string): StoreToken | undefined {
  let json: Record<string, unknown>;
  try {
    json = Object(JSON.parse(stdout));
  } catch {
    return undefined;
  }
  const { accessToken, expires_on: seconds, expiresOn } = json;
  // Before version 2.54 there was only a local time, such as 2026-11-20 10:00:00.000000.
  const expiresOnTimestamp =
    typeof seconds === 'number'
      ? seconds * 1_000
      : Date.parse(String(expiresOn).slice(0, 19).replace(' ', 'T'));
  if (typeof accessToken !== 'string' || accessToken === '' || Number.isNaN(expiresOnTimestamp))
    return undefined;
  return { token: accessToken, expiresOnTimestamp };
}
