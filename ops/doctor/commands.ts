/** What several checks tell a person to run. */
export const ASK_THE_APP = 'npm run doctor -- --api-url https://<function app>.azurewebsites.net';

/** Makes a client secret beside those that there are. */
export const newSecret = (clientId: string): string =>
  `az ad app credential reset --id ${clientId} --append --years 1`;

/** Adds a certificate beside those that there are. */
export const newCertificate = (clientId: string): string =>
  `az ad app credential reset --id ${clientId} --append --cert @certificate.pem`;
