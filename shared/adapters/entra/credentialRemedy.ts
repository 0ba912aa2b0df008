import { cloudOf } from '../../clouds.ts';
import { type ClientCredential, SYSTEM_IDENTITY } from './clientCredential.ts';

/** What a remedy names: the settings of the confidential client. */
export type CredentialFacts = { tenantId: string; authority: string; credential: ClientCredential };

/** Refusals of the user's token, and not of our credential. */
const OTHERS = new Set(['AADSTS50013', 'AADSTS500131']);
const RUNBOOK = 'docs/runbook.md, "The credential", says what each code means.';

/**
 * What operators do about a refusal of the configured credential. The code of a refusal may be missing, or new, so each text
 * alone leads to the right setting.
 * @param code the code of a failure of kind `misconfigured`
 * @returns undefined if the failure is not about the credential
 */
export function credentialRemedy(facts: CredentialFacts, code: string): string | undefined {
  if (OTHERS.has(code)) return undefined;
  return `${textOf(facts, code)} ${RUNBOOK}`;
}

function textOf(facts: CredentialFacts, code: string): string {
  const { credential } = facts;
  const ofRegistration = registrationText(facts, code);
  if (ofRegistration !== undefined) return ofRegistration;
  switch (credential.kind) {
    case 'secret':
      return secretText(code);
    case 'certificate':
      return certificateText(credential.certificate.thumbprintSha256, code);
    case 'managed-identity':
      return identityText(facts, credential.identity, code);
    default:
      return credential satisfies never;
  }
}

/** No credential is at fault if Entra does not know the tenant, or the application in it. */
function registrationText({ tenantId, authority }: CredentialFacts, code: string): string | undefined {
  switch (code) {
    case 'AADSTS90002':
      return `${authority} has no tenant ${tenantId} (${code}). Correct ENTRA_TENANT_ID, or ENTRA_AUTHORITY if the tenant is in another cloud.`;
    case 'AADSTS700016':
    case 'AADSTS7000229':
    case 'unauthorized_client':
      return `The tenant of ENTRA_TENANT_ID does not have the application of ENTRA_CLIENT_ID (${code}). Correct the one or the other. If both are right, the application has no service principal in this tenant: npm run entra:register creates it.`;
    default:
      return undefined;
  }
}

function secretText(code: string): string {
  if (code === 'AADSTS7000215') {
    return `Entra does not know the value of ENTRA_CLIENT_SECRET (${code}). Give the value of a secret of this app registration, not its id.`;
  }
  const expired =
    code === 'AADSTS7000222' ? 'The client secret has expired' : 'Entra refuses this application';
  return `${expired} (${code}). Renew ENTRA_CLIENT_SECRET, or correct the app registration.`;
}

function certificateText(thumbprint: string, code: string): string {
  const which = `the certificate of ENTRA_CLIENT_CERTIFICATE (SHA-256 thumbprint ${thumbprint})`;
  switch (code) {
    case 'AADSTS700027':
      return `Entra does not accept ${which}, because it is not in the app registration, or has expired there (${code}). Add it to the registration.`;
    case 'AADSTS700024':
    case 'AADSTS1000502':
      return `Either ${which} has expired, or the clock of this machine is wrong (${code}). Renew the certificate, or set the clock.`;
    case 'AADSTS700021':
    case 'AADSTS700023':
      return `The assertion of the certificate does not fit the request (${code}). Correct ENTRA_CLIENT_ID or ENTRA_AUTHORITY.`;
    default:
      return `Entra refuses this application (${code}). Check that ${which} is in the app registration and has not expired.`;
  }
}

function identityText({ tenantId, authority }: CredentialFacts, identity: string, code: string): string {
  const name = identity === SYSTEM_IDENTITY ? 'the system-assigned identity' : `the identity ${identity}`;
  const issuer = `the issuer ${authority}/${tenantId}/v2.0`;
  const subject = 'the subject is the principal (object) id of the managed identity, not its client id';
  const audience = `the audience ${cloudOf(authority).tokenExchange}`;
  const prove = 'the federated credential of the app registration';
  switch (code) {
    case 'managed_identity_absent':
      return `This machine has no managed identity (${code}). Assign ${name} to the app, or use another credential than ENTRA_MANAGED_IDENTITY_CLIENT_ID.`;
    case 'managed_identity_refused':
      return `The identity endpoint of this machine gives no token for ${name} (${code}). Assign it to the app, or correct ENTRA_MANAGED_IDENTITY_CLIENT_ID, which is the client id of the identity.`;
    case 'AADSTS700211':
      return `The issuer of ${prove} is wrong (${code}). It needs ${issuer}.`;
    case 'AADSTS700213':
    case 'AADSTS7002137':
    case 'AADSTS7002138':
      return `The subject of ${prove} is wrong (${code}): ${subject}. Upper and lower case count.`;
    case 'AADSTS700212':
    case 'AADSTS7002121':
    case 'AADSTS7002206':
      return `The audience of ${prove} is wrong (${code}). It needs ${audience}.`;
    case 'AADSTS700236':
      return `The token of ${name} is of another tenant than the app registration (${code}). Both must be in the tenant of ENTRA_TENANT_ID: correct it, or use an identity of a subscription that belongs to this tenant.`;
    case 'AADSTS700024':
      return `Entra finds the token of ${name} expired, or not valid yet (${code}). Set the clock of this machine.`;
    case 'AADSTS70021':
      return `No federated credential of the app registration fits ${name} (${code}). If it is new, it takes effect within minutes. Otherwise check it: ${issuer}, ${audience}, and ${subject}.`;
    default:
      return `Entra refuses this application (${code}). Check ${prove}: ${issuer}, ${audience}, and ${subject}.`;
  }
}
