/** What several checks tell a person to run. */
export const ASK_THE_APP = 'npm run doctor -- --api-url https://<function app>.azurewebsites.net';

/** For what may pass by itself, or was mended by hand. */
export const ASK_AGAIN = 'npm run doctor';

/** Shows what this machine gets from an address. It sends no credential. */
export const showAnswer = (url: string): string => `curl -sS -i "${url}"`;

/** Makes a client secret beside those that there are. */
export const newSecret = (clientId: string): string =>
  `az ad app credential reset --id ${clientId} --append --years 1`;

/** Adds a certificate beside those that there are. */
export const newCertificate = (clientId: string): string =>
  `az ad app credential reset --id ${clientId} --append --cert @certificate.pem`;

/** Says whether the tenant that somebody is signed in to has the application. */
export const showApplication = (clientId: string): string => `az ad app show --id ${clientId} --query appId`;

/** The tenant that somebody is signed in to. */
export const SHOW_TENANT = 'az account show --query tenantId';

type FunctionApp = { name: string; resourceGroup: string };
const ANY_APP: FunctionApp = { name: '<function app>', resourceGroup: '<group>' };

const appSettings = (verb: string, { name, resourceGroup }: FunctionApp): string =>
  `az functionapp config appsettings ${verb} --name ${name} --resource-group ${resourceGroup}`;

/** Sets one setting of a function app. */
export const setSetting = (setting: string, value: string, app = ANY_APP): string =>
  `${appSettings('set', app)} --settings ${setting}=${value}`;

/** Deletes settings of a function app. */
export const deleteSettings = (settings: readonly string[], app = ANY_APP): string =>
  `${appSettings('delete', app)} --setting-names ${settings.join(' ')}`;
