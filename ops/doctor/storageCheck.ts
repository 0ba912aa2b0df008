import { UnavailableError } from '../../shared/errors.ts';
import { NOBODY, NOBODYS_ID, type UserId } from '../../shared/userId.ts';
import { type Check, type Line, ok, skipped, unreachable, warn, withoutSettings, wrong } from './check.ts';
import { ASK_AGAIN, ASK_THE_APP } from './commands.ts';
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
      ...(await lineUnless('Blobs', deployment, () => useBlobs(deployment))),
      ...(await lineUnless('Tables', deployment, () => useTables(deployment))),
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

async function lineUnless(what: string, deployment: Deployment, work: () => Promise<void>): Promise<Line[]> {
  try {
    await work();
    return [];
  } catch (error) {
    if (!(error instanceof UnavailableError)) throw error;
    return [lineOfOutage(what, error, deployment)];
  }
}

/** Something is being created or deleted, somebody was quicker, or there are too many requests. */
const MAY_PASS = new Set([408, 409, 412, 429]);
/** The form of the service's own codes. Without one the SDK names its error, and a proxy may have refused. */
const OWN_CODE = /^(?!RestError$)[A-Z][a-z]+[A-Za-z]*$/;

/** A refusal of the service is wrong. Without an answer of its own, or with 5xx, nobody knows. */
function lineOfOutage(what: string, { cause, remedy }: UnavailableError, deployment: Deployment): Line {
  const { code, statusCode } = Object(cause) as { code?: unknown; statusCode?: number };
  const known = typeof code === 'string' && /^\w{1,64}$/.test(code) ? code : undefined;
  const says = `${what} cannot be read and written (${known ?? statusCode ?? 'no answer'}).`;
  const isRefusal =
    statusCode !== undefined && statusCode >= 400 && statusCode < 500 && !MAY_PASS.has(statusCode);
  if (isRefusal && known !== undefined && OWN_CODE.test(known)) {
    const command = commandFor(known, deployment);
    return wrong(says, { remedy: remedy ?? 'Correct TokenStore.', command });
  }
  return unreachable(says, {
    remedy: remedy ?? 'Start Azurite, or check TokenStore and the firewall of its storage account.',
    command: ASK_AGAIN,
  });
}

const ACCOUNT = '--name <storage account>';

/** What mends a refusal depends on whether storage is asked with a key, as the operator, or with an identity. */
function commandFor(
  code: string,
  { config: { storage }, isOwnSignIn }: Pick<Deployment, 'config' | 'isOwnSignIn'>,
): string {
  const isByKey = 'connectionString' in storage;
  switch (code) {
    case 'AuthorizationPermissionMismatch':
      return isByKey
        ? `az storage account show-connection-string ${ACCOUNT}`
        : 'az role assignment create --assignee <principal id> --role "Storage Blob Data Contributor" --scope <id of the storage account>, and the same with "Storage Table Data Contributor"';
    case 'AuthorizationFailure':
      return 'az storage account network-rule list --account-name <storage account>';
    case 'KeyBasedAuthenticationNotPermitted':
      // The addresses for TokenStore__blobServiceUri and TokenStore__tableServiceUri.
      if (isByKey)
        return `az storage account show ${ACCOUNT} --query "[primaryEndpoints.blob, primaryEndpoints.table]"`;
      break;
    case 'AuthenticationFailed':
    case 'InvalidAuthenticationInfo':
      if (isByKey) return `az storage account show-connection-string ${ACCOUNT}`;
      break;
    default:
      return `az storage account show ${ACCOUNT}`;
  }
  return isOwnSignIn
    ? 'az login --tenant <tenant of the storage account>'
    : 'az account show --subscription <subscription of the storage account> --query tenantId';
}

async function keptLines(deployment: Deployment): Promise<Line[]> {
  try {
    const days = await deployment.stead.operators.keepsRemovedForDays();
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
    return [lineOfOutage('The properties of the blob service', error, deployment)];
  }
}
