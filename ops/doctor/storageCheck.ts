import { UnavailableError } from '../../shared/errors.ts';
import { NOBODY, NOBODYS_ID, type UserId } from '../../shared/userId.ts';
import { type Check, type Line, ok, skipped, unreachable, warn, withoutSettings, wrong } from './check.ts';
import { ASK_THE_APP } from './commands.ts';
import type { Deployment } from './deployment.ts';

/** Whether blobs and tables can be read and written, as whoever the settings name, and what keeps erased caches. */
export const storageCheck: Check = {
  name: 'storage',
  async run(deployment) {
    const { isUsable, storageSignIn, isOwnSignIn } = deployment;
    if (!isUsable('storage')) return [withoutSettings('storage')];
    const notFromHere = await storageSignIn();
    if (notFromHere !== undefined) return [notFromHere];
    const refused = [
      ...(await lineUnless('Blobs', () => useBlobs(deployment))),
      ...(await lineUnless('Tables', () => useTables(deployment))),
    ];
    if (refused.length > 0) return refused;
    const who = isOwnSignIn ? 'as you, who are signed in to the Azure CLI' : 'with these settings';
    return [
      ok(`Blobs and tables can be read and written ${who}.`),
      ...(isOwnSignIn ? [ofTheApp] : []),
      ...(await keptLines(deployment)),
    ];
  },
};

const ofTheApp = skipped("Whether the app's own identity has these roles cannot be seen from here.", {
  remedy: 'Ask the app itself.',
  command: ASK_THE_APP,
});

/**
 * Writes a blob and deletes it. Its name is no user id, on purpose: every list of caches leaves out such a blob, should it
 * ever stay.
 */
async function useBlobs({ stead, clock }: Deployment): Promise<void> {
  const { tokenCache } = stead.services;
  await tokenCache.read(NOBODY);
  const name = `doctor/${clock.newId()}` as UserId;
  const etag = await tokenCache.write(name, 'written by npm run doctor', undefined);
  await tokenCache.remove(name, etag);
}

/**
 * Writes a cooldown that has ended, of a tenant that does not exist. So no release acts on it, and the next run of the worker
 * deletes it.
 */
async function useTables({ stead, clock }: Deployment): Promise<void> {
  const { accounts, sharedState } = stead.services;
  await accounts.read(NOBODY);
  const until = new Date(clock.now().getTime() - 1_000);
  await sharedState.cool({ tenant: NOBODYS_ID, api: 'graph', until, kind: undefined });
}

async function lineUnless(what: string, work: () => Promise<void>): Promise<Line[]> {
  try {
    await work();
    return [];
  } catch (error) {
    if (!(error instanceof UnavailableError)) throw error;
    return [lineOfOutage(what, error)];
  }
}

/** A refusal is wrong. Without an answer, or with 5xx, nobody knows. */
function lineOfOutage(what: string, { cause, remedy }: UnavailableError): Line {
  const { code = 'no answer', statusCode } = Object(cause) as { code?: string; statusCode?: number };
  const says = `${what} cannot be read and written (${code}).`;
  const isRefusal = statusCode !== undefined && statusCode >= 400 && statusCode < 500 && statusCode !== 429;
  if (isRefusal) return wrong(says, { remedy: remedy ?? 'Correct TokenStore.', ...commandFor(code) });
  return unreachable(says, {
    remedy: remedy ?? 'Start Azurite, or check TokenStore and the firewall of its storage account.',
  });
}

function commandFor(code: string): { command?: string } {
  switch (code) {
    case 'AuthorizationPermissionMismatch':
      return {
        command:
          'az role assignment create --assignee <principal id> --role "Storage Blob Data Contributor" --scope <id of the storage account>, and the same with "Storage Table Data Contributor"',
      };
    case 'AuthorizationFailure':
      return { command: 'az storage account network-rule list --account-name <storage account>' };
    case 'KeyBasedAuthenticationNotPermitted':
    case 'AuthenticationFailed':
    case 'InvalidAuthenticationInfo':
      return { command: 'az login --tenant <tenant of the storage account>' };
    default:
      return {};
  }
}

async function keptLines({ stead }: Deployment): Promise<Line[]> {
  try {
    const days = await stead.operators.keepsRemovedForDays();
    if (days === undefined) return [];
    if (days === 'not-allowed') {
      return [
        skipped('Whether storage keeps erased caches cannot be seen without the role Reader.', {
          command:
            'az storage account blob-service-properties show --account-name <storage account> --query deleteRetentionPolicy',
        }),
      ];
    }
    return [
      warn(`Soft delete is on, so storage keeps every erased cache for ${days} days.`, {
        command:
          'az storage account blob-service-properties update --account-name <storage account> --enable-delete-retention false',
      }),
    ];
  } catch (error) {
    if (!(error instanceof UnavailableError)) throw error;
    return [lineOfOutage('The properties of the blob service', error)];
  }
}
