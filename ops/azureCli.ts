import { type Clock, systemClock } from '../shared/clock.ts';
import { StoreCredentialError } from '../shared/errors.ts';
import type { StoreCredential, StoreToken } from '../shared/ports.ts';
import { readObject } from './cli/readObject.ts';
import { AZ_TIMEOUT_MS, type AzResult, isAzMissing, runAz } from './cli/runAz.ts';

/** The audience of storage tokens in every cloud. */
const STORAGE = 'https://storage.azure.com';
const AZ = ['account', 'get-access-token', '--resource', STORAGE, '--output', 'json'];
/** A token is replaced so long before it ends. */
const EARLY_MS = 5 * 60_000;
const LOGIN = 'az login, with --tenant if the storage account belongs to another tenant than your own';

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

function readToken({ stdout, stderr, failed }: AzResult, now: number): StoreToken {
  if (failed !== undefined) throw failureOf({ stdout, stderr, failed });
  const token = tokenIn(stdout);
  if (token === undefined) {
    throw new StoreCredentialError('az_no_token', 'az gave no token. Update the Azure CLI (az upgrade).');
  }
  if (token.expiresOnTimestamp <= now) {
    throw new StoreCredentialError('az_expired', `az gave a token that has ended. Run ${LOGIN}.`);
  }
  return token;
}

function failureOf(result: AzResult): StoreCredentialError {
  if (isAzMissing(result)) {
    return new StoreCredentialError(
      'az_missing',
      'The Azure CLI (az) is not on the PATH. Install it (https://aka.ms/azure-cli), and run az login. Or give TokenStore as a connection string.',
    );
  }
  if (result.failed?.killed) {
    return new StoreCredentialError(
      'az_slow',
      `az gave no answer within ${AZ_TIMEOUT_MS / 1_000} s. Try it by hand.`,
    );
  }
  const number = /AADSTS\d{4,7}/.exec(result.stderr)?.[0];
  if (number !== undefined) {
    return new StoreCredentialError(
      `az_${number}`,
      `Entra refused the sign-in of the Azure CLI (${number}). Run ${LOGIN}, and with --scope ${STORAGE}/.default.`,
    );
  }
  return new StoreCredentialError('az_not_signed_in', `The Azure CLI has no usable sign-in. Run ${LOGIN}.`);
}

function tokenIn(stdout: string): StoreToken | undefined {
  const { accessToken, expires_on: seconds, expiresOn } = readObject(stdout);
  // Before version 2.54 there was only a local time, such as 2026-11-20 10:00:00.000000.
  const expiresOnTimestamp =
    typeof seconds === 'number'
      ? seconds * 1_000
      : Date.parse(String(expiresOn).slice(0, 19).replace(' ', 'T'));
  if (typeof accessToken !== 'string' || accessToken === '' || Number.isNaN(expiresOnTimestamp))
    return undefined;
  return { token: accessToken, expiresOnTimestamp };
}
