import { appSettingsCheck } from './appSettingsCheck.ts';
import { type Check, type Line, wrong } from './check.ts';
import { clockCheck } from './clockCheck.ts';
import { consentCheck } from './consentCheck.ts';
import { credentialCheck } from './credentialCheck.ts';
import { deployedCheck } from './deployedCheck.ts';
import type { Deployment } from './deployment.ts';
import { registeredCredentialsCheck } from './registeredCredentialsCheck.ts';
import { registrationCheck } from './registrationCheck.ts';
import { settingsCheck } from './settingsCheck.ts';
import { signingKeysCheck } from './signingKeysCheck.ts';
import { storageCheck } from './storageCheck.ts';
import { tenantCheck } from './tenantCheck.ts';
import { workerCheck } from './workerCheck.ts';

/** In the order in which one mends what they find. */
const CHECKS: readonly Check[] = [
  settingsCheck,
  clockCheck,
  tenantCheck,
  signingKeysCheck,
  credentialCheck,
  registeredCredentialsCheck,
  registrationCheck,
  consentCheck,
  storageCheck,
  workerCheck,
  deployedCheck,
  appSettingsCheck,
];

export type Found = Line & { check: string };

/** Runs all checks at the same time, and gives their lines in the order of the checks. */
export async function* examine(deployment: Deployment, checks = CHECKS): AsyncGenerator<Found> {
  const running = checks.map(async ({ name, run }) => {
    const lines = await run(deployment).catch((error: unknown): Line[] => [brokenOff(error)]);
    return lines.map((line) => ({ check: name, ...line }));
  });
  for (const lines of running) yield* await lines;
}

/** The message of an error that nobody expected may hold anything, so it is not shown. */
const brokenOff = (error: unknown): Line =>
  wrong(
    `This check broke off (${error instanceof Error ? error.name : 'unknown'}). That is a fault of this command.`,
    { remedy: 'Please open an issue with this line. The other lines hold.' },
  );
