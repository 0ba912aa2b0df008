import { X509Certificate } from 'node:crypto';
import type { Failure } from '../../shared/errors.ts';
import { type Check, type Line, ok, skipped, unreachable, withoutSettings, wrong } from './check.ts';
import {
  ASK_AGAIN,
  ASK_THE_APP,
  newCertificate,
  newSecret,
  SHOW_TENANT,
  showApplication,
} from './commands.ts';
import type { Deployment } from './deployment.ts';
import { lineOfEnd } from './lineOfEnd.ts';

/** Whether Entra accepts the credential of the API, by one request through the application's own code. */
export const credentialCheck: Check = {
  name: 'credential',
  async run(deployment) {
    const { isUsable, config, hasIdentityEndpoint, stead, clock } = deployment;
    if (!isUsable('tenant', 'api', 'credential')) return [withoutSettings('the credential')];
    const { credential } = config.entra;
    if (credential.kind === 'managed-identity' && !hasIdentityEndpoint) return [ONLY_IN_AZURE];
    const { tryCredential } = stead.services;
    const failure = await tryCredential({ log: () => undefined, correlationId: clock.newId() });
    return [
      failure === undefined ? ok(`Entra accepts ${NAMES[credential.kind]}.`) : lineOf(failure, deployment),
      ...ends(deployment),
    ];
  },
};

const NAMES = {
  secret: 'the client secret',
  certificate: 'the certificate',
  'managed-identity': 'the managed identity',
} as const;

const ONLY_IN_AZURE = skipped('The credential is a managed identity, which only the deployed app can try.', {
  remedy: 'Ask the app itself.',
  command: ASK_THE_APP,
});

function lineOf({ kind, code, remedy }: Failure, { config: { entra } }: Deployment): Line {
  const what = NAMES[entra.credential.kind];
  if (kind === 'transient' || kind === 'throttled') {
    return unreachable(`Whether Entra accepts ${what} is not known (${code}).`, {
      remedy: 'Try again later.',
      command: ASK_AGAIN,
    });
  }
  return wrong(`Entra refuses ${what} (${code}).`, { remedy, command: commandFor(code, entra) });
}

function commandFor(code: string, { clientId, tenantId, credential }: Deployment['config']['entra']): string {
  switch (code) {
    case 'AADSTS90002':
      return SHOW_TENANT;
    // If this finds the application, only its service principal is missing.
    case 'AADSTS700016':
    case 'AADSTS7000229':
    case 'unauthorized_client':
      return showApplication(clientId);
    case 'AADSTS700236':
      return 'az identity list --query "[].[name, tenantId, clientId]"';
    default:
      return {
        secret: newSecret(clientId),
        certificate: newCertificate(clientId),
        'managed-identity': `npm run entra:register -- --tenant ${tenantId} --api-client-id ${clientId} --no-page-url --managed-identity <principal id>`,
      }[credential.kind];
  }
}

/** The end that the certificate itself says. */
function ends({ config: { entra }, clock }: Deployment): Line[] {
  const { credential } = entra;
  if (credential.kind !== 'certificate') return [];
  const endsAt = new Date(new X509Certificate(credential.certificate.chain).validTo);
  const command = `az ad app credential reset --id ${entra.clientId} --append --create-cert --years 1`;
  return [lineOfEnd('The certificate of ENTRA_CLIENT_CERTIFICATE', endsAt, clock.now(), command)];
}
