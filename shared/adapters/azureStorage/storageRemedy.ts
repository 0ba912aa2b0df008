/** What an operator does about a refusal of Azure Storage, and about an identity that has no token for it. */

const ROLES =
  'the roles Storage Blob Data Contributor and Storage Table Data Contributor on the storage account';

const NO_KEYS =
  'The storage account accepts no keys and no shared access signatures. Replace TokenStore by TokenStore__blobServiceUri, TokenStore__tableServiceUri and TokenStore__credential=managedidentity; for npm run stead leave out the credential, and run az login.';

/** With a token the tenant is the usual reason, with a connection string the key. */
const NOT_BELIEVED =
  "The storage account did not believe the token or the key. An identity must belong to the tenant of the storage account (an operator: az login --tenant <the account's tenant>). A connection string must have a valid key or signature, and this machine's clock must be right.";

/**
 * By the service's error code
 * (https://learn.microsoft.com/rest/api/storageservices/common-rest-api-error-codes), or the network's.
 */
const REMEDIES: ReadonlyMap<string, string> = new Map([
  [
    'AuthorizationPermissionMismatch',
    `The role is missing, or has not taken effect yet. Give the identity that TokenStore__clientId names, or the operator, ${ROLES}; Owner and Contributor are not enough. A new role may take ten minutes. A shared access signature in TokenStore may lack a permission.`,
  ],
  [
    'AuthorizationFailure',
    `The firewall of the storage account of TokenStore refused this network. Allow it, or use the private endpoint. If there is no firewall, give the identity ${ROLES}.`,
  ],
  ['KeyBasedAuthenticationNotPermitted', NO_KEYS],
  ['AuthenticationFailed', NOT_BELIEVED],
  ['InvalidAuthenticationInfo', NOT_BELIEVED],
  [
    'ENOTFOUND',
    'No host has the name of the storage account of TokenStore. Check the name of the account, and the private DNS zone if it has a private endpoint.',
  ],
]);

/** What an operator does about an error with this code; undefined if the code alone does not say. */
export const storageRemedy = (code: string | undefined): string | undefined =>
  code === undefined ? undefined : REMEDIES.get(code);

/** The identity endpoint refuses the app, or there is none, or storage cannot read the token (400). */
const REFUSALS = new Set(['identity_refused', 'identity_absent', 'InvalidAuthenticationInfo']);

/** The name of the SDK's errors. An error has no other code if the answer named none: it may be that of a proxy. */
const NO_CODE = 'RestError';

/** The code, if storage or the identity endpoint refuses this application; undefined if it may be an outage. */
export function storageRefusal(code: string | undefined, statusCode: number | undefined): string | undefined {
  if (code === undefined || code === NO_CODE) return undefined;
  return statusCode === 401 || statusCode === 403 || REFUSALS.has(code) ? code : undefined;
}

/** For the managed identity with which the stores are reached. */
export const IDENTITY_REMEDIES = {
  refused:
    'The app does not have the identity that TokenStore__clientId names. Assign this user-assigned identity to the app, and give its client id (not its object id). Without TokenStore__clientId the app needs a system-assigned identity.',
  noAnswer:
    'The identity endpoint of the app gave no token. There is one in Azure alone: TokenStore__credential=managedidentity is for apps that run there and have the identity. If this one does, restart it. For npm run stead on your own machine leave out TokenStore__credential, and run az login.',
};
