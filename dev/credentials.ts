/** The credentials with which the API may prove itself to the stand-in. */
import {
  API_CLIENT_ID,
  API_CLIENT_SECRET,
  IDENTITY_HEADER,
  IDENTITY_PATH,
  MANAGED_IDENTITIES,
  SYSTEM_IDENTITY,
  TENANT_ID,
  TOKEN_EXCHANGE,
} from './entra/directory.ts';
import { type SelfSigned, selfSignedCertificate } from './selfSignedCertificate.ts';

export const CREDENTIALS = ['secret', 'certificate', 'managed-identity'] as const;
export type CredentialName = (typeof CREDENTIALS)[number];

/**
 * Registers a credential of the API at the stand-in.
 * @returns the settings of the API with this credential. Those of the others are empty.
 */
export async function registerCredential(
  entraOrigin: string,
  name: CredentialName,
): Promise<Record<string, string>> {
  switch (name) {
    case 'secret':
      return { ...NONE, ENTRA_CLIENT_SECRET: API_CLIENT_SECRET };
    case 'certificate': {
      const made = selfSignedCertificate();
      await registerAtStandIn(entraOrigin, { keyCredentials: [keyCredential(made)] });
      // As settings usually hold it, in one line.
      return { ...NONE, ENTRA_CLIENT_CERTIFICATE: made.pem.replaceAll('\n', '\\n') };
    }
    case 'managed-identity': {
      const [{ clientId }] = MANAGED_IDENTITIES;
      await registerAtStandIn(entraOrigin, {
        federatedIdentityCredentials: [federatedCredential(entraOrigin)],
      });
      return {
        ...NONE,
        ENTRA_MANAGED_IDENTITY_CLIENT_ID: clientId,
        IDENTITY_ENDPOINT: `${entraOrigin}${IDENTITY_PATH}`,
        IDENTITY_HEADER,
      };
    }
    default:
      return name satisfies never;
  }
}

const NONE = {
  ENTRA_CLIENT_SECRET: '',
  ENTRA_CLIENT_CERTIFICATE: '',
  ENTRA_MANAGED_IDENTITY_CLIENT_ID: '',
};

export const keyCredential = ({ certificate }: SelfSigned) => ({ key: certificate.raw.toString('base64') });

/** The federated credential of the API's registration for the identity; `changes` replaces parts of it. */
export function federatedCredential(
  entraOrigin: string,
  changes: {
    issuer?: string;
    subject?: string;
    audiences?: string[];
    delaySeconds?: number;
    ofSystem?: boolean;
  } = {},
) {
  const { ofSystem = false, ...rest } = changes;
  const { principalId } = ofSystem ? SYSTEM_IDENTITY : MANAGED_IDENTITIES[0];
  return {
    name: 'the-app',
    issuer: `${entraOrigin}/${TENANT_ID}/v2.0`,
    subject: principalId,
    audiences: [TOKEN_EXCHANGE],
    ...rest,
  };
}

/** @throws {Error} the stand-in refuses it. */
export async function registerAtStandIn(entraOrigin: string, credentials: unknown): Promise<void> {
  const response = await fetch(`${entraOrigin}/dev/applications/${API_CLIENT_ID}/credentials`, {
    method: 'PUT',
    body: JSON.stringify(credentials),
  });
  if (!response.ok) throw new Error(`The stand-in refused the credential: ${await response.text()}`);
}
